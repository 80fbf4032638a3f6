"""What editors see of the books."""

from decimal import Decimal

import pytest
from django.urls import reverse

from generation import adapters, spending
from generation.models import Charge
from jobs.models import Job

pytestmark = pytest.mark.django_db

CHARGES = reverse("admin:generation_charge_changelist")
HOME = reverse("admin:index")


@pytest.fixture
def charges(settings):
    """A picture that is paid, one that is being made and a clip without a price; 1 USD is the limit after that."""
    spending.reserve(adapters.VIDEO, "farm")
    settings.SPEND_LIMIT_MONTHLY = Decimal(1)
    paid, _ = spending.reserve(adapters.IMAGE, "winter", number=2)
    spending.charge_unanswered(paid)


def page(client, address, language="en"):
    response = client.get(address, headers={"Accept-Language": language})
    assert response.status_code == 200
    return response.content.decode()


def operation(key, universe):
    return reverse("admin:universes_universe_operation", args=[key]) + f"?id={universe.pk}"


def test_the_list_shows_the_months_totals_above_its_charges(admin_client, charges):
    month = spending.this_month()
    shown = page(admin_client, CHARGES)
    assert f"Spent in {month}: 0.04 USD of 1.00 USD, 0.04 USD reserved" in shown
    assert "1 prediction is not in it" in shown
    assert f"Dépensé en {month} : 0,04 USD sur 1,00 USD" in page(admin_client, CHARGES, "fr")


def test_another_months_list_has_that_months_totals(admin_client, charges):
    Charge.objects.update(month="2026-01")
    assert "Spent in 2026-01: 0.04 USD" in page(admin_client, f"{CHARGES}?month=2026-01")
    assert f"Spent in {spending.this_month()}: 0.00 USD" in page(admin_client, CHARGES)


def test_a_charge_can_be_looked_at_and_not_touched(admin_client, charges):
    charge = Charge.objects.first()
    address = reverse("admin:generation_charge_change", args=[charge.pk])
    page(admin_client, address)
    assert admin_client.post(address, {"amount": "0"}).status_code == 403
    assert admin_client.get(reverse("admin:generation_charge_add")).status_code == 403
    assert admin_client.post(reverse("admin:generation_charge_delete", args=[charge.pk])).status_code == 403


def test_the_home_tells_this_months_spending_to_those_who_may_know(admin_client, client, newcomer, charges):
    assert f"Spent in {spending.this_month()}: 0.04 USD of 1.00 USD" in page(admin_client, HOME)
    client.force_login(newcomer)
    assert "Spent in" not in page(client, HOME)


@pytest.mark.parametrize(
    ("key", "english", "french"),
    [
        (
            "pictures",
            "about 0.08 USD; 0.12 USD if all are made again",
            "0,08 USD ; 0,12 USD si tout est refait",
        ),
        ("clips", "about 0.05 USD", "environ 0,05 USD"),
        ("songs", "about 0.06 USD", "environ 0,06 USD"),
        ("everything", "cost not known: MODEL_PRICES lacks a model", "coût inconnu"),
    ],
)
def test_before_it_starts_an_operation_says_what_it_costs(
    admin_client, universe, cards, songs, put_file, settings, key, english, french
):
    settings.REPLICATE_VIDEO_MODEL = "wan-video/wan-2.2-i2v-fast"
    put_file("winter", cards[0].image_name)
    assert english in page(admin_client, operation(key, universe))
    assert french in page(admin_client, operation(key, universe), "fr")


def test_a_universe_without_cards_is_estimated_with_ten(admin_client, universe, settings):
    settings.MODEL_PRICES = {
        settings.REPLICATE_LLM_MODEL: Decimal("0.01"),
        settings.REPLICATE_VIDEO_MODEL: Decimal("0.45"),
    }
    # Two questions, ten pictures and clips, five songs.
    shown = page(admin_client, operation("everything", universe))
    assert "about 5.07 USD" in shown and "10 unless you choose another number" in shown


def test_several_universes_are_added_up(admin_client, universe, cards, make_universe, make_asset, put_file):
    put_file("winter", cards[0].image_name)
    other = make_universe(name="Summer", slug="summer")
    make_asset("Sun", of=other)
    both = f"{operation('pictures', universe)}&id={other.pk}"
    shown = page(admin_client, both)
    number = len(cards) + 1
    assert f"2 universes, {number} cards" in shown
    assert f"about 0.{4 * (number - 1):02d} USD; 0.{4 * number:02d} USD if all are made again" in shown
    assert f"2 univers, {number} cartes" in page(admin_client, both, "fr")
    assert "Together" not in page(admin_client, operation("pictures", universe))


def test_several_universes_are_not_added_up_where_a_price_is_not_known(
    admin_client, universe, make_universe, cards
):
    both = f"{operation('clips', universe)}&id={make_universe(name='Summer').pk}"
    assert "Together" in page(admin_client, both)
    both = both.replace("/clips/", "/everything/")
    total = page(admin_client, both).partition("Together")[2]
    assert "cost not known: MODEL_PRICES lacks a model" in total


def test_a_start_that_the_limit_refuses_is_one_clear_message(
    admin_client, universe, cards, provider, settings
):
    settings.SPEND_LIMIT_MONTHLY = Decimal("0.01")
    response = admin_client.post(operation("pictures", universe), follow=True)
    (text,) = [str(message) for message in response.context["messages"]]
    assert "SPEND_LIMIT_MONTHLY is 0.01 USD" in text
    assert not Job.objects.exists()


def test_a_job_tells_what_it_cost(admin_client):
    job = Job.objects.create(
        type="generate_images", status="completed", cost=Decimal("0.0125"), estimated_cost=Decimal("0.02")
    )
    assert "0.0125 USD (estimated: 0.02 USD)" in page(
        admin_client, reverse("admin:jobs_job_change", args=[job.pk])
    )
