"""How gunicorn serves: `gunicorn magikswipe.wsgi` reads this by itself; its command line wins."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "magikswipe.settings")
# Where each web process counts its requests, for /metrics; set before anything counts.
METRICS = os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="magikswipe-metrics-"))

# Found only once the path is set.
from api.bodies import remember_connection as pre_request  # noqa: E402, F401 - a hook of gunicorn's
from magikswipe.start import check_settings  # noqa: E402

settings = check_settings()

# Threads, since requests wait for others (a model's answer, Supabase) and media are streamed.
worker_class = "gthread"
workers = settings.WEB_CONCURRENCY
threads = settings.WEB_THREADS
# A call to a language model is answered within a request and may take more than a minute.
timeout = 150
graceful_timeout = 8
# Longer than a server in front keeps an idle connection, so that none is closed under a request that it sends on it;
# Caddy's is the longest, two minutes: https://caddyserver.com/docs/caddyfile/directives/reverse_proxy#keepalive
keepalive = 130
control_socket_disable = True
# A long search in an alphabet of three bytes a letter is a long address; this is the most that there can be.
limit_request_line = 8190
# Whom to believe about the client's address and scheme, TRUST_PROXY says, to Django alone.
forwarded_allow_ips = ""
# The same lines as ours, in the same format.
logconfig_dict = settings.LOGGING


def on_exit(server):
    shutil.rmtree(METRICS, ignore_errors=True)
