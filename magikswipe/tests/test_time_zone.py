"""The admin's times and days are those of TIME_ZONE; the API and the months of spending stay in UTC."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from jobs.models import Job
from universes.models import Edit, Revision
from universes.services import revisions

pytestmark = pytest.mark.django_db
# The next day in Paris, and the day before in New York.
EVENING, NIGHT = datetime(2026, 11, 30, 23, 30, tzinfo=UTC), datetime(2026, 12, 1, 3, 30, tzinfo=UTC)
ZONES = {
    "Europe/Paris": ([1, 1], "12:30 a.m."),
    "America/New_York": ([30, 30], "6:30 p.m."),
    "UTC": ([1, 30], "11:30 p.m."),
}


@pytest.fixture
def past(universe):
    for moment in (EVENING, NIGHT):
        Edit.objects.create(
            universe=universe, kind="universe", label="Winter", field="name", created_at=moment
        )
        revisions.create_from("winter", "upload", "lea", {"a.png": None})
    for revision, moment in zip(Revision.objects.order_by("created_at"), (EVENING, NIGHT), strict=True):
        Revision.objects.filter(pk=revision.pk).update(created_at=moment)
    return Job.objects.create(type="generate_images", univers_slug="winter", created_at=EVENING)


@pytest.mark.parametrize("zone", ZONES)
def test_pages_show_the_days_and_times_of_the_setting(admin_client, settings, universe, past, zone):
    settings.TIME_ZONE = zone
    days, time = ZONES[zone]
    page = admin_client.get(
        reverse("admin:studio_activity", args=[universe.pk]), headers={"Accept-Language": "en"}
    )
    shown = [day.day for day, found in page.context["days"] for row in found if row["kind"] == "changes"]
    assert shown == days
    assert time in page.content.decode()
    narrowed = admin_client.get(
        reverse("admin:universes_revision_changelist"),
        {"created_at__year": 2026, "created_at__month": 12, "created_at__day": 1},
    )
    assert len(narrowed.context["cl"].result_list) == days.count(1)


def test_the_api_and_the_months_of_spending_stay_in_utc(api, admin_client, settings, universe, past):
    settings.TIME_ZONE = "Asia/Tokyo"
    assert api.get(f"/api/jobs/{past.pk}").json()["created_at"] == "2026-11-30T23:30:00Z"
    card = api.post("/api/universes/winter/assets", {"display_name": "Fox"}).json()
    made = (card, api.get("/api/universes/winter").json(), *api.get("/api/jobs").json())
    assert [one["created_at"][-1] for one in made] == ["Z"] * 3
    page = admin_client.get(reverse("admin:generation_charge_changelist"))
    assert "Months are counted in UTC; the times below are those of Asia/Tokyo." in page.content.decode()
