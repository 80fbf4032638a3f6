"""Keys, tokens and passwords are in no log and in no answer, whatever fails."""

import logging

import pytest
from django.urls import reverse

from api import tokens
from generation import provider as replicate
from magikswipe import logs

pytestmark = pytest.mark.django_db

KEYS = {
    "REPLICATE_API_TOKEN": "r8_VeryHiddenReplicateToken0123456789",
    "SUPABASE_SERVICE_ROLE_KEY": "eyJVeryHiddenSupabaseKey0123456789",
    "SECRET_KEY": "very-hidden-secret-key-0123456789-0123456789-0123456789",
    "ADMIN_PASSWORD": "very hidden password",
}


@pytest.fixture
def lines(caplog):
    """What is logged, as our formatter writes it: every logger, as much as it says."""
    caplog.set_level(logging.DEBUG)

    def written():
        return "\n".join(form.format(record) for record in caplog.records for form in FORMATTERS)

    return written


FORMATTERS = (logs.Lines(), logs.Json())


@pytest.fixture
def token(settings, sandbox):
    """All keys set and wrong, both services real enough to refuse them; a client's token."""
    for name, value in KEYS.items():
        setattr(settings, name, value)
    settings.REPLICATE_BASE_URL = settings.SUPABASE_URL = sandbox.url
    settings.API_OPEN = False
    yield tokens.create("client", tokens.SCOPES, days=1)[1]
    replicate.close()


FAILING = [
    ("post", "/api/generate/winter/concepts", {"theme": "snow"}),
    ("post", "/api/generate/translate-text", {"text": "neige", "source": "fr", "target": "en"}),
    ("post", "/api/generate/winter/images", {}),
    ("get", "/api/sync/status?diff=true", None),
    ("post", "/api/sync/push/winter", {}),
    ("post", "/api/sync/pull/winter", {}),
    ("post", "/api/sync/init", {}),
    ("post", "/api/universes", {"name": 7}),
    ("get", "/api/nothing", None),
    ("get", "/health", None),
]


def test_failing_calls_tell_no_key(api, lines, token, universe, asset):
    answers = []
    for credentials in (f"Bearer {token}", f"Bearer {token}x", "Bearer msk_junk", ""):
        api.credentials(HTTP_AUTHORIZATION=credentials)
        for method, path, body in FAILING:
            answers.append(getattr(api, method)(path, body).content.decode())
    told = lines() + "\n".join(answers)
    assert "winter" in told
    for secret in (*KEYS.values(), token, token.split("_", 2)[2]):
        assert secret not in told


def test_a_login_tells_no_password(client, lines, staff):
    staff("lea", "Editor")
    for password in ("words", "a password with a typo"):
        response = client.post(reverse("admin:login"), {"username": "lea", "password": password})
        assert password not in lines() + response.content.decode()
