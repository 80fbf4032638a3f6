"""Tokens for clients of the API: made, checked, revoked.

A token is `msk_{key}_{secret}`. The secret has 256 random bits, so that a plain SHA-256 keeps it: nobody can try
them all (https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html tells when not).
"""

import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from .models import NAME_LENGTH, ApiToken
from .roles import PERMISSIONS, READ, may

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SCOPES = tuple(PERMISSIONS)
TOKEN = re.compile(r"msk_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)
MOST_DAYS = 3650
# How often the last use is written at most: reading must not cost a write each time.
USE_SECONDS = 60


class Invalid(ValueError):
    """A token that can't be made so; the message says why."""


class Refused(Exception):
    """A token that opens nothing; the message says why."""


def create(name: str, scopes: Iterable[str], days: int, owner: "User | None" = None) -> tuple[ApiToken, str]:
    """Make a token; returns it and its text, which nothing can bring back later. Raises Invalid.

    `scopes`: some of SCOPES. `days`: until it expires, 1 to MOST_DAYS.
    """
    name, scopes = name.strip(), [scope for scope in SCOPES if scope in set(scopes)]
    _check(name, scopes, days)
    key, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    text = f"msk_{key}_{secret}"
    expires_at = timezone.now() + timedelta(days=days)
    try:
        with transaction.atomic():
            token = ApiToken.objects.create(
                name=name, key=key, sha256=_digest(text), scopes=scopes, owner=owner, expires_at=expires_at
            )
    except IntegrityError:
        raise Invalid(
            _("There is a token '%(name)s' already; choose another name.") % {"name": name}
        ) from None
    return token, text


def _check(name: str, scopes: Iterable[str], days: int) -> None:
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        raise Invalid(_("A name has 1 to %(most)s characters.") % {"most": NAME_LENGTH})
    if not scopes:
        raise Invalid(_("Give the token at least one scope of: %(scopes)s.") % {"scopes": ", ".join(SCOPES)})
    if not 1 <= days <= MOST_DAYS:
        raise Invalid(_("A token is valid for 1 to %(most)s days.") % {"most": MOST_DAYS})


def check(text: str) -> ApiToken:
    """The token whose text this is, its use noted; Refused when it opens nothing."""
    match = TOKEN.fullmatch(text)
    token = match and ApiToken.objects.select_related("owner").filter(key=match[1]).first()
    if not token or not constant_time_compare(token.sha256, _digest(text)):
        raise Refused("The token is wrong; check that all of it was copied.")
    if token.revoked_at:
        raise Refused("The token was revoked; ask an administrator for another.")
    if not token.is_valid:
        raise Refused("The token has expired; ask an administrator for another.")
    if token.owner and not token.owner.is_active:
        raise Refused("The token's account is closed; ask an administrator for another token.")
    _note_use(token)
    return token


def _note_use(token: ApiToken) -> None:
    now = timezone.now()
    before = now - timedelta(seconds=USE_SECONDS)
    if token.last_used_at is None or token.last_used_at < before:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


def reaches(token: ApiToken, scope: str) -> bool:
    """Whether a token has the scope, and its owner, if there is one, has it too.

    Every scope is one to read as well, as every group is: what a change answers with shows what was changed.
    """
    given = scope in token.scopes or (scope == READ and bool(token.scopes))
    return given and (token.owner is None or may(token.owner, scope))


def revoke(token: ApiToken) -> None:
    """Let the token open nothing from now on; a second time changes nothing."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
