"""Reading one setting: from the environment, else from `.env`, as the type that it has in `settings`.

A value that has no such type ends the start here, in a sentence that names it; `checks` looks at what the values say.
"""

import os
import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from dotenv.parser import parse_stream
from environs import Env, EnvError, validate

BASE_DIR = Path(__file__).resolve().parent.parent

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
BUCKET_HINT = (
    "write it as s3://key:secret@host:port/bucket?region=eu-west-3, with &scheme=http if need be; "
    "in key and secret, / is %2F, + is %2B and @ is %40."
)
PRICES_HINT = "write it as owner/name=0.04,owner/name=0.03, in USD with at most four decimals."
BUCKET = r"[A-Za-z0-9][A-Za-z0-9._-]{1,62}"
REGION = r"[a-z0-9-]+"
# A host name as boto3 takes it: https://www.rfc-editor.org/rfc/rfc1123#page-13
LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
SERVER = rf"{LABEL}(\.{LABEL})*\.?|\[[0-9a-f:]+\]"
PROXIES = {"true": 1, "yes": 1, "on": 1, "false": 0, "no": 0, "off": 0} | {str(n): n for n in range(10)}
SQLITE, POSTGRESQL = "django.db.backends.sqlite3", "django.db.backends.postgresql"
# Many writers wait instead of failing.
PATIENT_SQLITE = {
    # A transaction that reads, then writes, must take the writer's lock first: asked for later, it is refused at
    # once, whatever the timeout (https://www.sqlite.org/rescode.html#busy).
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}


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


def senseless(name: str, reason: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name} is senseless: {reason}")


def read(kind: str, name: str, default: Any = ..., **options: Any) -> Any:
    """Read one value as a type of environs; ImproperlyConfigured with a sentence for a missing or senseless one."""
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


def read_text(name: str, default: str = "") -> str:
    return str(read("str", name, default)).strip()


def read_number(name: str, default: int, least: int = 1, most: int | None = None) -> int:
    return int(read("int", name, default, validate=validate.Range(min=least, max=most)))


def read_choice(name: str, default: str, choices: Iterable[str]) -> str:
    return str(read("str", name, default, validate=validate.OneOf(list(choices))))


def read_list(name: str, default: Iterable[str] = ()) -> list[str]:
    """Values between commas."""
    return [item.strip() for item in read("list", name, []) if item.strip()] or list(default)


def read_url(name: str, default: str = "") -> str:
    """An address without a trailing slash, its scheme and host in lower case."""
    value = read_text(name, default).rstrip("/")
    return re.sub(
        r"^(\w+://)([^/?#]*@)?([^/?#]*)",
        lambda found: found[1].lower() + (found[2] or "") + found[3].lower(),
        value,
    )


