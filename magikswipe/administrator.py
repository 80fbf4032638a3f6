"""The first administrator of an installation."""

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

NAME = "admin"


def ensure():
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
    """What to show as login and password on a developer's own terminal."""
    users = get_user_model().objects
    user = users.filter(username=NAME).first()
    if user and settings.ADMIN_PASSWORD and user.check_password(settings.ADMIN_PASSWORD):
        return f"login: {NAME}   password: {settings.ADMIN_PASSWORD}"
    known = users.filter(is_superuser=True).exists()
    return "log in as an administrator made before" if known else "for a login: manage.py createsuperuser"
