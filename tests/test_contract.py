"""What the front ends rely on of universes, and of the addresses outside: names, statuses, and what they mean."""

import pytest

from .telling import is_id, is_time

pytestmark = pytest.mark.django_db

ITEM = {"id", "name", "slug", "thumbnail_url", "is_public", "asset_count", "last_synced_at"}
UNIVERSE = ITEM | {
    "background_music",
    "background_color",
    "created_at",
    "updated_at",
    "supabase_id",
    "prompts",
    "translations",
    "music_prompts",
    "assets",
}
SONG = {"id", "univers_id", "language", "prompt", "lyrics", "created_at"}
FIVE = {"fr": "Hiver", "en": "Winter", "es": "Invierno", "it": "Inverno", "de": "Winter"}


class TestUniverses:
    def test_an_empty_list(self, api):
        assert api.get("/api/universes").json() == {"items": [], "total": 0}

    def test_an_item(self, api, universe, asset):
        answer = api.get("/api/universes?skip=0&limit=50&is_public=").json()
        assert answer["total"] == 1
        assert answer["items"][0] == {
            "id": universe.pk,
            "name": "Winter",
            "slug": "winter",
            "thumbnail_url": None,
            "is_public": True,
            "asset_count": 1,
            "last_synced_at": None,
        }

    def test_made_of_a_name_alone(self, api):
        response = api.post("/api/universes", {"name": "Père Noël", "unknown": {"field": 1}})
        body = response.json()
        assert response.status_code == 201
        assert body.keys() == UNIVERSE
        assert is_time(body.pop("created_at")) and is_time(body.pop("updated_at"))
        assert isinstance(body.pop("id"), int)
        assert body == {
            "name": "Père Noël",
            "slug": "pere-noel",
            "thumbnail_url": None,
            "is_public": True,
            "background_music": None,
            "background_color": "#1a1a2e",
            "supabase_id": None,
            "last_synced_at": None,
            "asset_count": 0,
            "prompts": None,
            "translations": [],
            "music_prompts": [],
            "assets": [],
        }

    def test_made_of_everything(self, api):
        given = {
            "name": "Winter",
            "slug": "cold_place-2",
            "is_public": False,
            "background_color": "#FFF",
            "default_image_prompt": "A {concept}",
            "default_video_prompt": "It moves",
            "translations": FIVE,
        }
        body = api.post("/api/universes", given).json()
        assert (body["slug"], body["is_public"], body["background_color"]) == ("cold_place-2", False, "#FFF")
        assert body["prompts"].keys() == {"id", "univers_id", "default_image_prompt", "default_video_prompt"}
        assert body["prompts"]["univers_id"] == body["id"] and is_id(body["prompts"]["id"])
        assert body["prompts"]["default_image_prompt"] == "A {concept}"
        assert all(t.keys() == {"id", "language", "name"} and is_id(t["id"]) for t in body["translations"])
        assert {t["language"]: t["name"] for t in body["translations"]} == FIVE
        assert api.get("/api/universes/cold_place-2").json() == body

    @pytest.mark.parametrize("slug", ["", None])
    def test_an_empty_slug_is_made_from_the_name(self, api, slug):
        assert api.post("/api/universes", {"name": "Winter Fun", "slug": slug}).json()["slug"] == "winter-fun"

    def test_a_taken_slug(self, api, universe):
        response = api.post("/api/universes", {"name": "Other", "slug": "winter"})
        assert response.status_code == 400
        assert response.json()["detail"].startswith("Universe with slug 'winter' already exists")

    def test_the_whole_of_one(self, api, universe, asset, put_file):
        api.post(
            "/api/universes/winter/music-prompts", {"language": "fr", "prompt": "gentle", "lyrics": "la"}
        )
        for name in ("thumbnail.jpg", asset.image_name, "fr.mp3"):
            put_file("winter", name)
        body = api.get("/api/universes/winter").json()
        base = "/storage/buckets/univers/winter"
        assert body["thumbnail_url"] == f"{base}/thumbnail.jpg"
        assert body["asset_count"] == 1
        assert body["assets"] == [
            {
                "id": str(asset.pk),
                "sort_order": 1,
                "display_name": "Snowflake",
                "image_name": "00_snowflake.png",
                "image_url": f"{base}/00_snowflake.png",
                "video_url": None,
            }
        ]
        (song,) = body["music_prompts"]
        assert song.keys() == SONG | {"music_url"}
        assert song["music_url"] == f"{base}/fr.mp3"
        assert api.get("/api/universes").json()["items"][0]["thumbnail_url"] == f"{base}/thumbnail.jpg"

    def test_the_name_of_a_file_leads_to_it_in_the_universes_folder(self, api, universe, put_file):
        """As the old backend stored it."""
        type(universe).objects.update(thumbnail_url="cover.png")
        assert api.get("/api/universes/winter").json()["thumbnail_url"] == "cover.png"
        put_file("winter", "cover.png")
        address = "/storage/buckets/univers/winter/cover.png"
        (item,) = api.get("/api/universes").json()["items"]
        assert item["thumbnail_url"] == api.get("/api/universes/winter").json()["thumbnail_url"] == address
        assert (
            api.patch("/api/universes/winter", {"thumbnail_url": address}).json()["thumbnail_url"] == address
        )
        universe.refresh_from_db()
        assert universe.thumbnail_url == "cover.png"

    def test_a_thumbnail_address_of_ones_own_wins(self, api, universe, put_file):
        put_file("winter", "thumbnail.jpg")
        body = api.patch("/api/universes/winter", {"thumbnail_url": "https://pictures.example/w.png"}).json()
        assert body["thumbnail_url"] == "https://pictures.example/w.png"

    @pytest.mark.parametrize("origin", ["", "http://testserver"])
    def test_what_a_client_was_shown_and_sends_back_changes_nothing(
        self, api, settings, admin_user, universe, put_file, origin
    ):
        put_file("winter", "thumbnail.jpg")
        type(universe).objects.update(is_public=False)
        settings.API_OPEN = False
        api.force_login(admin_user)
        shown = api.get("/api/universes/winter").json()
        assert "/winter/thumbnail.jpg?t=" in shown["thumbnail_url"]
        # Names in languages come as rows and are sent as an object.
        body = shown | {"thumbnail_url": origin + shown["thumbnail_url"], "translations": {}}
        assert api.patch("/api/universes/winter", body).status_code == 200
        universe.refresh_from_db()
        assert universe.thumbnail_url is None
        assert not universe.edits.filter(field="thumbnail_url").exists()

    @pytest.mark.parametrize("field", ["thumbnail_url", "background_music"])
    def test_of_an_own_files_address_neither_signature_nor_host_is_stored(self, api, universe, field):
        path = "/storage/buckets/univers/winter/00_snow.png"
        for sent in (f"{path}?t=1abc:def", f"http://testserver{path}?t=1abc:def", f"http://testserver{path}"):
            api.patch("/api/universes/winter", {field: sent})
            universe.refresh_from_db()
            assert getattr(universe, field) == path
        elsewhere = f"http://testserver.example{path}?t=1"
        api.patch("/api/universes/winter", {field: elsewhere})
        universe.refresh_from_db()
        assert getattr(universe, field) == elsewhere

    def test_changed(self, api, universe):
        given = {
            "name": "Snow",
            "thumbnail_url": "/t.jpg",
            "is_public": False,
            "background_music": "song",
            "background_color": "#000000",
            "default_image_prompt": "i",
            "default_video_prompt": "v",
            "translations": {"de": "Schnee"},
        }
        response = api.patch("/api/universes/winter", {**given, "slug": "other", "id": 99})
        body = response.json()
        assert response.status_code == 200
        assert body.keys() == UNIVERSE
        assert (body["slug"], body["id"]) == ("winter", universe.pk)
        plain = given.keys() - {"translations", "default_image_prompt", "default_video_prompt"}
        assert {field: body[field] for field in plain} == {field: given[field] for field in plain}
        assert (body["prompts"]["default_image_prompt"], body["prompts"]["default_video_prompt"]) == (
            "i",
            "v",
        )
        assert [(t["language"], t["name"]) for t in body["translations"]] == [("de", "Schnee")]

    def test_an_absent_field_stays(self, api, universe):
        before = api.get("/api/universes/winter").json()
        after = api.patch("/api/universes/winter", {}).json()
        assert after.pop("updated_at") > before.pop("updated_at")
        assert after == before

    def test_a_null_field_is_emptied(self, api, universe):
        api.patch(
            "/api/universes/winter",
            {"default_image_prompt": "p", "background_music": "m", "thumbnail_url": "t"},
        )
        nulls = dict.fromkeys(
            ["thumbnail_url", "background_music", "background_color", "default_image_prompt", "translations"]
        )
        body = api.patch("/api/universes/winter", nulls).json()
        assert (body["thumbnail_url"], body["background_music"], body["background_color"]) == (
            None,
            None,
            None,
        )
        assert body["prompts"]["default_image_prompt"] is None
        assert body["translations"] == []

    def test_what_came_from_elsewhere_may_be_sent_back_as_it_was_shown(self, api, universe, asset):
        """The old backend, and Supabase, have what no rule of the API lets in."""
        odd = {"name": "n" * 2000, "background_color": "red", "background_music": "javascript:play()"}
        type(universe).objects.update(**odd)
        type(asset).objects.update(display_name="d" * 2000, sort_order=None)
        card = {"display_name": "d" * 2000, "sort_order": None}
        address = f"/api/universes/winter/assets/{asset.pk}"
        for path, body in (("/api/universes/winter", odd), (address, card)):
            shown = api.get(path).json()
            assert {name: shown[name] for name in body} == body
            assert api.patch(path, body).status_code == 200
            for name, value in body.items():
                assert api.patch(path, {name: f"{value}!"}).status_code == 422, name

    def test_an_odd_colour_from_elsewhere_may_stay(self, api, universe):
        type(universe).objects.update(background_color="rebeccapurple")
        assert api.patch("/api/universes/winter", {"background_color": "rebeccapurple"}).status_code == 200
        assert api.patch("/api/universes/winter", {"background_color": "red"}).status_code == 422

    def test_deleted(self, api, universe, asset, put_file, empty_storage):
        put_file("winter", "thumbnail.jpg")
        response = api.delete("/api/universes/winter")
        assert (response.status_code, response.content) == (204, b"")
        assert api.get("/api/universes/winter").status_code == 404
        assert not (empty_storage / "bucket" / "winter").exists()
        assert api.post("/api/universes", {"name": "Winter"}).status_code == 201

    def test_a_create_that_fails_leaves_nothing(self, api, empty_storage):
        api.post("/api/universes", {"name": "Winter", "translations": {"xx": "y"}})
        assert api.get("/api/universes").json()["total"] == 0
        assert not (empty_storage / "bucket").exists()


class TestTheRest:
    def test_the_root(self, api):
        body = api.get("/").json()
        assert body.keys() == {"name", "version", "status", "docs"}
        assert body["status"] == "running"

    def test_health(self, api):
        body = api.get("/health").json()
        assert body.keys() >= {"status", "database", "supabase_connected", "ai_available"}
        assert body["status"] == "healthy"

    def test_docs_and_schema(self, client):
        assert client.get("/docs").status_code == 200
        assert client.get("/openapi.json").json()["openapi"].startswith("3.")
