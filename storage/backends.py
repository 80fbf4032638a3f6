"""The folder behind a bucket: writes that are whole or not there, and nothing outside it reached."""

import os
import shutil
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path

from django.core.files.storage import FileSystemStorage

from .names import TEMPORARY, is_safe_segment, safe_key


class FolderStorage(FileSystemStorage):
    """Django's folder storage, with names as they are given, atomic replacement, and no links followed."""

    def path(self, name):
        """The absolute path of a key; raises UnsafeName for one that is not ours to have."""
        return str(Path(self.location) / safe_key(*str(name).split("/")))

    def get_available_name(self, name, max_length=None):
        return name

    def exists(self, name):
        path = Path(self.path(name))
        return path.is_file() and not self._passes_a_link(path)

    def _open(self, name, mode="rb"):
        if not self.exists(name):
            raise FileNotFoundError(name)
        return super()._open(name, mode)

    def _save(self, name, content):
        with self.replacing(name) as temporary, Path(temporary).open("wb") as target:
            for chunk in content.chunks():
                target.write(chunk)
        return name

    @contextmanager
    def replacing(self, name):
        """A temporary path to write to; when the block ends well it becomes `name` on disk, else it goes."""
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.parent / f"{TEMPORARY}{uuid.uuid4().hex}"
        try:
            yield str(temporary)
            _flush(temporary)
            temporary.replace(target)
            _flush(target.parent)
        finally:
            with suppress(FileNotFoundError):
                temporary.unlink()

    def take(self, path, name):
        """Copy the file at `path` in under `name`, in one piece."""
        with self.replacing(name) as temporary:
            shutil.copyfile(path, temporary)

    def folders(self):
        """The safe names of all folders at the top."""
        root = Path(self.location)
        if not root.is_dir():
            return []
        with os.scandir(root) as entries:
            return sorted(
                e.name for e in entries if e.is_dir(follow_symlinks=False) and is_safe_segment(e.name)
            )

    def files(self, folder):
        """`{file name: os.stat_result}` of the plain files right in a folder; a missing folder has none."""
        path = Path(self.path(folder))
        if not path.is_dir() or self._passes_a_link(path):
            return {}
        with os.scandir(path) as entries:
            return {
                e.name: e.stat(follow_symlinks=False)
                for e in entries
                if e.is_file(follow_symlinks=False) and is_safe_segment(e.name)
            }

    def delete_folder(self, folder):
        """Take a whole folder away, whatever lies in it; a link is taken away, not what it points to."""
        path = Path(self.path(folder))
        if path.is_symlink():
            path.unlink()
        elif path.is_dir():
            shutil.rmtree(path)

    def _passes_a_link(self, path):
        below = path.relative_to(self.location).parts
        return any(Path(self.location, *below[: n + 1]).is_symlink() for n in range(len(below)))


def _flush(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