def read_bucket_address(name: str) -> str:
    """The address under which browsers reach the bucket's server, as they send it: without a usual port."""
    value = read_url(name)
    try:
        parts = urlsplit(value)
        usual = parts.port is not None and parts.port == {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return value
    return parts._replace(netloc=parts.netloc.rpartition(":")[0]).geturl() if usual else value


def read_time_zone(name: str, default: str) -> str:
    """The name of a time zone, as https://www.iana.org/time-zones has them."""
    value = read_text(name, default)
    try:
        ZoneInfo(value)
    # A folder of zones, such as Europe, is an OSError.
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise senseless(
            name, f"{value[:60]!r} is no time zone; write one such as Europe/Paris or UTC."
        ) from None
    return value


def read_proxies(name: str) -> int:
    """How many proxies stand in front: a number, or true for one and false for none."""
    given = read_text(name, "0").lower()
    if given not in PROXIES:
        raise senseless(name, "write how many proxies stand in front, 0 to 9, or true for one.")
    return PROXIES[given]


def read_prices(name: str) -> dict[str, Decimal]:
    """Models and what a prediction of each costs: owner/name=0.04,owner/name=0.03."""
    pairs = [item.partition("=") for item in read_list(name)]
    try:
        return {model.strip(): Decimal(price.strip()) for model, _equals, price in pairs}
    except InvalidOperation:
        raise senseless(name, PRICES_HINT) from None


def read_bucket(name: str, default: dict[str, str] | None = None) -> dict[str, str] | None:
    """The parts of s3://key:secret@host:port/bucket?region=…&scheme=http for `storage.s3`; the default when not given.

    The path before the bucket's name belongs to the server's address.
    """
    if not (value := read_text(name)):
        return default
    try:
        parts = urlsplit(value)
        asked = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise senseless(name, BUCKET_HINT) from None
    path, _, bucket = parts.path.rpartition("/")
    scheme, region = asked.pop("scheme", "https"), asked.pop("region", "us-east-1")
    whole = parts.scheme == "s3" and parts.hostname and parts.username and parts.password
    whole = whole and not parts.fragment
    if not whole or asked or scheme not in ("http", "https") or not re.fullmatch(BUCKET, bucket):
        raise senseless(name, BUCKET_HINT)
    if not re.fullmatch(SERVER, host := _host(parts)):
        raise senseless(name, f"{host[:60]!r} is no host; its name has letters, digits, '-' and '.' alone.")
    if not re.fullmatch(REGION, region):
        raise senseless(name, f"{region[:60]!r} is no region; write it as region=eu-west-3.")
    return {
        "endpoint_url": f"{scheme}://{host}{port}{path}",
        "bucket": bucket,
        "key": unquote(parts.username or ""),
        "secret": unquote(parts.password or ""),
        "region": region,
        "setting": name,
    }


def _host(parts: SplitResult) -> str:
    """The host of a split address, in lower case, as it stands there: an IPv6 one in brackets."""
    host = parts.hostname or ""
    return f"[{host}]" if ":" in host else host


def store(server: dict[str, str] | None, prefix: str, public_url: str = "", **folder: Any) -> dict[str, Any]:
    """Django's configuration of a bucket on a server of `read_bucket`; of a folder where there is none."""
    if server:
        options = {"server": server, "prefix": prefix, "public_url": public_url}
        return {"BACKEND": "storage.s3.S3Storage", "OPTIONS": options}
    return {"BACKEND": "storage.folder.FolderStorage", "OPTIONS": folder}


def made(folder: Path) -> Path:
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
    value = str(read("str", name, default))
    if "${" in value:
        raise senseless(name, "'${' stands in it; write the path itself, no variable is put in.")
    return made((BASE_DIR / value).resolve())


def read_database(name: str, folder: Path) -> dict[str, Any]:
    """Django's configuration of a database; of SQLite in `folder` when none is named."""
    given = read_text(name)
    config = _parse_database(name, given) if given else _local_database(folder)
    if config["ENGINE"] == SQLITE:
        config["OPTIONS"] = PATIENT_SQLITE
    return config | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}


def _parse_database(name: str, given: str) -> dict[str, Any]:
    in_file = given.startswith("sqlite:")
    config: dict[str, Any] = {}
    try:
        config, parts = dict(dj_database_url.parse(given)), urlsplit(given)
        # Where an address was cut at a sign that means something, its end is left over.
        cut = parts.fragment or (parts.query if in_file else "@" in parts.path + parts.query)
    except ValueError:
        cut = True
    if cut or config["ENGINE"] not in (SQLITE, POSTGRESQL) or not config["NAME"]:
        raise senseless(name, SQLITE_HINT if in_file else DATABASE_HINT)
    if in_file and not (folder := Path(config["NAME"]).parent).is_dir():
        raise senseless(name, f"there is no folder {folder}.")
    return config


def _local_database(folder: Path) -> dict[str, Any]:
    path = made(folder) / "local.db"
    if not path.exists() and (misplaced := _misplaced(path)):
        raise senseless(
            "STORAGE_PATH",
            f"the database of this folder lies at {misplaced}; move it to {path}, with what begins with its name.",
        )
    return {"ENGINE": SQLITE, "NAME": str(path)}


def _misplaced(path: Path) -> Path | None:
    """Where earlier versions, which took the path for part of an address, had a database in a file; None if not."""
    try:
        read = Path(dj_database_url.parse(f"sqlite:///{path}")["NAME"])
    except ValueError:
        return None
    return read if read != path and read.is_file() else None


def read_redis(name: str) -> str:
    """The address of a Redis server: redis://:password@host:port/number, or rediss:// for TLS; empty for none."""
    if not (value := read_text(name)):
        return ""
    try:
        parts = urlsplit(value)
        fits = parts.scheme in ("redis", "rediss") and parts.hostname and parts.port != 0
    except ValueError:
        raise senseless(name, REDIS_HINT) from None
    cut = parts.fragment or "@" in parts.query or not re.fullmatch(r"(/\d*)?", parts.path, re.ASCII)
    if not fits or cut:
        raise senseless(name, REDIS_HINT)
    # The client knows its scheme in lower case alone.
    return parts.geturl()
