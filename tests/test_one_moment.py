"""What takes several statements to read is of one state, though somebody writes between them."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction
from rest_framework.test import APIClient

from api import tokens
from universes.models import Asset, Universe

pytestmark = pytest.mark.django_db(transaction=True)


def rename(name):
    """Rename the universe, its card, its song and its French name together, as another process would."""

    def write():
        with transaction.atomic():
            universe = Universe.objects.get()
            universe.translations.update(name=name)
            universe.music_prompts.update(lyrics=name)
            Asset.objects.update(display_name=name)
            Universe.objects.update(name=name)
        connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(write).result()


@pytest.fixture
def interrupted():
    """A block in which somebody renames everything after each statement that reads a table of universes."""
    names = (f"name {number}" for number in range(100))

    def wrap(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if sql.lstrip().startswith("SELECT") and "univers" in sql:
            rename(next(names))
        return result

    return lambda: connection.execute_wrapper(wrap)


@pytest.fixture
def named(universe, asset, api):
    api.post("/api/universes/winter/music-prompts", {"language": "fr", "prompt": "harp", "lyrics": "x"})
    rename("at first")


@pytest.mark.parametrize("closed", [False, True])
def test_a_universe_is_of_one_moment(settings, named, interrupted, closed):
    client = APIClient()
    if closed:
        settings.API_OPEN = False
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.create('reader', ['read'], days=1)[1]}")
    with interrupted():
        found = client.get("/api/universes/winter").json()
    told = [
        found["name"],
        *(row["name"] for row in found["translations"]),
        *(song["lyrics"] for song in found["music_prompts"]),
        *(card["display_name"] for card in found["assets"]),
    ]
    assert len(told) == 5 and len(set(told)) == 1, told
    # It was changed meanwhile, and the next answer says so.
    assert Universe.objects.get().name != found["name"]
    assert client.get("/api/universes/winter").json()["name"] == Universe.objects.get().name


def test_the_number_of_a_list_is_that_of_its_items(named, make_universe):
    def wrap(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if sql.lstrip().startswith("SELECT") and "univers" in sql:
            with ThreadPoolExecutor(1) as pool:
                pool.submit(add).result()
        return result

    def add():
        Universe.objects.create(name="More", slug=f"more-{Universe.objects.count()}")
        connections.close_all()

    with connection.execute_wrapper(wrap):
        page = APIClient().get("/api/universes").json()
    assert page["total"] == len(page["items"]) < Universe.objects.count()


def test_what_is_not_found_leaves_no_transaction_open(api, db):
    assert api.get("/api/universes/nothing").status_code == 404
    assert api.post("/api/universes", {"name": "Snow"}).status_code == 201
