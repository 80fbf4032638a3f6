"""What happens when Supabase, or the way to it, breaks off: a clear sentence, nothing lost, and a rerun that mends."""

import time

import pytest
from django.utils import translation

from storage import bucket
from syncer import services
from syncer.errors import RemoteError
from universes.models import Revision, Universe
from universes.services import assets, concepts, universes

from .conftest import ok, post, state, wipe
from .readers import Reader

pytestmark = pytest.mark.django_db

ALL = ("init", "pull-all", "pull/winter", "push/winter")


class TestNoSupabase:
    def test_not_configured(self, api, settings, winter):
        for missing, other in (("URL", "SERVICE_ROLE_KEY"), ("SERVICE_ROLE_KEY", "URL")):
            setattr(settings, f"SUPABASE_{missing}", "")
            setattr(settings, f"SUPABASE_{other}", "http://127.0.0.1:9")
            for path in ALL:
                answer = post(api, path)
                assert answer.status_code == 503
                assert f"SUPABASE_{missing}" in answer.json()["detail"]
            assert api.get("/api/sync/status").json()["supabase_connected"] is False

    def test_wrong_key(self, api, settings, supabase, winter):
        settings.SUPABASE_SERVICE_ROLE_KEY = "a-secret-that-is-wrong"
        for path in ALL:
            answer = post(api, path)
            assert answer.status_code == 503
            assert "SUPABASE_SERVICE_ROLE_KEY" in answer.json()["detail"]
            assert "a-secret" not in answer.content.decode()
        assert services.status()["supabase_connected"] is False

    def test_a_key_with_foreign_characters(self, api, settings, supabase, winter):
        settings.SUPABASE_SERVICE_ROLE_KEY = "clé\n"
        assert post(api, "push/winter").status_code == 503

    def test_unreachable(self, api, settings, supabase, winter, unused_address):
        settings.SUPABASE_URL = unused_address
        for path in ALL:
            answer = post(api, path)
            assert answer.status_code == 503
            assert unused_address in answer.json()["detail"]
        assert services.connected() is False

    def test_connected_is_told_within_two_seconds(self, supabase, db):
        supabase.breaks("GET", "delay:5")
        assert services.connected() is False

    def test_an_address_that_redirects(self, api, supabase, winter):
        supabase.breaks("GET", "redirect:http://127.0.0.1:9/")
        answer = post(api, "push/winter")
        assert answer.status_code == 502
        assert "set SUPABASE_URL" in answer.json()["detail"]

    def test_something_else_than_supabase(self, api, settings, supabase, winter):
        settings.SUPABASE_URL = f"{supabase.sandbox.url}/elsewhere"
        answer = post(api, "push/winter")
        assert answer.status_code == 502
        assert "check SUPABASE_URL" in answer.json()["detail"]

    def test_an_answer_that_can_not_be_read_is_told_in_the_readers_language(self, supabase, winter):
        supabase.breaks("GET /storage/v1/bucket", "garble")
        with pytest.raises(RemoteError) as caught:
            services.plan_push("winter")
        with translation.override("fr"):
            assert "(recherche du bucket)" in str(caught.value)

    def test_no_bucket(self, api, settings, supabase, winter):
        settings.SUPABASE_BUCKET_NAME = "nothing"
        answer = post(api, "push/winter")
        assert answer.status_code == 502
        assert "SUPABASE_BUCKET_NAME" in answer.json()["detail"]


class TestListings:
    def test_a_listing_that_fails_is_an_error_and_deletes_nothing(self, api, supabase, winter):
        ok(post(api, "push/winter"))
        before, written = state("winter"), supabase.written()
        supabase.breaks("POST /storage/v1/object/list")
        for path in ("push/winter", "pull/winter"):
            assert post(api, path, force=True).status_code == 502
        body = ok(post(api, "pull-all", force=True))
        assert body["success"] is False
        assert "winter: " in body["errors"][0]
        assert (state("winter"), supabase.written()) == (before, written)

    @pytest.mark.parametrize("action", ["500", "drop", "truncate"])
    def test_so_is_a_table_that_can_not_be_read(self, api, supabase, winter, action):
        ok(post(api, "push/winter"))
        before, written = state("winter"), supabase.written()
        supabase.breaks("GET /rest/v1/univers_assets", action)
        for path in ("push/winter", "pull/winter"):
            assert post(api, path, force=True).status_code in (502, 503)
        assert (state("winter"), supabase.written()) == (before, written)


