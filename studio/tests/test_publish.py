"""Publishing in the admin: the plan before every sync, its confirmation, and the revisions to go back to."""

import pytest
from django.urls import reverse

from jobs.models import Job
from studio.tests.pages import (
    confirm,
    files,
    job_page,
    messages,
    publish_page,
    run,
    standing_part,
    sync_page,
    text,
    words,
)
from syncer import services
from syncer.client import client as supabase_client
from syncer.tests.conftest import ok, post
from universes.models import Universe
from universes.services import assets, universes

pytestmark = pytest.mark.django_db

LIST = reverse("admin:universes_universe_changelist")


@pytest.fixture
def published(api, supabase, winter):
    """The universe `winter`, the same on both sides."""
    ok(post(api, "push/winter"))
    Job.objects.all().delete()
    return Universe.objects.get()


@pytest.fixture
def fox(published):
    return published.assets.get(display_name="Fox")


# --- One universe ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_page_answers(admin_client, published, language):
    pages = [publish_page(published), *(sync_page(key, published) for key in ("push", "pull", "unpublish"))]
    for page in [*pages, sync_page("pull_all"), LIST]:
        answer = admin_client.get(page, headers={"Accept-Language": language})
        assert f'<html lang="{language}"' in text(answer), page
    assert not Job.objects.exists()


def test_the_page_tells_how_a_universe_stands(admin_client, supabase, winter, api):
    assert "it is only here" in text(admin_client.get(standing_part(winter)))
    ok(post(api, "push/winter"))
    assert "nothing differs" in text(admin_client.get(standing_part(winter)))
    universes.update(winter, name="Snow")
    assert "changed here since" in text(admin_client.get(standing_part(winter)))
    (row,) = supabase.rows("univers")
    supabase_client().update("univers", row["id"], {"background_color": "#ffffff"})
    assert "changed on both sides" in text(admin_client.get(standing_part(winter)))
    universes.update(winter, name="Winter")
    assert "changed in Supabase since" in text(admin_client.get(standing_part(winter)))


def test_list_and_form_lead_to_the_page(admin_client, universe):
    form = reverse("admin:universes_universe_change", args=[universe.pk])
    for page in (LIST, form):
        assert publish_page(universe) in text(admin_client.get(page))
    assert admin_client.get(publish_page(universe).replace(str(universe.pk), "none")).status_code == 404


def test_words_before_and_after_stand_with_their_card(admin_client, published, fox):
    assets.update(fox, display_name="Red fox", translations={"fr": "Renard", "en": "Fox"})
    universes.update(published, default_image_prompt="A {concept} in bright colours")
    said = words(admin_client.get(sync_page("push", published)))
    assert said == {
        "The universe": {
            "Picture prompt": (
                "A {concept} in <del>soft</del> colours",
                "A {concept} in <ins>bright</ins> colours",
            )
        },
        "Red fox": {
            "Name": ("Fox", "Red fox"),
            "Name in French": ("Fox fr", "Renard"),
        },
    }


def test_pulling_shows_the_same_the_other_way_round(admin_client, published, fox):
    assets.update(fox, display_name="Polar bear")
    said = words(admin_client.get(sync_page("pull", published)))
    assert said == {"Fox": {"Name": ("Polar bear", "Fox")}}


def test_new_and_removed_cards_are_shown_as_such(admin_client, published, fox):
    assets.delete(fox)
    assets.create(published, display_name="Igloo", translations={"de": "Iglu"})
    answer = admin_client.get(sync_page("push", published))
    shown = {block.title: block.action for block in answer.context["preview"].cards}
    assert shown == {"Fox": "delete", "Igloo": "create"}
    (gone,) = [block for block in answer.context["preview"].cards if block.title == "Fox"]
    assert "/object/public/univers/winter/02_fox.png?v=" in gone.picture
    assert words(answer)["Igloo"] == {"Name": ("", "Igloo"), "Name in German": ("", "Iglu")}
    assert list(words(answer)["Fox"]) == ["Name", "Own picture prompt", "Name in French", "Name in English"]
    assert words(answer)["Fox"]["Name"] == ("Fox", "")
    assert "1 new card" in text(answer)
    assert "1 card removed" in text(answer)


def test_pictures_of_both_sides_are_shown(admin_client, supabase, published, fox, put_file):
    put_file("winter", fox.image_name, b"a better fox")
    there = f"{supabase.sandbox.url}/storage/v1/object/public/univers/winter/{fox.image_name}?v="
    here = f"/storage/buckets/univers/winter/{fox.image_name}"
    pushed = files(admin_client.get(sync_page("push", published)))[fox.image_name]
    assert pushed.before.startswith(there)
    assert pushed.after == here
    pulled = files(admin_client.get(sync_page("pull", published)))[fox.image_name]
    assert pulled.before == here
    assert pulled.after.startswith(there)
    assert supabase.sandbox.http.get(pushed.before).content == b"picture 2" * 100


