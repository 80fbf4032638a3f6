"""The environment of the tests, set before Django reads its settings, so that no developer's `.env` leaks in.

Loaded by `-p tests.env_plugin`. Every process, each of xdist's workers too, gets a storage folder of its own.
"""

import atexit
import os
import shutil
import tempfile

from tests.services import own_redis

FOLDER = tempfile.mkdtemp(prefix="magikswipe-tests-")

os.environ.update(
    SECRET_KEY="for-the-tests-alone-" + "x" * 40,
    DEBUG="true",
    API_OPEN="true",
    HTTPS="false",
    ALLOWED_HOSTS="localhost,127.0.0.1",
    TRUST_PROXY="",
    ADMIN_PATH="",
    THROTTLE_WRITES="",
    THROTTLE_PAID="",
    CSRF_TRUSTED_ORIGINS="",
    CORS_ALLOWED_ORIGINS="",
    STORAGE_PATH=FOLDER,
    BUCKET_URL="",
    ARCHIVE_URL="",
    ARCHIVE_DAYS="",
    ARCHIVE_REVISIONS="",
    ARCHIVE_MB="",
    SENDFILE="",
    IMPORT_MAX_MB="",
    UPLOAD_MAX_MB="",
    UPLOAD_CLIP_MAX_MB="",
    REPLICATE_API_TOKEN="",
    REPLICATE_BASE_URL="",
    REPLICATE_CONCURRENCY="",
    REPLICATE_SETTLE_SECONDS="1",
    REPLICATE_LLM_MODEL="",
    REPLICATE_IMAGE_MODEL="",
    REPLICATE_VIDEO_MODEL="",
    REPLICATE_MUSIC_MODEL="",
    REPLICATE_MUSIC_REFERENCE="",
    PUBLIC_URL="",
    MODEL_PRICES="",
    SPEND_LIMIT_MONTHLY="",
    SUPABASE_URL="",
    SUPABASE_SERVICE_ROLE_KEY="",
    SUPABASE_BUCKET_NAME="",
    LOG_LEVEL="WARNING",
    LOG_FORMAT="",
    METRICS_TOKEN="",
    JOBS_KEPT_DAYS="",
    WORKERS="2",
)
# DATABASE_URL and REDIS_URL stay: `make test-servers` runs the tests on PostgreSQL and Redis with them.
os.environ.setdefault("DATABASE_URL", "")
os.environ["REDIS_URL"] = own_redis()


def pytest_unconfigure():
    shutil.rmtree(FOLDER, ignore_errors=True)


# A start that fails is never unconfigured; xdist's workers end without this.
atexit.register(pytest_unconfigure)
