"""Each kind of caller at each page of the admin; a page without a line here fails."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import URLResolver, reverse

from api import tokens
from api.roles import GENERATE, PUBLISH, READ, WRITE
from generation.models import Charge
from universes.models import Revision, Universe

from .callers import ADMIN, NOBODY, OPEN, SCOPES, jobs_to_control, make_job, was_obeyed

pytestmark = pytest.mark.django_db

# Route: who may GET it (None: it takes no GET), and who may POST to it where that is something else than looking.
PAGES = {
    "universes_universe_changelist": (READ,),
    "universes_universe_add": (WRITE, WRITE),
    "universes_universe_history": (READ,),
    "universes_universe_change": (READ, WRITE),
    "universes_universe_delete": (WRITE, WRITE),
    "universes_asset_changelist": (READ,),
    "universes_asset_add": (WRITE, WRITE),
    "universes_asset_history": (READ,),
    "universes_asset_change": (READ, READ),
    "universes_asset_delete": (WRITE, WRITE),
    "universes_revision_changelist": (READ,),
    "universes_revision_add": (NOBODY, NOBODY),
    "universes_revision_history": (READ,),
    "universes_revision_change": (READ, NOBODY),
    "universes_revision_delete": (NOBODY, NOBODY),
    "universes_revision_archive": (READ,),
    "universes_revision_restore": (PUBLISH, PUBLISH),
    "generation_charge_changelist": (READ,),
    "generation_charge_add": (NOBODY, NOBODY),
    "generation_charge_history": (READ,),
    "generation_charge_change": (READ, NOBODY),
    "generation_charge_delete": (NOBODY, NOBODY),
    "jobs_job_changelist": (READ,),
    "jobs_job_live_list": (READ,),
    "jobs_job_live": (READ,),
    "jobs_job_add": (NOBODY, NOBODY),
    "jobs_job_history": (READ,),
    "jobs_job_change": (READ, NOBODY),
    "jobs_job_delete": (WRITE, WRITE),
    "magikswipe_apitoken_changelist": (ADMIN,),
    "magikswipe_apitoken_add": (ADMIN, ADMIN),
    "magikswipe_apitoken_history": (ADMIN,),
    "magikswipe_apitoken_change": (ADMIN, NOBODY),
    "magikswipe_apitoken_delete": (NOBODY, NOBODY),
    "auth_user_changelist": (ADMIN,),
    "auth_user_add": (ADMIN, ADMIN),
    "auth_user_history": (ADMIN,),
    "auth_user_change": (ADMIN, ADMIN),
    "auth_user_delete": (ADMIN, ADMIN),
    "auth_user_password_change": (ADMIN, ADMIN),
    "auth_group_changelist": (ADMIN,),
    "auth_group_add": (ADMIN, ADMIN),
    "auth_group_history": (ADMIN,),
    "auth_group_change": (ADMIN, ADMIN),
    "auth_group_delete": (ADMIN, ADMIN),
    "studio_live": (READ,),
    "studio_names": (READ,),
    "studio_gaps": (READ,),
    "studio_fill_all": (GENERATE, GENERATE),
    "studio_language": (READ,),
    "studio_row": (READ,),
    "studio_save_name": (None, WRITE),
    "studio_fill": (GENERATE, GENERATE),
    "studio_songs": (READ,),
    "studio_song": (READ,),
    "studio_save_song": (None, WRITE),
    "studio_sing": (GENERATE, GENERATE),
    "studio_translate": (GENERATE, GENERATE),
    "studio_write": (GENERATE, GENERATE),
    "studio_upload_song": (WRITE, WRITE),
    "studio_delete_song": (WRITE, WRITE),
    "studio_song_variants": (READ,),
    "studio_song_variant": (READ,),
    "studio_choose_song": (None, WRITE),
    "studio_ideas": (READ, GENERATE),
    "studio_proposals": (READ,),
    "studio_take_ideas": (None, WRITE),
    "studio_activity": (READ,),
    "studio_job_steps": (READ,),
    "studio_standing": (READ,),
    "studio_cards": (READ,),
    "studio_card": (READ,),
    "studio_add_card": (None, WRITE),
    "studio_arrange": (None, WRITE),
    "studio_save_card": (None, WRITE),
    "studio_delete_card": (WRITE, WRITE),
    "studio_move": (WRITE, WRITE),
    "studio_draw": (GENERATE, GENERATE),
    "studio_animate": (GENERATE, GENERATE),
    "studio_upload": (WRITE, WRITE),
    "studio_variants": (READ,),
    "studio_variant": (READ,),
    "studio_choose": (None, WRITE),
    "universes_universe_start_gaps": (GENERATE,),
    "universes_universe_start_pictures": (GENERATE,),
    "universes_universe_start_clips": (GENERATE,),
    "universes_universe_start_songs": (GENERATE,),
    "universes_universe_start_everything": (GENERATE,),
    "universes_universe_see_as_a_child": (READ,),
    "universes_universe_download": (READ,),
    "universes_universe_open_duplicate": (WRITE,),
    "universes_universe_open_import": (WRITE,),
    "universes_universe_duplicate": (WRITE, WRITE),
    "universes_universe_import": (WRITE, WRITE),
    "universes_universe_operation": (GENERATE, GENERATE),
    "universes_universe_publish": (READ,),
    "universes_universe_sync": (READ, PUBLISH),
    "universes_universe_start_pull_all": (PUBLISH,),
}
# These take no GET, and whose they are depends on the job.
CONTROLS = {"jobs_job_cancel", "jobs_job_retry"}

# Page, what tells that a button is on it, and the scope for which it is there.
BUTTONS = [
    ("index", "/admin/universes/universe/add/", WRITE),
    ("universes_universe_changelist", "/admin/universes/universe/add/", WRITE),
    ("universes_universe_changelist", 'value="delete_selected"', WRITE),
    ("universes_universe_changelist", 'value="bulk_gaps"', GENERATE),
    ("universes_universe_changelist", 'value="bulk_pictures"', GENERATE),
    ("universes_universe_changelist", 'value="bulk_songs"', GENERATE),
    ("universes_universe_change", 'name="_save"', WRITE),
    ("universes_universe_change", "/delete/", WRITE),
    ("universes_universe_change", "/generate-pictures/", GENERATE),
    ("universes_universe_change", "/generate-everything/", GENERATE),
    ("studio_cards", 'id="new-card"', WRITE),
    ("universes_universe_changelist", "/pull-all/", PUBLISH),
    ("universes_universe_changelist", 'value="bulk_push"', PUBLISH),
    ("universes_universe_publish", "/restore/", PUBLISH),
    ("universes_revision_change", "/restore/", PUBLISH),
    ("jobs_job_change", "/cancel/", GENERATE),
    ("jobs_job_change", "/retry/", GENERATE),
    ("jobs_job_change", "/delete/", WRITE),
]


@pytest.fixture(autouse=True)
def closed(settings):
    settings.API_OPEN = False


APPS = ("auth", "generation", "jobs", "magikswipe", "studio", "universes")


def routes(patterns=None):
    """`{name: words in its address}` of the admin's pages over our tables and the accounts."""
    found = {}
    for pattern in admin.site.get_urls() if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            found |= routes(pattern.url_patterns)
        elif pattern.name and pattern.name.split("_")[0] in APPS:
            found[pattern.name] = list(pattern.pattern.converters)
    return found


