"""`manage.py doctor`: what is planted is found, mended, and not found again."""

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from PIL import Image

from generation.models import Charge
from jobs.models import Job, JobStep
from storage import archive, bucket
from storage.models import FileRecord
from storage.staging import new_pending
from syncer.models import Journal
from tests.s3_proxy import REFUSED
from universes.models import AssetPrompts, Revision
from universes.services import revisions

pytestmark = pytest.mark.django_db

LONG_AGO = timedelta(days=3)


def doctor(capsys, *options):
    """`(exit code, {code: finding})`"""
    try:
        call_command("doctor", "--json", *options)
        code = 0
    except SystemExit as ended:
        code = ended.code
    return code, {found["code"]: found for found in json.loads(capsys.readouterr().out)}


def wrong(found):
    return {code for code, one in found.items() if one["level"] == "error" and not one["fixed"]}


def age(path):
    then = time.time() - LONG_AGO.total_seconds()
    os.utime(path, (then, then))


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.slow)])
def age_file(request):
    """Makes a file of a store one that has lain there for days; on a server, all have."""
    if request.param == "s3":
        request.getfixturevalue("s3_proxy").age = LONG_AGO
        return lambda store, name: None
    return lambda store, name: age(Path(store.location) / name)


@pytest.fixture
def put_old(put_file, age_file):
    """Puts a file into the bucket that has lain there for days."""

    def put(folder, name, content=b"content"):
        put_file(folder, name, content)
        age_file(bucket.bucket(), f"{folder}/{name}")

    return put


@pytest.fixture
def half_written(age_file, tmp_path):
    """What a writer that was killed left in the bucket days ago."""
    (tmp_path / "half").write_bytes(b"half")
    killed = bucket.staged(tmp_path / "half")
    place = killed.__enter__()
    yield age_file(bucket.bucket(), place)
    with suppress(FileNotFoundError):
        killed.__exit__(None, None, None)


@pytest.fixture
def kept(tmp_path):
    """Archives bytes: `kept(b"…")` gives their hash."""

    def keep(content):
        (tmp_path / "kept").write_bytes(content)
        return archive.add(tmp_path / "kept")

    return keep


def test_an_empty_installation_is_well_and_tells_what_it_lacks(capsys):
    code, found = doctor(capsys)
    assert code == 0 and wrong(found) == set()
    assert {"no-replicate-key", "no-supabase-key", "no-worker"} <= found.keys()


def jpeg():
    target = BytesIO()
    Image.new("RGB", (8, 8), "red").save(target, "JPEG")
    return target.getvalue()


@pytest.fixture
def faults(universe, make_asset, put_old, age_file, half_written, kept, png_bytes):
    """Many things that should not be; their codes."""
    long_ago = timezone.now() - LONG_AGO
    fox, owl, elk = make_asset("Fox"), make_asset("Owl"), make_asset("Elk")
    put_old("winter", owl.image_name, jpeg())
    put_old("winter", elk.image_name, b"<html>no picture</html>")
    put_old("winter", "77_nobody.png", png_bytes)
    put_old("nobody", "00_x.png", png_bytes)
    AssetPrompts.objects.update_or_create(asset=fox, defaults={"last_generated_at": long_ago})
    revisions.create_from("winter", "drawn", "", {fox.image_name: kept(png_bytes)})
    revisions.create_from("winter", "lost", "", {"fr.mp3": "0" * 64})
    universe.thumbnail_url = "/storage/buckets/univers/winter/thumbnail.jpg"
    universe.save()
    unnamed = kept(b"unnamed")
    age_file(archive.archive(), f"{unnamed[:2]}/{unnamed}")
    age(new_pending(set()))
    put_old("winter", "de.mp3", song())
    bucket.listing("winter")
    FileRecord.objects.filter(key="winter/de.mp3").update(sha256="1" * 64)
    FileRecord.objects.create(key="winter/gone.png", size=1, mtime_ns=1, sha256="0" * 64, md5="0" * 32)
    Revision.objects.create(
        univers_slug="winter", cause="x", rows={}, leaving=["en.mp3"], created_at=long_ago
    )
    Journal.objects.create(
        universe=universe, slug="winter", old_slug="winter", folder="none", files=[], cause="pull"
    )
    return plant_jobs(long_ago) | {
        "wrong-content", "orphan-files", "orphan-folder", "missing-file", "thumbnail-address", "gone-records",
        "wrong-records", "unnamed-archive-files", "revisions-without-files", "temporary-files", "staging-folders",
        "unfinished-deletions", "unfinished-pulls",
    }  # fmt: skip


def song():
    return b"\xff\xfb\x90\x00".ljust(417, b"\0") * 10


