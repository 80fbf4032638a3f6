"""The environment of the tests, set before Django reads its settings, so that no developer's `.env` leaks in.

Loaded by `-p tests.env_plugin`. Every process, each of xdist's workers too, gets a storage folder of its own.
"""

import atexit
import os
import re
import shutil
import tempfile
from pathlib import Path

from tests.services import own_redis

ROOT = Path(__file__).resolve().parent.parent
FOLDER = tempfile.mkdtemp(prefix="magikswipe-tests-")

# Every setting as if nobody had set it, but for those below. DATABASE_URL and REDIS_URL stay: `make test-servers`
# runs the tests on PostgreSQL and Redis with them.
SETTINGS = re.findall(r"^#? ?([A-Z_]+)=", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE)
os.environ.update(dict.fromkeys(set(SETTINGS) - {"DATABASE_URL", "REDIS_URL"}, ""))
os.environ.update(
    SECRET_KEY="for-the-tests-alone-" + "x" * 40,
    DEBUG="true",
    API_OPEN="true",
    HTTPS="false",
    ALLOWED_HOSTS="localhost,127.0.0.1",
    STORAGE_PATH=FOLDER,
    REPLICATE_SETTLE_SECONDS="1",
    LOG_LEVEL="WARNING",
    WORKERS="2",
    # gunicorn reads it too, and takes no empty one.
    WEB_CONCURRENCY="2",
)
os.environ.setdefault("DATABASE_URL", "")
os.environ["REDIS_URL"] = own_redis()


def pytest_unconfigure():
    shutil.rmtree(FOLDER, ignore_errors=True)


# A start that fails is never unconfigured; xdist's workers end without this.
atexit.register(pytest_unconfigure)
