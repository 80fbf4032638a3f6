"""A universe made what a revision kept of it: planned and applied like a pull, from the archive."""

import uuid
from itertools import chain

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from storage import archive
from universes.models import Revision, Universe
from universes.names import THUMBNAIL, music_name, video_names
from universes.rows import TABLES, UNIVERS, UNIVERS_ASSETS, UNIVERS_MUSIC_PROMPTS
from universes.services import revisions

from . import known, local, pull, syncs
from .errors import Conflict
from .plan import PUSH, RESTORE, UNPUBLISH, build
from .snapshots import File, Snapshot, tidy

# What these keep are rows of Supabase: their universe has the id that it has there.
KEPT_THERE = {PUSH, UNPUBLISH}
BATCH = 500


def run(revision_id, *, force=False, author=""):
    """Do it; what is replaced stays as a revision of cause `restore`. Returns what was done."""
    sync = syncs.admitted(prepare(revision_id), force)
    if not sync.plan.is_empty:
        pull.apply(sync.plan, _fetch, sync.here, None, author, cause=RESTORE)
    return syncs.done(sync)


def prepare(revision_id):
    """What a restore would do, as a Sync without a `there`.

    NotFound when there is no such revision; Conflict when an archived file is gone, when another universe has the
    slug, or when the universe is gone of which only a part was kept.
    """
    revision, here = _settled(revision_id)
    slug = _slug(revision, here)
    target = local.snapshot(slug, here)
    rows = _with_free_ids(revision, here)
    rows, reports = tidy(
        slug, {**target.rows, **rows} if UNIVERS.name in rows else _put_in(rows, target.rows)
    )
    source = Snapshot(slug, rows, _files(revision, rows, target), tuple(reports))
    return syncs.Sync(build(source, target, RESTORE), source, target, here, None)


def _settled(revision_id):
    """The revision and its universe here, once all files that left the universe are archived."""
    revision = revisions.find(revision_id)
    here = _counterpart(revision)
    for slug in {revision.univers_slug, here.slug if here else revision.univers_slug}:
        syncs.finish(slug)
    return revisions.find(revision.pk), here


def slug_of(revision):
    """The slug that the universe of a revision has by now."""
    here = _counterpart(revision)
    return here.slug if here else revision.univers_slug


def _counterpart(revision):
    """The universe here that a revision is about: by its id, else by its slug; or None."""
    key = "supabase_id" if revision.cause in KEPT_THERE else "pk"
    its_id = _universe_id(revision.rows)
    candidates = known.universes() if revision.cause in KEPT_THERE else Universe.objects
    by_id = candidates.filter(**{key: its_id}).first() if its_id is not None else None
    return by_id or Universe.objects.filter(slug=revision.univers_slug).first()


def _universe_id(rows):
    ids = [row["id"] for row in rows.get(UNIVERS.name, [])]
    ids += [row["univers_id"] for t in TABLES if t.parent == "univers_id" for row in rows.get(t.name, [])]
    return next(iter(ids), None)


def _slug(revision, here):
    """The slug that the universe will have: that of the revision, if it kept the universe itself."""
    for row in revision.rows.get(UNIVERS.name, []):
        other = Universe.objects.filter(slug=row["slug"]).exclude(pk=here.pk if here else None).first()
        if other:
            raise Conflict(
                _(
                    "The revision is of '%(slug)s', but that is the slug of another universe by now, "
                    "'%(name)s'; give one of them another slug, or delete that one, and restore again."
                )
                % {"slug": row["slug"], "name": other.name}
            )
        return row["slug"]
    if not here:
        raise Conflict(
            _(
                "The revision kept only a part of '%(univers_slug)s', and that universe is gone; "
                "restore the revision of its deletion first."
            )
            % {"univers_slug": revision.univers_slug}
        )
    return here.slug


# --- Rows --------------------------------------------------------------------------------------------------


def _with_free_ids(revision, here):
    """The kept rows; one whose id a row of another universe has by now gets a new one, the same each time."""
    rows = {
        table.name: [_known_columns(table, row) for row in revision.rows[table.name]]
        for table in TABLES
        if table.name in revision.rows
    }
    ids = {taken: str(uuid.uuid5(revision.pk, taken)) for taken in _taken(rows, here)}
    return {name: [_with_ids(row, ids) for row in found] for name, found in rows.items()} if ids else rows


