"""What the front ends rely on of cards and songs, path by path."""

import re

import pytest

from .telling import is_id, is_time

pytestmark = pytest.mark.django_db

CARD = {"id", "sort_order", "display_name", "image_name", "image_url", "video_url"}
WHOLE_CARD = CARD | {"univers_id", "created_at", "updated_at", "prompts", "translations"}
SONG = {"id", "univers_id", "language", "prompt", "lyrics", "created_at"}


class TestAssets:
    path = "/api/universes/winter/assets"

    def test_a_list_in_order(self, api, make_asset):
        for order in (3, 1, 2):
            make_asset(f"card {order}", sort_order=order)
        answer = api.get(self.path).json()
        assert all(card.keys() == CARD for card in answer)
        assert [card["sort_order"] for card in answer] == [1, 2, 3]

    def test_made_of_a_name_alone(self, api, universe):
        response = api.post(self.path, {"display_name": "Snowflake"})
        body = response.json()
        assert response.status_code == 201
        assert body.keys() == WHOLE_CARD
        assert is_id(body.pop("id")) and is_time(body.pop("created_at")) and is_time(body.pop("updated_at"))
        assert body == {
            "univers_id": universe.pk,
            "sort_order": 1,
            "image_name": "00_snowflake.png",
            "display_name": "Snowflake",
            "image_url": None,
            "video_url": None,
            "prompts": None,
            "translations": [],
        }

    def test_made_of_everything(self, api, universe):
        given = {
            "display_name": "Père Noël 🎅",
            "sort_order": 5,
            "translations": {"fr": "Père Noël", "en": "Santa"},
            "custom_image_prompt": "red",
            "custom_video_prompt": "waving",
        }
        body = api.post(self.path, given).json()
        assert (body["sort_order"], body["display_name"]) == (5, "Père Noël 🎅")
        assert body["prompts"].keys() == {
            "id",
            "asset_id",
            "custom_image_prompt",
            "custom_video_prompt",
            "generation_count",
            "last_generated_at",
        }
        assert body["prompts"]["asset_id"] == body["id"]
        assert body["prompts"]["custom_video_prompt"] == "waving"
        assert all(t.keys() == {"id", "asset_id", "language", "display_name"} for t in body["translations"])
        assert {t["language"]: t["display_name"] for t in body["translations"]} == given["translations"]
        assert all(t["asset_id"] == body["id"] for t in body["translations"])
        assert api.get(f"{self.path}/{body['id']}").json() == body

    def test_orders_and_file_names_count_up(self, api, universe):
        for order, given, name in (
            (1, {}, "00_snow.png"),
            (9, {"sort_order": 9}, "01_snow.png"),
            (10, {"sort_order": None}, "02_snow.png"),
            (9, {"sort_order": 9}, "03_snow.png"),
            (0, {"sort_order": 0}, "04_snow.png"),
        ):
            body = api.post(self.path, {"display_name": "Snow", **given}).json()
            assert (body["sort_order"], body["image_name"]) == (order, name)

    @pytest.mark.parametrize(
        "name", ["../../etc/passwd", "❄️", "日本", "a/b\\c", "..", "x" * 500, "%2e%2e", "<b>"]
    )
    def test_any_text_gives_a_safe_file_name_and_stays_as_it_is(self, api, universe, name):
        body = api.post(self.path, {"display_name": name}).json()
        assert body["display_name"] == name
        assert re.fullmatch(r"00_[a-z0-9]+(_[a-z0-9]+)*\.png", body["image_name"])
        assert len(body["image_name"]) <= 100

    def test_a_card_whose_name_leaves_nothing_is_a_card(self, api, universe):
        assert api.post(self.path, {"display_name": "❄️"}).json()["image_name"] == "00_card.png"

    def test_changed(self, api, asset):
        response = api.patch(
            f"{self.path}/{asset.pk}",
            {
                "display_name": "Star",
                "sort_order": 4,
                "translations": {"fr": "Étoile"},
                "custom_image_prompt": "p",
            },
        )
        body = response.json()
        assert response.status_code == 200
        assert body.keys() == WHOLE_CARD
        assert (body["display_name"], body["sort_order"]) == ("Star", 4)
        assert body["image_name"] == "00_snowflake.png"
        assert body["prompts"]["custom_image_prompt"] == "p"
        assert [t["display_name"] for t in body["translations"]] == ["Étoile"]

    def test_absent_stays_and_null_empties(self, api, make_asset):
        asset = make_asset(translations={"fr": "Flocon"}, custom_image_prompt="p", custom_video_prompt="v")
        path = f"{self.path}/{asset.pk}"
        assert api.patch(path, {}).json()["prompts"]["custom_image_prompt"] == "p"
        body = api.patch(path, {"custom_image_prompt": None, "translations": None}).json()
        assert body["prompts"]["custom_image_prompt"] is None
        assert body["prompts"]["custom_video_prompt"] == "v"
        assert (body["translations"], body["display_name"]) == ([], "Snowflake")

    def test_its_files_have_addresses(self, api, asset, put_file):
        put_file("winter", "00_snowflake.png"), put_file("winter", "00_snowflake.mp4")
        body = api.get(f"{self.path}/{asset.pk}").json()
        assert body["image_url"] == "/storage/buckets/univers/winter/00_snowflake.png"
        assert body["video_url"] == "/storage/buckets/univers/winter/00_snowflake.mp4"
        assert api.get(body["image_url"]).getvalue() == b"content"

    def test_deleted(self, api, asset, put_file, empty_storage):
        put_file("winter", "00_snowflake.png"), put_file("winter", "00_snowflake.mp4")
        path = f"{self.path}/{asset.pk}"
        response = api.delete(path)
        assert (response.status_code, response.content) == (204, b"")
        assert api.get(path).status_code == api.delete(path).status_code == 404
        assert not list((empty_storage / "bucket" / "winter").iterdir())

    def test_a_card_of_another_universe_is_not_found(self, api, asset, make_universe):
        make_universe(slug="summer")
        response = api.get(f"/api/universes/summer/assets/{asset.pk}")
        assert response.status_code == 404
        assert "not found" in response.json()["detail"]


