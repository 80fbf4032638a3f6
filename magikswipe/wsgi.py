"""The WSGI application: `gunicorn magikswipe.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

from magikswipe.chunks import accept_chunks
from magikswipe.start import explain_bad_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "magikswipe.settings")

with explain_bad_settings():
    application = accept_chunks(get_wsgi_application())
