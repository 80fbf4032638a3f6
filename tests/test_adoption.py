"""The old backend's installation is taken over by the first start: rows and files, odd ones too."""

import os
import shutil
import sqlite3
import subprocess
import sys
import uuid
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest

from tests import old_backend
from tests.old_backend import CARDS, OldBackend, odd
from tests.stack import ROOT, Stack, kill_tree
from universes.rows import TABLES, UNIVERS

pytestmark = pytest.mark.skipif(
    bool(os.environ["DATABASE_URL"]),
    reason="The old backend's database is SQLite, and so is the one that it becomes.",
)

IDS = {"id", "asset_id"}
TIMES = {"created_at", "updated_at", "last_generated_at", "last_synced_at", "started_at", "completed_at"}


class Installation(Stack):
    """The product on an old storage folder, where nothing has been started yet."""

    def __init__(self, old: OldBackend, **env) -> None:
        super().__init__(old.folder.parent, migrated=False, STORAGE_PATH=str(old.folder), **env)
        self.old = old

    def migrate(self, *arguments, **env):
        self.env |= env
        return self.manage("migrate", *arguments, check=False)

    def beside(self, name: str) -> Path:
        return self.old.database.with_name(name)

    def report(self) -> str:
        return self.beside("local.adoption.txt").read_text()


@pytest.fixture
def installation(tmp_path):
    """Makes an Installation of an old folder; it is stopped at the end."""
    made = []

    def install(fill=old_backend.usual, **env):
        made.append(Installation(fill(tmp_path / "storage"), **env))
        return made[-1]

    yield install
    for one in made:
        one.stop()


def rows_of(database: Path, table: str, columns) -> list[tuple]:
    """The rows in a form that both databases have in common, sorted."""
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()  # noqa: S608
    return sorted(tuple(map(_common, columns, row)) for row in found)


def _common(column, value):
    if column in IDS and isinstance(value, str):
        return uuid.UUID(value).hex
    return str(datetime.fromisoformat(value)) if column in TIMES and value else str(value)


def columns_of(table):
    return [*table.columns, *(("supabase_id", "last_synced_at") if table is UNIVERS else ())]


def test_everything_comes_over_and_no_file_changes(installation):
    there = installation()
    before = there.old.files()
    done = there.migrate()
    assert done.returncode == 0, done.stderr
    assert "3 universes" in done.stdout and "40 cards" in done.stdout
    assert there.report().splitlines()[0] in done.stdout
    copy = there.beside("local.before-django.db")
    for table in TABLES:
        assert rows_of(there.old.database, table.name, columns_of(table)) == rows_of(
            copy, table.name, columns_of(table)
        )
    after = there.old.files()
    assert len(before) == 90
    assert {name: after[name] for name in before} == before
    assert sorted(path.name for path in copy.parent.iterdir()) == [
        "local.adoption.txt",
        "local.before-django.db",
        "local.db",
    ]
    again = there.migrate()
    assert (again.returncode, "dopted" in again.stdout) == (0, False)


JOBS = [
    ("generate_images", "completed", 100, "", None, {"generated": 3}),
    ("generate_all", "failed", 40, "", "NSFW content detected", None),
    ("generate_videos", "failed", 50, "Generating 1/2", "It was under way", None),
    ("generate_music", "failed", 0, "", "It was under way", None),
    ("legacy", "completed", 100, "regenerate_thumbnails: 3 thumbnails", None, None),
    ("legacy", "failed", 99, "import_csv", "It failed, and the old backend did not say why.", None),
]


