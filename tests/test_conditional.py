"""Conditional reads: an answer that has not changed is a 304, and any change, made in any way, is seen at once."""

import os
import threading
import time
from contextlib import contextmanager

import pytest
from django.db import close_old_connections, connection, transaction
from django.test.utils import CaptureQueriesContext

from storage import bucket
from universes.models import Asset, MusicPrompt, Universe, UniversePrompts, UniverseTranslation
from universes.serializers import (
    AssetItemSerializer,
    MusicPromptSerializer,
    UniversePageSerializer,
    UniverseSerializer,
)

FIVE = {language: f"Snow {language}" for language in ("fr", "en", "es", "it", "de")}
LIST, ONE, CARDS, SONGS = (
    "/api/universes",
    "/api/universes/winter",
    "/api/universes/winter/assets",
    "/api/universes/winter/music-prompts",
)
PATHS = [LIST, ONE, CARDS, SONGS]
# Until nobody else has written for a moment.
PATIENCE = 60


@pytest.fixture
def winter(transactional_db, universe, make_universe, make_asset, api, put_file):
    """A universe with everything, whose folder has been the same for a while."""
    api.patch(ONE, {"translations": FIVE, "default_image_prompt": "a {concept}"})
    make_universe("Bare", slug="bare", is_public=False)
    for name in ("Snow", "Ice"):
        card = make_asset(name, of=universe, translations=FIVE)
    for language in ("fr", "de"):
        api.post(SONGS, {"language": language, "prompt": "harp", "lyrics": "la"})
    for name in (card.image_name, "thumbnail.jpg", "fr.mp3"):
        put_file("winter", name)
    settle()
    return universe


def settle():
    """Let the folders look as if nothing had come or gone for a minute."""
    then = time.time() - 60
    for path in (bucket.bucket().path("winter"), bucket.bucket().location):
        os.utime(path, (then, then))


def read(api, path, etag=None):
    return api.get(path, headers={"If-None-Match": etag} if etag else {})


def change(model, **fields):
    return lambda: model.objects.filter(pk=model.objects.order_by("pk").first().pk).update(**fields)


