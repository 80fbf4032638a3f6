"""The old backend's installation is taken over by the first start: rows and files, odd ones too."""

import os
import shutil
import sqlite3
import subprocess
import sys
import uuid
from contextlib import closing
from functools import partial

import pytest

from magikswipe.tests.installation import columns_of, refused, rows_of
from tests.old_backend import CARDS, odd
from tests.stack import ROOT, kill_tree
from universes.rows import TABLES

pytestmark = pytest.mark.skipif(
    bool(os.environ["DATABASE_URL"]),
    reason="The old backend's database is SQLite, and so is the one that it becomes.",
)


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
