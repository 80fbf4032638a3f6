"""What there is of a universe, for tests that compare."""

from pathlib import Path

from storage import bucket
from universes import rows
from universes.models import Universe

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