@pytest.mark.slow
def test_old_jobs_have_ended_and_can_not_be_retried(installation):
    there = installation()
    there.manage("migrate")
    there.start_web()
    found = there.api.get("/api/jobs").json()
    assert len(found) == len(JOBS)
    by_progress = {(job["type"], job["progress"]): job for job in found}
    for kind, status, progress, message, error, result in JOBS:
        job = by_progress[kind, progress]
        assert (job["status"], job["message"], job["result"]) == (status, message, result)
        assert (job["error"] or "").startswith(error or "") and bool(job["error"]) == bool(error)
        assert job["completed_at"] and job["univers_slug"] == "hiver"
        refusal = there.api.post(f"/api/jobs/{job['id']}/retry")
        assert refusal.status_code == 400 and "nothing to retry" in refusal.json()["detail"]


@pytest.mark.slow
def test_odd_rows_come_over_or_are_named(installation):
    there = installation(odd)
    before = there.old.files()
    there.manage("migrate")
    there.start_web()
    get = lambda path: there.api.get(f"/api/universes{path}").json()  # noqa: E731
    said = there.report()
    assert {u["slug"] for u in get("")["items"]} == {
        "hiver", "ferme", "mer", "l-ete-a-la-mer", "sous-zero", "linked"
    }  # fmt: skip
    sea = get("/mer")
    assert (len(sea["name"]), sea["supabase_id"], sea["updated_at"]) == (2000, None, None)
    assert {t["language"]: t["name"] for t in sea["translations"]}["fr"] == "Dernier"
    assert "Premier" in said and "Orphelin" in said and "Perdu" in said and "00_lost.png" in said
    farm = get("/ferme")
    assert (farm["background_color"], farm["prompts"]["default_image_prompt"]) == ("red", "the newest")
    assert farm["thumbnail_url"] == "/storage/buckets/univers/ferme/thumbnail.jpg"
    by_name = {card["display_name"]: card for card in sea["assets"]}
    for number, (old, (new, stem)) in enumerate(CARDS.items()):
        card = by_name[f"Odd {number}"]
        assert (card["image_name"], card["sort_order"]) == (new, 3)
        assert card["id"] == str(uuid.UUID(int=5000 + number))
        assert there.api.get(card["image_url"]).content == before[f"buckets/univers/mer/{old}"]
        assert there.api.get(card["video_url"]).content == before[f"buckets/univers/mer/{stem}.mp4"]
    twin = by_name["Twin"]
    assert twin["image_name"] != "00_mer_0.png"
    assert there.api.get(twin["image_url"]).content == before["buckets/univers/mer/00_mer_0.png"]
    assert get(f"/mer/assets/{twin['id']}")["translations"][0]["display_name"] == "Jumeau"
    summer = get("/l-ete-a-la-mer")
    assert (summer["is_public"], summer["created_at"]) == (None, "2026-01-01T08:00:00Z")
    for url, name in (
        (summer["thumbnail_url"], "cover.png"),
        (summer["assets"][0]["image_url"], "assets/00_sable.png"),
        (summer["assets"][0]["video_url"], "assets/00_sable.mp4"),
        ("/storage/buckets/univers/l-ete-a-la-mer/fr.mp3", "music/fr.mp3"),
    ):
        assert there.api.get(url).content == before[f"buckets/univers/L'été à la mer/{name}"], url
    for named in (
        "alembic_version",
        "nobody",
        "99_other.png",
        "'soon'",
        "107",
        "UTF-8",
        "no UUID",
        "99999999999",
        "NaN",
        "1e999",
        "sous-zero/01_link.png is a link",
        "linked is a link",
    ):
        assert named in said
    cold = get("/sous-zero")
    assert cold["id"] > 0 and cold["name"] == "sous-zero"
    names = {card["display_name"]: card["image_name"] for card in cold["assets"]}
    assert names["Pingouin\ufffd"] == "00_a..b.png" and names["Suffix"].endswith("_suffix.png")
    jobs = {job["message"] or job["type"]: job for job in there.api.get("/api/jobs").json()}
    assert jobs["import_csv"]["result"] == {"rows": 3}
    assert jobs["generate_all"]["error"] == "Refused"
    after = there.old.files()
    assert {name: after[name] for name in before} == before
    assert there.manage("doctor", check=False).stderr == ""
    # The way to PostgreSQL; folders and files that keep a name of the old backend stay out of it.
    assert "whole" in there.manage("backup", str(there.old.folder.parent / "moving.tar")).stdout


