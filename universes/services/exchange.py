"""One universe as a zip file: `manifest.json`, and `files/<name>` as they are. Any installation can read it.

Whoever sends one may have made it by hand: nothing in it is believed, and nothing is written where it could be
seen before all of it is checked.
"""

import hashlib
import zipfile
from functools import partial
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from storage.bucket import preparing
from storage.copying import CHUNK
from storage.staging import staging

from ..errors import TooLarge
from ..rows import TABLES, UNIVERS
from . import manifest, whole, zips
from .copies import renumbered
from .manifest import refuse

MANIFEST, FILES = "manifest.json", "files/"
LARGEST_MANIFEST = 32 * 1024 * 1024
# Of rows and files in a manifest; each takes more memory than it has bytes.
MOST_THINGS = 500_000
BATCH = 500


# --- Out ---------------------------------------------------------------------------------------------------


def export(slug, target):
    """Write the archive of a universe to the path `target`: rows and files of one moment.

    The same universe makes the same bytes. NotFound when there is none, Changing when it does not hold still.
    """
    for original in whole.attempts(slug):
        with zipfile.ZipFile(target, "w") as archive:
            files = original.copied(partial(_store, archive))
            if files is not None:
                written = manifest.write(original.rows, files)
                archive.writestr(zipfile.ZipInfo(MANIFEST), written, zipfile.ZIP_DEFLATED)
                return


def exported(slug):
    """The same as an open file, which leaves nothing on disk when it is closed."""
    with staging() as folder:
        export(slug, folder / "archive")
        # What is open stays readable when its folder goes.
        return (folder / "archive").open("rb")


def _store(archive, name, size, source):
    """Media are packed already: they are stored as they are."""
    info, sha256, written = zipfile.ZipInfo(f"{FILES}{name}"), hashlib.sha256(), 0
    info.file_size = size
    with archive.open(info, "w") as target:
        while piece := source.read(CHUNK):
            written += target.write(piece)
            sha256.update(piece)
    return written, sha256.hexdigest()


def file_name(slug):
    return f"{slug}.magikswipe.zip"


# --- In ----------------------------------------------------------------------------------------------------


def receive(stream, target):
    """Write what comes to the path `target`. `stream`: anything with `read(size)`.

    Raises TooLarge beyond IMPORT_MAX_MB, Invalid when nothing comes.
    """
    size = 0
    with Path(target).open("wb") as file:
        while piece := stream.read(CHUNK):
            check_size(size := size + len(piece))
            file.write(piece)
    if not size:
        raise refuse(_("No archive came; send its bytes as the body."))


def check_size(size):
    if size > settings.IMPORT_MAX_MB * 1024 * 1024:
        raise TooLarge(
            _("The archive is larger than %(most)s MB; raise IMPORT_MAX_MB to import it.")
            % {"most": settings.IMPORT_MAX_MB}
        )


def load(path, slug=""):
    """Make a universe of the archive at `path`, under its own slug unless another is given; returns it.

    Under its own slug, rows keep those ids that are free here, so that a later sync knows them again; under
    another it is a copy, with ids of its own. Invalid says what is wrong with the archive; AlreadyExists and
    TooLarge as their names say. Whatever is raised, nothing of it stays.
    """
    with zips.opened(path) as archive:
        members = _members(archive)
        rows, files = manifest.read(_manifest(archive, members))
        listed = _listed(members, files)
        own = rows[UNIVERS.name][0]["slug"]
        whole.check_free(slug or own)
        with preparing() as prepared:
            for name, expected in files.items():
                _unpack(archive, listed[name], name, expected, prepared)
            return whole.put_down(slug or own, _rows(rows, own, slug or own), prepared)


def _rows(rows, own, slug):
    (universe,) = rows[UNIVERS.name]
    rows = renumbered(rows, _needs_an_id(rows, is_copy=slug != own))
    return {**rows, UNIVERS.name: [whole.moved(universe, own, slug)]}


def _members(archive):
    found = zips.members(archive, MANIFEST)
    check_size(sum(info.file_size for info in found.values()))
    return found


def _manifest(archive, members):
    """The bytes of the manifest, which is taken out of the members."""
    name = zips.matched(members, [MANIFEST]).get(MANIFEST)
    if not name:
        raise refuse(_("The archive has no manifest.json; it is not an exported universe."))
    info = members.pop(name)
    if info.file_size > LARGEST_MANIFEST:
        raise refuse(_("The archive's manifest.json is too large to be one."))
    with zips.unpacked(archive, info) as source:
        content = source.read()
    if content.count(b"{") + content.count(b"[") > MOST_THINGS:
        raise refuse(_("The archive's manifest.json is too large to be one."))
    return content


def _listed(members, files):
    """`{name: ZipInfo}` of the files that the manifest lists; Invalid unless those are the ones that are there."""
    names = zips.matched(members, (f"{FILES}{name}" for name in files))
    if unknown := sorted(members.keys() - names.values()):
        raise refuse(
            _("The archive holds %(name)s, which its manifest.json does not list.")
            % {"name": repr(unknown[0][:80])}
        )
    if missing := sorted({f"{FILES}{name}" for name in files} - names.keys()):
        raise refuse(
            _("The archive lacks %(name)s, which its manifest.json lists.") % {"name": repr(missing[0])}
        )
    return {name.removeprefix(FILES): members[there] for name, there in names.items()}


def _unpack(archive, info, name, expected, prepared):
    # zipfile reads no more than the size that is declared, which the sum was checked for.
    with zips.unpacked(archive, info) as source:
        if prepared.add(name, source) != expected:
            raise refuse(
                _("The archive's '%(name)s' is not what its manifest.json says; export the universe anew.")
                % {"name": name}
            )


def _needs_an_id(rows, is_copy):
    """Whether a row can't keep its id: `(table, row) -> bool`."""
    used = {} if is_copy else {table: _used(table, rows[table.name]) for table in TABLES[1:]}
    return lambda table, row: is_copy or row["id"] in used[table]


def _used(table, items):
    ids = [row["id"] for row in items]
    found = set()
    for start in range(0, len(ids), BATCH):
        found |= {
            str(pk)
            for pk in table.model.objects.filter(pk__in=ids[start : start + BATCH]).values_list(
                "pk", flat=True
            )
        }
    return found
