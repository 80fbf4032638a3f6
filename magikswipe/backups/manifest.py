"""What a backup says of itself: its last member, so that one that broke off has none."""

import json
import re

from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from magikswipe import __version__

from .errors import Refused

NAME, FORMAT, VERSION = "manifest.json", "magikswipe-backup", 1
FOLDER, FILE = r"[A-Za-z0-9_.][A-Za-z0-9_.-]{0,199}", r"[A-Za-z0-9_][A-Za-z0-9._-]{0,149}"
MEMBER = re.compile(rf"rows/[A-Za-z_]+\.[A-Za-z]+\.jsonl|(bucket|archive|pending)/{FOLDER}/{FILE}")
NO_BACKUP = "This is no whole backup of MagikSwipe ({reason}); use another one."


def describe(rows, files):
    """The bytes of a manifest. `rows`: `{model label: number}`, `files`: `{member: {"size", "sha256"}}`."""
    said = {
        "format": FORMAT,
        "version": VERSION,
        "made_at": timezone.now().isoformat(),
        "made_by": __version__,
        "migrations": migrations(),
        "rows": rows,
        "files": files,
    }
    return json.dumps(said, indent=1).encode()


def migrations():
    """The names of all applied migrations, `app.name`, which say what the tables look like."""
    return sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())


def read(content):
    """A manifest as a dictionary; Refused when it is none, or of a format to come."""
    try:
        found = json.loads(content)
        if found["format"] != FORMAT or not isinstance(found["files"], dict):
            raise refused("its manifest is another's")
        if found["version"] > VERSION:
            raise Refused(f"The backup was made by version {found['made_by']}; restore it with that one.")
    except (ValueError, KeyError, TypeError):
        raise refused("its manifest can't be read") from None
    return found


def check_tables(manifest):
    """Refused unless the tables here are those that the backup was made from."""
    here, there = set(migrations()), set(manifest["migrations"])
    if here != there:
        other = sorted(here ^ there)[0]
        raise Refused(
            f"The backup's tables are others than those here ({other}); restore it with the version that made it, "
            f"{manifest['made_by']}, then update."
        )


def check_name(member):
    if not MEMBER.fullmatch(member) or ".." in member.split("/"):
        raise refused(f"it has a file {member[:60]!r}")


def refused(reason):
    return Refused(NO_BACKUP.format(reason=reason))


def sentence(said):
    """`1234 rows and 56 files (7.8 MB)`"""
    media = [facts["size"] for name, facts in said["files"].items() if not name.startswith("rows/")]
    return f"{sum(said['rows'].values())} rows and {len(media)} files ({sum(media) / 1e6:.1f} MB)"
