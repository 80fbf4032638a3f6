"""Reading one setting: from the environment, else from `.env`; a senseless value is one sentence that names it."""

import os
import re
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from dotenv.parser import parse_stream
from environs import Env, EnvError

BASE_DIR = Path(__file__).resolve().parent.parent

MODEL = r"[\w.-]+/[\w.-]+"
ENV_HINT = "line {} is no NAME=value; put a value with quotes in it between the other kind of quotes."
DATABASE_HINT = (
    "write it as postgres://user:password@host:port/name; in user and password, @ is %40, : is %3A, / is %2F, "
    "# is %23, ? is %3F and % is %25."
)
SQLITE_HINT = "write it as sqlite:////path/of/the/file; in it, # is %23, ? is %3F and % is %25."
REDIS_HINT = (
    "write it as redis://:password@host:port/0, or rediss:// for TLS; in the password, @ is %40, : is %3A, / is %2F, "
    "# is %23, ? is %3F and % is %25."
)
BUCKET = r"[A-Za-z0-9][A-Za-z0-9._-]{1,62}"
BUCKET_HINT = (
    "write it as s3://key:secret@host:port/bucket?region=eu-west-3, with &scheme=http if need be; "
    "in key and secret, / is %2F, + is %2B and @ is %40."
)
REGION = r"[a-z0-9-]+"
# What may stand in an address, and boto3 takes: https://www.rfc-editor.org/rfc/rfc1123#page-13
LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
SERVER = rf"{LABEL}(\.{LABEL})*\.?|\[[0-9a-f:]+\]"
PRICE = r"\d{1,5}(\.\d{1,4})?"
# A host in an address, in any alphabet; its brackets are gone where it is an IPv6 one.
NAMED = r"[\w.-]+|[0-9a-f:.]+(%\w+)?"
LOOPBACK = r"(.+\.)?localhost|127(\.\d{1,3}){3}|\[::1\]"
SQLITE, POSTGRESQL = "django.db.backends.sqlite3", "django.db.backends.postgresql"
# What makes many writers wait instead of fail.
PATIENT_SQLITE = {
    # A transaction that reads, then writes, must take the writer's lock first: asked for later, it is refused at
    # once, whatever the timeout (https://www.sqlite.org/rescode.html#busy).
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}
# The first words of our other addresses.
TAKEN = ("api", "docs", "health", "i18n", "metrics", "openapi.json", "preview", "ready", "static", "storage")
HOST = r"\*|\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?|\[[0-9a-fA-F:]+\]"
ORIGIN = r"https?://(\*\.)?([A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9a-fA-F:]+\])(:\d{1,5})?"


def load(path: Path) -> None:
    """Put the values of an `.env` into the environment as they stand, but for names that it has already.

    `$` means nothing. Raises ImproperlyConfigured for a file or line that can't be read.
    """
    if not path.exists():
        return
    try:
        with path.open(encoding="utf-8") as stream:
            lines = list(parse_stream(stream))
    except (OSError, UnicodeDecodeError):
        raise ImproperlyConfigured(".env cannot be read; make it a text file in UTF-8.") from None
    for line in lines:
        if line.error:
            raise ImproperlyConfigured(f".env cannot be read: {ENV_HINT.format(line.original.line)}")
        if line.key and line.value is not None:
            os.environ.setdefault(line.key, line.value)


load(BASE_DIR / ".env")
env = Env()


def senseless(name, reason):
    return ImproperlyConfigured(f"{name} is senseless: {reason}")


def read(kind, name, default=..., **options):
    """Read one value; a missing or senseless one stops the start with a sentence that names it."""
    given = env.str(name, "").strip()
    if not given:
        if default is ...:
            raise ImproperlyConfigured(f"{name} is not set; put it into the environment or into .env.")
        return default
    try:
        return getattr(env, kind)(name, **options)
    except (EnvError, ValueError) as error:
        reason = "; ".join(getattr(error, "error_messages", None) or [str(error)])
        raise senseless(name, reason) from None