# --- What is refused, and what breaks off -----------------------------------------------------------------


def refused(done) -> str:
    """The one sentence with which a command ended, with code 3 and without a traceback."""
    assert (done.returncode, done.stdout) == (3, ""), (done.stdout, done.stderr)
    (line,) = done.stderr.splitlines()
    assert line.startswith("MagikSwipe cannot start: ")
    return line


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


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


def has_begun(there, process) -> bool:
    begun = (there.beside("local.before-django.part"), there.beside("local.adopting.db"))
    return process.poll() is not None or any(path.exists() for path in begun)


@pytest.mark.slow
def test_killed_twenty_times_it_begins_anew_and_is_whole(installation, tmp_path):
    there = installation(odd)
    before = there.old.files()
    shutil.copytree(there.old.folder, tmp_path / "pristine", symlinks=True)
    killed, pause = 0, 0.1
    while killed < 20:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "migrate", "-v", "0"], cwd=ROOT, env=there.env,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        there.until(partial(has_begun, there, process))
        there.pause(pause * (killed % 10))
        kill_tree(process)
        with closing(sqlite3.connect(f"file:{there.old.database}?mode=ro", uri=True)) as database:
            adopted = "SELECT count(*) FROM sqlite_master WHERE name = 'django_migrations'"
            (ended,) = database.execute(adopted).fetchone()
        if not ended:
            killed += 1
            continue
        # Once more from the beginning, with shorter pauses.
        assert pause > 0.001
        pause /= 2
        shutil.rmtree(there.old.folder)
        shutil.copytree(tmp_path / "pristine", there.old.folder, symlinks=True)
    there.manage("migrate")
    undisturbed = {**there.env, "STORAGE_PATH": str(tmp_path / "pristine")}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], cwd=ROOT, env=undisturbed, check=True)
    whole = tmp_path / "pristine" / "db" / "local.db"
    # Without ids: a row whose id could not stay gets another one each time.
    told = {"univers": ["slug"], "univers_assets": ["image_name"], "univers_music_prompts": ["language"]}
    for table, columns in told.items():
        assert rows_of(there.old.database, table, columns) == rows_of(whole, table, columns)
    names = {path.name for path in there.old.database.parent.iterdir()}
    assert {name for name in names if "adopting" in name or "part" in name} == set()
    assert {name for name in names if name.startswith("local.before")} == {"local.before-django.db"}
    after = there.old.files()
    assert {name: after[name] for name in before} == before
    folders = {path.name for path in (tmp_path / "pristine" / "buckets" / "univers").iterdir()}
    assert {path.name for path in there.old.bucket.iterdir()} == folders


NO_ROOM = """
mount -t tmpfs -o size=800k tmpfs "$1" && cp -a "$2/." "$1" || exit 99
STORAGE_PATH="$1" "$3" manage.py migrate
code=$?
cmp "$1/db/local.db" "$2/db/local.db" || exit 98
mount -o remount,size=20m "$1"
STORAGE_PATH="$1" "$3" manage.py migrate > /dev/null || exit 97
exit $code
"""


@pytest.mark.slow
@pytest.mark.skipif(os.getuid() != 0, reason="Only root mounts a disk that is full soon.")
def test_on_a_full_disk_it_changes_nothing_and_goes_on_when_there_is_room(installation, tmp_path):
    there = installation()
    (full := tmp_path / "full").mkdir()
    command = ["unshare", "--mount", "sh", "-c", NO_ROOM, "sh", full, there.old.folder, sys.executable]
    done = subprocess.run(command, cwd=ROOT, env=there.env, capture_output=True, text=True, timeout=120)
    assert "the disk is full; make room and start again." in refused(done)
