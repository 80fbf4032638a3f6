"""Where bucket, archive and the files of unfinished pulls lie: each is read as of a moment, and replaced whole."""

from contextlib import suppress
from pathlib import Path

from django.conf import settings

from storage.archive import archive
from storage.backends import FolderStorage, plain_files
from storage.bucket import bucket
from storage.copying import together
from storage.errors import BucketUnreachable
from storage.filesystems import link, set_time
from storage.names import ASIDE, FILLING
from storage.staging import PENDING

from .errors import Refused


def places():
    """`{what its folder in the archive file is called: place}`"""
    found = {name: _place_of(store) for name, store in {"bucket": bucket(), "archive": archive()}.items()}
    return found | {"pending": FolderPlace(Path(settings.STORAGE_PATH) / PENDING)}


def on_servers():
    """Those of them that are on a server."""
    return [place for place in places().values() if isinstance(place, S3Place)]


def _place_of(store):
    return FolderPlace(Path(store.location)) if isinstance(store, FolderStorage) else S3Place(store)


class FolderPlace:
    """A folder of this machine: it is linked in no time, and replaced by a rename."""

    def __init__(self, path):
        self.path = path

    def fetch(self, target):
        """There is nothing to do beforehand."""

    def hold(self, target):
        """Link all files below the folder `target`: no file is ever written in place, so what is linked stays."""
        for folder in self._folders():
            for name, path in plain_files(folder).items():
                (target / folder.name).mkdir(exist_ok=True)
                _link(path, target / folder.name / name)

    def _folders(self):
        """Those with files, what lies set aside on its way to the archive among them."""
        found = self.path.iterdir() if self.path.is_dir() else ()
        return [p for p in found if p.is_dir() and not p.is_symlink() and _is_kept(p.name)]

    def replacement(self, folder):
        return FolderReplacement(self.path, folder)


class FolderReplacement:
    """A folder, `there`, on its way to the place of another, `here`, which is kept beside it meanwhile."""

    def __init__(self, here, there):
        self.here, self.there = here, there
        self.before = there.with_name(f"before-{there.name}")

    def bring(self):
        """It is on this machine already."""

    def swap(self):
        if self.here.exists():
            self.here.rename(self.before)
        self.there.mkdir(exist_ok=True)
        self.here.parent.mkdir(parents=True, exist_ok=True)
        self.there.rename(self.here)

    def undo(self):
        if self.before.exists():
            if self.here.exists():
                self.here.rename(self.there)
            self.before.rename(self.here)

    def complete(self):
        """It was when it was swapped."""


class S3Place:
    """A bucket on a server: its files are copied beforehand, those that change meanwhile once more."""

    def __init__(self, storage):
        self.storage, self.known = storage, {}

    def fetch(self, target):
        """Copy all files below the folder `target`, but for those that have not changed since it was last done."""
        try:
            self._fetch(target)
        except BucketUnreachable as error:
            raise Refused(str(error)) from None

    # What has come since `fetch`, while nobody may write, is little.
    hold = fetch

    def _fetch(self, target):
        listed = dict(self.storage.everything())
        for name in self.known.keys() - listed.keys():
            (target / name).unlink()
            del self.known[name]
        changed = [name for name, stat in listed.items() if self.known.get(name) != stat]
        together(self._fetch_one, [(target / name, name) for name in changed])

    def _fetch_one(self, path, name):
        path.parent.mkdir(exist_ok=True)
        try:
            self.known[name] = stat = self.storage.copy_out(name, path)
            set_time(path, stat.st_mtime)
        except FileNotFoundError:
            # It was deleted since it was listed, by somebody who changes no rows.
            self.known.pop(name, None)
            path.unlink(missing_ok=True)

    def replacement(self, folder):
        return self.storage.replacement(folder)

    def owes(self):
        """Whether files of a replacement are missing whose rows are in."""
        return bool(self.storage.owed_replacements())

    def finish(self):
        """Complete the replacements that broke off once their rows were in; returns how many there were."""
        return self.storage.finish_replacements()


def _is_kept(name):
    return not name.startswith(".") or name.startswith((ASIDE, FILLING))


def _link(path, target):
    # It may be deleted once it was listed, by somebody who changes no rows.
    with suppress(FileNotFoundError):
        link(path, target)