class TestRetries:
    def test_what_fails_in_passing_is_sent_again(self, api, settings, supabase, winter):
        settings.SYNC_RETRIES = 1
        for match in (
            "GET /rest/v1/univers_prompts",
            "POST /storage/v1/object/univers/",
            "POST /storage/v1/object/list",
        ):
            supabase.breaks(match, "503", times=1)
            ok(post(api, "push/winter"))
            supabase.mends()
            ok(post(api, "unpublish/winter", force=True))

    def test_as_late_as_the_server_asks(self, api, settings, supabase, winter):
        settings.SYNC_RETRIES = 1
        supabase.breaks("GET /rest/v1/univers_prompts", "429:2", times=1)
        begun = time.monotonic()
        ok(post(api, "push/winter"))
        assert time.monotonic() - begun >= 2

    def test_an_insert_is_not_sent_twice(self, api, settings, supabase, winter):
        settings.SYNC_RETRIES = 1
        supabase.breaks("POST /rest/v1/univers_assets", "drop_after", times=1)
        assert post(api, "push/winter").status_code == 503
        supabase.mends()
        ok(post(api, "push/winter"))
        assert ok(post(api, "push/winter"))["synced_items"] == 0
        assert len(supabase.rows("univers_assets")) == 4


class TestBrokenPush:
    def test_a_reader_never_sees_the_universe_empty_or_a_card_without_its_picture(
        self, api, supabase, winter, put_file, django_capture_on_commit_callbacks
    ):
        ok(post(api, "push/winter"))
        # Slow enough to be looked at between any two of its requests.
        supabase.breaks("^(POST|PATCH|DELETE) (?!.*/list)", "delay:0.03")
        with Reader(supabase.sandbox) as reader:
            for names in (["Ice", "Hut", "Ski", "Owl"], ["Elk", "Fir", "Log", "Sun"]):
                with django_capture_on_commit_callbacks(execute=True):
                    concepts.apply(winter, names, {"fr": names})
                for asset in winter.assets.all():
                    put_file("winter", asset.image_name, asset.display_name.encode())
                ok(post(api, "push/winter", force=True))
        assert reader.without_picture == set()
        assert min(reader.numbers) == 4

    def test_an_upload_that_arrives_broken_is_noticed_before_a_row_shows_it(
        self, api, supabase, winter, put_file
    ):
        ok(post(api, "push/winter"))
        asset = assets.create(winter, display_name="Big")
        put_file("winter", asset.image_name, b"big picture" * 2000)
        supabase.breaks("POST /storage/v1/object/univers/", "garble_request", times=1)
        answer = post(api, "push/winter")
        assert answer.status_code == 502
        assert "did not arrive whole" in answer.json()["detail"]
        assert "Big" not in supabase.names("univers_assets")
        ok(post(api, "push/winter"))
        assert "Big" in supabase.names("univers_assets")

    def test_a_file_over_the_limit_is_refused_before_a_row_shows_it(self, api, supabase, winter, put_file):
        ok(post(api, "push/winter"))
        supabase.sandbox.settings(file_size_limit=10)
        asset = assets.create(winter, display_name="Big")
        put_file("winter", asset.image_name, b"x" * 100)
        answer = post(api, "push/winter")
        assert answer.status_code == 502
        assert "larger than the bucket's limit" in answer.json()["detail"]
        assert "Big" not in supabase.names("univers_assets")


class TestBrokenPull:
    @pytest.mark.parametrize("action", ["drop", "truncate", "garble", "500"])
    def test_a_download_that_breaks_leaves_everything_as_it_was(
        self, api, supabase, winter, put_file, action
    ):
        ok(post(api, "push/winter"))
        put_file("winter", "00_snowflake.png", b"drawn anew")
        winter.translations.filter(language="fr").update(name="L'hiver")
        before = state("winter")
        supabase.breaks("GET /storage/v1/object/univers/", action)
        assert post(api, "pull/winter").status_code in (502, 503)
        assert state("winter") == before
        assert not Revision.objects.exists()

    def test_one_universe_that_fails_does_not_stop_the_others(self, api, supabase, winter, put_file):
        universes.create(name="Summer", slug="summer")
        put_file("summer", "thumbnail.jpg", b"sun")
        for slug in ("winter", "summer"):
            ok(post(api, f"push/{slug}"))
        wipe()
        supabase.breaks("GET /storage/v1/object/univers/winter/")
        body = ok(post(api, "init"))
        assert (body["success"], body["universes_synced"]) == (False, 1)
        assert body["errors"][0].startswith("winter: ")
        assert Universe.objects.get().slug == "summer"
        supabase.mends()
        assert ok(post(api, "init"))["universes_synced"] == 2

    def test_what_something_else_here_is_in_the_way_of_is_a_conflict(self, api, supabase, winter):
        ok(post(api, "push/winter"))
        other = universes.create(name="Other", slug="other")
        winter.assets.filter(display_name="Fox").update(universe=other)
        bucket.remove("winter", "fr.mp3")
        before = state("winter")
        answer = post(api, "pull/winter")
        assert answer.status_code == 409
        assert "winter" in answer.json()["detail"]
        assert state("winter") == before

    def test_a_new_universe_that_can_not_be_written_leaves_no_folder(self, api, supabase, winter):
        ok(post(api, "push/winter"))
        Universe.objects.update(slug="other", supabase_id=None)
        bucket.remove_folder("winter")
        assert post(api, "pull/winter").status_code == 409
        assert Universe.objects.count() == 1
        assert "winter" not in bucket.bucket().folders()
