"""`backup` and `restore`: one moment of rows and files, and nothing else than what was written."""

import hashlib
import io
import json
import tarfile
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core import serializers
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, transaction
from django.db.models.signals import post_save

from api import rate_limits, tokens
from api.models import ApiToken, Tally
from jobs.models import Job, JobStep, Worker
from magikswipe.backups import restoring, rows, writing
from storage import archive, bucket
from storage.models import FileRecord
from universes import queries
from universes.models import Asset, Universe
from universes.services import assets, revisions, universes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.slow)])
def place(request):
    """The files lie in folders, or on an S3 server; for tests whose promise depends on it."""
    if request.param == "s3":
        request.getfixturevalue("on_s3")


@pytest.fixture
def filled(universe, make_asset, put_file):
    """An installation with some of everything."""
    for number in range(5):
        card = make_asset(f"Card {number}", translations={"fr": f"Carte « {number} »"})
        put_file("winter", card.image_name, b"picture %d" % number)
    revisions.archive_files("winter", [card.image_name], "test")
    group, _ = Group.objects.get_or_create(name="Publisher")
    group.permissions.add(Permission.objects.get(codename="publish_universe"))
    get_user_model().objects.create_user("lea", password="words", is_staff=True).groups.add(group)
    job = Job.objects.create(type="test", univers_slug="winter", status="completed", result={"é": [1]})
    JobStep.objects.create(job=job, key="a", label="A", handler="x", status="completed")
    return universe


def state():
    """All rows and bytes, to compare."""
    found = {m._meta.label: json.loads(serializers.serialize("json", m._base_manager.order_by("pk"),
        use_natural_foreign_keys=True, cls=rows.WholeTimes)) for m in rows.models()}  # fmt: skip
    return found | {name: dict(_files(store)) for name, store in stores().items()}


def stores():
    return {"bucket": bucket.bucket(), "archive": archive.archive()}


def _files(store):
    """`(folder/name, bytes)` of all that a store has."""
    for folder in store.folders():
        for name in store.files(folder):
            with store.open(f"{folder}/{name}") as source:
                yield f"{folder}/{name}", source.read()


def wipe():
    for model in reversed(rows.models()):
        model._base_manager.all().delete()
    for store in stores().values():
        for folder in store.folders():
            store.delete_folder(folder)


@pytest.mark.usefixtures("place")
def test_after_a_wipe_a_restore_brings_back_equal_rows_and_bytes(filled, tmp_path, capsys):
    before = state()
    assert rate_limits.count("writes", "somebody", 60)[0] == 1
    call_command("backup", tmp_path / "all.tar")
    assert "all read again and whole" in capsys.readouterr().out
    assert (tmp_path / "all.tar").stat().st_mode & 0o777 == 0o600
    wipe()
    assert not Universe.objects.exists()
    call_command("restore", tmp_path / "all.tar")
    # Names are found, though a backup has no keys.
    assert list(Asset.objects.filter(queries.cards_named("CARTE « 3"))) == [filled.assets.get(sort_order=4)]
    assert state() == before
    assert not Tally.objects.exists()
    lea = get_user_model().objects.get(username="lea")
    assert lea.check_password("words") and lea.has_perm("universes.publish_universe")
    # Numbers go on where they were.
    assert universes.create(name="Summer").pk > filled.pk


def test_what_was_revoked_or_closed_since_the_backup_stays_so(filled, tmp_path, capsys):
    names = ("kept", "revoked", "revoked before")
    made = {name: tokens.create(name, ["read"], days=1)[0] for name in names}
    tokens.revoke(made["revoked before"])
    users = get_user_model().objects
    users.create_user("max", is_staff=True)
    call_command("backup", tmp_path / "all.tar")
    (lea := users.get(username="lea")).set_password("other words"), lea.save()
    tokens.revoke(made["revoked"])
    users.filter(username="max").update(is_active=False)
    capsys.readouterr()
    call_command("restore", tmp_path / "all.tar", force=True)
    valid = {token.name for token in ApiToken.objects.all() if token.is_valid}
    assert valid == {"kept"}
    assert not users.get(username="max").is_active and users.get(username="lea").is_active
    assert users.get(username="lea").check_password("other words")
    assert "Tokens that are valid: kept. To end one: manage.py token revoke NAME" in capsys.readouterr().out