def _known_columns(table, row):
    return {column: row[column] for column in table.columns if column in row}


def _taken(rows, here):
    taken = set()
    for table in TABLES[1:]:
        path = "universe" if table.parent == "univers_id" else "asset__universe"
        ids = [row["id"] for row in rows.get(table.name, [])]
        for start in range(0, len(ids), BATCH):
            elsewhere = table.model.objects.exclude(**{path: here}).filter(pk__in=ids[start : start + BATCH])
            taken.update(map(str, elsewhere.values_list("pk", flat=True)))
    return taken


def _with_ids(row, ids):
    return {c: ids.get(value, value) if c in ("id", "asset_id") else value for c, value in row.items()}


def _put_in(rows, present):
    """The present rows with the kept ones instead of those that they stand for; cards go with their children."""
    new = rows.get(UNIVERS_ASSETS.name, [])
    cards = {row["id"] for row in present[UNIVERS_ASSETS.name] if _is_among(UNIVERS_ASSETS, row, new)}
    merged = dict(present)
    for table in TABLES:
        if (new := rows.get(table.name)) is not None:
            stay = [row for row in present[table.name] if not _gives_way(table, row, new, cards)]
            merged[table.name] = stay + new
    return merged


def _gives_way(table, row, new, cards):
    return row["asset_id"] in cards if table.parent == "asset_id" else _is_among(table, row, new)


def _is_among(table, row, others):
    """Whether one of the others is this row, or stands for the same."""
    return any(
        row["id"] == other["id"] or all(row[column] == other[column] for column in table.natural)
        for other in others
    )


# --- Files -------------------------------------------------------------------------------------------------


def _files(revision, rows, target):
    """`{name: File}` as it will be: what the revision tells of, and what stands beside it."""
    names, had = _names(rows), _names(target.rows)
    if target.universe:
        found = {name: file for name, file in target.files.items() if name in names or name not in had}
        told = revision.files
    else:
        # What lies in the folder of no universe is not its own.
        found = {}
        told = _left_by_deletion(revision, names | {THUMBNAIL}) | revision.files
    found = {name: file for name, file in found.items() if name not in told}
    return found | {name: _kept_file(name, sha, target.files.get(name)) for name, sha in told.items() if sha}


def _names(rows):
    """The names that the files of these cards and songs have."""
    pictures = [row["image_name"] for row in rows.get(UNIVERS_ASSETS.name, [])]
    songs = [music_name(row["language"]) for row in rows.get(UNIVERS_MUSIC_PROMPTS.name, [])]
    return {*pictures, *chain.from_iterable(map(video_names, pictures)), *songs}


def _left_by_deletion(revision, names):
    """Of a universe that was deleted since: `{name: sha256}` of what it had then, as far as it is named."""
    later = Revision.objects.filter(univers_slug=revision.univers_slug, created_at__gt=revision.created_at)
    files = (
        later.filter(cause=revisions.DELETE).order_by("-created_at").values_list("files", flat=True).first()
    )
    return {name: sha for name, sha in (files or {}).items() if name in names}


def _kept_file(name, sha256, present):
    if present and present.sha256 == sha256:
        return present
    size = archive.size(sha256)
    if size is None:
        raise _gone(name)
    return File(name, size, sha256=sha256)


def _fetch(file, path):
    """Put an archived file at a path."""
    try:
        came = archive.copy_to(file.sha256, path)
    except FileNotFoundError:
        raise _gone(file.name) from None
    if came != file.sha256:
        raise Conflict(
            _("The archived copy of '%(name)s' is damaged; nothing was changed. %(error)s")
            % {"name": file.name, "error": ELSEWHERE}
        )


ELSEWHERE = gettext_lazy("Put it back into the archive from a backup, or restore another revision.")


def _gone(name):
    return Conflict(
        _("The archived copy of '%(name)s' is gone; nothing was changed. %(error)s")
        % {"name": name, "error": ELSEWHERE}
    )
