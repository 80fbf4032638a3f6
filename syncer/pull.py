"""Applying a plan here: staged downloads, one short transaction for the rows, then the files."""

from contextlib import contextmanager

from django.db import IntegrityError, transaction

from storage import archive, bucket
from universes.services import revisions

from . import local, progress
from .errors import Conflict, RemoteError
from .moving import in_parallel, staging
from .plan import CREATE, DELETE, UPDATE


def apply(plan, client, universe, remote_id, author=""):
    """Do it; returns the universe here, which is new when None was given.

    What is overwritten stays as a revision. An error before the transaction leaves everything as it was; one after
    it leaves old files that the next pull replaces.
    """
    old_slug = universe.slug if universe else plan.slug
    with staging() as folder:
        _download(plan, client, folder)
        kept = archive.keep_from_bucket(old_slug, [c.name for c in plan.file_changes(UPDATE, DELETE)])
        with _undone_on_error(plan, old_slug):
            if old_slug != plan.slug:
                _copy_folder(old_slug, plan.slug)
            # New files lie there before a row names them; replaced ones come when the rows are as new as they.
            _take(plan, folder, CREATE)
            universe = _write(plan, universe, remote_id, author, kept)
        _take(plan, folder, UPDATE)
    for change in plan.file_changes(DELETE):
        bucket.remove(plan.slug, change.name)
    if old_slug != plan.slug:
        bucket.remove_folder(old_slug)
    progress.done(len(plan.rows) + len(plan.file_changes(DELETE)))
    return universe


@contextmanager
def _undone_on_error(plan, old_slug):
    """Take the new files away again when the rows that name them can't be written."""
    try:
        yield
    except Exception:
        news = (
            bucket.names(plan.slug) if old_slug != plan.slug else [c.name for c in plan.file_changes(CREATE)]
        )
        for name in news:
            bucket.remove(plan.slug, name)
        if not bucket.names(plan.slug):
            bucket.remove_folder(plan.slug)
        raise


def _download(plan, client, folder):
    def fetch(change):
        file = change.file
        came = client.download(f"{plan.slug}/{file.name}", folder / file.name, file.size)
        if file.md5 and came["md5"] != file.md5:
            raise RemoteError(f"{plan.slug}/{file.name} came with other bytes than are listed; pull again.")

    in_parallel(fetch, plan.file_changes(CREATE, UPDATE))


def _copy_folder(old, new):
    for name in bucket.names(old):
        bucket.take(local.path(old, name), new, name)


def _take(plan, folder, action):
    # Side by side, since each waits for the disk to have it.
    in_parallel(
        lambda change: bucket.take(folder / change.name, plan.slug, change.name),
        plan.file_changes(action),
        heard=False,
    )


def _write(plan, universe, remote_id, author, kept):
    overwrites = plan.row_changes(UPDATE) + plan.row_changes(DELETE) + plan.file_changes(UPDATE, DELETE)
    try:
        with transaction.atomic():
            if universe and (overwrites or plan.rekeys):
                revisions.keep(universe, "pull", author, kept)
            return local.write(universe, plan, remote_id)
    except IntegrityError as error:
        raise Conflict(
            f"'{plan.slug}' can't be written here: it changed meanwhile, or something else has its slug or ids; "
            f"look for that and pull again ({error})."
        ) from None
