"""The lines of the log: time, level, logger, message, and the request or job that they are about; never a secret."""

import json
import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime

from django.conf import settings

from jobs import process

MASK = "***"
NO_ROUTE, STATIC = "(none)", "static"
SECRETS = (
    "SECRET_KEY",
    "REPLICATE_API_TOKEN",
    "SUPABASE_SERVICE_ROLE_KEY",
    "ADMIN_PASSWORD",
    "METRICS_TOKEN",
)
# Shorter values are no secrets, and would mask half of each line.
LEAST_LENGTH = 6
CREDENTIALS = re.compile(r"\b(Bearer|Token|Basic)(\s+|%20)[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE)
# A token of ours, and the signature of an address, here and at the bucket's server, wherever they stand.
TOKEN = re.compile(r"\bmsk_[0-9a-f]{12}_[A-Za-z0-9_-]{6,}", re.ASCII)
SIGNATURE = re.compile(r"([?&]t=)[A-Za-z0-9]{4,10}:[A-Za-z0-9_-]{20,}", re.ASCII)
AT_BUCKET = re.compile(r"(\bX-Amz-Signature=)[0-9a-f]+", re.IGNORECASE)
# https://user:password@host
IN_ADDRESS = re.compile(r"(\w+://[^\s/:@]*:)[^\s/@]+@")

request_id = ContextVar("magikswipe_request", default="")


def masked(text):
    """The same text without keys, passwords and credentials in headers or addresses."""
    for secret in _secrets():
        if len(secret) >= LEAST_LENGTH:
            text = text.replace(secret, MASK)
    text = TOKEN.sub(f"msk_{MASK}", SIGNATURE.sub(rf"\1{MASK}", text))
    text = AT_BUCKET.sub(rf"\1{MASK}", text)
    text = CREDENTIALS.sub(rf"\1 {MASK}", text)
    return IN_ADDRESS.sub(rf"\1{MASK}@", text)


def _secrets():
    yield from (getattr(settings, name, "") for name in SECRETS)
    yield from (server["secret"] for server in (settings.BUCKET_URL, settings.ARCHIVE_URL) if server)


class Facts(logging.Filter):
    """Notes with each line which request, job and step it is about, where that is known."""

    def filter(self, record):
        record.facts = {"request": request_id.get()} if request_id.get() else {}
        record.facts |= process.current_work() | getattr(record, "more", {})
        return True


class Routes(logging.Filter):
    """Lets Django's lines name a request's route instead of its path, which tells which universe it was about."""

    def filter(self, record):
        path = getattr(getattr(record, "request", None), "path", None)
        if path and isinstance(record.args, tuple):
            # Django escapes what it logs.
            names = (path, path.encode("unicode_escape").decode("ascii"))
            record.args = tuple(route_of(record.request) if arg in names else arg for arg in record.args)
        return True


def route_of(request):
    """`/api/universes/<str:slug>`; the static files are one route, and so is all that leads nowhere."""
    if request.resolver_match:
        return "/" + request.resolver_match.route
    return STATIC if request.path_info.startswith("/static/") else NO_ROUTE


class Lines(logging.Formatter):
    """Lines for people."""

    def format(self, record):
        facts = " ".join(f"{name}={value}" for name, value in getattr(record, "facts", {}).items())
        return masked(super().format(record)) + (f" [{facts}]" if facts else "")


class Json(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, and what else is known."""

    def format(self, record):
        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": masked(record.getMessage()),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            said["exception"] = masked(self.formatException(record.exc_info))
        return json.dumps(said, ensure_ascii=False, default=str)


def config(level, form):
    """The argument of `logging.config.dictConfig`. `form`: json or text."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "facts": {"()": "magikswipe.logs.Facts"},
            "routes": {"()": "magikswipe.logs.Routes"},
        },
        "formatters": {
            "text": {
                "()": "magikswipe.logs.Lines",
                "format": "{asctime} {levelname} {name}: {message}",
                "style": "{",
            },
            "json": {"()": "magikswipe.logs.Json"},
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": form,
                "filters": ["facts", "routes"],
            },
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # One line for each request to the other side, and for each slice, would drown the rest.
            "httpx": {"level": "WARNING"},
            "botocore": {"level": "WARNING"},
            "urllib3": {"level": "WARNING"},
            "django-q": {"level": "WARNING"},
            "django_q": {"level": "WARNING"},
            # Else these bring consoles of their own, beside ours and in another format.
            "django": {"handlers": [], "level": level, "propagate": True},
            # A refusal is in the access log, by its route.
            "django.request": {"level": "ERROR"},
            "gunicorn.error": {"handlers": ["console"], "level": "INFO", "propagate": False},
            # A line for each request is for machines; it would drown what people look for.
            "magikswipe.access": {"level": level if form == "json" else "WARNING"},
        },
    }
