"""The page Ideas: asking for proposals, and making cards of them."""

import uuid

import pytest
from django.urls import reverse

from generation.models import Charge
from generation.tests.helpers import run_out
from jobs.models import Job
from universes.models import LANGUAGES, Revision

pytestmark = pytest.mark.django_db


@pytest.fixture
def maker(client, staff):
    """A client logged in as somebody who may write and generate."""
    client.force_login(staff("anna", "Editor", "Generator"))
    return client


@pytest.fixture
def page(universe):
    return reverse("admin:studio_ideas", args=[universe.pk])


@pytest.fixture
def ask(maker, page, provider):
    """Asks for ideas and lets the job end; returns the job."""

    def ask(**wishes):
        sent = {"theme": "snow", "count": 3, "language": "en", "once": uuid.uuid4().hex, **wishes}
        answer = maker.post(page, sent)
        assert answer.status_code == 302, answer.content
        return run_out(Job.objects.get().pk)

    return ask


def proposals(universe, job):
    return reverse("admin:studio_proposals", args=[universe.pk, job.pk])


def take_page(universe, job):
    return reverse("admin:studio_take_ideas", args=[universe.pk, job.pk])


def rows_of(names, chosen=True):
    """A form's fields of proposals with these English names."""
    sent = {"row": [str(place) for place in range(len(names))], "mode": "add", "once": uuid.uuid4().hex}
    for place, name in enumerate(names):
        sent |= {f"name_{place}_en": name, f"name_{place}_fr": f"le {name}"}
        if chosen:
            sent[f"use_{place}"] = "on"
    return sent


def names(universe):
    return list(universe.assets.values_list("display_name", flat=True))


def test_the_page_says_what_asking_costs_and_buys_nothing(maker, page, settings, universe):
    settings.MODEL_PRICES = {settings.REPLICATE_LLM_MODEL: 2}
    text = maker.get(page).content.decode()
    assert "about 2.00" in text and 'value="Winter"' in text
    assert not Job.objects.exists()


def test_ideas_appear_as_proposals_in_five_languages(maker, universe, ask):
    job = ask()
    shown = maker.get(proposals(universe, job)).context["rows"]
    assert [[language.value for language, _name in fields] for _row, fields, _known in shown] == [
        [*LANGUAGES]
    ] * 3
    assert all(name for _row, fields, _known in shown for _language, name in fields)
    assert not universe.assets.exists()


def test_a_second_click_and_back_ask_once(maker, universe, page, ask):
    first = ask(once="a" * 32)
    again = maker.post(page, {"theme": "snow", "count": 3, "language": "en", "once": "a" * 32})
    assert again.headers["Location"] == proposals(universe, first)
    assert (Job.objects.count(), Charge.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("wishes", "sentence"), [({"theme": " "}, "Say in a few words"), ({"count": 51}, "50")]
)
def test_a_wish_that_can_not_be_is_said_with_what_was_typed(maker, page, wishes, sentence):
    answer = maker.post(page, {"theme": "a farm", "count": 4, "language": "en", **wishes})
    text = answer.content.decode()
    assert answer.status_code == 422 and sentence in text
    assert "a farm" in text or 'value="4"' in text


def test_without_a_provider_the_page_says_so(maker, page, settings):
    settings.REPLICATE_API_TOKEN = ""
    answer = maker.post(page, {"theme": "a farm", "count": 4, "language": "en"})
    assert answer.status_code == 409
    assert "REPLICATE_API_TOKEN" in answer.content.decode() and "a farm" in answer.content.decode()


def test_a_running_list_comes_by_itself_and_can_be_cancelled(maker, universe, page, provider):
    maker.post(page, {"theme": "snow", "count": 3, "language": "en"})
    job = Job.objects.get()
    here = proposals(universe, job)
    assert 'hx-trigger="every' in maker.get(here).content.decode()
    answer = maker.post(reverse("admin:jobs_job_cancel", args=[job.pk]), {"next": here})
    assert answer.headers["Location"] == here
    text = maker.get(here).content.decode()
    assert 'hx-trigger="every' not in text and "Try again" in text


