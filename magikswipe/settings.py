"""Every setting, each read from the environment or from `.env`. The README's table explains them."""

from datetime import timedelta

from corsheaders.defaults import default_headers
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from environs import validate

from magikswipe import logs
from magikswipe.env import (
    BASE_DIR,
    read,
    read_bucket,
    read_bucket_address,
    read_choice,
    read_database,
    read_folder,
    read_list,
    read_number,
    read_prices,
    read_proxies,
    read_redis,
    read_text,
    read_time_zone,
    read_url,
    store,
)
from magikswipe.openapi import SPECTACULAR_SETTINGS  # noqa: F401 - a setting

# --- The installation --------------------------------------------------------------------------------------

DEBUG = read("bool", "DEBUG", False)
SECRET_KEY = read("str", "SECRET_KEY").strip()
ALLOWED_HOSTS = read_list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = read_list("CSRF_TRUSTED_ORIGINS")
API_OPEN = read("bool", "API_OPEN", DEBUG)
HTTPS = read("bool", "HTTPS", not DEBUG)
# How many proxies stand in front, whose X-Forwarded-For, -Proto and -Host are believed.
TRUST_PROXY = read_proxies("TRUST_PROXY")
ADMIN_PATH = read_text("ADMIN_PATH", "admin").strip("/")

# For the first administrator, `admin`, when there is none.
ADMIN_PASSWORD = read_text("ADMIN_PASSWORD")

STORAGE_PATH = read_folder("STORAGE_PATH", "var")

# --- Django ------------------------------------------------------------------------------------------------

ROOT_URLCONF = "magikswipe.urls"
WSGI_APPLICATION = "magikswipe.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "magikswipe",
    # Before unfold, some of whose templates it has its own of.
    "studio",
    "api",
    "universes",
    "generation",
    "syncer",
    # Before django_q: our `qcluster` command is the one that runs.
    "jobs",
    "storage",
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_q",
]

MIDDLEWARE = [
    "magikswipe.middleware.AccessLogMiddleware",
    "api.middleware.ChunkedBodyMiddleware",
    "api.middleware.HeadMiddleware",
    "api.middleware.CachingMiddleware",
    "magikswipe.middleware.PolicyMiddleware",
    # Above what answers by itself: redirects, static files, other origins' questions.
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "api.middleware.HostMiddleware",
    "api.middleware.TrailingSlashMiddleware",
    "api.middleware.SessionMiddleware",
    "api.middleware.LocaleMiddleware",
    "api.middleware.TimeZoneMiddleware",
    "django.middleware.common.CommonMiddleware",
    # Above what reads a form.
    "api.middleware.FailureMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fr", _("French"))]
# Unfold brings no French: its words have a catalogue of their own beside ours.
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale" / "unfold"]
USE_I18N = True
# Of the admin's times and days; the API and the months of spending are in UTC.
TIME_ZONE = read_time_zone("TIME_ZONE", "Europe/Paris" if DEBUG else "UTC")
USE_TZ = True

# whitenoise reads the packages' static files where they lie: no collecting step before a start.
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True

# --- Database ----------------------------------------------------------------------------------------------

DATABASES = {"default": read_database("DATABASE_URL", STORAGE_PATH / "db")}

# --- Redis -------------------------------------------------------------------------------------------------

# The queue's messages and what is cached, for all hosts; empty: the database has the messages.
REDIS_URL = read_redis("REDIS_URL")
# A server that does not answer is not waited for as long as TCP does.
REDIS = f"{REDIS_URL}{'&' if '?' in REDIS_URL else '?'}socket_connect_timeout=2&socket_timeout=10"

if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "magikswipe.cache.ForgetfulRedisCache",
            "LOCATION": REDIS,
            "KEY_PREFIX": "magikswipe",
        }
    }

# --- Media -------------------------------------------------------------------------------------------------

BUCKET_PREFIX = "/storage/buckets/univers"
# On a server that speaks S3, for several hosts; empty: in folders of STORAGE_PATH. The archive lies beside it.
BUCKET_URL = read_bucket("BUCKET_URL")
ARCHIVE_URL = read_bucket("ARCHIVE_URL", BUCKET_URL)
# Where browsers reach the bucket's server, and are sent for media; empty: they come from here.
BUCKET_PUBLIC_URL = read_bucket_address("BUCKET_PUBLIC_URL")

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "bucket": store(
        BUCKET_URL,
        "univers",
        BUCKET_PUBLIC_URL,
        location=STORAGE_PATH / "buckets" / "univers",
        base_url=f"{BUCKET_PREFIX}/",
    ),
    # Content-addressed: what a click replaced or deleted lies here until retention takes it.
    "archive": store(
        ARCHIVE_URL,
        "archive",
        BUCKET_PUBLIC_URL if ARCHIVE_URL == BUCKET_URL else "",
        location=STORAGE_PATH / "archive",
    ),
}

