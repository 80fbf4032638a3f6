"""Pulls that break off before anything is written here."""

import resource
from pathlib import Path

import pytest
from django.db import connection

from storage.staging import PENDING
from syncer.client import client
from universes.models import Universe

from .conftest import ok, post, state, wipe

pytestmark = pytest.mark.django_db

MB = 1024 * 1024


@pytest.fixture
def pushed(api, supabase, winter, settings):
    """What was pushed and is here no more; files come one at a time."""
    settings.SYNC_PARALLEL = 1
    ok(post(api, "push/winter"))
    before = state("winter")
    wipe()
    return before


def downloads(supabase):
    return supabase.sandbox.counters()["storage_reads"]


def staged(settings):
    return sorted(path.name for path in (settings.STORAGE_PATH / PENDING).rglob("*.*"))


def test_the_next_one_goes_on_with_what_came(api, supabase, pushed, settings):
    supabase.breaks("GET /storage/v1/object/univers/winter/thumbnail.jpg", "truncate")
    assert post(api, "pull/winter").status_code in (502, 503)
    assert not Universe.objects.exists()
    supabase.mends()
    before = downloads(supabase)
    ok(post(api, "pull/winter"))
    assert (downloads(supabase) - before, state("winter"), staged(settings)) == (1, pushed, [])


def test_but_not_if_it_is_another_by_now(api, supabase, pushed, tmp_path):
    supabase.breaks("GET /storage/v1/object/univers/winter/thumbnail.jpg", "500")
    assert post(api, "pull/winter").status_code == 502
    supabase.mends()
    (tmp_path / "song").write_bytes(b"gnos")
    client().upload(tmp_path / "song", "winter/fr.mp3")
    before = downloads(supabase)
    ok(post(api, "pull/winter"))
    assert downloads(supabase) - before == 2
    assert state("winter")[1]["fr.mp3"] != pushed[1]["fr.mp3"]


def size_of_database():
    """Bytes of SQLite's files, which tests before this one may have made large; none of a server's."""
    file = Path(connection.settings_dict["NAME"])
    return sum(one.stat().st_size for one in file.parent.glob(f"{file.name}*")) if file.is_absolute() else 0


@pytest.fixture
def full_disk(supabase, pushed, tmp_path):
    """No file here may grow beyond what the database needs, which fails as a full disk does; one over there has."""
    most = size_of_database() + 16 * MB
    supabase.sandbox.settings(file_size_limit=2 * most)
    with (tmp_path / "song").open("wb") as song:
        song.truncate(most + MB)
    client().upload(tmp_path / "song", "winter/fr.mp3")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_is_told_of_and_keeps_nothing(api, supabase, settings, full_disk):
    answer = post(api, "pull/winter")
    assert answer.status_code == 507, answer.json()
    assert "make room and pull 'winter' again" in answer.json()["detail"]
    assert not Universe.objects.exists()
    assert staged(settings) == []
