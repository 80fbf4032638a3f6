"""Kill -9 in the midst of `restore`: all is as it was, or nothing starts until all is as it is in the backup."""

import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, connections

from magikswipe import start
from magikswipe.backups import restoring
from magikswipe.tests.test_backup import filled, place, state  # noqa: F401 - fixtures
from magikswipe.tests.test_doctor import doctor
from storage import archive, bucket, staging
from storage.models import FileRecord
from universes.services import assets, revisions

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 60
ON_DISK = {"os.rename", "shutil.rmtree", "os.mkdir"}
OURS = (".restoring-", ".replaced-", "before-")
DAYS = 2 * 24 * 3600


class Countdown:
    """Kills this process at its n-th change of what a restore brings or promises, before that is done."""

    def __init__(self, moment):
        self.left = moment

    def start(self):
        sys.addaudithook(lambda event, arguments: self.disk(event, arguments))
        connection.execute_wrappers.append(self.query)

    def disk(self, event, arguments):
        if event in ON_DISK and any(name in str(arguments) for name in OURS):
            self.count()

    def query(self, execute, sql, *arguments):
        if FileRecord._meta.db_table in sql and not sql.startswith("SELECT"):
            self.count()
        return execute(sql, *arguments)

    def count(self):
        self.left -= 1
        if self.left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)


def killed_restore(path, moment):
    """Restore in a process that dies at a moment; whether it did."""
    connections.close_all()
    process = multiprocessing.get_context("fork").Process(target=_restore, args=(path, Countdown(moment)))
    process.start()
    process.join(PATIENCE)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def _restore(path, countdown):
    countdown.start()
    call_command("restore", path, "--force")


def two_days_pass(folder):
    """All that lies anywhere is older, and whoever sweeps has swept."""
    for found in [folder, *Path(folder).rglob("*")]:
        if not found.is_symlink():
            os.utime(found, (time.time() - DAYS,) * 2)
    staging.sweep()
    bucket.sweep(older_than=time.time() - DAYS / 2)
    archive.sweep(older_than=time.time() - DAYS / 2)


@pytest.fixture
def backups(filled, put_file, tmp_path, capsys):  # noqa: F811
    """`[(path, state)]` of an installation as it was, and as it is."""
    made = []
    for name in ("then", "now"):
        call_command("backup", tmp_path / f"{name}.tar")
        made.append((tmp_path / f"{name}.tar", state()))
        card = assets.create(filled, display_name=f"Later than {name}")
        put_file("winter", card.image_name, b"later"), put_file("later", "00_x.png", b"later")
        put_file("winter", filled.assets.first().image_name, name.encode())
        revisions.archive_files("winter", [filled.assets.last().image_name], "test")
    call_command("restore", made[1][0], "--force")
    return made


def assert_nothing_starts(capsys):
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        start.refuse_unfinished_restore()
    assert end.value.code == start.CANNOT_START
    assert "doctor --fix" in capsys.readouterr().err


@pytest.mark.parametrize(
    "moments",
    [pytest.param((2, 8), id="some"), pytest.param(range(1, 100), id="all", marks=pytest.mark.slow)],
)
def test_wherever_it_is_killed_all_is_old_or_can_be_made_new(backups, settings, capsys, moments):
    (path, then), (undo, now) = backups
    ends = set()
    for moment in moments:
        if not killed_restore(path, moment):
            break
        two_days_pass(settings.STORAGE_PATH)
        if restoring.unfinished():
            assert_nothing_starts(capsys)
            # `doctor --fix` does this, and would mend the files of these tests, too.
            assert doctor(capsys)[1]["unfinished-restore"]["fixable"]
            # It counts folders, or on a server the files of theirs.
            assert restoring.finish() and not restoring.unfinished()
            assert state() == then, moment
            ends.add("new")
        else:
            for left in restoring.forgotten(time.time() - DAYS / 2):
                staging.remove(left)
            # The last of them comes when all is in place, and only its mark is not away.
            found = state()
            assert found == now or (found == then and "new" in ends), moment
            ends.add("old" if found == now else "new")
        call_command("restore", undo, "--force")
        assert state() == now
    assert ends == {"old", "new"}
