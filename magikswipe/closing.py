"""Tokens that were revoked and accounts that were closed, which a restored backup must not open again."""

from django.contrib.auth import get_user_model
from django.utils import timezone

from .models import ApiToken


def closed():
    """What is closed now, for `close_again`."""
    tokens = dict(ApiToken.objects.exclude(revoked_at=None).values_list("key", "revoked_at"))
    users = get_user_model().objects.filter(is_active=False)
    return tokens, [user.get_username() for user in users]


def close_again(found):
    """Revoke and close what `closed` found, as far as it is there."""
    tokens, names = found
    for key, revoked_at in tokens.items():
        ApiToken.objects.filter(key=key, revoked_at=None).update(revoked_at=revoked_at)
    users = get_user_model()
    users.objects.filter(**{f"{users.USERNAME_FIELD}__in": names}).update(is_active=False)


def opening():
    """The names of the tokens that open something now."""
    valid = ApiToken.objects.filter(revoked_at=None, expires_at__gt=timezone.now())
    return list(valid.order_by("name").values_list("name", flat=True))