class TestMusicPrompts:
    path = "/api/universes/winter/music-prompts"
    song = {"language": "fr", "prompt": "gentle", "lyrics": "La neige\ntombe\n"}

    def test_made_and_read(self, api, universe):
        response = api.post(self.path, self.song)
        body = response.json()
        assert response.status_code == 201
        assert body.keys() == SONG
        assert is_id(body["id"]) and is_time(body["created_at"])
        assert body["univers_id"] == universe.pk
        assert {field: body[field] for field in self.song} == self.song
        assert api.get(f"{self.path}/fr").json() == body
        assert api.get(self.path).json() == [body]

    def test_a_second_one(self, api, universe):
        api.post(self.path, self.song)
        response = api.post(self.path, self.song)
        assert response.status_code == 400
        assert "already exists" in response.json()["detail"]

    def test_changed(self, api, universe):
        api.post(self.path, self.song)
        body = api.patch(f"{self.path}/fr", {"lyrics": "La pluie", "language": "en"}).json()
        assert (body["language"], body["prompt"], body["lyrics"]) == ("fr", "gentle", "La pluie")
        assert api.patch(f"{self.path}/fr", {}).json() == body
        assert api.patch(f"{self.path}/fr", {"prompt": None}).json()["prompt"] is None

    def test_deleted(self, api, universe, put_file, empty_storage):
        api.post(self.path, self.song)
        put_file("winter", "fr.mp3")
        assert api.delete(f"{self.path}/fr").status_code == 204
        assert api.get(f"{self.path}/fr").status_code == 404
        assert not list((empty_storage / "bucket" / "winter").iterdir())

    @pytest.mark.parametrize("language", ["de", "pt", "FR", "xx"])
    def test_a_language_without_one_is_not_found(self, api, universe, language):
        for method in (api.get, api.delete, api.patch):
            response = method(f"{self.path}/{language}")
            assert response.status_code == 404
            assert "not found" in response.json()["detail"]
