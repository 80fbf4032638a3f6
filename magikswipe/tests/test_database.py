"""A database that is damaged, gone or not complete: one sentence on every path and from every command, no crash."""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest

from tests.stack import Stack

pytestmark = pytest.mark.slow

DAMAGED = "The database is damaged; restore the last backup."
INCOMPLETE = "The database has not all its tables; run: manage.py migrate."
# For somebody who has a session.
PAGES = ("/admin/", "/admin/login/", "/preview/winter")
PATHS = ("/api/universes", "/api/universes/winter", "/api/jobs", "/api/generate/costs", "/metrics")


def garble(file):
    file.write_bytes(os.urandom(50_000))


def lose(file):
    file.unlink()


def drop_a_table(file):
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA foreign_keys=OFF")
        database.execute("DROP TABLE univers")


def rename_a_column(file):
    with closing(sqlite3.connect(file)) as database:
        database.execute("ALTER TABLE univers RENAME COLUMN name TO nom")


def replace_by_a_folder(file):
    file.unlink()
    file.mkdir()


@pytest.fixture
def stack(tmp_path):
    stack = Stack(tmp_path, DATABASE_URL="")
    yield stack
    stack.stop()


def serve(stack):
    """A web server that answers, whatever it says."""

    def answers():
        with suppress(httpx.TransportError):
            return stack.api.get("/health")
        return None

    stack.start("-m", "gunicorn", "magikswipe.wsgi", "-b", f"127.0.0.1:{stack.port}")
    return stack.until(answers)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (garble, DAMAGED),
        (lose, INCOMPLETE),
        (replace_by_a_folder, "The database can't be opened or written; look at its file"),
    ],
)
def test_every_path_and_command_says_what_to_do(stack, damage, sentence):
    damage(Path(stack.env["STORAGE_PATH"], "db", "local.db"))
    assert serve(stack).status_code == 503
    for path in PATHS:
        answer = stack.api.get(path)
        assert (answer.status_code, answer.json()["detail"][: len(sentence)]) == (503, sentence), path
    for path in PAGES:
        answer = stack.api.get(path, headers={"Accept-Language": "fr", "Cookie": f"sessionid={'a' * 32}"})
        assert (answer.status_code, "La base de données est illisible" in answer.text) == (503, True), path
    assert stack.api.get("/ready").status_code == 503
    for command in (["doctor"], ["backup", str(stack.folder / "backup.tar")], ["ensure_admin"]):
        done = stack.manage(*command, check=False)
        assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
        assert "database" in done.stdout + done.stderr or "migrate" in done.stdout
    assert not (stack.folder / "backup.tar").exists()


@pytest.mark.parametrize("damage", [drop_a_table, rename_a_column])
def test_a_table_or_column_that_is_missing_is_seen_though_all_migrations_ran(stack, damage):
    damage(Path(stack.env["STORAGE_PATH"], "db", "local.db"))
    serve(stack)
    assert stack.api.get("/ready").json()["reasons"][0].startswith(INCOMPLETE)
    assert INCOMPLETE in stack.manage("doctor", check=False).stdout
    assert stack.api.get("/api/universes").json()["detail"].startswith(INCOMPLETE)


@pytest.mark.parametrize("damage", [garble, lose, replace_by_a_folder])
def test_a_file_that_goes_while_the_server_runs_is_missed_at_once_and_found_when_it_is_back(stack, damage):
    """Open connections went on with it for a minute: what they were told to keep was lost."""
    serve(stack)
    stack.api.post("/api/universes", json={"name": "Winter"}).raise_for_status()
    file = Path(stack.env["STORAGE_PATH"], "db", "local.db")
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = file.rename(file.with_name("kept.db"))
    file.touch()
    damage(file)
    for _ in range(8):
        answers = stack.api.get("/api/universes"), stack.api.post("/api/universes", json={"name": "Lost"})
        assert [answer.status_code for answer in answers] == [503, 503]
        assert "database" in answers[1].json()["detail"]
    if file.is_dir():
        file.rmdir()
    for left in file.parent.glob("local.db*"):
        left.unlink()
    kept.rename(file)
    assert [item["slug"] for item in stack.api.get("/api/universes").json()["items"]] == ["winter"]