@pytest.fixture
def things(universe, asset, visitor, staff):
    """The ids that stand in the addresses, by model or by word."""
    slug = universe.slug
    return {
        "universe": universe.pk,
        "asset": asset.pk,
        "job": make_job("generate_images", "failed").pk,
        "charge": Charge.objects.create(month="2026-11", kind="image", model="a/b", univers_slug=slug).pk,
        "revision": Revision.objects.create(univers_slug=slug, cause="delete", rows={}).pk,
        "apitoken": tokens.create("front end", ["read"], days=1)[0].pk,
        "user": staff("lea").pk,
        "group": Group.objects.get(name="Viewer").pk,
    }


def address(name, things):
    words = {"job_id": things["job"], "universe_id": things["universe"], "asset_id": things["asset"]}
    words |= {"id": things["user"], "pk": things["revision"], "sha256": "0" * 64}
    words |= {"language": "fr", "what": "picture"}
    words["key"] = "push" if name.endswith("_sync") else "pictures"
    words["object_id"] = things.get(name.split("_")[1])
    kwargs = {word: words[word] for word in routes()[name]}
    query = f"?id={things['universe']}" if "key" in kwargs else ""
    return reverse(f"admin:{name}", kwargs=kwargs) + query


def said_no(response):
    """Whether the admin showed its login or refused."""
    return response.status_code == 403 or "/admin/login/" in response.headers.get("Location", "")


def test_every_page_of_the_admin_has_a_line():
    assert routes().keys() == PAGES.keys() | CONTROLS


# Each caller at each page takes seconds: the others in the long run.
SOON = ("anonymous", "Viewer", "Editor")


