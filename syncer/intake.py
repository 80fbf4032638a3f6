"""Files put into a folder of the bucket: nothing that they replace is lost, and all of it can be undone."""

from contextlib import contextmanager, suppress
from pathlib import Path

from storage import archive, bucket
from universes import media

from . import local
from .moving import in_parallel


class Intake:
    """What is put into one folder, and what it replaced: `kept`, archived, as `{name: sha256}`."""

    def __init__(self, slug):
        self.slug, self.kept, self._put = slug, {}, {}

    def put(self, paths):
        """Copy files in, `{name: path}`; one that lies there already is left alone."""
        # Side by side, since each waits for the disk to have it.
        in_parallel(self._put_one, paths.items(), heard=False)

    def _put_one(self, item):
        name, path = item
        if not _is_like(self.slug, name, path):
            self.kept.update(media.replace(self.slug, name, path))
            self._put[name] = path

    def remove(self, names):
        """Take files away, as far as they exist."""
        for name in names:
            self.kept |= archive.keep_from_bucket(self.slug, [name])
            bucket.remove(self.slug, name)

    @contextmanager
    def undone_on_error(self):
        """When the block fails, what was put goes and what it replaced comes back."""
        try:
            yield
        except BaseException:
            for name, path in self._put.items():
                self._undo(name, path)
            # Gone only if it is empty.
            with suppress(OSError):
                Path(bucket.bucket().path(self.slug)).rmdir()
            raise

    def _undo(self, name, path):
        # What somebody else has put there since is theirs.
        if not _is_like(self.slug, name, path):
            return
        if name in self.kept:
            archive.restore(self.kept[name], self.slug, name)
        else:
            bucket.remove(self.slug, name)


def _is_like(slug, name, path):
    """Whether the file here has the bytes of the one at `path`."""
    here, path = Path(local.path(slug, name)), Path(path)
    if not here.is_file() or here.is_symlink() or here.stat().st_size != path.stat().st_size:
        return False
    return bucket.digests(here) == bucket.digests(path)


def leave(old, new, kept):
    """Take a folder away whose files stand in another now; returns what came there meanwhile, archived.

    `kept`: `{name: sha256}` of those that are archived already.
    """
    stand = bucket.listing(new)
    late = [
        name
        for name, file in bucket.listing(old).items()
        if file.sha256 not in (kept.get(name), stand[name].sha256 if name in stand else None)
    ]
    archived = archive.keep_from_bucket(old, late)
    bucket.remove_folder(old)
    return archived
