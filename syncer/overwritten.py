"""What a push or an unpublishing is about to overwrite in Supabase, kept as a revision that can be restored here."""

from django.utils.translation import gettext

from storage import archive
from storage.staging import staging
from universes.models import Revision
from universes.services import revisions

from .errors import Unreadable
from .moving import in_parallel
from .plan import DELETE, UPDATE
from .pull import Downloads

# A file is given up when it comes wrong so often: once may be the line's fault.
LOOKS = 2


def keep_for_push(plan, target, client, author):
    """Keep the rows of a universe over there as they are, and those of its files that the plan replaces or deletes.

    `target`: the Snapshot that the plan was made from. A plan that only adds overwrites nothing, and nothing is kept.
    Returns sentences as `keep` does.
    """
    names = [change.name for change in plan.file_changes(UPDATE, DELETE)]
    if names or plan.row_changes(UPDATE) or plan.row_changes(DELETE):
        files = {name: target.files[name] for name in names}
        return keep(plan.direction, target, files, client, author)
    return []


def keep(cause, there, files, client, author):
    """Keep the rows of a universe over there, a Snapshot, and `files` of its folder, `{name: File}`.

    What the archive has already, as far as we know what lies there, is not fetched. Whoever tries again, since what
    came next broke off, keeps nothing twice. Returns sentences on files that could not be kept, since Supabase does not
    give them as it lists them: waiting for those would block every sync to come.
    """
    kept, reports = _archived(there.slug, files, client)
    rows = (
        {name: rows for name, rows in there.rows.items() if name not in there.missing}
        if there.universe
        else {}
    )
    last = Revision.objects.filter(univers_slug=there.slug, cause=cause).order_by("-created_at").first()
    if not (last and _holds(last, rows, kept)):
        revisions.create_from(there.slug, cause, author, kept, rows)
    return reports


def _holds(revision, rows, files):
    return rows in ({}, revision.rows) and files.items() <= revision.files.items()


def _came(fetch, file, path):
    """Whether a file came as it is listed."""
    try:
        fetch(file, path)
    except Unreadable:
        return False
    return True


def _archived(slug, files, client):
    """`({name: sha256}, reports)` of the files, all of which the archive has then but for those reported."""
    kept = {name: file.sha256 for name, file in files.items() if file.sha256 and archive.renew(file.sha256)}
    fetch, missing = Downloads(client, slug), [item for item in files.items() if item[0] not in kept]
    lost = []
    with staging() as folder:

        def take(item):
            name, file = item
            if not any(_came(fetch, file, folder / name) for _ in range(LOOKS)):
                lost.append(file.where)
                return
            kept[name] = archive.add(folder / name)
            (folder / name).unlink()

        in_parallel(take, missing, heard=False)
    return kept, [
        gettext("%(file)s could not be kept: Supabase does not give it as it lists it.")
        % {"file": f"{slug}/{where}"}
        for where in sorted(lost)
    ]
