"""What Supabase was seen to have is remembered: the home tells of it without asking."""

import pytest
from django.urls import reverse

from universes.models import Universe
from universes.rows import UNIVERS
from universes.services import universes

pytestmark = pytest.mark.django_db
HOME = reverse("admin:index")
LIST = reverse("admin:universes_universe_changelist")


@pytest.fixture
def pushed(api, winter):
    api.post("/api/sync/push/winter")
    return Universe.objects.get(slug="winter")


def changes_there(supabase, universe):
    supabase.client().update(UNIVERS.name, universe.supabase_id, {"name": "Winter over there"})


def looks(admin_client, universe):
    return admin_client.get(reverse("admin:studio_standing", args=[universe.pk]))


def test_the_home_tells_what_changed_on_both_sides_once_somebody_looked(admin_client, supabase, pushed):
    changes_there(supabase, pushed)
    universes.update(pushed, name="Winter here", author="anna")
    assert "changed on both sides" not in admin_client.get(HOME).content.decode()
    looks(admin_client, pushed)
    asked = supabase.sandbox.counters()
    assert "changed on both sides" in admin_client.get(HOME).content.decode()
    for wanted, there in (("both", True), ("changed", True), ("ahead", False), ("synced", False)):
        assert bool(admin_client.get(LIST, {"sync": wanted}).context["cl"].result_list) is there
    assert supabase.sandbox.counters() == asked


def test_it_tells_what_changed_there_alone_and_forgets_it_after_a_sync(admin_client, api, supabase, pushed):
    changes_there(supabase, pushed)
    assert api.get("/api/sync/status?diff=true").json()["universes"] == [
        {"slug": "winter", "state": "remote newer"}
    ]
    assert "changed in Supabase" in admin_client.get(HOME).content.decode()
    api.post("/api/sync/pull/winter")
    assert "changed in Supabase" not in admin_client.get(HOME).content.decode()


def test_what_is_equal_again_is_no_longer_told(admin_client, supabase, pushed):
    changes_there(supabase, pushed)
    looks(admin_client, pushed)
    supabase.client().update(UNIVERS.name, pushed.supabase_id, {"name": pushed.name})
    looks(admin_client, pushed)
    assert "changed in Supabase" not in admin_client.get(HOME).content.decode()