# The kind of server in front that sends the bucket's files itself; empty: gunicorn does.
SENDFILE = read_choice("SENDFILE", "", ["", "nginx", "x-sendfile"])

# How long and how much of it lies there: days, revisions per universe, megabytes in all.
ARCHIVE_DAYS = read_number("ARCHIVE_DAYS", 90)
ARCHIVE_REVISIONS = read_number("ARCHIVE_REVISIONS", 200)
ARCHIVE_MB = read_number("ARCHIVE_MB", 10240)

# How large the archive of a universe may be that is imported, packed and unpacked.
IMPORT_MAX_MB = read_number("IMPORT_MAX_MB", 2000, most=1_000_000)

# How large an uploaded picture or song may be, and an uploaded clip.
UPLOAD_MAX_MB = read_number("UPLOAD_MAX_MB", 50, most=1_000)
UPLOAD_CLIP_MAX_MB = read_number("UPLOAD_CLIP_MAX_MB", 200, most=10_000)
FILE_UPLOAD_HANDLERS = ["storage.staging.BoundedUpload"]

# --- REST API ----------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    # The first one's header is what makes an anonymous call a 401.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "api.permissions.TokenAuthentication",
        "api.permissions.SessionAuthentication",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["api.rate_limits.Writes", "api.rate_limits.Paid"],
    "DEFAULT_PERMISSION_CLASSES": ["api.permissions.InScopeOrOpen"],
    "DEFAULT_PARSER_CLASSES": ["api.formats.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": [
        "api.formats.JSONRenderer",
        "rest_framework.renderers.BrowsableAPIRenderer",
    ],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "api.formats.Negotiation",
    "DEFAULT_SCHEMA_CLASS": "api.schema.Schema",
    "EXCEPTION_HANDLER": "api.errors.handle",
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

# Calls a minute of one caller, 0 for any number; a developer's own machine has no limit.
ALONE = DEBUG and API_OPEN
THROTTLE_WRITES = read_number("THROTTLE_WRITES", 0 if ALONE else 600, least=0)
THROTTLE_PAID = read_number("THROTTLE_PAID", 0 if ALONE else 120, least=0)

CORS_ALLOWED_ORIGINS = read_list("CORS_ALLOWED_ORIGINS")
# A closed API must not get front ends by default: they may use its login's cookie.
CORS_OPEN_ORIGINS = read_list("CORS_OPEN_ORIGINS")
if API_OPEN:
    CORS_ALLOWED_ORIGINS = [*CORS_ALLOWED_ORIGINS, *CORS_OPEN_ORIGINS]
# A closed API is called with the session's cookie, from the origins that are named alone.
CORS_ALLOW_CREDENTIALS = bool(CORS_ALLOWED_ORIGINS) and not API_OPEN
LOCALHOST = r"^https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$"
CORS_ALLOWED_ORIGIN_REGEXES = [LOCALHOST] if DEBUG and not CORS_ALLOW_CREDENTIALS else []
CORS_URLS_REGEX = r"^/((api|storage|health|ready|metrics|openapi\.json)(/.*)?)?$"
# The headers of the schema's operations, and a client's id for the log.
CORS_ALLOW_HEADERS = [
    *default_headers,
    "idempotency-key",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "range",
    "x-request-id",
]
CORS_EXPOSE_HEADERS = [
    "Accept-Ranges",
    "Content-Disposition",
    "Content-Range",
    "ETag",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-ID",
]

# --- Security ----------------------------------------------------------------------------------------------

SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^(health|ready|metrics)/?$"]
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
X_FRAME_OPTIONS = "DENY"
# Anybody can send these headers: without a proxy that sets them they mean nothing.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUST_PROXY else None
USE_X_FORWARDED_HOST = bool(TRUST_PROXY)
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# --- Jobs --------------------------------------------------------------------------------------------------

WORKERS = read_number("WORKERS", 4, most=64)

Q_CLUSTER = {
    "name": "magikswipe",
    **({"redis": REDIS} if REDIS_URL else {"orm": "default"}),
    "workers": WORKERS,
    "queue_limit": WORKERS,
    "bulk": 1,
    "poll": 0.05,
    # A slice takes seconds; only a very large download comes near this.
    "timeout": 900,
    "retry": 3600,
    "ack_failures": True,
    "max_attempts": 1,
    "save_limit": 100,
    "catch_up": False,
    "recycle": 500,
    "label": "Queue",
}

# --- Replicate ---------------------------------------------------------------------------------------------

REPLICATE_API_TOKEN = read_text("REPLICATE_API_TOKEN")
REPLICATE_BASE_URL = read_url("REPLICATE_BASE_URL", "https://api.replicate.com")
REPLICATE_CONCURRENCY = read_number("REPLICATE_CONCURRENCY", 8, most=100)
# How long an order that was not answered may take to be in Replicate's list, before it is made again.
REPLICATE_SETTLE_SECONDS = read_number("REPLICATE_SETTLE_SECONDS", 25, least=0, most=600)
REPLICATE_LLM_MODEL = read_text("REPLICATE_LLM_MODEL", "meta/meta-llama-3-70b-instruct")
REPLICATE_IMAGE_MODEL = read_text("REPLICATE_IMAGE_MODEL", "recraft-ai/recraft-v3")
REPLICATE_VIDEO_MODEL = read_text("REPLICATE_VIDEO_MODEL", "wan-video/wan-2.1-i2v-480p")
REPLICATE_MUSIC_MODEL = read_text("REPLICATE_MUSIC_MODEL", "minimax/music-1.5")
# minimax/music-01 alone: the address of the track whose style its songs take.
REPLICATE_MUSIC_REFERENCE = read_url("REPLICATE_MUSIC_REFERENCE")

# Where Replicate reaches this installation to tell that something is ready; empty: it is only asked.
PUBLIC_URL = read_url("PUBLIC_URL")

# US dollars per prediction, over those that `generation.spending` knows; and what a month (UTC) may cost at most.
MODEL_PRICES = read_prices("MODEL_PRICES")
SPEND_LIMIT_MONTHLY = read("decimal", "SPEND_LIMIT_MONTHLY", None, validate=validate.Range(min=0))

# How many predictions may be in flight at once, over all jobs and workers.
JOB_SLOTS = {"replicate": REPLICATE_CONCURRENCY}
# Functions that a worker calls before it starts, by dotted path: what a kill left is finished.
JOB_BEFORE_START = ["syncer.journals.finish_all"]
# Functions that a worker calls once a day: what has become too old goes, names that came otherwise are found.
JOB_DAILY = [
    "jobs.services.prune",
    "universes.services.revisions.prune",
    "universes.name_keys.refresh",
    "magikswipe.sessions.clear_expired",
]
# Functions that give the hashes of archived files which are needed though no revision names them.
ARCHIVE_NEEDED_BY = ["syncer.journals.needed", "generation.outputs.needed"]
# Days for which jobs that ended are kept; what they cost is kept for good.
JOBS_KEPT_DAYS = read_number("JOBS_KEPT_DAYS", 30)

# --- Supabase ----------------------------------------------------------------------------------------------

SUPABASE_URL = read_url("SUPABASE_URL")
SUPABASE_SERVICE_ROLE_KEY = read_text("SUPABASE_SERVICE_ROLE_KEY")
SUPABASE_BUCKET_NAME = read_text("SUPABASE_BUCKET_NAME", "univers")
# The name of a picture stays when it is drawn anew: so long may an app go on showing the old one.
SUPABASE_CACHE_SECONDS = read_number("SUPABASE_CACHE_SECONDS", 60, least=0, most=31_536_000)

# How many files move at once, and how often a call that failed in passing is sent again.
SYNC_PARALLEL = read_number("SYNC_PARALLEL", 4, most=32)
SYNC_RETRIES = read_number("SYNC_RETRIES", 2, least=0, most=10)
# Seconds without a byte after which a connection to Supabase counts as lost.
SYNC_TIMEOUT = read_number("SYNC_TIMEOUT", 60, most=3600)

# --- Web server: read by gunicorn.conf.py ------------------------------------------------------------------

WEB_CONCURRENCY = read_number("WEB_CONCURRENCY", 2, most=64)
WEB_THREADS = read_number("WEB_THREADS", 8, most=256)

# --- Logs --------------------------------------------------------------------------------------------------

LOG_LEVEL = read_choice("LOG_LEVEL", "INFO", ["DEBUG", "INFO", "WARNING", "ERROR"])

LOG_FORMAT = read_choice("LOG_FORMAT", "text" if DEBUG else "json", ["json", "text"])
LOGGING = logs.config(LOG_LEVEL, LOG_FORMAT)

# The Bearer token with which Prometheus reads /metrics; empty: only readers of the API do.
METRICS_TOKEN = read_text("METRICS_TOKEN")

# --- Admin -------------------------------------------------------------------------------------------------

LOGIN_REDIRECT_URL = "admin:index"

UNFOLD = {
    "SITE_TITLE": "MagikSwipe",
    "SITE_HEADER": "MagikSwipe",
    "SITE_URL": reverse_lazy("swagger-ui"),
    "SITE_SYMBOL": "auto_awesome",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _: static("magikswipe/icon.svg")}
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": True,
    "SHOW_LANGUAGES": True,
    "LOGIN": {"form": "studio.login.LoginForm"},
    "STYLES": [lambda request: static("magikswipe/admin.css")],
    "SCRIPTS": [
        lambda request: static("magikswipe/storage.js"),
        lambda request: static("magikswipe/admin.js"),
    ],
    "DASHBOARD_CALLBACK": "studio.home.show",
    "SIDEBAR": {"navigation": "studio.sidebar.show"},
}
