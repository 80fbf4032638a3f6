"""What manage.py and wsgi.py share: a start that explains itself."""

import sys
from contextlib import contextmanager

# gunicorn stops, instead of trying again for ever, when a worker leaves with this code.
CANNOT_START = 3


@contextmanager
def explain_bad_settings():
    """Turn a missing or senseless setting into one sentence on stderr and exit code 3, without a traceback."""
    from django.core.exceptions import ImproperlyConfigured

    try:
        yield
    except ImproperlyConfigured as error:
        print(f"MagikSwipe cannot start: {error}", file=sys.stderr)
        sys.exit(CANNOT_START)
