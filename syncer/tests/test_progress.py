"""Files on their way, several at once."""

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from django.core.management import call_command

from syncer.progress import in_parallel
from universes.models import Universe

from .conftest import wipe


def meet(number, patience):
    """Whether so many files of two universes are ever on their way at the same time."""
    barrier, met = threading.Barrier(number, timeout=patience), []

    def work(_):
        with suppress(threading.BrokenBarrierError):
            barrier.wait()
            met.append(True)

    with ThreadPoolExecutor(2) as universes:
        list(universes.map(lambda _: in_parallel(work, range(3)), range(2)))
    return bool(met)


def test_two_universes_together_move_as_many_files_at_once_as_one_may(settings):
    settings.SYNC_PARALLEL = 3
    assert meet(3, patience=60)
    assert not meet(4, patience=0.5)


@pytest.mark.django_db(transaction=True)
def test_a_command_brings_several_universes_and_tells_of_each(supabase, make_universe, put_file):
    slugs = {f"universe-{number}" for number in range(5)}
    for slug in slugs:
        make_universe(slug=slug)
        put_file(slug, "thumbnail.jpg", slug.encode())
    call_command("sync_push", "--all", stderr=io.StringIO())
    wipe()
    said = io.StringIO()
    call_command("sync_init", stderr=said)
    assert set(Universe.objects.values_list("slug", flat=True)) == slugs
    assert set(said.getvalue().splitlines()) == {f"{slug}: 2 changes" for slug in slugs}


def test_what_stays_on_this_machine_takes_nobodys_place_on_the_line(settings):
    settings.SYNC_PARALLEL = 1
    copied, found = threading.Event(), []

    def upload(_):
        found.append(copied.wait(60))

    with ThreadPoolExecutor(1) as other:
        line = other.submit(in_parallel, upload, [1])
        in_parallel(lambda _: copied.set(), [1], on_disk=True)
        line.result()
    assert found == [True]
