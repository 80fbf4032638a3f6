"""The bucket on a server that speaks S3: the methods of `storage.backends.FolderStorage`, for many hosts.

An object is whole or not there, as S3 promises; a move is a copy there, and a delete once the copy stands.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""

import uuid
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import PurePath

from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import Storage

from .copying import copied, pumped, together
from .errors import BucketUnreachable, NotWritable
from .names import ASIDE, TEMPORARY, is_safe_segment, safe_key
from .s3_client import Client
from .s3_files import S3File
from .s3_folders import S3Aside, S3Preparation
from .s3_replacing import S3Replacement, finish, forgotten, promised
from .s3_signing import address
from .staging import staging

# How long the names of a folder are believed that somebody else may have put files into; and what they are kept under.
NAMES_SECONDS, TOKEN_SECONDS = 30, 24 * 3600


class S3Storage(Storage):
    """All keys begin with `prefix`.

    `server`: `{"endpoint_url", "bucket", "key", "secret", "region", "setting"}`; `public_url`: where browsers reach
    it, empty where they don't.
    """

    def __init__(self, server, prefix, public_url=""):
        self.client, self.prefix = Client(**server), prefix
        self.server, self.public_url = server, public_url

    def key(self, name):
        """The key of a name; raises UnsafeName for one that is not ours to have."""
        return f"{self.prefix}/{safe_key(*str(name).split('/'))}"

    # --- One file ------------------------------------------------------------------------------------------

    def exists(self, name):
        with suppress(FileNotFoundError):
            return bool(self.stat(name))
        return False

    def stat(self, name):
        """The Stat of one file; FileNotFoundError where there is none."""
        return self.client.stat(self.key(name))

    def size(self, name):
        return self.stat(name).st_size

    def get_modified_time(self, name):
        return datetime.fromtimestamp(self.stat(name).st_mtime, UTC)

    def address(self, name, content_type, caching):
        """Where a browser gets a file from the server itself, for some minutes; None where it can't reach it."""
        if not self.public_url:
            return None
        shown = {"response-content-type": content_type, "response-cache-control": caching}
        return address(self.public_url, self.server, self.key(name), shown)

    def opened(self, name):
        """`(file object, Stat)` of one file, and not of one that takes its name meanwhile."""
        stat = self.stat(name)
        return S3File(self.client, self.key(name), stat), stat

    def _open(self, name, mode="rb"):
        return self.opened(name)[0]

    @contextmanager
    def fetched(self, name):
        """The path of a copy of a file while the block runs; FileNotFoundError where there is none."""
        with self.fetched_key(self.key(name)) as path:
            yield path

    @contextmanager
    def fetched_key(self, key):
        with staging() as folder:
            self.client.download(key, path := folder / PurePath(key).name)
            yield path

    def delete(self, name):
        self.delete_keys([self.key(name)])

    def delete_keys(self, keys):
        self.client.delete(keys)
        self.changed(*keys)

    def touch(self, name):
        """Make a file as young as a new one; FileNotFoundError where there is none."""
        self.client.touch(self.key(name))

    def remove_older(self, name, older_than):
        """Delete a file last changed before then (epoch seconds); whether it went."""
        with suppress(FileNotFoundError):
            if self.stat(name).st_mtime < older_than:
                self.delete(name)
                return True
        return False

    # --- In ------------------------------------------------------------------------------------------------

    def get_available_name(self, name, max_length=None):
        return name

    def _save(self, name, content):
        with staging() as folder:
            with (folder / "file").open("wb") as target:
                pumped(content, target)
            self.take(folder / "file", name)
        return name

    @contextmanager
    def incoming(self, path):
        """`(place, SHA-256)` of a copy of the file at `path`, for `move_in`; it goes when the block ends.

        The hash is that of the bytes that were copied, whatever becomes of `path` meanwhile.
        """
        place = self.hidden(TEMPORARY)
        with staging() as folder:
            sha256 = copied(path, folder / "file")
            self.client.upload(folder / "file", place)
        try:
            yield place, sha256
        finally:
            # What it was copied to is there all the same; `sweep` takes it.
            with suppress(BucketUnreachable):
                self.client.delete([place])

    def check_writable(self):
        """Write a file and take it away again, within some seconds; NotWritable where that can't be done."""
        try:
            self.client.check_writable(self.hidden(TEMPORARY))
        except (FileNotFoundError, BucketUnreachable) as error:
            raise NotWritable(self._why_not(getattr(error, "reason", "not found"))) from None

    def _why_not(self, reason):
        words, advice = reason, "look at its address, key and rights."
        if reason == "NoSuchBucket":
            words, advice = "there is no such bucket", "run: manage.py make_buckets"
        return f"The bucket of {self.client.setting} can't be written ({words}); {advice}"

    def move_in(self, place, name):
        """Make a copy of `incoming` the file called `name`, without another way of its bytes."""
        self.client.copy(place, self.key(name))
        self.changed(self.key(name))

    def take(self, path, name):
        """Copy the file at `path` in under `name`, in one piece."""
        self.client.upload(path, self.key(name))
        self.changed(self.key(name))

    def hidden(self, kind):
        return f"{self.prefix}/{kind}{uuid.uuid4().hex}"

    # --- Folders -------------------------------------------------------------------------------------------

    def folders(self):
        """The safe names of all folders at the top."""
        names = (PurePath(key).name for key in self.client.folders(f"{self.prefix}/"))
        return sorted(name for name in names if is_safe_segment(name))

    def files(self, folder):
        """`{file name: Stat}` of the files right in a folder; a missing folder has none."""
        return self.files_at(f"{self.key(folder)}/")

    def files_at(self, start):
        found = {key.removeprefix(start): stat for key, stat in self.client.listing(start, flat=True)}
        return {name: stat for name, stat in found.items() if is_safe_segment(name)}

    def names(self, folder):
        """The names of `files`; with a cache that all hosts share, known from there until one of them writes."""
        if not settings.REDIS_URL:
            return frozenset(self.files(folder))
        # Who lists while another writes keeps what it saw under a token that nobody asks for any more.
        token = cache.get_or_set(self._token(self.key(folder)), lambda: uuid.uuid4().hex, TOKEN_SECONDS)
        return cache.get_or_set(f"names:{token}", lambda: frozenset(self.files(folder)), NAMES_SECONDS)

    def _token(self, folder_key):
        return f"names:{self.client.bucket}:{folder_key}"

    def changed(self, *keys):
        """What lies in the folders of these keys is another set of files now."""
        if settings.REDIS_URL:
            for folder in {key.rpartition("/")[0] for key in keys}:
                cache.delete(self._token(folder))

    def stamps(self, folders):
        """`{folder: None}`: nothing tells whether files of a folder have changed but a look at them all."""
        return dict.fromkeys(folders)

    def unchanged(self, stamps):
        """Whether nothing was asked: no folder is known to be as it was."""
        return not stamps

    def delete_folder(self, folder):
        """Take a whole folder away, whatever lies in it."""
        self.delete_keys([key for key, _ in self.client.listing(f"{self.key(folder)}/")])

    def remove_empty(self, folder):
        """A folder that has nothing in it is none."""

    def set_aside_folder(self, folder, label):
        """Move all that lies in a folder out of sight, to where `asides` finds it; what comes later is none of it."""
        start = f"{self.key(folder)}/"
        self._set_aside(
            start, {key.removeprefix(start): stat for key, stat in self.client.listing(start)}, label
        )

    def set_aside_files(self, folder, names, label):
        """The same for single files; a second call with this label completes one that broke off."""
        present = self.files(folder)
        self._set_aside(f"{self.key(folder)}/", {n: present[n] for n in names if n in present}, label)

    def clock(self, moment):
        """What the server's clock showed at a moment of ours (epoch seconds)."""
        return moment + self.client.ahead()

    def _set_aside(self, start, stats, label):
        aside = self.hidden(f"{ASIDE}{label}-")

        def move(name, stat):
            # One that changes between the look and the copy is somebody's who came later.
            with suppress(FileNotFoundError):
                self.client.copy(f"{start}{name}", f"{aside}/{name}", stat)
                if self.client.stat(f"{start}{name}") == stat:
                    self.client.delete([f"{start}{name}"])

        try:
            together(move, stats.items())
        finally:
            self.changed(start)

    def asides(self):
        """The Asides that were not discarded yet."""
        hidden = f"{self.prefix}/{ASIDE}"
        return [
            S3Aside(self, key.removeprefix(hidden).rpartition("-")[0], key)
            for key in self.client.folders(hidden)
        ]

    @contextmanager
    def preparing(self):
        """An S3Preparation of a folder; what has not appeared at the end of the block goes."""
        place = f"{self.hidden(TEMPORARY)}/"
        try:
            yield S3Preparation(self, place)
        finally:
            self.client.delete([key for key, _ in self.client.listing(place)])

    # --- All of it -----------------------------------------------------------------------------------------

    def everything(self):
        """`(folder/name, Stat)` of all files, those that lie set aside among them."""
        start = f"{self.prefix}/"
        for key, stat in self.client.listing(start):
            folder, _, name = key.removeprefix(start).partition("/")
            if is_safe_segment(name) and (is_safe_segment(folder) or folder.startswith(ASIDE)):
                yield f"{folder}/{name}", stat

    def copy_out(self, name, path):
        """Copy one of `everything` to `path`; returns its Stat. FileNotFoundError when it is gone."""
        return self.client.download(f"{self.prefix}/{name}", path)

    def replacement(self, folder):
        """An S3Replacement of all that is here by the files below a folder of this machine."""
        return S3Replacement(self, folder)

    def owed_replacements(self):
        """The places of those whose rows are in and whose files are not, or not all."""
        return promised(self)

    def finish_replacements(self):
        """Complete those that broke off once their rows were in; returns how many there were."""
        return finish(self)

    # --- What was left -------------------------------------------------------------------------------------

    def sweep(self, older_than):
        """Take away what writers that were killed left, untouched since `older_than` (epoch seconds)."""
        for key, upload in self._halves(older_than):
            self.client.drop_half(key, upload)
        self.client.delete(self._hidden_files(older_than))

    def leftovers(self, older_than):
        """The keys of what `sweep` would take away."""
        halves = [key for key, _ in self._halves(older_than)]
        return [PurePath(key) for key in halves + self._hidden_files(older_than)]

    def _hidden_files(self, older_than):
        hidden = self.client.listing(f"{self.prefix}/{TEMPORARY}")
        return [key for key, stat in hidden if stat.st_mtime < older_than] + forgotten(self, older_than)

    def _halves(self, older_than):
        # Their parts are in no listing of files, and are paid for until somebody takes them away.
        return list(self.client.halves(f"{self.prefix}/", older_than))