def test_what_an_editor_typed_is_escaped(admin_client, published, fox):
    assets.update(fox, display_name="<script>alert(1)</script> Fox")
    page = text(admin_client.get(sync_page("push", published)))
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_nothing_to_do_offers_nothing(admin_client, published):
    answer = admin_client.get(sync_page("push", published))
    assert "Nothing to do" in text(answer)
    assert 'type="submit"' not in text(answer).split('class="ms-panel" data-once')[1].split("</form>")[0]
    confirm(admin_client, sync_page("push", published))
    assert not Job.objects.exists()


def test_a_confirmed_push_is_a_job_that_does_it(admin_client, supabase, published, fox):
    assets.update(fox, display_name="Red fox")
    job = run(confirm(admin_client, sync_page("push", published)))
    assert (job.type, job.univers_slug, job.author, job.status) == (
        "sync_push",
        "winter",
        "admin",
        "completed",
    )
    assert "Red fox" in supabase.names("univers_assets")


def test_a_second_click_leads_to_the_running_job(admin_client, published, fox):
    assets.update(fox, display_name="Red fox")
    page = sync_page("push", published)
    confirm(admin_client, page)
    job = Job.objects.get()
    answer = confirm(admin_client, page)
    assert answer.url == job_page(job)
    assert Job.objects.count() == 1
    shown = admin_client.get(answer.url)
    assert f'<a href="{job_page(job)}">Push winter</a> is at it already.' in messages(shown)
    assert "is at it already" in text(admin_client.get(publish_page(published)))


def test_what_changed_since_it_was_shown_is_shown_anew(admin_client, published, fox):
    assets.update(fox, display_name="Red fox")
    page = sync_page("push", published)
    seen = admin_client.get(page).context["form"]["seen"].value()
    assets.update(fox, display_name="Blue fox")
    answer = admin_client.post(page, {"seen": seen})
    assert "It has changed since you looked" in messages(answer)[0]
    assert words(answer)["Blue fox"]["Name"] == ("Fox", "Blue fox")
    assert not Job.objects.exists()
    admin_client.post(page, {"seen": answer.context["form"]["seen"].value()})
    assert Job.objects.exists()


def test_a_form_that_shows_no_plan_starts_nothing(admin_client, published, fox):
    assets.update(fox, display_name="Red fox")
    admin_client.post(sync_page("push", published))
    assert not Job.objects.exists()


def test_taking_most_away_asks_for_the_slug(admin_client, supabase, published):
    for asset in published.assets.all()[:3]:
        assets.delete(asset)
    page = sync_page("push", published)
    assert "3 of 4 cards" in text(admin_client.get(page))
    for typed in ({}, {"typed": "Winter"}):
        answer = confirm(admin_client, page, **typed)
        assert answer.context["form"].errors["typed"]
    assert not Job.objects.exists()
    assert run(confirm(admin_client, page, typed=" winter ")).status == "completed"
    assert supabase.names("univers_assets") == {"Moon"}


def test_the_first_push_of_a_private_universe_asks_for_the_slug(admin_client, supabase, winter):
    universes.update(winter, is_public=False)
    page = sync_page("push", winter)
    assert "It is private, but" in text(admin_client.get(page))
    assert confirm(admin_client, page).context["form"].errors["typed"]
    assert run(confirm(admin_client, page, typed="winter")).status == "completed"
    assert not confirm(admin_client, page).context["reasons"]


def test_unpublishing_always_asks_for_the_slug(admin_client, supabase, published):
    page = sync_page("unpublish", published)
    assert "Children who use the app lose this universe." in text(admin_client.get(page))
    assert confirm(admin_client, page).context["form"].errors["typed"]
    assert run(confirm(admin_client, page, typed="winter")).status == "completed"
    assert not supabase.rows("univers")
    assert published.assets.count() == 4


def test_a_large_plan_shows_some_cards_and_the_number_of_the_rest(admin_client, supabase, universe):
    for number in range(160):
        assets.create(universe, display_name=f"Card {number}")
    answer = admin_client.get(sync_page("push", universe))
    assert "10 more cards change." in text(answer)
    assert len(answer.context["preview"].cards) == 150


# --- Several universes -------------------------------------------------------------------------------------


@pytest.fixture
def farm(published):
    universe = universes.create(name="Farm", slug="farm")
    assets.create(universe, display_name="Cow")
    return universe


@pytest.mark.parametrize("key", ["push", "pull"])
def test_ticked_universes_are_listed_with_what_changes(admin_client, published, farm, fox, key):
    assets.update(fox, display_name="Red fox")
    data = {"action": f"bulk_{key}", "_selected_action": [published.pk, farm.pk]}
    answer = admin_client.post(LIST, data, follow=True)
    said = {
        row["entry"].slug: [str(words) for words in row["summary"]] or row["entry"].problem
        for row in answer.context["rows"]
    }
    new = ["new universe", "1 new card"]
    assert said == {
        "farm": new if key == "push" else "Universe 'farm' not found in Supabase.",
        "winter": ["1 text changed"],
    }
    assert sync_page(key, published) in text(answer)
    assert not Job.objects.exists()


