"""Tokens that were revoked, accounts that were closed and passwords that were replaced: no restored backup brings
them back for those that are still known here."""

from django.contrib.auth import get_user_model
from django.utils import timezone

from api.models import ApiToken


def closed():
    """What is closed now, and the hash of each account's password, for `close_again`."""
    tokens = dict(ApiToken.objects.exclude(revoked_at=None).values_list("key", "revoked_at"))
    users = get_user_model()
    return tokens, list(users.objects.values_list(users.USERNAME_FIELD, "is_active", "password"))


def close_again(found):
    """Revoke and close what `closed` found, as far as it is there; accounts keep the passwords that they had."""
    tokens, accounts = found
    for key, revoked_at in tokens.items():
        ApiToken.objects.filter(key=key, revoked_at=None).update(revoked_at=revoked_at)
    users = get_user_model()
    for name, is_active, password in accounts:
        same = users.objects.filter(**{users.USERNAME_FIELD: name})
        same.update(password=password, **({} if is_active else {"is_active": False}))


def opening():
    """The names of the tokens that open something now."""
    valid = ApiToken.objects.filter(revoked_at=None, expires_at__gt=timezone.now())
    return list(valid.order_by("name").values_list("name", flat=True))