@contextmanager
def another_process():
    """A cursor of a connection of its own, which tells nobody what it does."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            yield cursor
    finally:
        other.close()


def behind_our_back():
    with another_process() as cursor:
        cursor.execute("UPDATE univers SET name = 'Frost', background_color = '#fff'")
        cursor.execute("UPDATE univers_assets SET display_name = 'Frost'")
        cursor.execute("UPDATE univers_music_prompts SET lyrics = 'Frost'")


def in_another_thread():
    thread = threading.Thread(target=lambda: (Asset.objects.update(display_name="Frost"), connection.close()))
    thread.start()
    thread.join()


CHANGES = {
    "a name": (change(Universe, name="Frost"), {LIST, ONE}),
    "its address": (change(Universe, thumbnail_url="https://x.example/t.png"), {LIST, ONE}),
    "a translation": (change(UniverseTranslation, name="Frost"), {ONE}),
    "a translation that goes": (lambda: UniverseTranslation.objects.first().delete(), {ONE}),
    "a prompt": (change(UniversePrompts, default_video_prompt="It falls"), {ONE}),
    "the prompts that go": (lambda: UniversePrompts.objects.all().delete(), {ONE}),
    "a card": (change(Asset, display_name="Frost"), {ONE, CARDS}),
    "an order": (change(Asset, sort_order=9), {ONE, CARDS}),
    "a card that goes": (lambda: Asset.objects.first().delete(), {LIST, ONE, CARDS}),
    "a song's words": (change(MusicPrompt, lyrics="lo"), {ONE, SONGS}),
    "a universe more": (lambda: Universe.objects.create(name="New", slug="new"), {LIST}),
    "another thread": (in_another_thread, {ONE, CARDS}),
}
FILES = {
    "a picture": ("00_snow.png", {ONE, CARDS}),
    "a clip": ("01_ice.mp4", {ONE, CARDS}),
    "a song": ("de.mp3", {ONE}),
}


@pytest.mark.parametrize("path", PATHS)
def test_nothing_has_changed(api, winter, path):
    first = read(api, path)
    assert first.status_code == 200 and first["ETag"].startswith('"')
    again = read(api, path, first["ETag"])
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert read(api, path, f'"other", W/{first["ETag"]}').status_code == 304
    assert read(api, path, '"other"').content == read(api, path).content == first.content


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("path", PATHS)
def test_a_304_has_the_headers_of_its_answer(api, winter, settings, path, is_open):
    settings.API_OPEN = is_open
    made = read(api, path)
    for _ in range(2):
        not_modified = read(api, path, made["ETag"])
        assert not_modified.status_code == 304
        for name in ("ETag", "Vary", "Allow", "Cache-Control"):
            assert not_modified[name] == made[name]


@pytest.mark.parametrize("path", PATHS)
def test_any_etag_is_that_of_what_is_there(api, winter, path):
    assert read(api, path, "*").status_code == 304
    assert read(api, "/api/universes/nothing", "*").status_code == 404


def test_nothing_but_whether_it_changed_is_asked_of_the_database_then(api, winter):
    etags = {path: read(api, path)["ETag"] for path in PATHS}
    ends = time.monotonic() + PATIENCE
    # A folder has to have been the same for a second; and on PostgreSQL, whatever anybody writes is a new state.
    while asked := statements(lambda: [read(api, path, etag) for path, etag in etags.items()]):
        assert time.monotonic() < ends, asked


def statements(ask):
    with CaptureQueriesContext(connection) as asked:
        assert all(answer.status_code == 304 for answer in ask())
    return asked.captured_queries


@pytest.mark.parametrize(("do", "seen"), CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen_at_once(api, winter, do, seen):
    assert_seen(api, do, seen)


@pytest.mark.parametrize(("name", "seen"), FILES.values(), ids=FILES)
def test_a_file_that_comes_or_goes_is_seen_at_once(api, winter, put_file, name, seen):
    assert_seen(api, lambda: put_file("winter", name), seen)
    settle()
    assert_seen(api, lambda: bucket.remove("winter", name), seen)
    assert_seen(api, lambda: bucket.remove_folder("winter"), {LIST, ONE, CARDS})


def test_a_file_is_seen_that_came_with_the_folders_old_time(api, winter, put_file):
    folder = bucket.bucket().path("winter")
    before = os.lstat(folder)

    def copy_in():
        put_file("winter", "de.mp3")
        # Once at least, and until the clock has ticked.
        os.utime(folder, ns=(before.st_atime_ns, before.st_mtime_ns))
        while os.lstat(folder).st_ctime_ns == before.st_ctime_ns:
            os.utime(folder, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert_seen(api, copy_in, {ONE})


def assert_seen(api, do, seen):
    """Those answers are others after a change, and the rest are still what one has."""
    before = {path: read(api, path) for path in PATHS}
    assert all(read(api, path, answer["ETag"]).status_code == 304 for path, answer in before.items())
    do()
    after = {path: read(api, path, answer["ETag"]) for path, answer in before.items()}
    assert {path for path, answer in after.items() if answer.status_code != 304} == seen
    assert all(after[path].content != before[path].content for path in seen)


def test_what_another_process_does_is_seen_at_once(api, winter):
    assert_seen(api, behind_our_back, {LIST, ONE, CARDS, SONGS})


def test_what_another_process_writes_is_seen_once_it_has_committed(api, winter):
    before = read(api, ONE)
    with another_process() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("UPDATE univers SET name = 'Frost'")
        assert all(read(api, ONE).content == before.content for _ in range(2))
        cursor.execute("COMMIT")
        assert read(api, ONE).json()["name"] == "Frost"


def test_a_connection_that_the_server_ended_is_replaced(api, winter):
    before = read(api, ONE)
    if connection.vendor == "postgresql":
        with another_process() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid])
    # The start of a request, of which the test client leaves this out.
    close_old_connections()
    assert read(api, ONE).content == before.content


def test_what_is_rolled_back_was_never_there(api, winter):
    before = read(api, ONE)
    with transaction.atomic():
        Universe.objects.update(name="Frost")
        assert read(api, ONE).json()["name"] == "Frost"
        transaction.set_rollback(True)
    assert read(api, ONE).content == before.content


DESCRIBED = {
    LIST: UniversePageSerializer(),
    ONE: UniverseSerializer(),
    CARDS: AssetItemSerializer(many=True),
    SONGS: MusicPromptSerializer(many=True),
}


def assert_described(serializer, answer):
    """The answer has the fields of the serializer, which the schema is made from, in its order."""
    if isinstance(answer, list):
        for item in answer:
            assert_described(serializer.child, item)
    elif isinstance(answer, dict):
        assert list(answer) == list(serializer.fields)
        for name, value in answer.items():
            assert_described(serializer.fields[name], value)


@pytest.mark.parametrize("path", PATHS)
def test_an_answer_has_the_fields_that_the_serializers_describe(api, winter, path):
    assert_described(DESCRIBED[path], read(api, path).json())


def test_so_it_has_where_all_is_null(api, winter):
    for model in (UniverseTranslation, UniversePrompts, MusicPrompt, Asset):
        model.objects.all().delete()
    Universe.objects.update(is_public=None, created_at=None, updated_at=None, background_color=None)
    winter.assets.create(image_name="00_x.png", sort_order=None, display_name=None)
    for path in PATHS:
        assert_described(DESCRIBED[path], read(api, path).json())
    assert (read(api, ONE).json()["prompts"], read(api, ONE).json()["translations"]) == (None, [])


def test_the_etag_of_a_private_answer_is_nobody_elses(api, winter, settings, admin_user):
    settings.API_OPEN = False
    api.force_login(admin_user)
    answer = read(api, LIST)
    assert answer["Cache-Control"] == "private, no-cache"
    api.logout()
    assert read(api, LIST, answer["ETag"]).status_code != 304


def test_a_universe_that_becomes_private_takes_its_files_along_at_once(api, winter, settings):
    settings.API_OPEN = False
    address = "/storage/buckets/univers/winter/thumbnail.jpg"
    for public, status in ((True, 200), (False, 404), (True, 200)):
        Universe.objects.update(is_public=public)
        for _ in range(2):
            answer = api.get(address)
            answer.close()
            assert answer.status_code == status


def test_a_known_caller_gets_an_answer_of_their_own(api, winter, settings, admin_user):
    settings.API_OPEN = False
    assert [one["slug"] for one in read(api, LIST).json()["items"]] == ["winter"]
    assert [one["slug"] for one in read(api, LIST).json()["items"]] == ["winter"]
    wrong = api.get(LIST, headers={"Authorization": "Bearer msk_wrong"})
    assert wrong.status_code == 401
    api.force_login(admin_user)
    assert {one["slug"] for one in read(api, LIST).json()["items"]} == {"winter", "bare"}


def test_a_browser_that_wants_a_page_gets_one(api, winter):
    read(api, ONE)
    assert b"<html" in api.get(ONE, headers={"Accept": "text/html"}).content
