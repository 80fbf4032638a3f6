"""What the API refuses to take, and the sentence it says."""

import pytest

pytestmark = pytest.mark.django_db

BIG = 10**30
BAD_BODIES = [[], "text", 1, True, None]

UNIVERSE = [
    ("name", None),
    ("name", ""),
    ("name", "   "),
    ("name", 5),
    ("name", ["x"]),
    ("name", {"a": 1}),
    ("name", "x" * 501),
    ("name", "x" * 500 + " "),
    ("name", "a\0b"),
    ("slug", "Ünsafe"),
    ("slug", "../up"),
    ("slug", "a/b"),
    ("slug", " a"),
    ("slug", "a\n"),
    ("slug", "x" * 101),
    ("slug", "%2e%2e"),
    ("slug", "❄️"),
    ("slug", 7),
    ("is_public", "yes"),
    ("is_public", "true"),
    ("is_public", 1),
    ("is_public", None),
    ("background_color", "red"),
    ("background_color", "#12345"),
    ("background_color", "#1a1a2e\n;"),
    ("background_color", ""),
    ("default_image_prompt", "x" * 5001),
    ("default_video_prompt", 1),
    ("translations", []),
    ("translations", "fr"),
    ("translations", {"pt": "Inverno"}),
    ("translations", {"FR": "Hiver"}),
    ("translations", {"fr": 1}),
    ("translations", {"fr": None}),
    ("translations", {"fr": "x" * 501}),
    ("translations", {"fr": {"deep": 1}}),
]
ASSET = [
    ("display_name", None),
    ("display_name", ""),
    ("display_name", 5),
    ("display_name", "a\0b"),
    ("display_name", "x" * 501),
    ("sort_order", "first"),
    ("sort_order", 1.5),
    ("sort_order", True),
    ("sort_order", 2**31),
    ("sort_order", -BIG),
    ("translations", {"xx": "y"}),
    ("custom_image_prompt", "x" * 5001),
    ("custom_video_prompt", []),
]
SONG = [
    ("language", "pt"),
    ("language", None),
    ("language", 1),
    ("language", []),
    ("prompt", None),
    ("prompt", 1),
    ("prompt", "x" * 5001),
    ("lyrics", None),
    ("lyrics", "x" * 20001),
]


def refused(response, field):
    assert response.status_code == 422
    errors = response.json()["errors"]
    assert list(errors) == [field]
    assert response.json()["detail"] == errors[field][0]
    assert response.json()["detail"].startswith(field)
    return True


@pytest.mark.parametrize(("field", "value"), UNIVERSE)
def test_a_universe_is_not_made_of(api, field, value):
    assert refused(api.post("/api/universes", {"name": "Winter", field: value}), field)
    assert api.get("/api/universes").json()["total"] == 0


@pytest.mark.parametrize(("field", "value"), [case for case in UNIVERSE if case[0] != "slug"])
def test_a_universe_is_not_changed_to(api, universe, field, value):
    before = api.get("/api/universes/winter").json()
    assert refused(api.patch("/api/universes/winter", {field: value}), field)
    assert api.get("/api/universes/winter").json() == before


@pytest.mark.parametrize(("field", "value"), [("thumbnail_url", "x" * 2001), ("background_music", 3)])
def test_addresses_have_a_length_and_a_type(api, universe, field, value):
    assert refused(api.patch("/api/universes/winter", {field: value}), field)


@pytest.mark.parametrize(("field", "value"), ASSET)
def test_a_card_is_not_made_of(api, universe, field, value):
    assert refused(api.post("/api/universes/winter/assets", {"display_name": "Snow", field: value}), field)
    assert api.get("/api/universes/winter/assets").json() == []


@pytest.mark.parametrize(("field", "value"), [*ASSET, ("sort_order", None)])
def test_a_card_is_not_changed_to(api, asset, field, value):
    assert refused(api.patch(f"/api/universes/winter/assets/{asset.pk}", {field: value}), field)


