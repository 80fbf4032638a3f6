"""Kill -9 in the midst of a sync: every row and file is whole, old or new, and going on mends it."""

import itertools
import multiprocessing
import os
import signal
import sys
from contextlib import contextmanager
from functools import partial

import pytest
from django.core.management import call_command
from django.db import connection, connections

from jobs import runner
from jobs.models import Job
from storage import archive, bucket
from syncer import journals, services
from syncer.client import client
from universes.services import assets, revisions

from .conftest import state

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 60
LATER = partial(pytest.param, marks=pytest.mark.slow)
WRITES = "^(POST|PATCH|DELETE) (?!.*/list)"
# What makes each edit of a push another one.
NUMBERS = itertools.count(1)
# Each of these shows on disk: a file that gets its name, one that goes, a folder that goes.
ON_DISK = {"os.rename", "os.remove", "os.rmdir"}


class Countdown:
    """Kills this process at its n-th change of disk or database, before that is done."""

    def __init__(self, moment):
        self.left = moment

    def start(self):
        sys.addaudithook(lambda event, _: self.count() if event in ON_DISK else None)
        connection.execute_wrappers.append(self.query)

    def query(self, execute, sql, *arguments):
        if not sql.startswith("SELECT"):
            self.count()
        return execute(sql, *arguments)

    def count(self):
        self.left -= 1
        if self.left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)


def sync(command, countdown=None, slug="winter", **options):
    """A process that runs the command for a universe, and dies when the countdown says so."""
    connections.close_all()
    process = multiprocessing.get_context("fork").Process(
        target=_sync, args=(command, countdown, slug), kwargs=options
    )
    process.start()
    return process


def _sync(command, countdown, slug, **options):
    if countdown:
        countdown.start()
    call_command(command, slug, force=True, **options)


def ended(process):
    """Its exit code."""
    process.join(PATIENCE)
    assert process.exitcode is not None
    return process.exitcode


def go_on(command, **options):
    """What a worker does with the job once the lease of the one who died has run out; then, the command again."""
    for job in Job.objects.filter(completed_at=None):
        Job.objects.filter(pk=job.pk).update(lease_until=None)
        assert runner.run_here(job.pk).error is None
    call_command(command, "winter", force=True, **options)


def forget_jobs():
    """As if the jobs of those who died had been cancelled: nobody goes on with them."""
    Job.objects.all().delete()


def edit(universe, put_file, number):
    """Make what is here differ from Supabase by all that one can change; `number` makes it new each time."""
    assets.update(universe.assets.get(image_name="02_fox.png"), display_name=f"Fox {number}")
    universe.translations.filter(language="fr").update(name=f"Hiver {number}")
    added = assets.create(universe, display_name=f"Extra {number}")
    put_file("winter", added.image_name, b"extra %d" % number)
    put_file("winter", "02_fox.png", b"fox %d" % number)
    put_file("winter", "de.mp3", b"German song %d" % number)
    bucket.remove("winter", "fr.mp3")


def there():
    """The cards and files in Supabase: `({image_name: display_name}, {name: MD5 or size})`."""
    cards = {row["image_name"]: row["display_name"] for row in client().select("univers_assets")}
    return cards, {entry["name"]: entry["metadata"]["eTag"] for entry in client().listing("winter")}


def names_in(rows):
    return {row["image_name"] for row in rows["univers_assets"]}


def assert_each_old_or_new(found, old, new):
    """Each of a mapping's values is what it was or will be; what is missing is so on one of the sides."""
    for name in old.keys() | new.keys() | found.keys():
        assert found.get(name) in (old.get(name), new.get(name)), name


def assert_together(found, old, new):
    rows, files = found
    assert files == new[1] if rows == new[0] else old[1].items() <= files.items()


def assert_nothing_to_do():
    assert services.plan_push("winter").is_empty
    assert services.plan_pull("winter").is_empty


