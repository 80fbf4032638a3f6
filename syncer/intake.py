"""Files put into a folder of the bucket: nothing that they replace is lost, and all of it can be undone."""

from contextlib import contextmanager

from storage import archive, bucket
from storage.files import digests

from .moving import in_parallel


class Intake:
    """What is put into one folder, and what it replaced: `kept`, archived, as `{name: sha256}`.

    `known`: what is archived already and need not be again.
    """

    def __init__(self, slug, known=None):
        self.slug, self.known = slug, known or {}
        self.kept, self._put = {}, {}

    def put(self, paths):
        """Copy files in, `{name: path}`; one that lies there already is left alone."""
        # Side by side, since each waits for the disk to have it.
        in_parallel(self._put_one, paths.items(), heard=False, on_disk=True)

    def _put_one(self, item):
        name, path = item
        here = bucket.digests_of(self.slug, name)
        if not here or here != digests(path):
            self._keep(name, here)
            bucket.put(path, self.slug, name)
            self._put[name] = path

    def remove(self, names):
        """Take files away, as far as they exist."""
        for name in names:
            self._keep(name, bucket.digests_of(self.slug, name))
            bucket.remove(self.slug, name)

    def keep(self, names):
        """Archive files that are about to be replaced or removed, as far as they exist and are not archived yet."""
        for name in names:
            self._keep(name, bucket.digests_of(self.slug, name))

    def _keep(self, name, here):
        if here and here["sha256"] not in (self.known.get(name), self.kept.get(name)):
            self.kept.update(archive.add_from_bucket(self.slug, [name]))

    @contextmanager
    def undone_on_error(self):
        """When the block fails, what was put goes and what it replaced comes back."""
        try:
            yield
        except BaseException:
            for name, path in self._put.items():
                self._undo(name, path)
            bucket.remove_empty(self.slug)
            raise

    def _undo(self, name, path):
        # What somebody else has put there since is theirs.
        if bucket.digests_of(self.slug, name) != digests(path):
            return
        if name in self.kept:
            archive.restore(self.kept[name], self.slug, name)
        else:
            bucket.remove(self.slug, name)
