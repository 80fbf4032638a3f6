"""Universes between here and a Supabase, over the API."""

import uuid
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs import lease
from jobs import services as jobs
from jobs.models import Job
from storage import archive, bucket
from syncer import local, services, sync
from universes import rows
from universes.models import Asset, Revision, Universe
from universes.rows import TABLES
from universes.services import assets

from .conftest import ok, post, state, when_connected, wipe

pytestmark = pytest.mark.django_db


class TestRoundTrip:
    def test_what_is_pushed_and_wiped_comes_back_the_same(self, api, supabase, winter):
        before = state("winter")
        pushed = ok(post(api, "push/winter"))
        assert pushed["success"] is True
        assert pushed["errors"] == []
        assert pushed["synced_items"] == 1 + 5 + 1 + 1 + 4 + 4 + 8 + 10
        wipe()
        body = ok(post(api, "init"))
        assert (body["universes_synced"], body["assets_synced"], body["files_downloaded"]) == (1, 4, 10)
        assert state("winter") == before
        assert Universe.objects.get().supabase_id is not None

    def test_pictures_and_clips_of_any_suffix_go_along_and_go_away(self, api, supabase, winter, put_file):
        files = (
            "00_lion.webp",
            "00_lion.mp4",
            "01_tiger.PNG",
            "01_tiger.MOV",
            "02_owl.jpeg",
            "02_owl.jpeg.mp4",
        )
        for name in files[::2]:
            Asset.objects.create(universe=winter, sort_order=9, display_name=name, image_name=name)
        for name in files:
            put_file("winter", name, name.encode())
        ok(post(api, "push/winter"))
        assert {f"winter/{name}" for name in files} <= set(supabase.keys("winter"))
        before = state("winter")
        wipe()
        ok(post(api, "init"))
        assert state("winter") == before
        for name in files[::2]:
            assets.delete(Asset.objects.get(image_name=name))
        ok(post(api, "push/winter"))
        assert not {f"winter/{name}" for name in files} & set(supabase.keys("winter"))

    def test_a_second_push_and_pull_write_nothing(self, api, supabase, winter):
        ok(post(api, "push/winter"))
        before, written = state("winter"), supabase.written()
        for path in ("push/winter", "pull/winter", "push/winter", "pull-all", "init"):
            body = ok(post(api, path))
            assert body.get("synced_items", 0) == 0
            assert body.get("files_downloaded", 0) == 0
        assert supabase.written() == written
        assert state("winter") == before
        assert not Revision.objects.exists()

    def test_one_changed_name_is_one_row(self, api, supabase, winter):
        ok(post(api, "push/winter"))
        rows, files = supabase.written()
        winter.translations.filter(language="fr").update(name="L'hiver")
        assert ok(post(api, "push/winter"))["synced_items"] == 1
        assert supabase.written() == (rows + 1, files)

    def test_so_is_one_name_of_a_patch_that_gives_all(self, api, supabase, winter):
        ok(post(api, "push/winter"))
        rows, files = supabase.written()
        names = {row.language: row.name for row in winter.translations.all()} | {"fr": "L'hiver"}
        ok(api.patch("/api/universes/winter", {"translations": names}, format="json"))
        assert ok(post(api, "push/winter"))["synced_items"] == 1
        assert supabase.written() == (rows + 1, files)

    @pytest.mark.parametrize("part_size", [100, 5_000_000])
    def test_when_nothing_is_to_do_only_the_time_of_the_sync_is_written(
        self, api, supabase, winter, part_size
    ):
        supabase.sandbox.settings(part_size=part_size)
        ok(post(api, "push/winter"))
        ok(post(api, "pull/winter"))
        for run in (sync.run_push, sync.run_pull):
            with CaptureQueriesContext(connection) as queries:
                run("winter")
            writes = [q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
            assert all(sql.startswith('UPDATE "univers" SET "supabase_id"') for sql in writes), writes

    def test_many_changed_rows_go_in_bulk(self, api, supabase, winter):
        for number in range(30):
            assets.create(winter, display_name=f"Card {number}")
        ok(post(api, "push/winter"))
        requests = supabase.sandbox.counters()["rest_writes"]
        Asset.objects.update(sort_order=99)
        assert ok(post(api, "push/winter"))["synced_items"] == 34
        assert supabase.sandbox.counters()["rest_writes"] == requests + 1
        assert {row["sort_order"] for row in supabase.rows("univers_assets")} == {99}

    def test_whole_tables_are_read_for_all_universes_at_once(self, api, supabase, make_universe, put_file):
        for number in range(12):
            slug = f"universe-{number}"
            assets.create(make_universe(slug=slug), display_name="Fox", translations={"fr": "Renard"})
            put_file(slug, "00_fox.png", slug.encode())
            ok(post(api, f"push/{slug}"))
        wipe()
        before = supabase.sandbox.counters()["rest_requests"]
        assert ok(post(api, "pull-all"))["universes_synced"] == 12
        assert supabase.sandbox.counters()["rest_requests"] - before <= 9


class TestWhatChanges:
    def test_deletions_reach_the_other_side(self, api, supabase, winter):
        ok(post(api, "push/winter"))
        assets.delete(winter.assets.get(display_name="Fox"))
        plan = ok(post(api, "push/winter", dry_run=True))["plan"]
        assert plan["counts"]["files"]["delete"] == 2
        assert supabase.names("univers_assets") == {"Snowflake", "Sledge", "Fox", "Moon"}
        ok(post(api, "push/winter"))
        assert supabase.names("univers_assets") == {"Snowflake", "Sledge", "Moon"}
        assert len(supabase.rows("univers_assets_translations")) == 6
        assert "winter/02_fox.png" not in supabase.keys("winter")

    def test_a_pull_overwrites_and_keeps_what_was_here(self, api, supabase, winter, put_file):
        ok(post(api, "push/winter"))
        assets.update(winter.assets.get(display_name="Fox"), display_name="A wolf, really")
        put_file("winter", "02_fox.png", b"a wolf")
        plan = ok(post(api, "pull/winter", dry_run=True))["plan"]
        (row,) = plan["rows"]
        assert row["fields"] == {"display_name": {"old": "A wolf, really", "new": "Fox"}}
        assert [file["name"] for file in plan["files"]] == ["02_fox.png"]
        assert ok(post(api, "pull/winter"))["synced_items"] == 2
        assert winter.assets.filter(display_name="Fox").exists()
        kept = Revision.objects.get()
        assert "A wolf, really" in {asset["display_name"] for asset in kept.rows["univers_assets"]}
        archive.restore(kept.files["02_fox.png"], "winter", "restored.png")
        with bucket.fetched("winter", "restored.png") as path:
            assert path.read_bytes() == b"a wolf"

    def test_more_than_half_needs_force(self, api, supabase, winter):
        ok(post(api, "push/winter"))
        written = supabase.written()
        for asset in winter.assets.exclude(display_name="Moon"):
            assets.delete(asset)
        answer = post(api, "push/winter")
        assert answer.status_code == 409
        assert "take away 3 of 4 cards and 6 of 10 files" in answer.json()["detail"]
        assert answer.json()["plan"]["counts"]["rows"]["delete"] == 3 + 3 + 6
        assert supabase.written() == written
        ok(post(api, "push/winter", force=True))
        assert supabase.names("univers_assets") == {"Moon"}

    def test_a_private_universe_is_pushed_and_stays_private_and_says_who_can_see_it(
        self, api, supabase, winter, put_file
    ):
        said = (
            "'winter' is private, but whoever knows the address of one of its files in Supabase can open it."
        )
        Universe.objects.update(is_public=False)
        planned = ok(post(api, "push/winter", dry_run=True))
        assert planned["message"].endswith(said) and planned["reports"] == [said]
        assert supabase.written() == (0, 0)
        answer = ok(post(api, "push/winter"))
        assert answer["message"].endswith(said) and answer["reports"] == [said]
        assert supabase.rows("univers")[0]["is_public"] is False
        assert ok(post(api, "push/winter"))["message"] == "Nothing to do."
        put_file("winter", "de.mp3", b"a song")
        assert said in ok(post(api, "push/winter"))["reports"]

    def test_a_published_universe_that_becomes_private_says_the_same(self, api, supabase, winter):
        ok(post(api, "push/winter"))
        Universe.objects.update(is_public=False)
        assert "'winter' is private" in ok(post(api, "push/winter"))["message"]
        assert supabase.rows("univers")[0]["is_public"] is False

    def test_a_pull_that_would_empty_a_universe_needs_force_too(self, api, supabase, winter):
        ok(post(api, "push/winter"))
        before = state("winter")
        supabase.client().delete("univers_assets", [str(asset.pk) for asset in winter.assets.all()])
        assert post(api, "pull/winter").status_code == 409
        assert state("winter") == before

    def test_what_we_do_not_know_survives_a_push(self, api, supabase, winter):
        supabase.sandbox.settings(extra_columns={"univers": {"mood": "text"}})
        ok(post(api, "push/winter"))
        (row,) = supabase.rows("univers")
        owner = "6a1f6f0e-0f5e-4a46-9d42-0a0f6a2d9f10"
        supabase.client().update("univers", row["id"], {"owner_id": owner, "mood": "calm"})
        Universe.objects.update(name="Deep winter")
        ok(post(api, "push/winter"))
        (row,) = supabase.rows("univers")
        assert (row["name"], row["owner_id"], row["mood"]) == ("Deep winter", owner, "calm")

    def test_what_is_only_here_stays_when_all_is_pulled(self, api, supabase, winter, make_universe):
        ok(post(api, "push/winter"))
        make_universe(slug="summer", name="Summer")
        assert ok(post(api, "pull-all"))["universes_synced"] == 1
        assert Universe.objects.filter(slug="summer").exists()


class TestMatching:
    def test_a_universe_is_found_by_its_slug_and_takes_the_ids_over_there(self, api, supabase, winter):
        ok(post(api, "push/winter"))
        there = {table.name: {row["id"] for row in supabase.rows(table.name)} for table in TABLES}
        texts = state("winter")[1]
        renumber(winter)
        plan = ok(post(api, "push/winter", dry_run=True))["plan"]
        assert plan["rows"] == []
        assert ok(post(api, "push/winter"))["synced_items"] == 0
        found, files = state("winter")
        assert files == texts
        for table in TABLES[1:]:
            assert {row["id"] for row in found[table.name]} == there[table.name]

    def test_and_on_a_pull(self, api, supabase, winter):
        ok(post(api, "push/winter"))
        before = state("winter")
        renumber(winter)
        Universe.objects.update(supabase_id=None)
        ok(post(api, "pull/winter"))
        assert state("winter") == before

    def test_a_slug_that_changed_over_there_is_followed_with_its_files(self, api, supabase, winter):
        ok(post(api, "push/winter"))
        (row,) = supabase.rows("univers")
        supabase.client().update("univers", row["id"], {"slug": "deep-winter"})
        for key in supabase.keys("winter"):
            supabase.move(key, key.replace("winter/", "deep-winter/"))
        _, files = state("winter")
        ok(post(api, "pull/deep-winter"))
        universe = Universe.objects.get()
        assert (universe.pk, universe.slug) == (winter.pk, "deep-winter")
        assert state("deep-winter")[1] == files
        assert not bucket.names("winter")

    def test_what_can_not_stand_here_is_reported_and_left_alone(self, api, supabase, winter, tmp_path):
        ok(post(api, "push/winter"))
        (row,) = supabase.rows("univers")
        supabase.client().insert("univers", [{"name": "Out", "slug": "../out"}])
        supabase.client().insert(
            "univers_translations", [{"univers_id": row["id"], "language": "pt", "name": "Inverno"}]
        )
        (tmp_path / "old").write_bytes(b"old")
        for name in ("assets/01_old.png", ".emptyFolderPlaceholder"):
            supabase.client().upload(tmp_path / "old", f"winter/{name}")
        notes = "\n".join(ok(post(api, "pull-all"))["notes"])
        for word in ("../out", "'pt'", "winter/assets", ".emptyFolderPlaceholder"):
            assert word in notes
        assert ok(post(api, "push/winter"))["synced_items"] == 0
        assert len(supabase.rows("univers_translations")) == 6
        assert ".emptyFolderPlaceholder" in "".join(supabase.keys("winter"))

    def test_of_doubled_rows_over_there_the_greatest_id_counts(self, api, supabase, winter):
        ok(post(api, "push/winter"))
        (row,) = supabase.rows("univers")
        last = "ffffffff-ffff-4fff-bfff-ffffffffffff"
        double = {"id": last, "univers_id": row["id"], "language": "fr", "name": "Le double"}
        supabase.client().insert("univers_translations", [double])
        body = ok(post(api, "pull/winter"))
        assert any("doubles" in note for note in body["notes"])
        assert str(winter.translations.get(language="fr").pk) == last
        for path in ("push/winter", "pull/winter"):
            assert ok(post(api, path))["synced_items"] == 0

    def test_names_and_languages_that_were_swapped_over_there(self, api, supabase, winter):
        ok(post(api, "push/winter"))
        fox, moon = winter.assets.get(display_name="Fox"), winter.assets.get(display_name="Moon")
        fr, it = (winter.translations.get(language=language) for language in ("fr", "it"))
        for table, one, other, column in (
            ("univers_assets", fox, moon, "image_name"),
            ("univers_translations", fr, it, "language"),
        ):
            for row, value in ((one, getattr(other, column)), (other, getattr(one, column))):
                supabase.client().update(table, str(row.pk), {column: value})
        assert ok(post(api, "pull/winter"))["synced_items"] == 4
        assert winter.assets.get(pk=fox.pk).image_name == moon.image_name
        assert winter.translations.get(language="it").pk == fr.pk
        assert ok(post(api, "push/winter"))["synced_items"] == 0

    def test_a_table_that_is_missing_over_there_is_left_out(self, api, supabase, winter):
        supabase.sandbox.settings(missing_tables=["univers_music_prompts"])
        body = ok(post(api, "push/winter"))
        assert any("univers_music_prompts" in note for note in body["notes"])
        assert ok(post(api, "pull/winter"))["synced_items"] == 0
        assert winter.music_prompts.count() == 1


class TestAnswers:
    def test_status(self, api, supabase, winter, make_universe):
        look = partial(api.get, "/api/sync/status")
        body = when_connected(look, lambda answer: answer.json()["supabase_connected"]).json()
        assert body == {"supabase_connected": True, "supabase_url": supabase.sandbox.url}
        ok(post(api, "push/winter"))
        make_universe(slug="summer", name="Summer")
        supabase.client().insert("univers", [{"name": "Spring", "slug": "spring"}])
        assert differences(api) == {"spring": "only there", "summer": "only here", "winter": "same"}

    def test_status_tells_who_changed(self, api, supabase, winter):
        ok(post(api, "push/winter"))
        (row,) = supabase.rows("univers")
        winter.translations.filter(language="fr").update(name="L'hiver")
        assert differences(api) == {"winter": "local newer"}
        supabase.client().update("univers", row["id"], {"name": "Snow"})
        assert differences(api) == {"winter": "both changed"}
        ok(post(api, "pull/winter"))
        supabase.client().update("univers", row["id"], {"name": "Snow again"})
        assert differences(api) == {"winter": "remote newer"}

    def test_the_keys_are_the_contracts(self, api, supabase, winter):
        one = {"type", "success", "message", "synced_items", "errors", "reports", "notes"}
        every = {
            "type",
            "success",
            "message",
            "universes_synced",
            "assets_synced",
            "files_downloaded",
            "errors",
            "reports",
            "notes",
        }
        assert set(ok(post(api, "push/winter"))) == one
        assert set(ok(api.post("/api/sync/pull/winter"))) == one
        assert set(ok(api.post("/api/sync/init"))) == every
        assert set(ok(api.post("/api/sync/pull-all"))) == every

    def test_a_dry_run_of_everything(self, api, supabase, winter):
        ok(post(api, "push/winter"))
        assert ok(post(api, "init", dry_run=True))["message"] == "Nothing to do."
        wipe()
        body = ok(post(api, "init", dry_run=True))
        assert body["plans"][0]["counts"]["files"]["create"] == 10
        assert not Universe.objects.exists()

    def test_unknown_universes_are_404(self, api, supabase):
        for path in ("push/nobody", "pull/nobody", "pull/..%2Fx", "push/%00", "unpublish/nobody"):
            answer = post(api, path, force=True)
            assert answer.status_code == 404
            assert "not found" in answer.json()["detail"]

    def test_senseless_bodies_are_422(self, api, supabase, winter):
        assert post(api, "push/winter", force="yes").status_code == 422
        assert api.post("/api/sync/pull-all", [1], format="json").status_code == 422
        assert api.get("/api/sync/status?diff=perhaps").status_code == 422

    def test_in_the_background_the_answer_is_the_job(self, api, supabase, winter):
        body = ok(api.post("/api/sync/push/winter?background=true"))
        assert (body["type"], body["univers_slug"], body["status"]) == ("sync_push", "winter", "pending")
        second = post(api, "pull/winter")
        assert second.status_code == 404
        assert post(api, "push/winter").json()["job_id"] == body["job_id"]

    def test_one_sync_of_a_universe_at_a_time(self, api, supabase, winter):
        ok(post(api, "push/winter"))
        running = jobs.start("sync_push", "winter", [jobs.Step("winter", "Push", "x", claim="sync:winter")])
        for path in ("push/winter", "pull/winter", "pull-all"):
            answer = post(api, path)
            assert answer.status_code == 409
            assert answer.json()["job_id"] == str(running.pk)


def differences(api):
    return {
        entry["slug"]: entry["state"] for entry in api.get("/api/sync/status?diff=true").json()["universes"]
    }


def renumber(universe):
    """Give all rows new ids, as if the universe had been made here a second time."""
    found = rows.read(universe)
    local.rekey(
        {table.name: {row["id"]: str(uuid.uuid4()) for row in found[table.name]} for table in TABLES[1:]}
    )


def killed(job):
    """The job as a runner leaves it that was killed with it a while ago."""
    lease.acquire(job.pk)
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    return job


class TestAbandoned:
    """A sync whose process was killed: asking again goes on with it, even where no worker runs."""

    def test_asking_for_the_same_again_goes_on_with_it(self, api, supabase, winter):
        job = killed(services.start_push(["winter"]))
        assert ok(post(api, "push/winter"))["success"] is True
        job.refresh_from_db()
        assert job.status == "completed"

    def test_asking_for_something_else_is_told_of_it(self, api, supabase, winter):
        job = killed(services.start_push(["winter"]))
        answer = post(api, "push/winter", force=True)
        assert (answer.status_code, answer.json()["job_id"]) == (409, str(job.pk))
