"""Each kind of caller at each operation of the API; an operation without a line here fails."""

import uuid

import pytest
from django.contrib.auth.models import Group
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from api.roles import GENERATE, PUBLISH, READ, WRITE
from jobs import types
from magikswipe.adoption import LEGACY

from .callers import JOB_TYPES, OPEN, PUBLIC, SCOPES, jobs_to_control, log_in, refusal, was_obeyed

pytestmark = pytest.mark.django_db

U, GENERATING, JOBS, SYNC = "/api/universes", "/api/generate", "/api/jobs", "/api/sync"
OPERATIONS = {
    ("get", "/"): OPEN,
    ("get", "/health"): OPEN,
    ("get", "/ready"): OPEN,
    ("get", "/metrics"): READ,
    ("get", "/storage/buckets/univers/{slug}/{name}"): OPEN,
    ("get", U): PUBLIC,
    ("post", U): WRITE,
    ("get", f"{U}/{{slug}}"): PUBLIC,
    ("patch", f"{U}/{{slug}}"): WRITE,
    ("delete", f"{U}/{{slug}}"): WRITE,
    ("get", f"{U}/{{slug}}/assets"): PUBLIC,
    ("post", f"{U}/{{slug}}/assets"): WRITE,
    ("get", f"{U}/{{slug}}/assets/{{asset_id}}"): PUBLIC,
    ("patch", f"{U}/{{slug}}/assets/{{asset_id}}"): WRITE,
    ("delete", f"{U}/{{slug}}/assets/{{asset_id}}"): WRITE,
    ("get", f"{U}/{{slug}}/music-prompts"): PUBLIC,
    ("post", f"{U}/{{slug}}/music-prompts"): WRITE,
    ("get", f"{U}/{{slug}}/music-prompts/{{language}}"): PUBLIC,
    ("patch", f"{U}/{{slug}}/music-prompts/{{language}}"): WRITE,
    ("delete", f"{U}/{{slug}}/music-prompts/{{language}}"): WRITE,
    ("post", f"{U}/import"): WRITE,
    ("post", f"{U}/{{slug}}/duplicate"): WRITE,
    ("get", f"{U}/{{slug}}/export"): READ,
    ("put", f"{U}/{{slug}}/thumbnail"): WRITE,
    ("put", f"{U}/{{slug}}/assets/{{asset_id}}/image"): WRITE,
    ("put", f"{U}/{{slug}}/assets/{{asset_id}}/video"): WRITE,
    ("get", f"{U}/{{slug}}/assets/{{asset_id}}/variants"): READ,
    ("get", f"{U}/{{slug}}/assets/{{asset_id}}/variants/{{sha256}}"): READ,
    ("post", f"{U}/{{slug}}/assets/{{asset_id}}/variants/{{sha256}}"): WRITE,
    ("put", f"{U}/{{slug}}/music/{{language}}"): WRITE,
    ("get", f"{U}/{{slug}}/music/{{language}}/variants"): READ,
    ("get", f"{U}/{{slug}}/music/{{language}}/variants/{{sha256}}"): READ,
    ("post", f"{U}/{{slug}}/music/{{language}}/variants/{{sha256}}"): WRITE,
    ("get", JOBS): READ,
    ("get", f"{JOBS}/{{job_id}}"): READ,
    ("delete", f"{JOBS}/cleanup"): WRITE,
    ("get", f"{GENERATING}/costs"): READ,
    ("post", f"{GENERATING}/translate-text"): GENERATE,
    ("post", f"{GENERATING}/{{slug}}/concepts"): GENERATE,
    ("post", f"{GENERATING}/{{slug}}/concepts/apply"): WRITE,
    ("post", f"{GENERATING}/{{slug}}/lyrics/{{language}}"): GENERATE,
    ("post", f"{GENERATING}/{{slug}}/images"): GENERATE,
    ("post", f"{GENERATING}/{{slug}}/videos"): GENERATE,
    ("post", f"{GENERATING}/{{slug}}/music"): GENERATE,
    ("post", f"{GENERATING}/{{slug}}/all"): GENERATE,
    ("post", f"{GENERATING}/{{slug}}/names"): GENERATE,
    ("post", f"{GENERATING}/{{slug}}/ideas"): GENERATE,
    ("post", f"{GENERATING}/{{slug}}/lyrics"): GENERATE,
    ("post", f"{GENERATING}/{{slug}}/gaps"): GENERATE,
    ("get", f"{SYNC}/status"): READ,
    ("post", f"{SYNC}/init"): PUBLISH,
    ("post", f"{SYNC}/pull-all"): PUBLISH,
    ("post", f"{SYNC}/pull/{{slug}}"): PUBLISH,
    ("post", f"{SYNC}/push/{{slug}}"): PUBLISH,
    ("post", f"{SYNC}/unpublish/{{slug}}"): PUBLISH,
    ("get", f"{SYNC}/revisions"): READ,
    ("get", f"{SYNC}/revisions/{{revision_id}}"): READ,
    ("post", f"{SYNC}/restore/{{revision_id}}"): PUBLISH,
}
# Which scope these need depends on the job, and whether Replicate signed it.
OF_THEIR_OWN = {
    ("post", f"{JOBS}/{{job_id}}/cancel"),
    ("post", f"{JOBS}/{{job_id}}/retry"),
    ("post", f"{GENERATING}/webhook"),
}
MISSING = {"slug": "missing", "name": "a.png", "language": "fr", "sha256": "0" * 64}
MISSING |= {name: uuid.UUID(int=0) for name in ("asset_id", "job_id", "revision_id")}


