"""The folder behind a bucket: writes that are whole or not there, and nothing outside it reached."""

import errno
import os
import shutil
import stat
import time
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from django.core.files.storage import FileSystemStorage

from .copying import copied
from .errors import NotWritable
from .filesystems import UNSUPPORTED, flush
from .names import ASIDE, FILLING, GONE, TEMPORARY, is_safe_segment, safe_key
from .preparing import Preparation

# Folders change so quickly at most, as far as their times tell (in nanoseconds); how many listings are kept.
TICK, LISTED_FOLDERS = 1_000_000_000, 2000


class FolderStorage(FileSystemStorage):
    """Django's folder storage, with names as they are given, atomic replacement, and no links followed.

    `storage.s3.S3Storage` has the same methods.
    """

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self._listed = {}

    def path(self, name):
        """The absolute path of a key; raises UnsafeName for one that is not ours to have."""
        return str(Path(self.location) / safe_key(*str(name).split("/")))

    def get_available_name(self, name, max_length=None):
        return name

    def exists(self, name):
        where, mode = self.location, 0
        for segment in safe_key(*str(name).split("/")).split("/"):
            where = f"{where}/{segment}"
            try:
                mode = os.lstat(where).st_mode
            except (FileNotFoundError, NotADirectoryError):
                return False
            if stat.S_ISLNK(mode):
                return False
        return stat.S_ISREG(mode)

    def _open(self, name, mode="rb"):
        if not self.exists(name):
            raise FileNotFoundError(name)
        return super()._open(name, mode)

    def _save(self, name, content):
        with self.replacing(name) as temporary, Path(temporary).open("wb") as target:
            for chunk in content.chunks():
                target.write(chunk)
        return name

    def opened(self, name):
        """`(file object, os.stat_result)` of one file, and not of one that takes its name meanwhile."""
        if not self.exists(name):
            raise FileNotFoundError(name)
        source = open(f"{self.location}/{name}", "rb")  # noqa: PTH123, SIM115 - Path takes longer; the caller closes it
        return source, os.fstat(source.fileno())

    @contextmanager
    def fetched(self, name):
        """The path at which the bytes of a file lie while the block runs; FileNotFoundError where there is none."""
        if not self.exists(name):
            raise FileNotFoundError(name)
        yield Path(self.path(name))

    @contextmanager
    def temporary(self):
        """A path to write to, below no folder that others may take away; what lies there at the end goes."""
        Path(self.location).mkdir(parents=True, exist_ok=True)
        path = Path(self.location) / f"{TEMPORARY}{uuid.uuid4().hex}"
        try:
            yield str(path)
        finally:
            with suppress(FileNotFoundError):
                path.unlink()

    @contextmanager
    def incoming(self, path):
        """`(place, SHA-256)` of a copy of the file at `path`, for `move_in`; one that was not moved in goes.

        The hash is that of the bytes that were copied, whatever becomes of `path` meanwhile.
        """
        with self.temporary() as temporary:
            yield temporary, copied(path, temporary)

    def check_writable(self):
        """Write a file and take it away again; NotWritable where that can't be done."""
        try:
            with self.temporary() as temporary:
                Path(temporary).write_bytes(b"written")
                flush(temporary)
        except OSError as error:
            raise NotWritable(
                f"The bucket in STORAGE_PATH can't be written ({error.strerror}); look at its rights and its disk."
            ) from None

    def address(self, name, content_type, caching):
        """Where a browser gets a file from another server than ours: nowhere."""

    def move_in(self, path, name):
        """Make the file at `path`, a place of `incoming` or `temporary`, the one called `name`, on disk.

        A folder that somebody deletes or sets aside meanwhile is made again: only who knows what folders stand
        for can tell whether the file is still wanted there, and must look once it is in.
        """
        target = Path(self.path(name))
        flush(path)
        _move(Path(path), target)
        with suppress(FileNotFoundError):
            flush(target.parent)

    @contextmanager
    def replacing(self, name):
        """A temporary path to write to; when the block ends well it becomes `name` on disk, else it goes."""
        self.path(name)
        with self.temporary() as temporary:
            yield temporary
            self.move_in(temporary, name)

    def take(self, path, name):
        """Copy the file at `path` in under `name`, in one piece."""
        with self.replacing(name) as temporary:
            shutil.copyfile(path, temporary)

    def folders(self):
        """The safe names of all folders at the top."""
        return sorted(
            e.name
            for e in _scan(self.location)
            if e.is_dir(follow_symlinks=False) and is_safe_segment(e.name)
        )

    def stat(self, name):
        """The os.stat_result of one file; FileNotFoundError where there is none."""
        if not self.exists(name):
            raise FileNotFoundError(name)
        return Path(self.path(name)).stat()

    def stamps(self, folders):
        """`{folder: (inode, mtime, ctime)}` in ns: another one once a file of it has come, gone or been replaced.

        Who copies folders sets the mtime back to what it was, but nobody the ctime. One that is missing has the
        times of the folder of all. A change within a tick of the clock after another one can't be told by it.
        """
        look = self._stamping()
        return {folder: look(safe_key(folder)) for folder in folders}

    def unchanged(self, stamps):
        """Whether these folders still have the stamps that `stamps` gave them."""
        look = self._stamping()
        return all(look(folder) == stamp for folder, stamp in stamps.items())

    def _stamping(self):
        """A function that looks at a folder; the folder of all is looked at once, for all that are missing."""
        root, missing = self.location, None

        def look(folder):
            nonlocal missing
            try:
                info = os.lstat(f"{root}/{folder}")
            except FileNotFoundError:
                missing = missing or (0, *_times_of(root))
                return missing
            return info.st_ino, info.st_mtime_ns, info.st_ctime_ns

        return look

    def names(self, folder):
        """The names of `files`, without looking at each; listed again only once the folder has changed."""
        began, known = time.time_ns(), self._listed.get(folder)
        stamp = self._stamping()(folder if known else safe_key(folder))
        if known and known[0] == stamp:
            return known[1]
        path = Path(self.path(folder))
        found = frozenset() if self._passes_a_link(path) else frozenset(_plain(path))
        if began - stamp[1] > TICK:
            if len(self._listed) >= LISTED_FOLDERS:
                self._listed.clear()
            self._listed[folder] = stamp, found
        return found

    def files(self, folder):
        """`{file name: os.stat_result}` of the plain files right in a folder; a missing folder has none."""
        path = Path(self.path(folder))
        return {} if self._passes_a_link(path) else _stats(path)

    def delete_folder(self, folder):
        """Take a whole folder away, whatever lies in it; a link is taken away, not what it points to.

        It vanishes in one go: who writes to it meanwhile makes a new one.
        """
        self.discard(Path(self.path(folder)))

    def set_aside_folder(self, folder, label):
        """Move a folder out of sight in one go, to where `asides` finds it; what comes later is none of it."""
        path = Path(self.path(folder))
        if path.is_symlink():
            self.discard(path)
        elif path.is_dir():
            with suppress(FileNotFoundError):
                if not _renamed(path, self._aside(label)):
                    self.set_aside_files(folder, list(_stats(path)), label)
                    self.discard(path)

    def clock(self, moment):
        """What the clock that files are dated by showed at a moment of ours (epoch seconds): it is the same."""
        return moment

    def set_aside_files(self, folder, names, label):
        """The same for single files; a second call with this label completes one that broke off."""
        filling = Path(self.location) / f"{FILLING}{label}"
        for name in names:
            if self.exists(key := safe_key(folder, name)):
                with suppress(FileNotFoundError):
                    _move(Path(self.path(key)), filling / name)
        if filling.is_dir():
            filling.rename(self._aside(label))

    def _aside(self, label):
        return Path(self.location) / f"{ASIDE}{label}-{uuid.uuid4().hex}"

    def asides(self):
        """The Asides that were not discarded yet."""
        found = [entry for entry in _scan(self.location) if entry.name.startswith(ASIDE)]
        return [Aside(self, e.name.removeprefix(ASIDE).rpartition("-")[0], Path(e.path)) for e in found]

    def remove_empty(self, folder):
        """Take a folder away that has nothing in it; any other stays."""
        with suppress(OSError):
            Path(self.path(folder)).rmdir()

    def touch(self, name):
        """Make a file as young as a new one; FileNotFoundError where there is none."""
        try:
            os.utime(self.path(name))
        except OSError as error:
            if error.errno not in UNSUPPORTED:
                raise
            self.take(self.path(name), name)

    def remove_older(self, name, older_than):
        """Delete a file last changed before then (epoch seconds); whether it went."""
        try:
            if self.stat(name).st_mtime >= older_than:
                return False
            Path(self.path(name)).unlink()
        except FileNotFoundError:
            return False
        return True

    @contextmanager
    def preparing(self):
        """A Preparation of a folder; what has not appeared at the end of the block goes."""
        # `sweep` takes what a process that was killed leaves under such a name.
        path = Path(self.location) / f"{TEMPORARY}{uuid.uuid4().hex}"
        path.mkdir(parents=True)
        try:
            yield Preparation(path, self.path)
        finally:
            if path.exists():
                shutil.rmtree(path)

    def sweep(self, older_than):
        """Take away what writers and deleters that were killed left, untouched since `older_than` (epoch seconds)."""
        for path in self.leftovers(older_than):
            self.discard(path)

    def leftovers(self, older_than):
        """The paths of what `sweep` would take away."""
        found = []
        for entry in _scan(self.location):
            if entry.name.startswith((TEMPORARY, GONE)):
                with suppress(FileNotFoundError):
                    if entry.stat(follow_symlinks=False).st_mtime < older_than:
                        found.append(Path(entry.path))
        return found

    def discard(self, path):
        """Take a file, link or folder away, which vanishes in one go."""
        gone = Path(self.location) / f"{GONE}{uuid.uuid4().hex}"
        try:
            if not _renamed(path, gone):
                gone = path
        except FileNotFoundError:
            return
        if gone.is_dir() and not gone.is_symlink():
            _remove_tree(gone)
        else:
            gone.unlink()

    def _passes_a_link(self, path):
        below = path.relative_to(self.location).parts
        return any(Path(self.location, *below[: n + 1]).is_symlink() for n in range(len(below)))