@pytest.mark.usefixtures("place")
def test_a_backup_made_while_a_writer_writes_is_of_one_moment(filled, tmp_path, put_file):
    """The writer always renames the universe and its card, in one transaction; and replaces a file at any time."""
    stop, begun = threading.Event(), threading.Event()

    def write():
        number = 0
        while not stop.is_set():
            number += 1
            put_file("winter", "de.mp3", b"%06d" % number * 1000)
            with transaction.atomic():
                Universe.objects.update(name=f"Winter {number}")
                Asset.objects.update(display_name=f"Winter {number}")
            begun.set()
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    begun.wait()
    call_command("backup", tmp_path / "all.tar")
    stop.set(), writer.join()
    call_command("restore", tmp_path / "all.tar", force=True)
    name = Universe.objects.get().name
    assert set(Asset.objects.values_list("display_name", flat=True)) == {name}
    with bucket.fetched("winter", "de.mp3") as path:
        song = path.read_bytes()
    assert len(song) == 6000 and len({song[at : at + 6] for at in range(0, 6000, 6)}) == 1
    assert int(song[:6]) - int(name.split()[1]) in (0, 1)


def write_in_both_orders(writes, stop):
    """As workers and editors do: one table first, a moment later another, in one transaction."""
    changes = [lambda: JobStep.objects.update(label="changed"), lambda: Job.objects.update(message="changed")]
    while not stop.is_set():
        with transaction.atomic():
            changes[0]()
            stop.wait(0.1)
            changes[1]()
        changes.reverse()
        writes.release()
        stop.wait(0.3)
    connection.close()


@pytest.mark.servers
def test_a_backup_and_workers_do_not_wait_for_each_other_in_a_circle(filled, tmp_path):
    writes, stop = threading.Semaphore(0), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        worker = pool.submit(write_in_both_orders, writes, stop)
        try:
            for number in range(4):
                writes.acquire(timeout=30)
                call_command("backup", tmp_path / f"{number}.tar")
        finally:
            stop.set()
        assert worker.result(30) is None


@pytest.mark.servers
def test_a_backup_that_never_finds_a_moment_says_so(filled, tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "LOCK_TRIES", 2)
    other = connection.copy()
    with closing(other), other.cursor() as cursor:
        cursor.execute("BEGIN; UPDATE jobs SET message = 'long'")
        with pytest.raises(CommandError, match="too busy to be held for a moment; nothing was written"):
            call_command("backup", tmp_path / "all.tar")
    assert not list(tmp_path.glob("*.tar*"))


@pytest.mark.usefixtures("place")
def test_what_is_here_is_replaced_only_when_asked_to(filled, tmp_path):
    call_command("backup", tmp_path / "all.tar")
    before = state()
    with pytest.raises(CommandError, match="something here already.*--force"):
        call_command("restore", tmp_path / "all.tar")
    assets.create(filled, display_name="Later")
    bucket.listing("winter")
    call_command("restore", tmp_path / "all.tar", "--force")
    assert state() == before and not FileRecord.objects.exists()


def refused(path, says):
    before = state()
    with pytest.raises(CommandError, match=says):
        call_command("restore", path, "--force")
    assert state() == before


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.99])
def test_one_that_breaks_off_is_refused_in_a_sentence(filled, tmp_path, part):
    call_command("backup", tmp_path / "all.tar")
    whole = (tmp_path / "all.tar").read_bytes()
    end = whole.rindex(b"manifest.json") if part == 0.99 else int(len(whole) * part)
    (tmp_path / "cut.tar").write_bytes(whole[:end])
    refused(tmp_path / "cut.tar", "This is no whole backup of MagikSwipe")


def test_one_with_a_changed_byte_is_refused(filled, tmp_path):
    call_command("backup", tmp_path / "all.tar")
    whole = (tmp_path / "all.tar").read_bytes()
    (tmp_path / "all.tar").write_bytes(whole.replace(b"picture 2", b"picture X"))
    refused(tmp_path / "all.tar", "winter/.*has other bytes than were written")


