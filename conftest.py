"""Fixtures for every test: an empty bucket and archive, a client, and makers of what is looked at."""

import io
import socket
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import connections
from django.utils import timezone, translation
from PIL import Image
from rest_framework.test import APIClient

from generation import provider as replicate
from storage import bucket
from storage.serving import send_slots
from universes.services import assets, universes

# What a test that minds the month takes at most, on a busy machine.
SECONDS_OF_A_TEST = 30


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix):
    """SQLite in a file: in memory, threads would share one connection's locks. PostgreSQL: one for each process."""
    database = connections["default"].settings_dict
    if database["ENGINE"] == "django.db.backends.sqlite3":
        database["TEST"]["NAME"] = str(Path(django_settings.STORAGE_PATH) / "db" / "test.db")


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    """Hashing that is slow on purpose would be most of what the admin's tests do."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def empty_storage(settings, tmp_path):
    """Each test's bucket, archive and what is on its way there are its own; returns the folder that holds them."""
    changed = {name: {**config} for name, config in settings.STORAGES.items()}
    for name in ("bucket", "archive"):
        changed[name]["OPTIONS"] = {**changed[name]["OPTIONS"], "location": tmp_path / name}
    settings.STORAGES = changed
    settings.STORAGE_PATH = tmp_path
    return tmp_path


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()
    # A test with transactions of its own leaves them with other numbers.
    ContentType.objects.clear_cache()


@pytest.fixture(autouse=True)
def a_place_for_each_file(settings):
    """An answer that a test leaves unread keeps no place from the requests that follow."""
    settings.WEB_THREADS = 1000
    send_slots.cache_clear()


@pytest.fixture(autouse=True)
def in_english():
    """A request in French leaves its language to what the thread does next: here, to no other test."""
    translation.deactivate()


@pytest.fixture(autouse=True)
def within_one_month():
    """Spending is counted by the month (UTC): a test that could end in another than it begins in is in that already.

    All our code asks Django for the time.
    """
    now, ahead = timezone.now, timedelta(seconds=SECONDS_OF_A_TEST)
    with pytest.MonkeyPatch.context() as patch:
        if (now() + ahead).month != now().month:
            patch.setattr(timezone, "now", lambda: now() + ahead)
        yield


@pytest.fixture
def unused_address():
    """An address on which nobody listens, nor can anybody begin to while the test runs."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def api():
    """A client of the API that sends JSON; a crash comes back as the 500 that a user would see."""
    return APIClient(raise_request_exception=False)


@pytest.fixture
def staff(db):
    """Makes members of staff: `staff("lea", "Editor", "Publisher")`, with the groups whose rights they have.

    A migration made the groups, so that transactional tests, whose database is flushed, have none.
    """

    def make(name, *groups):
        user = get_user_model().objects.create_user(name, password="words", is_staff=True)
        user.groups.set([Group.objects.get(name=group) for group in groups])
        return user

    return make


@pytest.fixture
def newcomer(staff):
    """A member of staff who may only log in."""
    return staff("newcomer")


@pytest.fixture
def editor(staff):
    """Who may read and change everything, and neither spend nor publish."""
    return staff("editor", "Editor")


@pytest.fixture
def make_universe(db):
    """Makes universes: `make_universe(name="Winter", slug="winter", …)`, as the service takes them."""

    def make(name="Winter", **fields):
        return universes.create(name=name, **fields)

    return make


@pytest.fixture
def universe(make_universe):
    return make_universe(slug="winter", translations={"fr": "Hiver", "en": "Winter"})


@pytest.fixture
def make_asset(universe):
    """Makes cards, of the `universe` fixture unless another is given."""

    def make(display_name="Snowflake", of=None, **fields):
        return assets.create(of or universe, display_name=display_name, **fields)

    return make


@pytest.fixture
def asset(make_asset):
    return make_asset()


@pytest.fixture
def png_bytes():
    """A small picture, as a PNG file's bytes."""
    target = io.BytesIO()
    Image.new("RGB", (8, 8), "#1a1a2e").save(target, "PNG")
    return target.getvalue()


@pytest.fixture
def put_file(tmp_path):
    """Puts bytes into the bucket: `put_file("winter", "thumbnail.jpg", b"…")`."""

    def put(folder, name, content=b"content"):
        source = tmp_path / "source"
        source.write_bytes(content)
        bucket.put(source, folder, name)

    return put


@pytest.fixture
def provider(sandbox, settings):
    """The sandbox as the configured provider, quick."""
    settings.REPLICATE_BASE_URL = sandbox.url
    settings.REPLICATE_API_TOKEN = sandbox.key
    settings.REPLICATE_SETTLE_SECONDS = 0
    sandbox.settings(latency={"llm": 0, "image": 0, "video": 0, "music": 0}, llm_style="clean")
    yield sandbox
    # What it was told in one test, to wait for instance, must not reach the next.
    replicate.close()
