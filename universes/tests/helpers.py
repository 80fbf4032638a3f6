"""Exports taken apart and packed again, states of a universe to compare, and calls at the same moment."""

import io
import json
import threading
import zipfile
from pathlib import Path

from django.db import connection

from storage import bucket
from universes import rows
from universes.errors import AlreadyExists, NotFound
from universes.models import Universe

EXPORT, IMPORT = "/api/universes/winter/export", "/api/universes/import"


def by_name(archive):
    """`{name: bytes}` of an archive's members."""
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        return {name: source.read(name) for name in source.namelist()}


def packed(members, change=lambda info: None, method=zipfile.ZIP_STORED):
    """An archive of `[(name, bytes)]`; `change` may alter each ZipInfo before it is written."""
    with zipfile.ZipFile(target := io.BytesIO(), "w") as archive:
        for name, content in members:
            change(info := zipfile.ZipInfo(name))
            archive.writestr(info, content, method)
    return target.getvalue()


def with_manifest(archive, change):
    """The archive after `change(manifest)`."""
    members = by_name(archive)
    change(manifest := json.loads(members["manifest.json"]))
    return packed({**members, "manifest.json": json.dumps(manifest).encode()}.items())


# --- Comparing


OWN = {"id", "univers_id", "asset_id"}
TIMES = {"created_at", "updated_at"}


def contents(slug):
    """`{name: bytes}` of a universe's folder."""
    return {name: Path(bucket.bucket().path(f"{slug}/{name}")).read_bytes() for name in bucket.names(slug)}


def found(slug):
    return rows.read(Universe.objects.get(slug=slug))


def state(slug):
    """Everything from which a change could be told: rows, bytes, inodes, times."""
    stats = bucket.bucket().files(slug)
    facts = {name: (stat.st_ino, stat.st_size, stat.st_mtime_ns) for name, stat in stats.items()}
    return found(slug), facts, contents(slug)


def words(slug):
    """The rows of a universe by table, without ids and times."""
    return {
        table: sorted((without(row, OWN | TIMES) for row in items), key=str)
        for table, items in found(slug).items()
    }


def without(row, columns):
    return {column: value for column, value in row.items() if column not in columns}


def ids(slug):
    return {str(row["id"]) for items in found(slug).values() for row in items}


def in_the_bucket():
    """The names of everything at its top, hidden or not."""
    top = Path(bucket.bucket().location)
    return sorted(path.name for path in top.iterdir()) if top.exists() else []


# --- At once


def together(*calls):
    """Run the calls at once, each in a thread; returns what each returned or raised, in order."""
    barrier, results = threading.Barrier(len(calls)), [None] * len(calls)

    def run(index, call):
        barrier.wait(60)
        try:
            results[index] = call()
        except (AlreadyExists, NotFound) as error:
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return results


def after(fragment, act):
    """A wrapper that does `act` after each statement with this fragment."""

    def wrap(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if fragment in sql:
            act()
        return result

    return connection.execute_wrapper(wrap)
