"""Logins that have expired."""

from importlib import import_module

from django.conf import settings


def clear_expired():
    """Forget them, as `manage.py clearsessions` does."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