@pytest.fixture(autouse=True)
def closed(settings):
    settings.API_OPEN = False


@pytest.fixture(scope="module")
def documented():
    """Every operation of the schema, by method and path."""
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    return {(method, path): told for path, methods in paths.items() for method, told in methods.items()}


def test_every_operation_has_a_line(documented):
    assert documented.keys() == OPERATIONS.keys() | OF_THEIR_OWN


def test_the_schema_tells_each_operations_scope(documented):
    for call, scope in OPERATIONS.items():
        assert documented[call].get("x-scopes", [OPEN]) == [scope], call


def test_every_operation_is_for_those_who_have_its_scope(called, caller, universe):
    """What is asked for is not there, so that only the permission tells: it comes before every other check."""
    for (method, path), scope in OPERATIONS.items():
        response = getattr(called, method)(path.format(**MISSING))
        wanted = None if scope in SCOPES[caller] else refusal(caller)
        got = response.status_code if response.status_code in (401, 403) else None
        assert got == wanted, (method, path, response.status_code)


def test_methods_and_paths_that_there_are_not_are_for_readers_and_writers_too(called, caller):
    scopes = SCOPES[caller]
    for path, allowed in ((U, 405), ("/api/nothing", 404)):
        assert called.put(path).status_code == (allowed if WRITE in scopes else refusal(caller))
        assert called.options(path).status_code in ((200, 404) if READ in scopes else (refusal(caller),))


@pytest.mark.parametrize(("path", "group"), [(JOBS, "Viewer"), (f"{GENERATING}/x/images", "Generator"),
                                             (f"{SYNC}/push/x", "Publisher")])  # fmt: skip
def test_a_refusal_names_the_group_to_ask_for_in_english(api, newcomer, path, group):
    api.force_login(newcomer)
    response = (api.get if path == JOBS else api.post)(path, headers={"Accept-Language": "fr"})
    assert response.status_code == 403
    assert response.json()["detail"].startswith("Your account may not ")
    assert response.json()["detail"].endswith(f"; ask an administrator for the group {group}.")


def test_every_type_of_job_has_a_line():
    # A legacy job is never started, cancelled or retried.
    assert JOB_TYPES.keys() == set(types.keys()) - {LEGACY}


def test_a_job_obeys_those_who_might_have_started_it(called, caller):
    for job, act, scope in jobs_to_control():
        response = called.post(f"{JOBS}/{job.pk}/{act}")
        allowed = scope in SCOPES[caller]
        assert response.status_code == (200 if allowed else refusal(caller)), (job, act)
        assert was_obeyed(job) == allowed, (job, act)


def test_a_job_that_is_not_there_is_so_for_those_alone_who_control_any(called, caller):
    controls = SCOPES[caller] & {WRITE, GENERATE, PUBLISH}
    assert called.post(f"{JOBS}/missing/cancel").status_code == (404 if controls else refusal(caller))


def test_a_group_gives_its_own_rights_and_looking():
    granted = {
        group.name: set(group.permissions.values_list("content_type__app_label", "codename"))
        for group in Group.objects.all()
    }
    viewed = granted.pop("Viewer")
    assert {app for app, _name in viewed} == {"universes", "jobs", "generation"}
    assert all(name.startswith("view_") for _app, name in viewed)
    assert granted["Generator"] - viewed == {("universes", "generate_universe")}
    assert granted["Publisher"] - viewed == {("universes", "publish_universe")}
    written = {name.split("_")[1] for app, name in granted["Editor"] - viewed if app == "universes"}
    assert len(granted["Editor"] - viewed) == 3 * len(written) == 21 and "revision" not in written
    assert all(viewed < rights for rights in granted.values())


def test_private_media_are_for_those_who_may_read(caller, staff, make_universe, put_file):
    make_universe(slug="hidden", is_public=False)
    put_file("hidden", "a.png")
    client = APIClient()
    log_in(client, caller, staff)
    response = client.get("/storage/buckets/univers/hidden/a.png")
    assert response.status_code == (200 if READ in SCOPES[caller] else 404)
    b"".join(response) if response.streaming else response.content