@pytest.mark.parametrize(
    "caller", [one if one in SOON else pytest.param(one, marks=pytest.mark.slow) for one in SCOPES]
)
def test_every_page_of_the_admin_is_for_those_who_have_its_scope(visitor, caller, things):
    """Nothing that is sent is confirmed or complete, so that a page changes nothing for the next."""
    for name, scopes in PAGES.items():
        page = address(name, things)
        for method, scope in zip(("get", "post"), scopes, strict=False):
            if scope is None:
                continue
            response = getattr(visitor, method)(page)
            b"".join(response)  # a file is closed once it was read
            assert response.status_code < 500 and response.status_code != 405, (method, page)
            assert said_no(response) == (scope not in SCOPES[caller]), (method, page, response.status_code)


# Of the site as a whole: an address, what tells that the page shows something of ours, and the scope for which it does.
SITE = [
    ("/admin/", "Winter", READ),
    ("/admin/search/?s=univers", "/admin/universes/universe/", READ),
    ("/admin/universes/", "/admin/universes/universe/", READ),
    ("/admin/auth/", "/admin/auth/user/", ADMIN),
    ("/admin/autocomplete/?app_label=universes&model_name=asset&field_name=universe", "Winter", READ),
    ("/admin/jsi18n/", "django", OPEN),
    ("/admin/password_change/", 'name="old_password"', OPEN),
]


def test_pages_of_the_whole_site_show_no_more_than_ones_scope(visitor, caller, things):
    for page, mark, scope in SITE:
        response = visitor.get(page)
        shown = response.status_code == 200 and mark in response.content.decode()
        assert shown == (caller != "anonymous" and scope in SCOPES[caller]), (page, response.status_code)


@pytest.mark.parametrize("page", ["r/7/1/", "r/7/0/", "r/x/y/", f"r/7/{'0' * 32}/"])
def test_nothing_of_the_admin_has_a_page_elsewhere(visitor, page):
    assert visitor.get(f"/admin/{page}").status_code == 404


def test_a_button_is_there_for_those_who_may_use_it(visitor, caller, things):
    if READ not in SCOPES[caller]:
        return
    for name, mark, scope in BUTTONS:
        page = reverse("admin:index") if name == "index" else address(name, things)
        shown = mark in visitor.get(page).content.decode()
        assert shown == (scope in SCOPES[caller]), (name, mark)


def test_a_bulk_action_that_one_may_not_use_does_not_lead_to_its_page(visitor, caller, things):
    data = {"action": "bulk_pictures", "_selected_action": [things["universe"]]}
    response = visitor.post(reverse("admin:universes_universe_changelist"), data)
    assert ("/operation/pictures/" in response.headers.get("Location", "")) == (GENERATE in SCOPES[caller])


def test_who_may_only_look_sees_all_texts_and_no_field(client, staff, make_asset, universe):
    asset = make_asset(translations={"fr": "Flocon"}, custom_image_prompt="A blue one")
    client.force_login(staff("somebody", "Viewer"))
    of_universe = client.get(reverse("admin:universes_universe_change", args=[universe.pk])).content.decode()
    of_asset = client.get(
        reverse("admin:universes_asset_change", args=[asset.pk]), follow=True
    ).content.decode()
    assert "Hiver" in of_universe and "Flocon" in of_asset and "A blue one" in of_asset
    for page in (of_universe, of_asset):
        assert 'type="text" name=' not in page and "<textarea" not in page and "data-seen" not in page


def test_an_editor_can_write_a_universe_in_the_admin(client, editor):
    client.force_login(editor)
    client.post(reverse("admin:universes_universe_add"), {"name": "Farm", "name_fr": "La ferme"})
    universe = Universe.objects.get()
    client.post(reverse("admin:studio_add_card", args=[universe.pk]), {"display_name": "Cow"})
    cow_page = reverse("admin:studio_save_card", args=[universe.pk, universe.assets.get().pk])
    client.post(cow_page, {"custom_image_prompt": "small", "seen_custom_image_prompt": ""})
    assert universe.assets.get().prompts.custom_image_prompt == "small"


def test_a_newcomers_home_says_whom_to_ask(client, newcomer):
    client.force_login(newcomer)
    assert "Ask an administrator for a group" in client.get(reverse("admin:index")).content.decode()


def test_the_admin_says_which_group_a_refused_page_takes(client, editor, universe):
    client.force_login(editor)
    page = reverse("admin:universes_universe_operation", args=["pictures"])
    refused = client.post(f"{page}?id={universe.pk}")
    assert refused.status_code == 403
    assert "ask an administrator for the group Generator" in refused.content.decode()


def test_a_job_obeys_them_in_the_admin_too(visitor, caller):
    for job, act, scope in jobs_to_control():
        response = visitor.post(reverse(f"admin:jobs_job_{act}", args=[job.pk]))
        allowed = scope in SCOPES[caller]
        assert said_no(response) == (not allowed), (job, act)
        assert was_obeyed(job) == allowed, (job, act)
