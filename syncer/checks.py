"""System checks: Supabase is configured as a whole, and with the key that may write."""

import base64
import binascii
import json
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register

HINT = "Find both under Project Settings > API Keys in Supabase."


@register
def supabase_is_configured_as_a_whole(app_configs: object, **kwargs: Any) -> list[CheckMessage]:
    names = ["SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY"]
    missing = [name for name in names if not getattr(settings, name)]
    if len(missing) != 1:
        return []
    return [Warning(f"{missing[0]} is not set, so nothing can be synced.", hint=HINT, id="syncer.W001")]


@register
def the_key_may_write(app_configs: object, **kwargs: Any) -> list[CheckMessage]:
    """Supabase refuses a publishable or an anonymous key at the first write only.

    Kinds of keys: https://supabase.com/docs/guides/api/api-keys
    """
    key = settings.SUPABASE_SERVICE_ROLE_KEY
    if not key.startswith("sb_publishable_") and _role(key) not in ("anon", "authenticated"):
        return []
    return [
        Warning(
            "SUPABASE_SERVICE_ROLE_KEY holds a public key, which may not write; set the secret or service role key.",
            hint=HINT,
            id="syncer.W002",
        )
    ]


def _role(key: str) -> str:
    """The role in a key that is a JSON Web Token; empty for any other key."""
    parts = key.split(".")
    if len(parts) != 3:
        return ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return ""
    return str(claims.get("role", "")) if isinstance(claims, dict) else ""