def killed_pull(moment, universe, put_file):
    """One round; whether it was killed before its end."""
    new = state("winter")
    edit(universe, put_file, moment)
    # A card that the pull brings back, and its picture with it.
    assets.delete(universe.assets.get(image_name="03_moon.png"))
    old = state("winter")
    code = ended(sync("sync_pull", Countdown(moment)))
    rows, files = state("winter")
    assert rows in (old[0], new[0])
    assert_each_old_or_new(files, old[1], new[1])
    assert names_in(rows) <= files.keys()
    journals.finish_all()
    # Without Supabase, files are as new as the rows, but for new ones that lie there before a row names them.
    assert_together(state("winter"), old, new)
    go_on("sync_pull")
    assert state("winter") == new
    assert_nothing_to_do()
    return code == -signal.SIGKILL


@contextmanager
def slow_writes(supabase, moment):
    """Each request that writes takes a while, and the n-th as long as it takes to be killed in it."""
    held = {"match": WRITES, "action": f"delay:{PATIENCE}", "skip": moment - 1, "times": 1}
    supabase.sandbox.settings(request_faults=[held, {"match": WRITES, "action": "delay:0.05"}])
    yield
    supabase.mends()


def killed_push(moment, supabase, universe, put_file):
    """One round, killed in the n-th request that writes; whether it was killed before its end."""
    old = there()
    edit(universe, put_file, next(NUMBERS))
    faults = supabase.sandbox.counters()["faults"]
    with slow_writes(supabase, moment):
        process = sync("sync_push")
        while process.is_alive() and supabase.sandbox.counters()["faults"] < faults + moment:
            process.join(0.005)
        process.kill()
        code = ended(process)
        found = there()
        go_on("sync_push")
    new = there()
    assert_each_old_or_new(found[0], old[0], new[0])
    assert_each_old_or_new(found[1], old[1], new[1])
    assert found[0] and found[0].keys() <= found[1].keys()
    assert_nothing_to_do()
    assert {asset.image_name: asset.display_name for asset in universe.assets.all()} == new[0]
    return code == -signal.SIGKILL


def killed_restore(moment, universe, revision, put_file):
    """One round; whether it was killed before its end."""
    new = state("winter")
    edit(universe, put_file, moment)
    old = state("winter")
    code = ended(sync("sync_restore", Countdown(moment), revision=str(revision.pk)))
    rows, files = state("winter")
    assert rows in (old[0], new[0])
    assert_each_old_or_new(files, old[1], new[1])
    assert names_in(rows) <= files.keys()
    go_on("sync_restore", revision=str(revision.pk))
    # What no revision tells of stays.
    assert state("winter") == (new[0], new[1] | {"de.mp3": old[1]["de.mp3"]})
    return code == -signal.SIGKILL


@pytest.fixture
def kept(winter):
    """A revision of all words, and of the files that `edit` replaces and deletes."""
    return revisions.create(winter, "pull", "", archive.add_from_bucket("winter", ["02_fox.png", "fr.mp3"]))


@pytest.fixture
def pushed(supabase, winter):
    call_command("sync_push", "winter")
    return winter


@pytest.mark.parametrize("moment", [15, LATER(35)])
def test_a_pull_that_is_killed(supabase, pushed, put_file, moment):
    assert killed_pull(moment, pushed, put_file)


@pytest.mark.parametrize("moment", [2, LATER(5)])
def test_a_push_that_is_killed(supabase, pushed, put_file, moment):
    assert killed_push(moment, supabase, pushed, put_file)


@pytest.mark.parametrize("moment", [15, LATER(30)])
def test_a_restore_that_is_killed(winter, kept, put_file, moment):
    assert killed_restore(moment, winter, kept, put_file)


@pytest.mark.slow
def test_a_restore_that_is_killed_at_any_moment(winter, kept, put_file):
    moment = 1
    while killed_restore(moment, winter, kept, put_file):
        moment += 1
    assert moment > 30, moment


@pytest.mark.slow
def test_a_pull_that_is_killed_at_any_moment(supabase, pushed, put_file):
    moment = 1
    while killed_pull(moment, pushed, put_file):
        moment += 1
    assert moment > 40, moment


@pytest.mark.slow
def test_a_push_that_is_killed_in_any_request(supabase, pushed, put_file):
    moment = 1
    while killed_push(moment, supabase, pushed, put_file):
        moment += 1
    assert moment > 5
