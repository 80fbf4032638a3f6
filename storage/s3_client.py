"""What we ask of a server that speaks S3, by boto3; a key that is not there is a FileNotFoundError.

https://boto3.amazonaws.com/v1/documentation/api/latest/reference/services/s3.html
"""

import os
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import PurePath

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .errors import BucketUnreachable
from .names import TYPES

MISSING = ("404", "NoSuchKey", "NotFound", "412", "PreconditionFailed")
MOST_DELETED = 1000
SECOND = 10**9


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


@contextmanager
def _told(key=""):
    """What boto3 raises, as we tell it."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in MISSING:
            raise FileNotFoundError(key) from None
        raise BucketUnreachable(error) from error
    except (BotoCoreError, Boto3Error) as error:
        raise BucketUnreachable(error) from error


class Client:
    """One bucket of a server. Names are whole keys here."""

    def __init__(self, endpoint_url, bucket, key, secret, region):
        self.bucket, self.pid = bucket, None
        self.access = {
            "endpoint_url": endpoint_url,
            "aws_access_key_id": key,
            "aws_secret_access_key": secret,
            "region_name": region,
        }

    @property
    def s3(self):
        # A fork must not share its parent's connections.
        if self.pid != os.getpid():
            self.__dict__.pop("_made", None)
            self.pid = os.getpid()
        return self._made

    def close(self):
        """Let go of this process's connections; the next call makes others."""
        if made := self.__dict__.pop("_made", None):
            made.close()

    @cached_property
    def _made(self):
        config = Config(
            s3={"addressing_style": "path"},
            signature_version="s3v4",
            retries={"mode": "standard", "max_attempts": 4},
            connect_timeout=5,
            read_timeout=60,
            max_pool_connections=32,
            # Servers that are not Amazon's need not know the newer checksums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        return boto3.session.Session().client("s3", config=config, **self.access)

    def make(self):
        """Make the bucket where it is missing; whether it was."""
        with suppress(FileNotFoundError), _told(self.bucket):
            self.s3.head_bucket(Bucket=self.bucket)
            return False
        with _told(self.bucket):
            self.s3.create_bucket(Bucket=self.bucket, **self._place_of_birth())
        return True

    def _place_of_birth(self):
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucketConfiguration.html
        region = self.access["region_name"]
        return {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}

    def stat(self, key):
        with _told(key):
            return _stat(self.s3.head_object(Bucket=self.bucket, Key=key), "ContentLength")

    def listing(self, start, flat=False):
        """`(key, Stat)` of each key that begins so; `flat`: without those in folders below."""
        for page in self._pages(start, flat):
            for entry in page.get("Contents", []):
                yield entry["Key"], _stat(entry, "Size")

    def folders(self, start):
        """The keys, up to their next slash, of those that begin so and have one."""
        return [e["Prefix"] for page in self._pages(start, flat=True) for e in page.get("CommonPrefixes", [])]

    def _pages(self, start, flat):
        only = {"Delimiter": "/"} if flat else {}
        with _told(start):
            pages = self.s3.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=start, **only
            )
            yield from pages

    def download(self, key, path):
        with _told(key):
            self.s3.download_file(self.bucket, key, str(path))

    def stream(self, key, first, stat):
        """What `read` gives a file's bytes from `first` on; FileNotFoundError when it is no longer this one."""
        with _told(key):
            asked = {"Range": f"bytes={first}-"} if first else {}
            return self.s3.get_object(Bucket=self.bucket, Key=key, IfMatch=stat.etag, **asked)["Body"]

    def read(self, body, size):
        """Up to so many bytes of what `stream` returned; BucketUnreachable when it breaks off."""
        with _told():
            return body.read(size)

    def upload(self, path, key):
        with _told(key):
            self.s3.upload_file(str(path), self.bucket, key, ExtraArgs={"ContentType": _type(key)})

    def copy(self, source, key, stat=None):
        """`stat`: FileNotFoundError when the source is no longer this one."""
        only = {"CopySourceIfMatch": stat.etag} if stat else {}
        kept = {"ContentType": _type(key), "MetadataDirective": "REPLACE", **only}
        with _told(source):
            self.s3.copy_object(Bucket=self.bucket, Key=key, CopySource=self._place(source), **kept)

    def touch(self, key):
        # A copy onto itself is refused unless something changes.
        changed = {"Metadata": {"kept": str(time.time_ns())}, "ContentType": _type(key)}
        with _told(key):
            self.s3.copy_object(
                Bucket=self.bucket,
                Key=key,
                CopySource=self._place(key),
                MetadataDirective="REPLACE",
                **changed,
            )

    def _place(self, key):
        return {"Bucket": self.bucket, "Key": key}

    def delete(self, keys):
        """Delete them, as far as they exist."""
        keys = [{"Key": str(key)} for key in keys]
        for start in range(0, len(keys), MOST_DELETED):
            some = {"Objects": keys[start : start + MOST_DELETED], "Quiet": True}
            with _told():
                self._check(self.s3.delete_objects(Bucket=self.bucket, Delete=some))

    def _check(self, answer):
        if errors := answer.get("Errors"):
            raise BucketUnreachable(errors[0].get("Message") or errors[0]["Code"])


def _type(key):
    return TYPES.get(PurePath(key).suffix, "application/octet-stream")
