"""The WSGI application: `gunicorn magikswipe.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

from api.bodies import whole_bodies
from magikswipe.start import explain_bad_settings, load_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "magikswipe.settings")

load_settings()
with explain_bad_settings():
    application = whole_bodies(get_wsgi_application())
