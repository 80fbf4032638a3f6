"""Kill -9 at random moments of a sync, while somebody reads Supabase all the time."""

import time
from random import Random

import pytest
from django.core.management import call_command

from universes.services import assets

from .conftest import state
from .readers import Reader
from .test_kills import (
    assert_each_old_or_new,
    assert_nothing_to_do,
    edit,
    ended,
    go_on,
    names_in,
    sync,
    there,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

MOMENTS = 20
CARDS = 4


@pytest.fixture
def reader(supabase, winter):
    """Somebody who reads `winter` over there, from its first push to the end of the test."""
    with Reader(supabase.sandbox) as reader:
        call_command("sync_push", "winter")
        yield reader
    assert reader.without_picture == set()
    assert min(reader.numbers) >= CARDS


def moments(command):
    """Seconds after its start at which a command of about this length is killed."""
    begun = time.monotonic()
    assert ended(sync(command)) == 0
    length = time.monotonic() - begun
    chance = Random(command)  # noqa: S311 - the same moments each time, as far as the machine allows
    return [chance.uniform(0, length) for _ in range(MOMENTS)]


def kill(command, moment):
    process = sync(command)
    process.join(moment)
    process.kill()
    ended(process)


def test_a_push(reader, winter, put_file):
    edit(winter, put_file, 0)
    for number, moment in enumerate(moments("sync_push"), 1):
        old = there()
        edit(winter, put_file, number)
        kill("sync_push", moment)
        reader.look()
        found = there()
        go_on("sync_push")
        new = there()
        for broken, before, after in zip(found, old, new, strict=True):
            assert_each_old_or_new(broken, before, after)
        assert {asset.image_name: asset.display_name for asset in winter.assets.all()} == new[0]
        assert_nothing_to_do()


def test_a_pull(reader, winter, put_file):
    new = state("winter")
    edit(winter, put_file, 0)
    for number, moment in enumerate(moments("sync_pull"), 1):
        edit(winter, put_file, number)
        # A card that the pull brings back, and its picture with it.
        assets.delete(winter.assets.get(image_name="03_moon.png"))
        old = state("winter")
        kill("sync_pull", moment)
        rows, files = state("winter")
        assert rows in (old[0], new[0])
        assert_each_old_or_new(files, old[1], new[1])
        assert names_in(rows) <= files.keys()
        go_on("sync_pull")
        assert state("winter") == new
        assert_nothing_to_do()
