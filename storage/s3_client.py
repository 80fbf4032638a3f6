"""What we ask of a server that speaks S3, by boto3; a key that is not there is a FileNotFoundError.

https://boto3.amazonaws.com/v1/documentation/api/latest/reference/services/s3.html
"""

import os
import re
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from hashlib import sha256
from pathlib import Path

import boto3
from boto3.s3.transfer import TransferConfig
from botocore import exceptions
from botocore.config import Config

from .errors import BucketUnreachable
from .names import media_type
from .s3_files import S3File

MISSING = ("404", "NoSuchKey", "NotFound")
OTHER = ("412", "PreconditionFailed")
MOST_DELETED = 1000
SECOND, CHUNK = 10**9, 1024 * 1024
# How often what is replaced, or what broke off without a word, is asked for from its beginning.
TRIES = 5
# A file of any size takes the memory of one part, in the thread that asks.
PARTS = TransferConfig(multipart_threshold=32 * CHUNK, multipart_chunksize=8 * CHUNK, use_threads=False)
# In seconds; silence for so long is no answer. Who looks whether the server is there must not wait as others do.
PATIENT = {"connect_timeout": 5, "read_timeout": 30, "retries": {"mode": "standard", "total_max_attempts": 3}}
QUICK = {"connect_timeout": 2, "read_timeout": 5, "retries": {"total_max_attempts": 1}}
# What strangers may be told of an error that is not the server's: the first one that it is.
REASONS = (
    (exceptions.SSLError, "its certificate is not trusted"),
    ((exceptions.ConnectTimeoutError, exceptions.ReadTimeoutError), "no answer in time"),
    (exceptions.ResponseStreamingError, "the answer broke off"),
    (exceptions.IncompleteReadError, "the answer broke off"),
    (exceptions.HTTPClientError, "no connection"),
)


class Replaced(FileNotFoundError):
    """Another file has taken the name of the one that was asked for."""


@dataclass(frozen=True)
class Stat:
    """As much of an os.stat_result as a server tells, and its ETag."""

    st_size: int
    st_mtime: float
    etag: str
    st_ino: int = 0

    @property
    def st_mtime_ns(self):
        """S3 tells whole seconds: what else tells a file from the next of that second is its ETag."""
        return int(self.st_mtime) * SECOND + int(sha256(self.etag.encode()).hexdigest(), 16) % SECOND


