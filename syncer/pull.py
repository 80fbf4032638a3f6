"""Applying a plan here: staged files, one short transaction for the rows, then the files.

What it is made equal to may be Supabase or a revision: `fetch` brings the files from there.
"""

from contextlib import ExitStack, contextmanager

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from storage import archive, bucket
from storage.errors import is_disk_full
from storage.files import digests
from storage.staging import claim
from universes.models import Revision
from universes.services import revisions

from . import journals, local, progress
from .errors import Conflict, NoSpace
from .intake import Intake
from .moving import in_parallel
from .plan import CREATE, DELETE, RESTORE, UPDATE


def apply(plan, fetch, universe, remote_id, author="", cause="pull"):
    """Do it; returns the universe here, which is new when None was given.

    `fetch(file, path)`: puts a planned file whole at a path, or raises; what lies there may be it already. `cause`:
    what the revision says. What is overwritten stays as a revision, whether it was there when the plan was made or
    came since. An error before the transaction leaves everything as it was, and what has been fetched to the next
    try; one after it leaves a journal, which `journals` completes.
    """
    folder = journals.stage(plan.slug)
    with claim(folder) as mine:
        if not mine:
            raise Conflict(
                _("Another sync of '%(slug)s' is at it; try again when that has ended.") % {"slug": plan.slug}
            )
        with _room(plan, folder):
            universe = _apply(plan, fetch, universe, remote_id, folder, (cause, author))
    progress.done(len(plan.rows) + len(plan.file_changes(DELETE)))
    return universe


@contextmanager
def _room(plan, folder):
    """A full disk is told of as such, and keeps none of what was fetched."""
    try:
        yield
    except OSError as error:
        journals.abandon(folder)
        if is_disk_full(error):
            raise NoSpace(
                _("The disk here is full; make room and %(direction)s '%(slug)s' again.")
                % {"direction": plan.direction, "slug": plan.slug}
            ) from None
        raise


def _apply(plan, fetch, universe, remote_id, folder, why):
    in_parallel(lambda change: fetch(change.file, folder / change.name), plan.file_changes(CREATE, UPDATE))
    journal = journals.draft(plan, universe.slug if universe else plan.slug, folder, why)
    universe = _write(plan, universe, remote_id, folder, journal)
    journals.complete(journal)
    return universe


class Downloads:
    """Fetches files of a universe from Supabase; `came`: `{name: {"sha256", "md5"}}` of those that are here then."""

    def __init__(self, client, slug):
        self.client, self.slug, self.came = client, slug, {}

    def __call__(self, file, path):
        """Put one at a path; Unreadable when other bytes come than are listed."""
        self.came[file.name] = _left(file, path) or self.client.download(
            f"{self.slug}/{file.where}", path, file.size, file.md5
        )


def _left(file, path):
    """The digests of what lies at a path, if that is the file: an earlier pull that broke off has left it."""
    if not (file.md5 and path.exists() and path.stat().st_size == file.size):
        return None
    found = digests(path)
    return found if found["md5"] == file.md5 else None


def _staged(plan, folder, action):
    return {change.name: folder / change.name for change in plan.file_changes(action)}


def _write(plan, universe, remote_id, folder, journal):
    """New files, then the rows with the journal; or nothing at all. Returns the universe."""
    old_slug, why = journal.old_slug, journal.why
    moved = bucket.names(old_slug) if old_slug != plan.slug else ()
    intake = Intake(plan.slug)
    with ExitStack() as held, intake.undone_on_error():
        news = {name: held.enter_context(bucket.fetched(old_slug, name)) for name in moved}
        news |= _staged(plan, folder, CREATE)
        # New files lie there before a row names them; replaced ones come when the rows are as new as they.
        intake.put(news)
        kept = archive.add_from_bucket(old_slug, [c.name for c in plan.file_changes(UPDATE, DELETE)])
        if old_slug == plan.slug:
            kept |= intake.kept
        else:
            _keep_files(plan.slug, why, intake.kept)
        return _write_rows(plan, universe, remote_id, kept, journal)


def _write_rows(plan, universe, remote_id, kept, journal):
    why = journal.why
    try:
        with transaction.atomic():
            if not universe:
                _keep_files(plan.slug, why, kept)
            elif kept or _overwrites(plan):
                revisions.create(universe, *why, kept | _absent(plan))
            universe = local.write(universe, plan, remote_id)
            # They are found by the slug that the universe has.
            Revision.objects.filter(univers_slug=journal.old_slug).update(univers_slug=plan.slug)
            journals.save(journal, universe, kept)
            return universe
    except IntegrityError as error:
        raise Conflict(
            _(
                "'%(slug)s' can't be written here: it changed meanwhile, or something else has its "
                "slug or ids; look for that and %(direction)s it again (%(error)s)."
            )
            % {"slug": plan.slug, "direction": plan.direction, "error": error}
        ) from None


def _overwrites(plan):
    """Whether rows that are here change; a restore is kept even if it only adds, since it can be undone."""
    changed = plan.rekeys or plan.row_changes(UPDATE) or plan.row_changes(DELETE)
    return bool(changed) or plan.direction == RESTORE


def _absent(plan):
    """The names of which a restore's revision says that there was no file, `{name: None}`."""
    created = plan.file_changes(CREATE) if plan.direction == RESTORE else []
    return {change.name: None for change in created}


def _keep_files(slug, why, files):
    """A revision of files alone: those in a folder of no universe, and those that came when the rows were written."""
    if files:
        revisions.create_from(slug, *why, files)
