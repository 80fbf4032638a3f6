"""Where bucket, archive and the files of unfinished pulls lie: each is read as of a moment, and replaced whole."""

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from storage.archive import archive
from storage.bucket import bucket
from storage.errors import BucketUnreachable
from storage.files import link, plain_files, set_time, together
from storage.folder import FolderStorage
from storage.names import RESTORING, TRASH, TRASH_FILLING, is_safe_segment
from storage.staging import PENDING

from .tarball import Refused

# Folders that a restore brings beside one of ours, and those that it takes away from there.
BROUGHT, REPLACED = RESTORING, ".replaced-"


def places():
    """`{what its folder in the archive file is called: place}`"""
    found = {name: _place_of(store) for name, store in {"bucket": bucket(), "archive": archive()}.items()}
    return found | {"pending": FolderPlace(Path(settings.STORAGE_PATH) / PENDING)}


def folders() -> list["FolderPlace"]:
    """Those of them that are on this machine."""
    return [place for place in places().values() if isinstance(place, FolderPlace)]


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
        """The folders with files, also those on their way to the archive."""
        found = self.path.iterdir() if self.path.is_dir() else ()
        return [p for p in found if p.is_dir() and not p.is_symlink() and _is_kept(p.name)]

    def replacement(self, folder: Path, mark: str) -> "FolderReplacement":
        return FolderReplacement(self.path, mark, folder)

    def promised(self, mark: str) -> "FolderReplacement":
        """The folder that a restore brought before it broke off, if any."""
        return FolderReplacement(self.path, mark)

    def brought(self) -> list[Path]:
        """All that restores have left beside it."""
        return [
            path
            for start in (BROUGHT, REPLACED)
            for path in self.path.parent.glob(f"{start}*-{self.path.name}")
        ]


class FolderReplacement:
    """A folder, `here`, and what a restore called `mark` brings beside it, where nothing sweeps, to take its place."""

    def __init__(self, here: Path, mark: str, there: Path | None = None):
        self.here, self.there = here, there
        self.new, self.old = (here.with_name(f"{start}{mark}-{here.name}") for start in (BROUGHT, REPLACED))

    def stage(self) -> None:
        """Put the new files beside the old; Refused for a place that no rename can replace."""
        if os.path.ismount(self.here):
            raise Refused(
                f"Nothing was changed: {self.here} is a mount of its own; mount the folder above it."
            )
        self.here.parent.mkdir(parents=True, exist_ok=True)
        self.there.mkdir(exist_ok=True)
        shutil.move(self.there, self.new)

    def commit(self) -> None:
        """Its mark among the rows is the promise."""

    def roll_back(self) -> None:
        """Take back `stage`."""
        _remove(self.new)

    def owes(self) -> bool:
        return self.new.exists() or self.old.exists()

    def complete(self) -> None:
        """Put the new folder in the place of the old one, from any point at which an earlier try broke off."""
        if self.new.exists():
            if self.here.exists():
                self._clear()
            self.new.rename(self.here)
        _remove(self.old)

    def _clear(self) -> None:
        try:
            self.here.rename(self.old)
        except OSError as error:
            # A folder that an image brings can't be renamed, and what came since the last try has no name to take.
            if error.errno not in (errno.EXDEV, errno.ENOTEMPTY, errno.EEXIST):
                raise
            _remove(self.here)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


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

    # Few files have come since `fetch`, so writers wait for a short time.
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
            # A writer that changes no rows deleted it after it was listed.
            self.known.pop(name, None)
            path.unlink(missing_ok=True)

    def replacement(self, folder, mark):
        return self.storage.replacement(folder)

    def owes(self):
        """Whether files of a replacement are missing whose rows are in."""
        return bool(self.storage.unfinished_replacements())

    def finish(self):
        """Complete the replacements that broke off once their rows were in; returns how many there were."""
        return self.storage.finish_replacements()


def _is_kept(name):
    return is_safe_segment(name) or name.startswith((TRASH, TRASH_FILLING))


def _link(path, target):
    # A writer that changes no rows may delete it after it was listed.
    with suppress(FileNotFoundError):
        link(path, target)
