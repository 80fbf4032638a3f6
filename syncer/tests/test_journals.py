"""A pull that was killed between its rows and its files is completed without Supabase."""

import os
import signal
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from storage import archive, bucket
from storage.staging import ABANDONED_SECONDS, pending
from syncer.client import client
from syncer.models import Journal
from tests.stack import Stack
from universes.models import Revision, Universe
from universes.services import assets, revisions, universes

from .conftest import state
from .test_kills import ON_DISK, Countdown, edit, ended, forget_jobs, sync

pytestmark = pytest.mark.django_db(transaction=True)


class AfterTheRows(Countdown):
    """Kills this process at its n-th change of the disk after the rows of a pull were written."""

    def start(self):
        connection.execute_wrappers.append(self.query)

    def query(self, execute, sql, *arguments):
        if 'INSERT INTO "sync_journals"' in sql:
            transaction.on_commit(self.count_the_disk)
        return execute(sql, *arguments)

    def count_the_disk(self):
        sys.addaudithook(lambda event, _: self.count() if event in ON_DISK else None)


def kill_after_rows(moment=1, slug="winter"):
    """Pull it in a process that dies after its rows are written; whether it died."""
    return ended(sync("sync_pull", AfterTheRows(moment), slug)) == -signal.SIGKILL


def content(slug, name):
    with bucket.bucket().open(f"{slug}/{name}") as source:
        return source.read()


@pytest.fixture
def pushed(supabase, winter):
    call_command("sync_push", "winter")
    return winter


@pytest.fixture
def published(pushed, put_file):
    """What `winter` was when it was pushed; by now it is edited here."""
    before = state("winter")
    edit(pushed, put_file, 1)
    return before


@pytest.fixture
def killed(published, settings):
    """The same, after a pull that died before its first file; Supabase is out of reach now."""
    assert kill_after_rows()
    settings.SUPABASE_URL = ""
    rows, files = state("winter")
    assert rows == published[0]
    assert files != published[1]
    return published


def test_pruning_completes_it(killed):
    folder = pending(Journal.objects.get().folder)
    assert folder.exists()
    call_command("prune")
    assert state("winter") == killed
    assert not Journal.objects.exists()
    assert not folder.exists()


def test_what_it_replaces_is_kept(killed):
    call_command("prune")
    kept = Revision.objects.get(cause="pull").files
    assert {"02_fox.png", "de.mp3", "04_extra_1.png"} <= kept.keys()


@pytest.mark.parametrize("command", ["sync_push", "sync_pull"])
def test_the_next_sync_completes_it_before_it_plans(published, command):
    assert kill_after_rows()
    forget_jobs()
    call_command(command, "winter", force=True)
    assert state("winter") == published


@pytest.mark.slow
def test_wherever_it_dies(pushed, published, put_file):
    moment = 1
    while kill_after_rows(moment):
        call_command("prune")
        assert state("winter") == published, moment
        forget_jobs()
        moment += 1
        edit(pushed, put_file, moment)
    assert moment > 4


def test_what_was_put_there_since_stays(killed, put_file):
    put_file("winter", "02_fox.png", b"drawn since")
    call_command("prune")
    assert content("winter", "02_fox.png") == b"drawn since"
    assert "de.mp3" not in bucket.names("winter")


def test_a_universe_that_was_deleted_since_does_not_come_back(killed):
    universes.delete(Universe.objects.get())
    call_command("prune")
    assert bucket.names("winter") == set()


def test_its_files_are_not_taken_for_abandoned_ones(killed, supabase, make_universe, settings):
    folder = pending(Journal.objects.get().folder)
    long_ago = folder.stat().st_mtime - ABANDONED_SECONDS - 60
    os.utime(folder, (long_ago, long_ago))
    settings.SUPABASE_URL = supabase.sandbox.url
    assets.create(make_universe(slug="summer"), display_name="Sun")
    call_command("sync_push", "summer")
    Universe.objects.get(slug="summer").delete()
    call_command("sync_pull", "summer")
    call_command("prune")
    assert state("winter") == killed


@pytest.mark.parametrize("moment", [1, 3])
def test_a_slug_that_changed_over_there(pushed, supabase, put_file, moment):
    before = state("winter")[1]
    put_file("winter", "02_fox.png", b"a wolf")
    (row,) = supabase.rows("univers")
    client().update("univers", row["id"], {"slug": "snow"})
    for key in supabase.keys("winter"):
        supabase.move(key, key.replace("winter/", "snow/"))
    assert kill_after_rows(moment, "snow")
    call_command("prune")
    assert state("snow")[1] == before
    assert "winter" not in bucket.bucket().folders()


def test_an_archived_file_that_it_still_needs_is_not_pruned(killed, tmp_path):
    """Where the files lie on a server, those of a pull wait in the archive, and no revision names them."""
    (tmp_path / "owed").write_bytes(b"owed")
    sha256 = archive.add(tmp_path / "owed")
    journal = Journal.objects.get()
    journal.files.append({"name": "fr.mp3", "action": "update", "sha256": sha256}), journal.save()
    kept = next(path for path in Path(archive.archive().location).rglob("*") if path.name.startswith(sha256))
    os.utime(kept, (0, 0))
    revisions.prune()
    assert archive.size(sha256) == 4
    journal.delete()
    revisions.prune()
    assert archive.size(sha256) is None


LEFT = """
import hashlib
from storage import bucket
from storage.staging import new_pending
from syncer.models import Journal
from universes.services import universes
winter, folder = universes.create(name="Winter", slug="winter"), new_pending(spared=())
(folder / "fr.mp3").write_bytes(b"old song")
bucket.put(folder / "fr.mp3", "winter", "fr.mp3")
(folder / "fr.mp3").write_bytes(b"new song")
old, new = (hashlib.sha256(song).hexdigest() for song in (b"old song", b"new song"))
Journal.objects.create(
    universe=winter, slug="winter", old_slug="winter", folder=folder.name, cause="pull",
    files=[{"name": "fr.mp3", "action": "update", "sha256": new}], kept={"fr.mp3": old},
)
"""


@pytest.mark.slow
def test_a_worker_completes_it_before_it_starts(tmp_path):
    stack = Stack(tmp_path)
    stack.manage("shell", "-c", LEFT)
    try:
        stack.start_worker()
        assert (tmp_path / "var/buckets/univers/winter/fr.mp3").read_bytes() == b"new song"
    finally:
        stack.stop()
