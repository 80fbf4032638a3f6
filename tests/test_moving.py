"""The commands of docs/moving.md bring an old installation over and back, run by a shell as they stand there."""

import json
import os
import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import yaml

from tests import containers, old_backend
from tests.containers import Container
from tests.services import until
from tests.stack import ROOT, Stack
from tests.test_commands import Shell
from tests.test_make_run import clone, made_to_run  # noqa: F401 - a fixture

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(os.environ["DATABASE_URL"]), reason="The old backend's database is SQLite."),
]

TEXT = (ROOT / "docs" / "moving.md").read_text()
COPIED, IN_PLACE, DOCKER, BY_HAND, ELSEWHERE, BACK = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
OVERRIDE = yaml.safe_load(re.search(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[1])


@pytest.fixture
def old(tmp_path, unused_address):
    """The folder of the old backend, with keys of services that do not answer."""
    (folder := tmp_path / "the old backend").mkdir()
    keys = {
        "REPLICATE_API_TOKEN": "r8_key",
        "SUPABASE_URL": unused_address,
        "SUPABASE_SERVICE_ROLE_KEY": "key",
    }
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in keys.items()))
    old_backend.usual(folder / "storage")
    return folder


def content(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def number_of_cards(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("SELECT count(*) FROM univers_assets").fetchone()[0]


@pytest.mark.parametrize("text", [COPIED, IN_PLACE])
def test_make_run_takes_the_old_folder_over(clone, old, text):  # noqa: F811
    before = content(old)
    *lines, last = text.splitlines()
    assert last == "make run"
    Shell({**os.environ, "OLD": str(old)}, clone).run("\n".join(lines))
    with made_to_run(clone) as (client, process, said):
        assert until(lambda: "Ctrl-C ends all of it." in said(), httpx.TransportError, process), said()
        assert "3 universes" in said() and "40 cards" in said() and "demo" not in said()
        assert client.get("/api/universes").json()["total"] == 3
        assert (
            client.get("/storage/buckets/univers/hiver/00_hiver_0.png").content
            == before[Path("storage/buckets/univers/hiver/00_hiver_0.png")]
        )
        cors = client.get("/api/universes", headers={"Origin": "http://localhost:8081"}).headers
        assert cors["Access-Control-Allow-Origin"] == "http://localhost:8081"
    after = content(old)
    database = Path("storage/db/local.db")
    changed = {name for name in before if after[name] != before[name]}
    assert changed == (set() if text is COPIED else {database})
    assert number_of_cards((clone / "var" if text is COPIED else old / "storage") / "db" / "local.db") == 40


STUB = """#!/bin/sh
if [ "$(basename "$0")" = sudo ]; then exec "$@"; fi
echo "docker $*" >> "$LOG"
"""


@pytest.mark.skipif(os.getuid() != 0, reason="Only root gives files to another user.")
def test_docker_takes_the_old_folder_over_as_its_own_user(clone, old, tmp_path):  # noqa: F811
    """Without Docker, its part is taken by the entrypoint as a process, on the folder that the override mounts."""
    (programs := tmp_path / "programs").mkdir()
    for name in ("docker", "sudo"):
        (programs / name).write_text(STUB)
        (programs / name).chmod(0o755)
    env = {**os.environ, "OLD": str(old), "LOG": str(tmp_path / "log")}
    env["PATH"] = f"{programs}{os.pathsep}{env['PATH']}"
    shell = Shell(env, clone)
    shell.env["PATH"] = f"{programs}{os.pathsep}{shell.env['PATH']}"
    shell.run(DOCKER)
    assert (tmp_path / "log").read_text() == "docker compose up --build backend\n"
    (user,) = re.findall(r"useradd .*--uid (\d+)", (ROOT / "Dockerfile").read_text())
    moved = clone / "var"
    assert {path.stat().st_uid for path in [moved, *moved.rglob("*")]} == {int(user)}
    mounts = {name: service["volumes"] for name, service in OVERRIDE["services"].items()}
    started = {"backend", *containers.services()["backend"]["depends_on"]}
    data = containers.environment()["STORAGE_PATH"]
    assert mounts == {name: [f"./var:{data}"] for name in started}
    app = containers.unpack(tmp_path)
    container = Container(app, Path(sys.executable).parent, STORAGE_PATH=str(moved), HTTPS="false")
    done = container.run("python", "manage.py", "migrate", "--noinput")
    assert done.returncode == 0, done.stderr
    assert "40 cards" in done.stdout, done.stdout
    assert number_of_cards(moved / "db" / "local.db") == 40


@pytest.fixture
def shell(tmp_path, old):
    """A shell with the settings of an installation whose folder is the old one's."""
    stack = Stack(
        tmp_path, migrated=False, STORAGE_PATH=str(old / "storage"), ADMIN_PASSWORD="words for tests"
    )
    yield Shell(stack.env)
    stack.stop()


def test_by_hand_it_is_three_commands(shell, old):
    said = shell.run(BY_HAND)
    assert "40 cards" in said and "Made the administrator" in said


def test_it_goes_on_to_another_database(shell, old, tmp_path):
    """Another file is as good as PostgreSQL here: the start refuses the one as the other."""
    other = tmp_path / "other.db"
    shell.env["DATABASE_URL"] = f"sqlite:///{other}"
    shell.run(ELSEWHERE.replace("/backups/", f"{tmp_path}/"))
    assert number_of_cards(other) == 40
    shell.run("python manage.py migrate --noinput")


def test_the_way_back_leads_to_the_old_database_and_forth_again(shell, old):
    before = content(old / "storage" / "db")
    shell.run("python manage.py migrate --noinput")
    there = Shell(shell.env, old / "storage")
    there.run(BACK)
    with closing(sqlite3.connect(old / "storage" / "db" / "local.db")) as database:
        assert database.execute("SELECT count(*) FROM univers_assets").fetchone() == (40,)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert "django_migrations" not in tables
    assert set(map(str, before)) < {path.name for path in (old / "storage" / "db").iterdir()}
    said = shell.run("python manage.py migrate --noinput")
    assert "40 cards" in said
    assert json.dumps(said).count("Adopted") == 1