def plant_jobs(long_ago):
    def job(of_job, **step):
        job = Job.objects.create(type="sync_push", status=of_job, created_at=long_ago, completed_at=long_ago)
        JobStep.objects.create(job=job, key="a", label="A", handler="x", due_at=long_ago, **step)
        return job

    job("running", status="running")
    job("running", status="completed")
    job("failed", status="pending")
    job("completed", status="completed", holds_slot=True)
    Charge.objects.create(
        month="2026-01", kind="image", model="a/b", amount=Decimal(1), prediction_id="p1", created_at=long_ago
    )
    return {"stuck-job", "unended-job", "lost-steps", "held-slots", "open-charges"}


def test_all_that_is_planted_is_found_mended_and_not_found_again(capsys, faults, universe):
    code, found = doctor(capsys)
    assert code == 1 and wrong(found) == faults
    code, found = doctor(capsys, "--fix")
    assert code == 0 and {name for name, one in found.items() if one["fixed"]} == faults
    code, found = doctor(capsys)
    assert code == 0 and wrong(found) == set(), found


def test_what_it_mends_is_kept_and_right(capsys, faults, universe, png_bytes):
    fox, owl, elk = universe.assets.all()
    doctor(capsys, "--fix")
    with bucket.bucket().open(f"winter/{owl.image_name}") as file:
        assert Image.open(file).format == "PNG"
    with bucket.bucket().open(f"winter/{fox.image_name}") as file:
        assert file.read() == png_bytes
    assert bucket.names("winter") == {fox.image_name, owl.image_name, "de.mp3"}
    assert "nobody" not in bucket.bucket().folders()
    kept = {
        name
        for files in Revision.objects.filter(author="doctor").values_list("files", flat=True)
        for name in files
    }
    assert {elk.image_name, owl.image_name, "77_nobody.png", "00_x.png"} <= kept
    universe.refresh_from_db()
    assert universe.thumbnail_url is None
    assert set(Job.objects.values_list("status", flat=True)) == {"running", "completed", "failed"}
    assert Charge.objects.get().status == "spent"


def test_foreign_files_are_told_and_stay(capsys, universe, put_old):
    put_old("winter", "notes.txt")
    put_old("Not_a_slug", "notes.txt")
    code, found = doctor(capsys, "--fix")
    assert code == 0 and {"foreign-files", "foreign-folder"} <= found.keys()
    assert bucket.names("winter") == bucket.names("Not_a_slug") == {"notes.txt"}


def test_what_is_young_is_somebodys_who_is_at_it(capsys, universe, put_file, png_bytes):
    put_file("winter", "77_nobody.png", png_bytes)
    put_file("nobody", "00_x.png", png_bytes)
    code, found = doctor(capsys, "--fix")
    assert code == 0 and "77_nobody.png" in bucket.names("winter") and bucket.names("nobody")


def test_a_database_without_tables_gets_them_first(tmp_path):
    def run(*options):
        command = [sys.executable, "manage.py", "doctor", "--json", *options]
        env = {**os.environ, "STORAGE_PATH": str(tmp_path), "DATABASE_URL": ""}
        done = subprocess.run(
            command, cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, timeout=90
        )
        return done.returncode, {found["code"]: found for found in json.loads(done.stdout)}

    code, found = run()
    assert code == 1 and found.keys() == {"migrations-pending"}
    code, found = run("--fix")
    assert code == 0 and found["migrations-pending"]["fixed"] and "no-worker" in found


def test_a_model_that_does_not_fit_is_told(capsys, provider, settings):
    assert wrong(doctor(capsys)[1]) == set()
    settings.REPLICATE_API_TOKEN = "another"
    assert wrong(doctor(capsys)[1]) == {"models-unknown"}


def test_people_read_lines(capsys, universe, put_old, png_bytes):
    put_old("winter", "77_nobody.png", png_bytes)
    with pytest.raises(SystemExit):
        call_command("doctor")
    out = capsys.readouterr().out
    assert (
        "error   orphan-files: 'winter' has no card for 77_nobody.png; they go to the archive. (--fix mends it)"
        in out
    )
    assert out.endswith("1 things are wrong, 0 were mended.\n")


def test_without_the_files_server_the_rest_is_looked_at(capsys, s3_proxy, universe):
    s3_proxy.fault = lambda method, path: REFUSED
    plant_jobs(timezone.now() - LONG_AGO)
    code, found = doctor(capsys)
    assert code == 1 and {"stuck-job", "bucket-not-writable"} <= wrong(found)
    assert found["bucket-not-writable"]["sentence"] == (
        "The bucket of BUCKET_URL can't be written (AccessDenied); look at its address, key and rights."
    )
