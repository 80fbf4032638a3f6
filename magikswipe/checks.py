"""System checks of the settings alone: each start makes them, `check` and `doctor` print them.

An error ends the start with its message and hint as one sentence. Neither has a value that could be a key or password.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register, run_checks
from django.core.checks.security.base import check_secret_key

from .env import PRICES_HINT

# Of the checks that a start makes before it loads the apps.
TAG = "settings"

LABELS = r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*"
PORT = r"(:\d{1,5})?"
HOST = rf"\*|\.?{LABELS}\.?|\[[0-9a-fA-F:]+\]"
ORIGIN = rf"https?://({LABELS}|\[[0-9a-fA-F:]+\]){PORT}"
MODEL = r"[\w.-]+/[\w.-]+"
LOOPBACK = r"(.+\.)?localhost|127(\.\d{1,3}){3}|\[::1\]"
# A host in an address, in any alphabet; its brackets are gone where it is an IPv6 one.
NAMED = r"[\w.-]+|[0-9a-f:.]+(%\w+)?"
# The first words of our other addresses.
TAKEN = "api|docs|health|i18n|metrics|openapi.json|preview|ready|static|storage"
PART_OF_SUPABASE = r"/(rest|auth|storage|functions|realtime|graphql)/v1|^/dashboard/"


@dataclass(frozen=True)
class Form:
    """The pattern of a value, or of each value of a list, and how to write it."""

    pattern: str
    hint: str


KEY = Form(r"[!-~]*", "a key has no spaces, accents or line breaks; copy it again.")
AI_MODEL = Form(rf"{MODEL}(:[\w.-]+)?", "write it as owner/name or owner/name:version.")
# No cookie goes to the pages of a whole family of hosts.
PAGE = Form(ORIGIN, "name each origin, as https://studio.example, without a path.")
FORMS = {
    "ALLOWED_HOSTS": Form(HOST, "write host names alone, without https:// or port: studio.example"),
    "CSRF_TRUSTED_ORIGINS": Form(
        rf"{ORIGIN}|https?://\*\.{LABELS}{PORT}", "write origins as https://studio.example, without a path."
    ),
    "CORS_ALLOWED_ORIGINS": PAGE,
    "CORS_OPEN_ORIGINS": PAGE,
    "ADMIN_PATH": Form(
        rf"(?!({TAKEN})(/|$))[a-z0-9_-]+(/[a-z0-9_-]+)*",
        "write a path such as studio-7f3k that is none of the others' first words.",
    ),
    "REPLICATE_API_TOKEN": KEY,
    "SUPABASE_SERVICE_ROLE_KEY": KEY,
    "METRICS_TOKEN": KEY,
    "REPLICATE_LLM_MODEL": AI_MODEL,
    "REPLICATE_IMAGE_MODEL": AI_MODEL,
    "REPLICATE_VIDEO_MODEL": AI_MODEL,
    "REPLICATE_MUSIC_MODEL": AI_MODEL,
    "SUPABASE_BUCKET_NAME": Form(
        r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", "use letters, digits, '.', '_' and '-' alone."
    ),
}
PRICE = r"\d{1,5}(\.\d{1,4})?"
ADDRESS_HINT = "write it as https://host, with a path if need be, and nothing after it."


def errors() -> list[CheckMessage]:
    """The errors of the settings; no app has to be loaded for them."""
    found = [message for message in run_checks(tags=[TAG]) if message.is_serious()]
    return sorted(
        (message for message in found if not message.is_silenced()), key=lambda found: str(found.id)
    )


def sentence(message: CheckMessage) -> str:
    return f"{message.msg} {message.hint or ''}".strip()


def _senseless(name: str, number: int, hint: str) -> Error:
    return Error(f"{name} is senseless:", hint=hint, id=f"magikswipe.E{number:03}")


@register(TAG)
def debug_is_for_this_machine(app_configs: Any, **kwargs: Any) -> Iterator[Error]:
    """DEBUG shows settings and code to anybody who meets an error."""
    public = [host for host in settings.ALLOWED_HOSTS if not re.fullmatch(LOOPBACK, host)]
    if settings.DEBUG and public:
        yield Error(
            f"DEBUG is on while ALLOWED_HOSTS has {public[0]!r};",
            hint="turn DEBUG off, or allow localhost alone.",
            id="magikswipe.E002",
        )


@register(TAG)
def values_have_their_form(app_configs: Any, **kwargs: Any) -> Iterator[Error]:
    for name, form in FORMS.items():
        given = getattr(settings, name)
        for value in [given] if isinstance(given, str) else given:
            if not re.fullmatch(form.pattern, value):
                said = "" if isinstance(given, str) else f"{value[:60]!r} is none; "
                yield _senseless(name, 1, said + form.hint)
                break


@register(TAG)
def prices_have_their_form(app_configs: Any, **kwargs: Any) -> Iterator[Error]:
    for model, price in settings.MODEL_PRICES.items():
        if not (re.fullmatch(MODEL, model) and re.fullmatch(PRICE, str(price))):
            yield _senseless("MODEL_PRICES", 3, PRICES_HINT)
            return


@register(TAG)
def services_have_addresses(app_configs: Any, **kwargs: Any) -> Iterator[Error]:
    """Paths are added to a service's address; that of one API of Supabase, or of its dashboard, has one already."""
    reference = settings.REPLICATE_MUSIC_REFERENCE
    if reference and not _is_address(reference):
        yield _senseless("REPLICATE_MUSIC_REFERENCE", 4, "write it as https://host or http://host:port.")
    for name in ("REPLICATE_BASE_URL", "SUPABASE_URL"):
        value = getattr(settings, name)
        if value and not _is_plain_address(value):
            yield _senseless(name, 4, ADDRESS_HINT)
        elif re.search(PART_OF_SUPABASE, urlsplit(value).path):
            hint = "it is the address of one part or page; write it as https://project.supabase.co."
            yield _senseless(name, 4, hint)


