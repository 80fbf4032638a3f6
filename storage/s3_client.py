"""Calls to an S3 server, by boto3; a missing key is a FileNotFoundError.

https://boto3.amazonaws.com/v1/documentation/api/latest/reference/services/s3.html
"""

import io
import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from boto3.s3.transfer import TransferConfig
from botocore import exceptions
from botocore.config import Config

from .errors import BucketUnreachable
from .files import CHUNK
from .names import media_type

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Responses and clients of boto3, which has no types.
Boto = Any
Patience = dict[str, Any]

MISSING = ("404", "NoSuchKey", "NotFound")
CHANGED = ("412", "PreconditionFailed")
MOST_DELETED = 1000
SECOND = 10**9
# Attempts of a transfer from its beginning; and of an answer that broke off, from where it did.
TRIES, TRIES_IN_PLACE = 5, 3
# A file of any size takes the memory of one part, in the calling thread.
PARTS = TransferConfig(multipart_threshold=32 * CHUNK, multipart_chunksize=8 * CHUNK, use_threads=False)
# In seconds. Health checks use QUICK.
PATIENT: Patience = {
    "connect_timeout": 5,
    "read_timeout": 30,
    "retries": {"mode": "standard", "total_max_attempts": 3},
}
QUICK: Patience = {"connect_timeout": 2, "read_timeout": 5, "retries": {"total_max_attempts": 1}}
# The part of an error that strangers may read where it is not the server's; the first match counts.
REASONS = (
    (exceptions.SSLError, "its certificate is not trusted"),
    ((exceptions.ConnectTimeoutError, exceptions.ReadTimeoutError), "no answer in time"),
    (exceptions.ResponseStreamingError, "the answer broke off"),
    (exceptions.IncompleteReadError, "the answer broke off"),
    (exceptions.HTTPClientError, "no connection"),
)


class Replaced(FileNotFoundError):
    """The file changed since its Stat was read."""


@dataclass(frozen=True)
class Stat:
    """A `protocol.FileStat`, and the ETag."""

    st_size: int
    st_mtime: float
    etag: str
    st_ino: int = 0

    @property
    def st_mtime_ns(self) -> int:
        """S3 tells whole seconds; the ETag tells files of one second apart."""
        return int(self.st_mtime) * SECOND + int(sha256(self.etag.encode()).hexdigest(), 16) % SECOND


