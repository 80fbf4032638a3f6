"""How gunicorn serves: `gunicorn magikswipe.wsgi` reads this by itself; its command line wins."""

import os

# Threads, since requests wait for others (a model's answer, Supabase) and media are streamed.
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "8"))
# A call to a language model is answered within a request and may take more than a minute.
timeout = 150
graceful_timeout = 8
control_socket_disable = True