def plain_files(path):
    """The paths, by name, of the files right in a folder that may have a key; a link is none."""
    return {name: Path(path) / name for name in _stats(path)}


def _times_of(path):
    try:
        info = os.lstat(path)
    except FileNotFoundError:
        return 0, 0
    return info.st_mtime_ns, info.st_ctime_ns


def _plain(path):
    """The entries, by name, of the files right in a folder that may have a key."""
    return {e.name: e for e in _scan(path) if e.is_file(follow_symlinks=False) and is_safe_segment(e.name)}


@dataclass(frozen=True)
class Aside:
    """What was moved out of sight under a label, until the archive has it."""

    storage: FolderStorage
    label: str
    path: Path

    def names(self):
        """Of the files in it that may have a key; a link is none."""
        return list(_stats(self.path))

    @contextmanager
    def fetched(self, name):
        """The path at which the bytes of one of them lie while the block runs."""
        yield self.path / name

    def discard(self, names):
        """Delete these files, and then all of it, but for a file that has come since they were listed."""
        for name in names:
            (self.path / name).unlink(missing_ok=True)
        if not _stats(self.path):
            self.storage.discard(self.path)


def _stats(path):
    found = {}
    for name, entry in _plain(path).items():
        with suppress(FileNotFoundError):
            found[name] = entry.stat(follow_symlinks=False)
    return found


def _scan(path):
    try:
        with os.scandir(path) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _remove_tree(path):
    """Delete a folder that was renamed; a writer that had found it before may still put a file into it."""
    while True:
        try:
            return shutil.rmtree(path)
        except FileNotFoundError:
            # Somebody else sweeps it at the same time.
            return None
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise


def _move(source, target):
    """Rename; a folder that goes between the making and the moving is made again."""
    while True:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            return source.replace(target)
        except (FileNotFoundError, FileExistsError):
            # mkdir calls it existing, too, when the folder was there and went before mkdir looked again.
            if not source.exists() or _is_no_folder(target.parent):
                raise


def _renamed(path, target):
    """Whether a folder was renamed: one that an image brings can't be, until its files are copied up one by one.

    https://docs.kernel.org/filesystems/overlayfs.html#renaming-directories
    """
    try:
        path.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return False
    return True


def _is_no_folder(path):
    try:
        return not stat.S_ISDIR(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False
