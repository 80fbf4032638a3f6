"""The first administrator of an installation, and the lockouts that a restore does not lift."""

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils import timezone

from api.models import ApiToken

NAME = "admin"


def ensure_administrator():
    """Make the user `admin` with ADMIN_PASSWORD when nobody administers yet; returns a sentence about the login."""
    users = get_user_model().objects
    if users.filter(is_superuser=True).exists():
        return "Log in as an administrator made before."
    if not settings.ADMIN_PASSWORD:
        return "Nobody can log in to the admin yet: set ADMIN_PASSWORD, or run `manage.py createsuperuser`."
    try:
        with transaction.atomic():
            users.create_superuser(NAME, password=settings.ADMIN_PASSWORD)
    except IntegrityError:
        # Another host started at the same moment.
        return "Log in as the administrator that another host has just made."
    return f"Made the administrator '{NAME}' with ADMIN_PASSWORD as its password."


def login():
    """The login and password to show on a developer's own terminal."""
    users = get_user_model().objects
    user = users.filter(username=NAME).first()
    if user and settings.ADMIN_PASSWORD and user.check_password(settings.ADMIN_PASSWORD):
        return f"login: {NAME}   password: {settings.ADMIN_PASSWORD}"
    known = users.filter(is_superuser=True).exists()
    return "log in as an administrator made before" if known else "for a login: manage.py createsuperuser"


def revocations():
    """The revoked tokens, and of each account whether it is active and its password's hash, for `revoke_again`."""
    tokens = dict(ApiToken.objects.exclude(revoked_at=None).values_list("key", "revoked_at"))
    users = get_user_model()
    return tokens, list(users.objects.values_list(users.USERNAME_FIELD, "is_active", "password"))


def revoke_again(found):
    """Revoke and close what `revocations` found, so that no restored backup brings it back.

    Accounts keep the passwords that they had.
    """
    tokens, accounts = found
    for key, revoked_at in tokens.items():
        ApiToken.objects.filter(key=key, revoked_at=None).update(revoked_at=revoked_at)
    users = get_user_model()
    for name, is_active, password in accounts:
        same = users.objects.filter(**{users.USERNAME_FIELD: name})
        same.update(password=password, **({} if is_active else {"is_active": False}))


def valid_tokens():
    """Their names."""
    valid = ApiToken.objects.filter(revoked_at=None, expires_at__gt=timezone.now())
    return list(valid.order_by("name").values_list("name", flat=True))
