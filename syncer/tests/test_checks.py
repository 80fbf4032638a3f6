"""What `manage.py check` says of Supabase's settings."""

import base64
import json

from syncer.checks import supabase_is_configured_as_a_whole, the_key_may_write


def token(role):
    claims = base64.urlsafe_b64encode(json.dumps({"role": role}).encode()).decode().rstrip("=")
    return f"header.{claims}.signature"


def test_half_a_configuration_is_named(settings):
    settings.SUPABASE_URL, settings.SUPABASE_SERVICE_ROLE_KEY = "http://localhost:1", ""
    (warning,) = supabase_is_configured_as_a_whole(None)
    assert warning.msg.startswith("SUPABASE_SERVICE_ROLE_KEY is not set")
    settings.SUPABASE_URL = ""
    assert supabase_is_configured_as_a_whole(None) == []


def test_a_public_key_is_told_from_a_secret_one(settings):
    expected = {
        token("anon"): 1,
        "sb_publishable_x": 1,
        token("service_role"): 0,
        "sb_secret_x": 0,
        "a.b.c": 0,
        "sandbox": 0,
    }
    for key, warnings in expected.items():
        settings.SUPABASE_SERVICE_ROLE_KEY = key
        assert len(the_key_may_write(None)) == warnings