def read_url(name, default=""):
    """An http(s) address without a trailing slash, its scheme and host in lower case."""
    value = read("str", name, default).strip().rstrip("/")
    if value and not _is_address(value):
        raise senseless(name, "write it as https://host or http://host:port.")
    parts = urlsplit(value)
    user, at, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}{at}{host.lower()}").geturl()


def read_service(name: str, default: str = "") -> str:
    """The address of a service's API, to which paths are added: nothing stands behind its own path.

    One that was copied with the path of an API of Supabase, or from its dashboard, is refused.
    """
    value = read_url(name, default)
    parts = urlsplit(value)
    if parts.username or re.search("[?#]", read("str", name, default)):
        raise senseless(name, "write it as https://host, with a path if need be, and nothing after it.")
    if re.search(r"/(rest|auth|storage|functions|realtime|graphql)/v1|^/dashboard/", parts.path):
        raise senseless(
            name, "it is the address of one part or page; write it as https://project.supabase.co."
        )
    return value


def _is_address(value):
    try:
        parts = urlsplit(value)
        # Asking for a port that is no number raises, and so does a label that is empty or too long for a name.
        named = re.fullmatch(NAMED, parts.hostname or "") and parts.hostname.encode("idna")
        whole = parts.scheme in ("http", "https") and bool(named) and parts.port != 0
        return whole and value.isprintable() and not re.search(r"[\s\\]", value)
    except ValueError:
        return False


def read_time_zone(name: str, default: str) -> str:
    """The name of a time zone, as https://www.iana.org/time-zones has them."""
    value = read("str", name, default).strip()
    try:
        ZoneInfo(value)
    # A folder of zones, such as Europe, is an OSError.
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise senseless(
            name, f"{value[:60]!r} is no time zone; write one such as Europe/Paris or UTC."
        ) from None
    return value


def read_public_url(name, local):
    """An https origin, empty when not given. `local`: an http one of this machine will do, too."""
    value = read_url(name)
    parts = urlsplit(value)
    safe = parts.scheme == "https" or (local and parts.hostname in ("localhost", "127.0.0.1", "::1"))
    if value and not (safe and value == f"{parts.scheme}://{parts.netloc}"):
        raise senseless(name, "write it as https://host, without a path.")
    return value


def read_bucket(name, default=None):
    """What `storage.s3` needs of s3://key:secret@host:port/bucket?region=…&scheme=http; the default when not given.

    What stands before the bucket's name in the path belongs to the server's address.
    """
    value = read("str", name, "").strip()
    if not value:
        return default
    try:
        parts = urlsplit(value)
        asked = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        parts, asked, port = urlsplit(""), {}, ""
    path, _, bucket = parts.path.rpartition("/")
    scheme = asked.pop("scheme", "https")
    region = asked.pop("region", "us-east-1")
    whole = parts.scheme == "s3" and parts.hostname and parts.username and parts.password
    whole = whole and not parts.fragment
    if not whole or asked or scheme not in ("http", "https") or not re.fullmatch(BUCKET, bucket):
        raise senseless(name, BUCKET_HINT)
    host = _host(parts)
    if not re.fullmatch(SERVER, host):
        raise senseless(name, f"{host[:60]!r} is no host; its name has letters, digits, '-' and '.' alone.")
    if not re.fullmatch(REGION, region):
        raise senseless(name, f"{region[:60]!r} is no region; write it as region=eu-west-3.")
    return {
        "endpoint_url": f"{scheme}://{host}{port}{path}",
        "bucket": bucket,
        "key": unquote(parts.username),
        "secret": unquote(parts.password),
        "region": region,
        "setting": name,
    }


def _host(parts):
    """The host of a split address, in lower case, as it stands there: an IPv6 one in brackets."""
    return f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname


def read_bucket_address(name, bucket, plain):
    """The address under which browsers reach the server of `read_bucket`, as they send it: without a usual port.

    `plain`: http will do, too; pages that come by https show nothing that does not.
    """
    value = read_url(name)
    if not value:
        return ""
    if not bucket:
        raise senseless(name, "the media lie in a folder; set BUCKET_URL, too, or unset it.")
    parts = urlsplit(value)
    if parts.query or parts.fragment or parts.username:
        raise senseless(name, "write it as https://host, with a path if need be, and nothing after it.")
    if parts.scheme == "http" and not plain:
        raise senseless(name, "pages that come by HTTPS show no media without it; write it as https://host.")
    port = "" if parts.port in (None, {"https": 443, "http": 80}[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{_host(parts)}{port}{parts.path}"


def store(server, prefix, public_url="", **folder):
    """Django's configuration of a bucket on a server of `read_bucket`; of a folder where there is none."""
    if server:
        options = {"server": server, "prefix": prefix, "public_url": public_url}
        return {"BACKEND": "storage.s3.S3Storage", "OPTIONS": options}
    return {"BACKEND": "storage.backends.FolderStorage", "OPTIONS": folder}


def check_not_synced(name, bucket, supabase_url, synced):
    """The bucket that is published to must not be ours: a sync would take it for both sides."""
    ours = urlsplit(bucket["endpoint_url"])
    # Any name may lead to it; the path of Supabase's S3 does not change.
    # https://supabase.com/docs/guides/storage/s3/authentication
    is_supabase = ours.path.endswith("/storage/v1/s3") or ours.netloc == urlsplit(supabase_url).netloc
    if supabase_url and bucket["bucket"] == synced and is_supabase:
        raise senseless(
            name, f"it is '{synced}' of SUPABASE_URL, which universes are published to; name another bucket."
        )


def made(folder):
    """The folder that STORAGE_PATH is, or one in it, made where it is not there yet."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise senseless(
            "STORAGE_PATH", f"{folder} cannot be made ({error.strerror}); name a folder to write in."
        ) from None
    return folder


def read_folder(name: str, default: str) -> Path:
    """A folder, made where it is not there yet; below that of manage.py unless its path is absolute."""
    value = read("str", name, default)
    if "${" in value:
        raise senseless(name, "'${' stands in it; write the path itself, no variable is put in.")
    return made((BASE_DIR / value).resolve())


def read_database(name, folder):
    """Django's configuration of a database; of SQLite in `folder` when none is named."""
    given = read("str", name, "").strip()
    config = _parse_database(name, given) if given else _local_database(folder)
    if config["ENGINE"] == SQLITE:
        config["OPTIONS"] = PATIENT_SQLITE
    return config | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}


def _parse_database(name, given):
    in_file = given.startswith("sqlite:")
    try:
        config, parts = dj_database_url.parse(given), urlsplit(given)
        # Where an address was cut at a sign that means something, its end is left over.
        cut = parts.fragment or (parts.query if in_file else "@" in parts.path + parts.query)
    except ValueError:
        config, cut = {}, True
    if cut or config["ENGINE"] not in (SQLITE, POSTGRESQL) or not config["NAME"]:
        raise senseless(name, SQLITE_HINT if in_file else DATABASE_HINT)
    if in_file and not (folder := Path(config["NAME"]).parent).is_dir():
        raise senseless(name, f"there is no folder {folder}.")
    return config


def _local_database(folder):
    path = made(folder) / "local.db"
    if not path.exists() and (misplaced := _misplaced(path)):
        raise senseless(
            "STORAGE_PATH",
            f"the database of this folder lies at {misplaced}; move it to {path}, with what begins with its name.",
        )
    return {"ENGINE": SQLITE, "NAME": str(path)}


def _misplaced(path):
    """Where earlier versions, which took the path for part of an address, had a database in a file; None if not."""
    try:
        read = Path(dj_database_url.parse(f"sqlite:///{path}")["NAME"])
    except ValueError:
        return None
    return read if read != path and read.is_file() else None


def read_redis(name):
    """The address of a Redis server: redis://:password@host:port/number, or rediss:// for TLS; empty for none."""
    value = read("str", name, "").strip()
    try:
        parts = urlsplit(value)
        fits = parts.scheme in ("redis", "rediss") and parts.hostname and parts.port != 0
        cut = parts.fragment or "@" in parts.query
    except ValueError:
        fits, cut = False, True
    if value and not (fits and not cut and re.fullmatch(r"(/\d*)?", parts.path, re.ASCII)):
        raise senseless(name, REDIS_HINT)
    # The client knows its scheme in lower case alone.
    return parts.geturl()


def read_secret(name):
    """A key or token, empty when there is none; it travels in an HTTP header, so ASCII alone."""
    value = read("str", name, "").strip()
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise senseless(name, "a key has no spaces, accents or line breaks; copy it again.")
    return value


def read_list(name, default=(), pattern=".*", hint=""):
    """Values between commas, each of which must match the pattern."""
    values = [item.strip() for item in read("list", name, list(default)) if item.strip()]
    for value in values:
        if not re.fullmatch(pattern, value):
            raise senseless(name, f"{value[:60]!r} is none; {hint}")
    return values or list(default)


def read_hosts(name, default):
    return read_list(name, default, HOST, "write host names alone, without https:// or port: studio.example")


def read_origins(name, families=True):
    """Origins of pages. `families`: https://*.example is one, too; no cookie goes to pages of a whole family."""
    found = read_list(name, (), ORIGIN, "write origins as https://studio.example, without a path.")
    if not families and (family := next((origin for origin in found if "*" in origin), None)):
        raise senseless(name, f"{family!r} is no single origin; name each.")
    return found


def read_proxies(name):
    """How many proxies stand in front: a number, or true for one and false for none."""
    words = {"true": 1, "yes": 1, "on": 1, "false": 0, "no": 0, "off": 0}
    given = read("str", name, "0").strip().lower()
    if given not in words and not re.fullmatch(r"[0-9]", given):
        raise senseless(name, "write how many proxies stand in front, 0 to 9, or true for one.")
    return words[given] if given in words else int(given)


def read_admin_path(name, default):
    """Where the admin is, without slashes around; none of the other addresses' first words."""
    value = read("str", name, default).strip().strip("/")
    if not re.fullmatch(r"[a-z0-9_-]+(/[a-z0-9_-]+)*", value, re.ASCII) or value.split("/")[0] in TAKEN:
        raise senseless(name, "write a path such as studio-7f3k that is none of the others' first words.")
    return value


def check_debug(debug, hosts):
    """DEBUG shows settings and code to whoever meets an error; so it is for this machine alone."""
    public = [host for host in hosts if not re.fullmatch(LOOPBACK, host)]
    if debug and public:
        raise ImproperlyConfigured(
            f"DEBUG is on while ALLOWED_HOSTS has {public[0]!r}; turn DEBUG off, or allow localhost alone."
        )


def read_name(name, default):
    """A name of letters, digits, `.`, `_` and `-`."""
    value = read("str", name, default).strip()
    if not re.fullmatch(r"[A-Za-z0-9_][\w.-]{0,99}", value, re.ASCII):
        raise senseless(name, "use letters, digits, '.', '_' and '-' alone.")
    return value


def read_model(name, default):
    """A model as the provider names it: owner/name, or owner/name:version."""
    value = read("str", name, default).strip()
    if not re.fullmatch(rf"{MODEL}(:[\w.-]+)?", value):
        raise senseless(name, "write it as owner/name or owner/name:version.")
    return value


def read_prices(name):
    """Models and what a prediction of each costs: owner/name=0.04,owner/name=0.03."""
    prices = {}
    for item in read_list(name):
        model, _, price = item.partition("=")
        if not re.fullmatch(MODEL, model.strip()) or not re.fullmatch(PRICE, price.strip()):
            raise ImproperlyConfigured(
                f"{name} is senseless: write it as owner/name=0.04,owner/name=0.03, "
                "in USD with at most four decimals."
            )
        prices[model.strip()] = Decimal(price.strip())
    return prices
