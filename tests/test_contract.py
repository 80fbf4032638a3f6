"""What the front ends rely on, path by path: names, statuses, and what they mean."""

import re
import uuid
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from jobs.models import Job, JobStep, State

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
CARD = {"id", "sort_order", "display_name", "image_name", "image_url", "video_url"}
WHOLE_CARD = CARD | {"univers_id", "created_at", "updated_at", "prompts", "translations"}
SONG = {"id", "univers_id", "language", "prompt", "lyrics", "created_at"}
JOB = {
    "id",
    "type",
    "univers_slug",
    "status",
    "progress",
    "total_steps",
    "current_step",
    "message",
    "error",
    "result",
    "created_at",
    "started_at",
    "completed_at",
}
MORE_OF_A_JOB = {"job_id", "estimated_cost", "cost"}
FIVE = {"fr": "Hiver", "en": "Winter", "es": "Invierno", "it": "Inverno", "de": "Winter"}


def is_time(text):
    return datetime.fromisoformat(text).utcoffset() == timedelta(0)


def is_id(text):
    return str(uuid.UUID(text)) == text


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

    def test_a_thumbnail_address_of_ones_own_wins(self, api, universe, put_file):
        put_file("winter", "thumbnail.jpg")
        body = api.patch("/api/universes/winter", {"thumbnail_url": "https://pictures.example/w.png"}).json()
        assert body["thumbnail_url"] == "https://pictures.example/w.png"

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


@pytest.fixture
def make_job(db):
    def make(status=State.COMPLETED, slug="winter", ended_days_ago=None, **fields):
        ended = None if ended_days_ago is None else timezone.now() - timedelta(days=ended_days_ago)
        return Job.objects.create(
            type="generate_images", status=status, univers_slug=slug, completed_at=ended, **fields
        )

    return make


class TestJobs:
    def test_a_list_newest_first(self, api, make_job):
        jobs = [make_job(), make_job()]
        answer = api.get("/api/jobs").json()
        assert [job["id"] for job in answer] == [str(job.pk) for job in reversed(jobs)]
        assert all(job.keys() == JOB | MORE_OF_A_JOB and job["job_id"] == job["id"] for job in answer)

    def test_filters(self, api, make_job):
        make_job(), make_job(State.RUNNING), make_job(slug="summer")
        for query, count in (
            ("", 3),
            ("univers_slug=winter", 2),
            ("status=running", 1),
            ("univers_slug=winter&status=completed", 1),
            ("univers_slug=&status=&limit=2", 2),
            ("univers_slug=nowhere", 0),
        ):
            assert len(api.get(f"/api/jobs?{query}").json()) == count, query

    def test_an_unknown_status(self, api):
        response = api.get("/api/jobs?status=done")
        assert response.status_code == 400
        assert "done" in response.json()["detail"]

    def test_one_with_its_steps(self, api, make_job):
        job = make_job(
            State.FAILED, error="The model refused.", result={"files": 1}, message="1 of 2 images, 1 failed"
        )
        JobStep.objects.create(job=job, key="a", label="Snowflake", handler="x.y", cost="0.0400", attempts=1)
        body = api.get(f"/api/jobs/{job.pk}").json()
        assert body.keys() == JOB | MORE_OF_A_JOB | {"steps"}
        assert (body["status"], body["error"], body["result"]) == (
            "failed",
            "The model refused.",
            {"files": 1},
        )
        assert is_time(body["created_at"])
        assert body["steps"] == [
            {
                "key": "a",
                "label": "Snowflake",
                "status": "pending",
                "attempts": 1,
                "error": "",
                "cost": 0.04,
                "started_at": None,
                "completed_at": None,
            }
        ]

    def test_cleanup(self, api, make_job):
        kept = [make_job(ended_days_ago=1), make_job(State.PENDING), make_job(State.RUNNING)]
        Job.objects.update(created_at=timezone.now() - timedelta(days=60))
        make_job(ended_days_ago=8), make_job(State.FAILED, ended_days_ago=8)
        body = api.delete("/api/jobs/cleanup").json()
        assert body.keys() == {"success", "message", "deleted_count"}
        assert (body["success"], body["deleted_count"]) == (True, 2)
        assert set(Job.objects.values_list("pk", flat=True)) == {job.pk for job in kept}
        assert api.delete("/api/jobs/cleanup?days=30").json()["deleted_count"] == 0

    def test_cancel_and_retry(self, api, make_job):
        job = make_job(State.PENDING)
        JobStep.objects.create(job=job, key="a", label="Snowflake", handler="x.y")
        cancelled = api.post(f"/api/jobs/{job.pk}/cancel")
        assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
        assert api.post(f"/api/jobs/{job.pk}/cancel").status_code == 400
        again = api.post(f"/api/jobs/{job.pk}/retry")
        assert (again.status_code, again.json()["status"], again.json()["id"]) == (
            200,
            "pending",
            str(job.pk),
        )
        assert api.post(f"/api/jobs/{job.pk}/retry").status_code == 400

    def test_what_does_not_exist(self, api):
        missing = uuid.uuid4()
        for response in (
            api.get(f"/api/jobs/{missing}"),
            api.get("/api/jobs/junk"),
            api.post(f"/api/jobs/{missing}/cancel"),
            api.post("/api/jobs/junk/retry"),
        ):
            assert response.status_code == 404
            assert "not found" in response.json()["detail"]


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
