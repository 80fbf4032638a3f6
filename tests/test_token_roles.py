"""Tokens of each scope, and those that open nothing, at every operation of the API."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from api import tokens
from api.models import ApiToken
from api.roles import GENERATE, PUBLISH, READ, WRITE

from .callers import OPEN, PUBLIC, jobs_to_control, was_obeyed
from .test_roles import MISSING, OPERATIONS

pytestmark = pytest.mark.django_db

# What each reaches: every scope is one to read as well.
SCOPES = {
    "read": {READ},
    "write": {READ, WRITE},
    "generate": {READ, GENERATE},
    "publish": {READ, PUBLISH},
    "write+generate": {READ, WRITE, GENERATE},
    "all": {READ, WRITE, GENERATE, PUBLISH},
}
# What opens nothing: 401 wherever anybody is asked at all.
USELESS = ("wrong", "expired", "revoked", "of nobody")


@pytest.fixture(autouse=True)
def closed(settings):
    settings.API_OPEN = False


def bearer(text):
    client = APIClient(enforce_csrf_checks=True)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client


def make(kind, owner=None):
    """The text of a token with the scopes that `kind` names."""
    given = tokens.SCOPES if kind == "all" else kind.split("+")
    return tokens.create("client", given, days=1, owner=owner)[1]


def useless(kind, staff):
    """A client with a token that was good once, of all scopes."""
    owner = staff("lea", "Editor") if kind == "of nobody" else None
    token, text = tokens.create("client", tokens.SCOPES, days=1, owner=owner)
    if kind == "expired":
        ApiToken.objects.update(expires_at=timezone.now() - timedelta(days=1))
    if kind == "revoked":
        tokens.revoke(token)
    if kind == "of nobody":
        owner.is_active = False
        owner.save()
    return bearer(text[:-4] + "AAAA" if kind == "wrong" else text)


@pytest.mark.parametrize("owned", [False, True])
@pytest.mark.parametrize("kind", SCOPES)
def test_every_operation_is_for_the_tokens_that_have_its_scope(kind, owned, admin_user):
    scopes = SCOPES[kind]
    client = bearer(make(kind, owner=admin_user if owned else None))
    for (method, path), scope in OPERATIONS.items():
        response = getattr(client, method)(path.format(**MISSING))
        got = response.status_code if response.status_code in (401, 403) else None
        wanted = None if scope in scopes | {OPEN, PUBLIC} else 403
        assert got == wanted, (method, path, response.status_code)


@pytest.mark.parametrize("kind", SCOPES)
def test_a_private_universe_is_read_with_every_scope_and_changed_with_its_own(kind, make_universe):
    make_universe(slug="hidden", is_public=False)
    client = bearer(make(kind))
    for method, scope in (("get", READ), ("patch", WRITE)):
        status = getattr(client, method)("/api/universes/hidden").status_code
        assert status == (200 if scope in SCOPES[kind] else 403), method


@pytest.mark.parametrize("kind", USELESS)
def test_a_token_that_opens_nothing_is_refused_everywhere(kind, staff):
    client = useless(kind, staff)
    for (method, path), scope in OPERATIONS.items():
        response = getattr(client, method)(path.format(**MISSING))
        # The bare information asks nobody; media ask whoever shows a token.
        asked = scope != OPEN or path.startswith("/storage")
        assert (response.status_code == 401) == asked, (method, path, response.status_code)


@pytest.mark.parametrize("kind", SCOPES)
def test_a_job_obeys_the_tokens_that_might_have_started_it(kind):
    client = bearer(make(kind))
    for job, act, scope in jobs_to_control():
        status = client.post(f"/api/jobs/{job.pk}/{act}").status_code
        assert status == (200 if scope in SCOPES[kind] else 403), (job, act)
        assert was_obeyed(job) == (scope in SCOPES[kind])