@register(TAG)
def webhooks_come_to_an_origin(app_configs: Any, **kwargs: Any) -> Iterator[Error]:
    value = settings.PUBLIC_URL
    local = r"|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?" if settings.DEBUG else ""
    if value and not (_is_address(value) and re.fullmatch(rf"https://[^/?#]+{local}", value)):
        yield _senseless("PUBLIC_URL", 5, "write it as https://host, without a path.")


@register(TAG)
def media_lie_where_they_can_be_sent_from(app_configs: Any, **kwargs: Any) -> Iterator[Error]:
    if settings.SENDFILE and settings.BUCKET_URL:
        hint = "with BUCKET_URL the media lie in no folder that could be sent from; unset one."
        yield _senseless("SENDFILE", 6, hint)
    value = settings.BUCKET_PUBLIC_URL
    if value and not _is_plain_address(value):
        yield _senseless("BUCKET_PUBLIC_URL", 6, ADDRESS_HINT)
    elif value and not settings.BUCKET_URL:
        yield _senseless(
            "BUCKET_PUBLIC_URL", 6, "the media lie in a folder; set BUCKET_URL, too, or unset it."
        )
    elif value.startswith("http://") and settings.HTTPS and not settings.DEBUG:
        hint = "pages that come by HTTPS show no media without it; write it as https://host."
        yield _senseless("BUCKET_PUBLIC_URL", 6, hint)


@register(TAG)
def nothing_is_published_to_our_own_bucket(app_configs: Any, **kwargs: Any) -> Iterator[Error]:
    """A sync would take one bucket for both sides."""
    published = settings.SUPABASE_BUCKET_NAME
    if not _is_address(settings.SUPABASE_URL):
        return
    for name in ("BUCKET_URL", "ARCHIVE_URL"):
        ours = getattr(settings, name)
        if ours and ours["bucket"] == published and _is_supabase(ours):
            hint = (
                f"it is '{published}' of SUPABASE_URL, which universes are published to; name another bucket."
            )
            yield _senseless(name, 7, hint)


def _is_supabase(server: dict[str, str]) -> bool:
    """Any name may lead to Supabase; the path of its S3 does not change.

    https://supabase.com/docs/guides/storage/s3/authentication
    """
    parts = urlsplit(server["endpoint_url"])
    return parts.path.endswith("/storage/v1/s3") or parts.netloc == urlsplit(settings.SUPABASE_URL).netloc


def _is_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        # Asking for a port that is no number raises, and so does a label that is empty or too long for a name.
        host = parts.hostname or ""
        named = re.fullmatch(NAMED, host) and host.encode("idna")
        whole = parts.scheme in ("http", "https") and bool(named) and parts.port != 0
    except ValueError:
        return False
    return whole and value.isprintable() and not re.search(r"[\s\\]", value)


def _is_plain_address(value: str) -> bool:
    """Whether paths can be added to the address, which tells no password."""
    return _is_address(value) and not re.search("[?#]", value) and not urlsplit(value).username


@register(Tags.security)
def secret_key_cannot_be_guessed(app_configs: Any, **kwargs: Any) -> Iterator[Warning]:
    """Django says so in `check --deploy` alone (security.W009)."""
    if not settings.DEBUG and check_secret_key(app_configs):
        yield Warning(
            "SECRET_KEY can be guessed, and with it anybody's login made.",
            hint="Give it 50 random characters or more, as python3 -c 'import secrets; "
            "print(secrets.token_urlsafe(50))' prints them; everybody logs in anew then.",
            id="magikswipe.W001",
        )