def _stat(answer, size):
    return Stat(answer[size], answer["LastModified"].timestamp() // 1, answer["ETag"])


class Client:
    """One bucket of a server. Names are whole keys here. `setting`: which one has the server's address."""

    def __init__(self, endpoint_url, bucket, key, secret, region, setting="BUCKET_URL"):
        self.bucket, self.setting, self._made = bucket, setting, {}
        self.access = {
            "endpoint_url": endpoint_url,
            "aws_access_key_id": key,
            "aws_secret_access_key": secret,
            "region_name": region,
        }

    @property
    def s3(self):
        return self._connected("patient", PATIENT)

    def _connected(self, name, patience):
        # A fork must not share its parent's connections.
        if (made := self._made.get(name)) and made[0] == os.getpid():
            return made[1]
        self._made[name] = os.getpid(), (made := self._make(patience))
        return made

    def close(self):
        """Let go of this process's connections; the next call makes others."""
        for _pid, made in self._made.values():
            made.close()
        self._made = {}

    def _make(self, patience):
        config = Config(
            s3={"addressing_style": "path"},
            signature_version="s3v4",
            max_pool_connections=32,
            # Servers that are not Amazon's need not know the newer checksums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            **patience,
        )
        return boto3.session.Session().client("s3", config=config, **self.access)

    @contextmanager
    def told(self, key=""):
        """What boto3 raises in the block, as we tell it."""
        try:
            yield
        except exceptions.ClientError as error:
            code = str(error.response["Error"].get("Code", ""))
            if code in MISSING:
                raise FileNotFoundError(key) from None
            if code in OTHER:
                raise Replaced(key) from None
            raise self.unreachable(
                code if re.fullmatch(r"\w{1,60}", code, re.ASCII) else "an error"
            ) from error
        except exceptions.BotoCoreError as error:
            said = next((words for kind, words in REASONS if isinstance(error, kind)), type(error).__name__)
            raise self.unreachable(said) from error

    def unreachable(self, reason):
        return BucketUnreachable(reason, self.setting)

    # --- The bucket ----------------------------------------------------------------------------------------

    def make(self):
        """Make the bucket where it is missing; whether it was."""
        with suppress(FileNotFoundError), self.told(self.bucket):
            self.s3.head_bucket(Bucket=self.bucket)
            return False
        with self.told(self.bucket):
            self.s3.create_bucket(Bucket=self.bucket, **self._place_of_birth())
        return True

    def _place_of_birth(self):
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucketConfiguration.html
        region = self.access["region_name"]
        return {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}

    def check_writable(self, key):
        """Write a key and take it away again, or raise soon."""
        quick = self._connected("quick", QUICK)
        with self.told(key):
            quick.put_object(Bucket=self.bucket, Key=key, Body=b"written")
            quick.delete_object(Bucket=self.bucket, Key=key)

    def ahead(self):
        """By how many seconds the server's clock is ahead of ours, to the second."""
        with self.told():
            answer = self.s3.head_bucket(Bucket=self.bucket)
        shown = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        # It tells the second that has begun.
        return parsedate_to_datetime(shown).timestamp() + 1 - time.time() if shown else 0

    # --- Looking -------------------------------------------------------------------------------------------

    def stat(self, key):
        with self.told(key):
            return _stat(self.s3.head_object(Bucket=self.bucket, Key=key), "ContentLength")

    def listing(self, start, flat=False):
        """`(key, Stat)` of each key that begins so; `flat`: without those in folders below."""
        for page in self._pages("list_objects_v2", start, flat):
            for entry in page.get("Contents", []):
                yield entry["Key"], _stat(entry, "Size")

    def folders(self, start):
        """The keys, up to their next slash, of those that begin so and have one."""
        pages = self._pages("list_objects_v2", start, flat=True)
        return [entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", [])]

    def _pages(self, operation, start, flat=False):
        only = {"Delimiter": "/"} if flat else {}
        with self.told(start):
            yield from self.s3.get_paginator(operation).paginate(Bucket=self.bucket, Prefix=start, **only)

    # --- Out -----------------------------------------------------------------------------------------------

    def download(self, key, path):
        """Copy a file to `path`, whole and of one version; returns its Stat."""
        for _ in range(TRIES):
            # One that is replaced on the way is begun anew.
            with suppress(Replaced), self._opened(key) as source, Path(path).open("wb") as target:
                while piece := source.read(CHUNK):
                    target.write(piece)
                return source.stat
        raise self.unreachable("a file changes all the time")

    def _opened(self, key):
        with self.told(key):
            answer = self.s3.get_object(Bucket=self.bucket, Key=key)
            return S3File(self, key, _stat(answer, "ContentLength"), answer["Body"])

    def stream(self, key, first, stat):
        """What `read` gives a file's bytes from `first` on; Replaced when it is no longer this one."""
        asked = {"Range": f"bytes={first}-"} if first else {}
        with self.told(key):
            answer = self.s3.get_object(Bucket=self.bucket, Key=key, IfMatch=stat.etag, **asked)
        # Not every server heeds every condition.
        if answer["ETag"] != stat.etag:
            raise Replaced(key)
        if answer["ContentLength"] != stat.st_size - first:
            raise self.unreachable("it sends other bytes than it was asked for")
        return answer["Body"]

    def read(self, body, size):
        """Up to so many bytes of what `stream` returned; BucketUnreachable when it breaks off."""
        with self.told():
            return body.read(size)

    # --- In ------------------------------------------------------------------------------------------------

    def upload(self, path, key):
        for left in reversed(range(TRIES)):
            try:
                with self.told(key), Path(path).open("rb") as source:
                    kept = {"ContentType": media_type(key)}
                    return self.s3.upload_fileobj(source, self.bucket, key, ExtraArgs=kept, Config=PARTS)
            except BucketUnreachable as error:
                # The answer to the last call for a file in parts was lost, and the call that was sent again met none.
                if error.reason != "NoSuchUpload" or not left:
                    raise
        return None

    def copy(self, source, key, stat=None):
        """`stat`: FileNotFoundError when the source is no longer this one."""
        only = {"CopySourceIfMatch": stat.etag} if stat else {}
        self._copy(source, key, {}, only)

    def touch(self, key):
        # A copy onto itself is refused unless something changes.
        self._copy(key, key, {"kept": str(time.time_ns())}, {})

    def _copy(self, source, key, metadata, only):
        kept = {"ContentType": media_type(key), "MetadataDirective": "REPLACE", "Metadata": metadata, **only}
        place = {"Bucket": self.bucket, "Key": source}
        with self.told(source):
            self.s3.copy_object(Bucket=self.bucket, Key=key, CopySource=place, **kept)

    # --- Away ----------------------------------------------------------------------------------------------

    def delete(self, keys):
        """Delete them, as far as they exist."""
        keys = [str(key) for key in keys]
        if len(keys) == 1:
            with self.told():
                self.s3.delete_object(Bucket=self.bucket, Key=keys[0])
            return
        for start in range(0, len(keys), MOST_DELETED):
            some = [{"Key": key} for key in keys[start : start + MOST_DELETED]]
            with self.told():
                answer = self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": some, "Quiet": True})
            if errors := answer.get("Errors"):
                raise self.unreachable(errors[0]["Code"])

    def halves(self, start, older_than):
        """`(key, upload id)` of files in parts that were begun before then (epoch seconds) and never ended."""
        try:
            for page in self._pages("list_multipart_uploads", start):
                for entry in page.get("Uploads", []):
                    if entry["Initiated"].timestamp() < older_than:
                        yield entry["Key"], entry["UploadId"]
        except BucketUnreachable as error:
            # A server that lists none takes them away itself.
            if error.reason not in ("NotImplemented", "MethodNotAllowed"):
                raise

    def drop_half(self, key, upload):
        with suppress(FileNotFoundError), self.told(key):
            self.s3.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=upload)
