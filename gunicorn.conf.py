"""How gunicorn serves: `gunicorn magikswipe.wsgi` reads this by itself; its command line wins."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "magikswipe.settings")

from magikswipe.start import check_settings  # noqa: E402 - found only once the path is set

settings = check_settings()

# Threads, since requests wait for others (a model's answer, Supabase) and media are streamed.
worker_class = "gthread"
workers = settings.WEB_CONCURRENCY
threads = settings.WEB_THREADS
# A call to a language model is answered within a request and may take more than a minute.
timeout = 150
graceful_timeout = 8
control_socket_disable = True
