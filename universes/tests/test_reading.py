"""Lists and details: what is found, in which order, with how few statements."""

import pytest

from universes.models import Universe
from universes.services import assets, music, universes

pytestmark = pytest.mark.django_db
FIVE = {language: language for language in ("fr", "en", "es", "it", "de")}


def slugs(api, query=""):
    return [item["slug"] for item in api.get(f"/api/universes?{query}").json()["items"]]


@pytest.fixture
def three(make_universe):
    make_universe("Winter", translations={"fr": "Hiver"})
    make_universe("Animals", is_public=False)
    make_universe("Space")


def test_the_newest_comes_first(api, three):
    assert slugs(api) == ["space", "animals", "winter"]


def test_pages(api, three):
    assert slugs(api, "limit=2") == ["space", "animals"]
    assert slugs(api, "skip=2&limit=2") == ["winter"]
    assert slugs(api, "skip=9223372036854775807&limit=100") == []
    assert api.get("/api/universes?limit=1").json()["total"] == 3


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("is_public=true", ["space", "winter"]),
        ("is_public=false", ["animals"]),
        ("is_public=", ["space", "animals", "winter"]),
        ("search=hiv", ["winter"]),
        ("search=ANIM", ["animals"]),
        ("search=%25", []),
        ("search=spa&is_public=false", []),
        ("ordering=name", ["animals", "space", "winter"]),
        ("ordering=-slug", ["winter", "space", "animals"]),
        ("unknown=1", ["space", "animals", "winter"]),
    ],
)
def test_what_is_found(api, three, query, found):
    assert slugs(api, query) == found


def test_cards_are_counted_once_however_many_names_match(api, make_universe):
    universe = make_universe("Winter", translations=FIVE | {"fr": "Winter", "de": "Winter"})
    for name in "ab":
        assets.create(universe, display_name=name)
    item = api.get("/api/universes?search=winter&ordering=-asset_count").json()["items"][0]
    assert item["asset_count"] == 2


def fill(count):
    for number in range(count):
        universe = universes.create(name=f"Universe {number}", translations=FIVE, default_image_prompt="p")
        for card in range(3):
            assets.create(universe, display_name=f"card {card}", translations=FIVE)


def test_a_list_takes_few_statements_however_many_rows(api, django_assert_max_num_queries):
    fill(50)
    with django_assert_max_num_queries(6):
        assert len(api.get("/api/universes?limit=50").json()["items"]) == 50


def test_one_universe_takes_few_statements_however_many_cards(api, universe, django_assert_max_num_queries):
    for card in range(24):
        assets.create(universe, display_name=f"card {card}", translations=FIVE, custom_image_prompt="p")
    for language in FIVE:
        music.create(universe, language=language, prompt="p", lyrics="l")
    with django_assert_max_num_queries(6):
        body = api.get("/api/universes/winter").json()
    assert (len(body["assets"]), len(body["music_prompts"])) == (24, 5)
    with django_assert_max_num_queries(6):
        assert len(api.get("/api/universes/winter/assets").json()) == 24
    with django_assert_max_num_queries(6):
        api.get(f"/api/universes/winter/assets/{body['assets'][0]['id']}")


def test_a_universe_of_nulls_can_be_read(api, db):
    row = Universe.objects.create(name="Bare", slug="bare")
    Universe.objects.filter(pk=row.pk).update(
        is_public=None, background_color=None, created_at=None, updated_at=None
    )
    row.assets.create(image_name="00_x.png")
    row.music_prompts.create(language="fr")
    body = api.get("/api/universes/bare").json()
    assert (body["is_public"], body["created_at"], body["assets"][0]["display_name"]) == (None, None, None)
    assert api.get("/api/universes").json()["items"][0]["is_public"] is None