def test_ticked_proposals_become_cards_in_the_order_sent(maker, universe, make_asset, ask):
    make_asset("Snowflake")
    sent = rows_of(["Sledge", "Scarf", "Skates"]) | {"row": ["2", "0", "1"]}
    del sent["use_1"]
    answer = maker.post(take_page(universe, ask()), sent, follow=True)
    assert names(universe) == ["Snowflake", "Skates", "Sledge"]
    assert dict(
        universe.assets.get(display_name="Sledge").translations.values_list("language", "display_name")
    ) == {
        "en": "Sledge",
        "fr": "le Sledge",
    }
    assert "2 cards have been added." in answer.content.decode()
    assert answer.redirect_chain[0][0] == reverse("admin:studio_cards", args=[universe.pk])


def test_one_form_adds_once_however_often_it_is_sent(maker, universe, ask):
    job, sent = ask(), rows_of(["Sledge", "Scarf"])
    for _ in range(2):
        answer = maker.post(take_page(universe, job), sent, follow=True)
    assert names(universe) == ["Sledge", "Scarf"]
    assert "nothing has been done twice" in answer.content.decode()


def test_a_script_is_told_where_to_go_on(maker, universe, ask):
    answer = maker.post(take_page(universe, ask()), rows_of(["Sledge"]), headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == reverse("admin:studio_cards", args=[universe.pk])


def test_what_became_a_card_is_marked_and_no_longer_ticked(maker, universe, ask):
    job = ask()
    first = maker.get(proposals(universe, job)).context["rows"][0]
    sent = rows_of([first[0].names["en"].upper()])
    maker.post(take_page(universe, job), sent)
    shown = maker.get(proposals(universe, job)).context["rows"]
    assert [(row.chosen, known) for row, _fields, known in shown] == [
        (False, True),
        (True, False),
        (True, False),
    ]


def test_replacing_says_what_it_loses_and_takes_a_typed_word(maker, universe, make_asset, put_file, ask):
    put_file("winter", make_asset("Snowflake").image_name)
    job, sent = ask(), rows_of(["Sledge", "Scarf"]) | {"mode": "replace"}
    assert "1 card, 1 picture and 0 clips go" in maker.get(proposals(universe, job)).content.decode()
    refused = maker.post(take_page(universe, job), sent | {"name_0_en": "Red sledge"})
    assert refused.status_code == 422 and "Red sledge" in refused.content.decode()
    assert names(universe) == ["Snowflake"]
    for _ in range(2):
        maker.post(take_page(universe, job), sent | {"typed": "winter"})
    assert names(universe) == ["Sledge", "Scarf"]
    assert Revision.objects.get().cause == "apply_concepts"
    assert set(universe.assets.first().translations.values_list("language", flat=True)) == {"en", "fr"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"row": []}, "Nothing is ticked"),
        ({"name_0_en": " ", "name_0_fr": ""}, "has no name"),
        ({"name_0_en": "x" * 501}, "at most 500"),
    ],
)
def test_what_can_not_become_a_card_is_said_and_nothing_is_half_done(maker, universe, ask, changes, sentence):
    answer = maker.post(take_page(universe, ask()), rows_of(["Sledge", "Scarf"]) | changes)
    assert answer.status_code == 422 and sentence in answer.content.decode()
    assert not universe.assets.exists()


def test_a_list_of_another_universe_is_not_found(maker, make_universe, ask, universe):
    job, other = ask(), make_universe("Farm")
    assert maker.get(proposals(other, job)).status_code == 404
    assert maker.post(take_page(other, job), rows_of(["Cow"])).status_code == 404


def test_who_may_not_write_sees_the_list_without_buttons(client, staff, universe, ask):
    job = ask()
    client.force_login(staff("leo", "Viewer"))
    text = client.get(proposals(universe, job)).content.decode()
    assert 'value="add"' not in text and "readonly" in text
    asking = client.get(reverse("admin:studio_ideas", args=[universe.pk])).content.decode()
    assert 'name="theme"' not in asking


def test_a_list_of_fifty_takes_few_statements(maker, universe, ask, django_assert_max_num_queries):
    job = ask()
    many = {code: [f"{code} {place}" for place in range(50)] for code in LANGUAGES}
    job.result = {"results": {"ideas": {"concepts": many["en"], "translations": many}}}
    job.save()
    with django_assert_max_num_queries(20):
        assert len(maker.get(proposals(universe, job)).context["rows"]) == 50