def test_only_those_with_something_to_do_are_pushed_by_one_job(admin_client, published, farm):
    run(confirm(admin_client, sync_page("push", published, farm)))
    assert list(Job.objects.get().steps.values_list("key", flat=True)) == ["farm"]


def test_one_of_several_that_loses_most_asks_for_their_number(admin_client, published, farm):
    for asset in published.assets.all()[:3]:
        assets.delete(asset)
    page = sync_page("push", published, farm)
    assert confirm(admin_client, page, typed="winter").context["form"].errors["typed"]
    job = run(confirm(admin_client, page, typed="2"))
    assert job.status == "completed"
    assert sorted(job.steps.values_list("key", flat=True)) == ["farm", "winter"]


def test_many_universes_are_started_without_a_plan_of_each(admin_client, supabase, make_universe):
    many = [make_universe(f"Universe {number}") for number in range(21)]
    page = sync_page("push", *many)
    assert text(admin_client.get(page)).count("shown when you open it alone") == 21
    confirm(admin_client, page)
    job = Job.objects.get()
    assert job.steps.count() == 21
    assert not any(step.params["force"] for step in job.steps.all())


def test_pulling_everything_lists_what_supabase_has(admin_client, published):
    Universe.objects.all().delete()
    page = sync_page("pull_all")
    answer = admin_client.get(page)
    (row,) = answer.context["rows"] or [{"entry": answer.context["entry"], "summary": None}]
    assert row["entry"].slug == "winter"
    assert run(confirm(admin_client, page)).status == "completed"
    assert Universe.objects.get().assets.count() == 4


def test_a_sync_of_one_that_is_called_otherwise_there_is_seen_by_a_pull_of_everything(
    admin_client, supabase, published, fox
):
    (row,) = supabase.rows("univers")
    supabase_client().update("univers", row["id"], {"slug": "snow"})
    assets.update(fox, display_name="Red fox")
    job = services.start_push(["winter"])
    page = sync_page("pull_all")
    assert "is at it already" in text(admin_client.get(page))
    assert confirm(admin_client, page).url == job_page(job)


def test_what_can_not_be_pulled_is_told_beside_the_rest(admin_client, published):
    supabase_client().insert_one("univers", {"name": "Up", "slug": "../up"})
    page = sync_page("pull_all")
    said = text(admin_client.get(page))
    assert "is left out" in said
    assert "both sides are equal" not in said
    confirm(admin_client, page)
    assert not Job.objects.exists()


# --- What can go wrong -------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["push", "pull", "unpublish", "pull_all"])
def test_without_a_key_each_page_says_what_to_set(admin_client, settings, universe, key):
    settings.SUPABASE_URL = ""
    for ask in (admin_client.get, admin_client.post):
        answer = ask(sync_page(key, universe) if key != "pull_all" else sync_page(key), follow=True)
        assert "SUPABASE_URL" in messages(answer)[0]
    assert "SUPABASE_URL" in text(admin_client.get(standing_part(universe)))
    assert not Job.objects.exists()


def test_a_supabase_that_does_not_answer_is_one_sentence(admin_client, settings, universe, unused_address):
    settings.SUPABASE_URL, settings.SUPABASE_SERVICE_ROLE_KEY = unused_address, "key"
    settings.SYNC_RETRIES = 0
    assert "cannot be reached" in text(admin_client.get(standing_part(universe)))
    answer = admin_client.get(sync_page("push", universe), follow=True)
    assert "cannot be reached" in messages(answer)[0]


def test_what_supabase_does_not_have_can_not_be_pulled_nor_unpublished(admin_client, supabase, universe):
    for key in ("pull", "unpublish"):
        answer = admin_client.get(sync_page(key, universe), follow=True)
        assert messages(answer) == ["Universe 'winter' not found in Supabase."]


def test_what_is_no_sync_is_told_apart(admin_client, universe, make_universe):
    assert admin_client.get(sync_page("nonsense", universe)).status_code == 404
    assert admin_client.get(sync_page("unpublish", universe, make_universe("Farm"))).status_code == 404
    assert admin_client.get(sync_page("push") + f"?id=x&id={universe.pk + 99}").url == LIST


def test_a_viewer_may_look_and_start_nothing(client, staff, published, fox):
    client.force_login(staff("viewer", "Viewer"))
    assets.update(fox, display_name="Red fox")
    page = sync_page("push", published)
    answer = client.get(page)
    assert words(answer)["Red fox"]["Name"] == ("Fox", "Red fox")
    assert client.post(page, {"seen": answer.context["form"]["seen"].value()}).status_code == 403
    assert client.get(publish_page(published)).status_code == 200
    assert not Job.objects.exists()
