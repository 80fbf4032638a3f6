"""The first administrator of an installation."""

import os

from django.contrib.auth import get_user_model

NAME = "admin"


def ensure():
    """Make the user `admin` with ADMIN_PASSWORD when nobody administers yet; returns a sentence about the login."""
    users = get_user_model().objects
    password = os.environ.get("ADMIN_PASSWORD", "")
    if users.filter(is_superuser=True).exists():
        return "Log in as an administrator made before."
    if not password:
        return "Nobody can log in to the admin yet: set ADMIN_PASSWORD, or run `manage.py createsuperuser`."
    users.create_superuser(NAME, password=password)
    return f"Made the administrator '{NAME}' with ADMIN_PASSWORD as its password."


def login():
    """What to show as login and password on a developer's own terminal."""
    password = os.environ.get("ADMIN_PASSWORD", "")
    user = get_user_model().objects.filter(username=NAME).first()
    if user and password and user.check_password(password):
        return f"login: {NAME}   password: {password}"
    return "log in as an administrator made before" if user else "run `manage.py createsuperuser` for a login"