def _stat(answer: Boto, size: str) -> Stat:
    return Stat(answer[size], answer["LastModified"].timestamp() // 1, answer["ETag"])


class Client:
    """One bucket of a server. Names are whole keys here. `setting`: the setting with the server's address."""

    def __init__(
        self, endpoint_url: str, bucket: str, key: str, secret: str, region: str, setting: str = "BUCKET_URL"
    ) -> None:
        self.bucket, self.setting = bucket, setting
        self._made: dict[str, tuple[int, Boto]] = {}
        self.access = {
            "endpoint_url": endpoint_url,
            "aws_access_key_id": key,
            "aws_secret_access_key": secret,
            "region_name": region,
        }

    @property
    def s3(self) -> Boto:
        return self._connected("patient", PATIENT)

    def _connected(self, name: str, patience: Patience) -> Boto:
        # A fork must not share its parent's connections.
        if (made := self._made.get(name)) and made[0] == os.getpid():
            return made[1]
        self._made[name] = os.getpid(), (new := self._make(patience))
        return new

    def close(self) -> None:
        """Close this process's connections; the next call makes others."""
        for _pid, made in self._made.values():
            made.close()
        self._made = {}

    def _make(self, patience: Patience) -> Boto:
        config = Config(
            s3={"addressing_style": "path"},
            signature_version="s3v4",
            max_pool_connections=32,
            # Other servers than Amazon's may not know the newer checksums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            **patience,
        )
        return boto3.session.Session().client("s3", config=config, **self.access)

    @contextmanager
    def translated(self, key: str = "") -> Iterator[None]:
        """Errors of boto3 in the block become FileNotFoundError, Replaced or BucketUnreachable."""
        try:
            yield
        except exceptions.ClientError as error:
            code = str(error.response["Error"].get("Code", ""))
            if code in MISSING:
                raise FileNotFoundError(key) from None
            if code in CHANGED:
                raise Replaced(key) from None
            raise self.unreachable(
                code if re.fullmatch(r"\w{1,60}", code, re.ASCII) else "an error"
            ) from error
        except exceptions.BotoCoreError as error:
            reason = next((words for kind, words in REASONS if isinstance(error, kind)), type(error).__name__)
            raise self.unreachable(reason) from error

    def unreachable(self, reason: str) -> BucketUnreachable:
        return BucketUnreachable(reason, self.setting)

    # --- The bucket ----------------------------------------------------------------------------------------

    def make(self) -> bool:
        """Make the bucket if it is missing; returns whether it was."""
        with suppress(FileNotFoundError), self.translated(self.bucket):
            self.s3.head_bucket(Bucket=self.bucket)
            return False
        with self.translated(self.bucket):
            self.s3.create_bucket(Bucket=self.bucket, **self._location())
        return True

    def _location(self) -> dict[str, Any]:
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucketConfiguration.html
        region = self.access["region_name"]
        return {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}

    def check_writable(self, key: str) -> None:
        """Write a key and delete it again, or raise soon."""
        quick = self._connected("quick", QUICK)
        with self.translated(key):
            quick.put_object(Bucket=self.bucket, Key=key, Body=b"written")
            quick.delete_object(Bucket=self.bucket, Key=key)

    def seconds_ahead(self) -> float:
        """By how much the server's clock is ahead of ours, to the second."""
        with self.translated():
            answer = self.s3.head_bucket(Bucket=self.bucket)
        shown = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        # The header tells the second that has begun.
        return parsedate_to_datetime(shown).timestamp() + 1 - time.time() if shown else 0

    # --- Looking -------------------------------------------------------------------------------------------

    def stat(self, key: str) -> Stat:
        with self.translated(key):
            return _stat(self.s3.head_object(Bucket=self.bucket, Key=key), "ContentLength")

    def listing(self, start: str, flat: bool = False) -> Iterator[tuple[str, Stat]]:
        """Each key that begins so, with its Stat; `flat`: without those in folders below."""
        for page in self._pages("list_objects_v2", start, flat):
            for entry in page.get("Contents", []):
                yield entry["Key"], _stat(entry, "Size")

    def folders(self, start: str) -> list[str]:
        """The distinct parts, up to the next slash, of keys that begin so."""
        pages = self._pages("list_objects_v2", start, flat=True)
        return [entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", [])]

    def _pages(self, operation: str, start: str, flat: bool = False) -> Iterator[Boto]:
        only = {"Delimiter": "/"} if flat else {}
        with self.translated(start):
            yield from self.s3.get_paginator(operation).paginate(Bucket=self.bucket, Prefix=start, **only)

    # --- Reading -------------------------------------------------------------------------------------------

    def download(self, key: str, path: Path) -> Stat:
        """Copy an object to `path`, whole and of one version; returns its Stat."""
        for _ in range(TRIES):
            # An object that is replaced on the way is fetched anew.
            with suppress(Replaced), self._opened(key) as source, path.open("wb") as target:
                while piece := source.read(CHUNK):
                    target.write(piece)
                return source.stat
        raise self.unreachable("a file changes all the time")

    def _opened(self, key: str) -> "S3File":
        with self.translated(key):
            answer = self.s3.get_object(Bucket=self.bucket, Key=key)
            return S3File(self, key, _stat(answer, "ContentLength"), answer["Body"])

    def stream(self, key: str, first: int, stat: Stat) -> Boto:
        """The body of an object from the byte `first` on, for `read`; Replaced when its Stat is another by now."""
        asked = {"Range": f"bytes={first}-"} if first else {}
        with self.translated(key):
            answer = self.s3.get_object(Bucket=self.bucket, Key=key, IfMatch=stat.etag, **asked)
        # Not every server heeds every condition.
        if answer["ETag"] != stat.etag:
            raise Replaced(key)
        if answer["ContentLength"] != stat.st_size - first:
            raise self.unreachable("it sends other bytes than it was asked for")
        return answer["Body"]

    def read(self, body: Boto, size: int) -> bytes:
        """Up to `size` bytes of a body; BucketUnreachable when it breaks off."""
        with self.translated():
            piece: bytes = body.read(size)
        return piece

    # --- Writing -------------------------------------------------------------------------------------------

    def upload(self, path: Path, key: str) -> None:
        for left in reversed(range(TRIES)):
            try:
                with self.translated(key), path.open("rb") as source:
                    extra = {"ContentType": media_type(key)}
                    self.s3.upload_fileobj(source, self.bucket, key, ExtraArgs=extra, Config=PARTS)
                return
            except BucketUnreachable as error:
                # The answer that ended a multipart upload was lost, and the repeated call found no upload.
                if error.reason != "NoSuchUpload" or not left:
                    raise

    def copy(self, source: str, key: str, stat: Stat | None = None) -> None:
        """`stat`: Replaced when the source's is another by now."""
        self._copy(source, key, {}, {"CopySourceIfMatch": stat.etag} if stat else {})

    def touch(self, key: str) -> None:
        # S3 refuses a copy onto itself unless something changes.
        self._copy(key, key, {"kept": str(time.time_ns())}, {})

    def _copy(self, source: str, key: str, metadata: dict[str, str], only: dict[str, str]) -> None:
        extra = {"ContentType": media_type(key), "MetadataDirective": "REPLACE", "Metadata": metadata, **only}
        place = {"Bucket": self.bucket, "Key": source}
        with self.translated(source):
            self.s3.copy_object(Bucket=self.bucket, Key=key, CopySource=place, **extra)

    # --- Deleting ------------------------------------------------------------------------------------------

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; missing ones are fine."""
        keys = list(keys)
        if len(keys) == 1:
            with self.translated():
                self.s3.delete_object(Bucket=self.bucket, Key=keys[0])
            return
        for start in range(0, len(keys), MOST_DELETED):
            some = [{"Key": key} for key in keys[start : start + MOST_DELETED]]
            with self.translated():
                answer = self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": some, "Quiet": True})
            if errors := answer.get("Errors"):
                raise self.unreachable(errors[0]["Code"])

    def delete_below(self, start: str) -> None:
        """Delete all objects whose keys begin so."""
        self.delete(key for key, _ in self.listing(start))

    def multipart_uploads(self, start: str, older_than: float) -> Iterator[tuple[str, str]]:
        """`(key, upload id)` of unfinished multipart uploads begun before then (epoch seconds)."""
        try:
            for page in self._pages("list_multipart_uploads", start):
                for entry in page.get("Uploads", []):
                    if entry["Initiated"].timestamp() < older_than:
                        yield entry["Key"], entry["UploadId"]
        except BucketUnreachable as error:
            # A server that lists none deletes them itself.
            if error.reason not in ("NotImplemented", "MethodNotAllowed"):
                raise

    def abort(self, key: str, upload: str) -> None:
        with suppress(FileNotFoundError), self.translated(key):
            self.s3.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=upload)


class S3File(io.RawIOBase):
    """An object of S3 as a file. Nothing is asked of the server before the first read.

    Another file that takes its name meanwhile is a FileNotFoundError. `body`: an answer from the first byte on.
    """

    def __init__(self, client: Client, key: str, stat: Stat, body: Boto = None) -> None:
        self.client, self.key, self.stat = client, key, stat
        self.at, self.body = 0, body

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.stat.st_size}[whence]
        if start + offset != self.at:
            self._drop()
            self.at = start + offset
        return self.at

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        wanted = min(len(view), self.stat.st_size - self.at)
        piece = self._piece(wanted) if wanted > 0 else b""
        view[: len(piece)] = piece
        self.at += len(piece)
        return len(piece)

    def _piece(self, wanted: int) -> bytes:
        for _ in range(TRIES_IN_PLACE - 1):
            try:
                return self._next(wanted)
            except BucketUnreachable:
                self._drop()
        return self._next(wanted)

    def _next(self, wanted: int) -> bytes:
        if self.body is None:
            self.body = self.client.stream(self.key, self.at, self.stat)
        if piece := self.client.read(self.body, wanted):
            return piece
        raise self.client.unreachable("the answer broke off")

    def _drop(self) -> None:
        if self.body is not None:
            self.body.close()
            self.body = None

    def close(self) -> None:
        self._drop()
        super().close()