@pytest.mark.parametrize(("field", "value"), SONG)
def test_a_song_prompt_is_not_made_of(api, universe, field, value):
    good = {"language": "fr", "prompt": "gentle", "lyrics": "la"}
    assert refused(api.post("/api/universes/winter/music-prompts", {**good, field: value}), field)


@pytest.mark.parametrize("field", ["language", "prompt", "lyrics"])
def test_a_song_prompt_lacks_nothing(api, universe, field):
    good = {"language": "fr", "prompt": "gentle", "lyrics": "la"}
    del good[field]
    assert refused(api.post("/api/universes/winter/music-prompts", good), field)


@pytest.mark.parametrize("body", [b for b in BAD_BODIES if b is not None])
def test_a_body_is_an_object(api, asset, body):
    for method, path in (
        (api.post, "/api/universes"),
        (api.patch, "/api/universes/winter"),
        (api.post, "/api/universes/winter/assets"),
        (api.patch, f"/api/universes/winter/assets/{asset.pk}"),
        (api.post, "/api/universes/winter/music-prompts"),
    ):
        assert method(path, body).json()["errors"] == {"body": ["The body must be a JSON object."]}


def test_an_explicit_null_is_no_object(api):
    response = api.generic("POST", "/api/universes", b"null", content_type="application/json")
    assert response.json()["errors"] == {"body": ["The body must be a JSON object."]}


def test_an_absent_body_lacks_its_fields(api):
    assert refused(api.generic("POST", "/api/universes"), "name")


def test_several_mistakes_are_told_at_once(api):
    response = api.post("/api/universes", {"is_public": "x", "background_color": "red"})
    assert response.json()["errors"].keys() == {"name", "is_public", "background_color"}


@pytest.mark.parametrize(
    "query",
    [
        "skip=-1",
        "skip=x",
        f"skip={BIG}",
        "limit=0",
        "limit=101",
        "limit=x",
        f"limit={BIG}",
        "limit=" + "9" * 5000,
        "is_public=maybe",
        "ordering=secret",
        "ordering=-owner_id",
        "search=" + "x" * 201,
        "search=%00",
    ],
)
def test_the_list_refuses(api, query):
    assert refused(api.get(f"/api/universes?{query}"), query.split("=")[0])


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "univers_slug=%00"])
def test_the_jobs_refuse(api, query):
    assert refused(api.get(f"/api/jobs?{query}"), query.split("=")[0])


@pytest.mark.parametrize("query", ["days=0", "days=31", "days=x", f"days={BIG}"])
def test_the_cleanup_refuses(api, query):
    assert refused(api.delete(f"/api/jobs/cleanup?{query}"), "days")


@pytest.mark.parametrize(
    "path",
    [
        "missing",
        "WINTER",
        "..",
        "%2e%2e",
        "%00",
        "winter%00",
        "winter%0a",
        "%ff",
        "❄️",
        "x" * 300,
        "winter%20",
        "' OR 1=1 --",
        "{slug}",
    ],
)
@pytest.mark.parametrize("tail", ["", "/assets", "/music-prompts"])
def test_a_slug_that_names_nothing_is_not_found(api, universe, path, tail):
    for response in (
        api.get(f"/api/universes/{path}{tail}"),
        api.post(f"/api/universes/{path}{tail or '/assets'}", {}),
    ):
        assert response.status_code == 404
        assert "not found" in response.json()["detail"]


@pytest.mark.parametrize(
    "path",
    ["1", "x", "%00", str(BIG), "00000000-0000-0000-0000-000000000000", "..", "%ff", "x" * 300, "❄️"],
)
def test_an_id_that_names_nothing_is_not_found(api, universe, path):
    for address in (
        f"/api/universes/winter/assets/{path}",
        f"/api/universes/winter/music-prompts/{path}",
        f"/api/jobs/{path}",
    ):
        response = api.get(address)
        assert response.status_code == 404, address
        assert "not found" in response.json()["detail"]
