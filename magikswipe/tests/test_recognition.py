"""Databases that the first start takes for the old backend's, for ours, or for neither."""

import os
import subprocess
import sys

import pytest

from magikswipe.tests.installation import Installation, content, refused, rows_of
from tests import old_backend
from tests.old_backend import OldBackend
from tests.stack import ROOT, kill_tree

pytestmark = pytest.mark.skipif(
    bool(os.environ["DATABASE_URL"]),
    reason="The old backend's database is SQLite, and so is the one that it becomes.",
)


WRONG = {
    "a table of ours": ["CREATE TABLE jobs (id INTEGER, title TEXT)"],
    "another project's": [
        "CREATE TABLE django_migrations (app TEXT)",
        "INSERT INTO django_migrations VALUES ('shop')",
        "CREATE TABLE univers (id INTEGER, name TEXT)",
    ],
    "an old one without its cards": ["DROP TABLE univers_assets"],
    "an old one of other columns": ["ALTER TABLE univers RENAME COLUMN slug TO path"],
    "an old one with another's users": ["CREATE TABLE auth_user (id INTEGER)"],
}


@pytest.mark.parametrize("kind", [
    "a table of ours", *(pytest.param(kind, marks=pytest.mark.slow) for kind in list(WRONG)[1:])
])  # fmt: skip
def test_a_database_that_is_neither_is_refused_untouched(installation, kind):
    there = installation(old_backend.usual if kind.startswith("an old") else OldBackend)
    if not kind.startswith("an old"):
        there.old.database.unlink()
    for statement in WRONG[kind]:
        there.old.run(statement)
    before = content(there.old.folder)
    assert "is neither MagikSwipe's database nor the old backend's" in refused(there.migrate("--noinput"))
    assert content(there.old.folder) == before


@pytest.mark.slow
def test_nothing_else_opens_an_old_database(installation):
    there = installation()
    before = content(there.old.folder)
    for command in (["doctor"], ["backup", "-"], ["migrate", "--plan"]):
        assert "run: manage.py migrate" in refused(there.manage(*command, check=False))
    web = subprocess.run(
        [sys.executable, "-m", "gunicorn", "magikswipe.wsgi", "-b", "127.0.0.1:0"],
        cwd=ROOT, env=there.env, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert "run: manage.py migrate" in refused(web)
    assert content(there.old.folder) == before


@pytest.mark.slow
def test_a_worker_that_starts_first_waits_until_it_is_adopted(installation):
    there = installation()
    before = content(there.old.folder)
    worker = subprocess.Popen(
        [sys.executable, "manage.py", "qcluster"], cwd=ROOT, env=there.env,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert "Waiting for manage.py migrate" in worker.stderr.readline()
        assert content(there.old.folder) == before
        there.manage("migrate")
        assert any(line.startswith("Started") for line in worker.stdout)
    finally:
        kill_tree(worker)
        worker.stdout.close()
        worker.stderr.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("DATABASE_URL", "postgres://magikswipe:secret@127.0.0.1:9/magikswipe"),
        ("DATABASE_URL", "sqlite:///{folder}/other.db"),
        ("BUCKET_URL", "s3://key:secret@127.0.0.1:9/bucket?scheme=http"),
    ],
)
def test_an_old_database_that_the_settings_would_leave_aside_is_refused(
    installation, tmp_path, setting, value
):
    there = installation()
    before = content(there.old.folder)
    line = refused(there.migrate(**{setting: value.format(folder=tmp_path)}))
    assert f"and {setting} leads elsewhere; docs/moving.md" in line
    assert content(there.old.folder) == before


HOLDS = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute(sys.argv[2]).fetchall()
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "statement", ["SELECT count(*) FROM univers", "BEGIN IMMEDIATE", "PRAGMA journal_mode=WAL"]
)
def test_an_old_server_that_has_it_open_is_told_to_stop(installation, statement):
    there = installation()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS, there.old.database, statement],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        holder.stdout.readline()
        assert "is open in another program; stop the old backend" in refused(there.migrate())
    finally:
        holder.communicate()
    assert there.migrate().returncode == 0
    assert len(rows_of(there.old.database, "univers", ["id"])) == 3


BREAKS_OFF = """
import os, signal, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute(f"PRAGMA journal_mode={sys.argv[2]}")
# So small that pages are written before the commit.
database.execute("PRAGMA cache_size=1")
database.execute("UPDATE univers SET name = 'committed'")
database.execute("BEGIN")
database.execute("UPDATE univers_assets SET display_name = hex(randomblob(20000))")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_what_a_killed_old_server_had_begun_is_undone_and_what_it_had_done_stays(installation, mode):
    there = installation()
    subprocess.run([sys.executable, "-c", BREAKS_OFF, there.old.database, mode], check=False)
    left = {"DELETE": "local.db-journal", "WAL": "local.db-wal"}[mode]
    assert there.beside(left).stat().st_size
    done = there.migrate()
    assert done.returncode == 0, done.stderr
    assert {name for (name,) in rows_of(there.old.database, "univers", ["name"])} == {"committed"}
    assert ("Carte 3",) in rows_of(there.old.database, "univers_assets", ["display_name"])
    assert not there.beside(left).exists()


@pytest.mark.slow
def test_it_finds_the_database_wherever_it_lies(tmp_path):
    """A folder whose name means something in an address, a link to the database, and an address that names it."""
    for name, place in (("C# & 50%20?", "db"), ("linked", "elsewhere"), ("named", "")):
        old = old_backend.usual(tmp_path / name / "storage")
        env = {}
        if place == "elsewhere":
            (target := tmp_path / "elsewhere").mkdir()
            old.database.replace(target / "local.db")
            old.database.symlink_to(target / "local.db")
        elif not place:
            old.database.replace(tmp_path / "named.db")
            env = {"DATABASE_URL": f"sqlite:///{tmp_path / 'named.db'}"}
        there = Installation(old, **env)
        assert there.migrate().returncode == 0
        database = tmp_path / "named.db" if env else old.database
        assert len(rows_of(database, "univers_assets", ["id"])) == 40
        assert database.resolve().with_name(f"{database.stem}.before-django.db").exists()
        there.stop()


@pytest.mark.slow
def test_the_tables_that_an_earlier_attempt_left_are_no_obstacle(installation):
    """Earlier versions began to migrate in the old database, and ended at the first table that was there."""
    there = installation()
    there.old.run(
        "CREATE TABLE django_migrations (id INTEGER PRIMARY KEY, app TEXT, name TEXT, applied DATETIME)"
    )
    there.old.run("INSERT INTO django_migrations (app, name) VALUES ('auth', '0001_initial')")
    there.old.run("CREATE TABLE auth_user (id INTEGER)")
    assert there.migrate().returncode == 0
    assert len(rows_of(there.old.database, "univers_assets", ["id"])) == 40


@pytest.mark.slow
def test_a_damaged_old_database_is_refused(installation):
    there = installation()
    with there.old.database.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(os.urandom(4096 * 8))
    before = there.old.database.read_bytes()
    assert "local.db" in refused(there.migrate())
    assert there.old.database.read_bytes() == before


@pytest.mark.slow
def test_an_earlier_copy_is_kept_beside_another(installation):
    there = installation()
    there.beside("local.before-django.db").write_bytes(b"an earlier one")
    there.manage("migrate")
    assert there.beside("local.before-django.db").read_bytes() == b"an earlier one"
    assert len(rows_of(there.beside("local.before-django-2.db"), "univers", ["id"])) == 3