@pytest.mark.parametrize(
    "name", ["bucket/../x/y", "/etc/passwd", "bucket/winter/../../x", "bucket/a", "other/a/b"]
)
def test_one_with_a_name_that_leads_elsewhere_is_refused(filled, tmp_path, name):
    with tarfile.open(tmp_path / "bad.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo(name))
    refused(tmp_path / "bad.tar", "no whole backup")


@pytest.mark.usefixtures("place")
def test_rows_that_do_not_fit_change_nothing(filled, tmp_path):
    """The manifest fits its members, so only the database says no: rows of cards whose universe is not there."""
    call_command("backup", tmp_path / "all.tar")
    with tarfile.open(tmp_path / "all.tar") as tar:
        members = {info.name: tar.extractfile(info).read() for info in tar}
    said = json.loads(members.pop("manifest.json"))
    members[name := "rows/universes.Universe.jsonl"] = b""
    said["files"][name] = {"size": 0, "sha256": hashlib.sha256(b"").hexdigest()}
    with tarfile.open(tmp_path / "odd.tar", "w") as tar:
        for name, content in {**members, "manifest.json": json.dumps(said).encode()}.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    refused(tmp_path / "odd.tar", "can't be put in, and nothing was changed")


@pytest.fixture
def lost_answer():
    """The first transaction that writes a file's record is committed, and seems to have failed."""

    def lose():
        raise OperationalError("server closed the connection unexpectedly")

    def follow(**_):
        post_save.disconnect(follow, FileRecord)
        transaction.on_commit(lose)

    return lambda: post_save.connect(follow, FileRecord, weak=False)


@pytest.mark.usefixtures("place")
def test_a_lost_answer_to_the_commit_undoes_no_files(filled, put_file, tmp_path, lost_answer):
    call_command("backup", tmp_path / "all.tar")
    before = state()
    put_file("winter", filled.assets.first().image_name, b"later")
    assets.create(filled, display_name="Later")
    bucket.listing("winter")
    lost_answer()
    call_command("restore", tmp_path / "all.tar", "--force")
    assert state() == before and not FileRecord.objects.exists()
    assert not restoring.unfinished()


def test_from_other_tables_it_is_refused(filled, tmp_path):
    call_command("backup", tmp_path / "all.tar")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('universes', '9999_x', '2026-01-01')"
        )
    try:
        refused(tmp_path / "all.tar", r"universes\.9999_x.*restore it with the version that made it")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE name = '9999_x'")


def test_while_a_worker_runs_nothing_is_restored(filled, tmp_path):
    call_command("backup", tmp_path / "all.tar")
    Worker.beat("here", 1)
    refused(tmp_path / "all.tar", "A worker runs; stop workers")


def test_jobs_that_were_under_way_buy_nothing_unasked(filled, tmp_path):
    job = Job.objects.create(type="test", status="running", lease_owner="here")
    JobStep.objects.create(job=job, key="a", label="A", handler="x", status="running", external_id="p1")
    call_command("backup", tmp_path / "all.tar")
    call_command("restore", tmp_path / "all.tar", "--force")
    job.refresh_from_db()
    assert (job.status, job.lease_owner) == ("failed", "") and "retry the job" in str(job.error)
    assert job.steps.get().external_id == "p1"


def test_what_lies_there_is_not_overwritten_and_no_half_one_is_left(filled, tmp_path):
    (tmp_path / "all.tar").write_text("mine")
    with pytest.raises(CommandError, match="is there already"):
        call_command("backup", tmp_path / "all.tar")
    with pytest.raises(CommandError, match="can't be written"):
        call_command("backup", tmp_path / "nowhere" / "all.tar")
    assert (tmp_path / "all.tar").read_text() == "mine" and not list(tmp_path.glob("*.part"))


def test_it_goes_to_the_standard_output_too(filled, tmp_path, capsysbinary):
    before = state()
    call_command("backup", "-")
    (tmp_path / "all.tar").write_bytes(capsysbinary.readouterr().out)
    call_command("restore", tmp_path / "all.tar", "--force")
    assert state() == before and Group.objects.exists()
