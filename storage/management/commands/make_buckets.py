"""`manage.py make_buckets`, before the first file on an S3 server."""

from typing import Any

from django.core.files.storage import storages
from django.core.management import CommandError
from django.core.management.base import BaseCommand

from storage.errors import BucketUnreachable
from storage.s3 import S3Storage
from storage.s3_client import Client


class Command(BaseCommand):
    help = "Makes the buckets that BUCKET_URL and ARCHIVE_URL name, where they are missing."

    def handle(self, *args: Any, **options: Any) -> None:
        stores = [storages[name] for name in ("bucket", "archive")]
        on_s3 = [store.client for store in stores if isinstance(store, S3Storage)]
        # Usually one and the same bucket.
        clients = {(client.access["endpoint_url"], client.bucket): client for client in on_s3}
        for client in clients.values():
            self.stdout.write(f"The bucket '{client.bucket}' {'is made' if made(client) else 'is there'}.")
        if not clients:
            self.stdout.write("Media lie in folders of STORAGE_PATH, which need no making.")


def made(client: Client) -> bool:
    """Whether the bucket was missing; CommandError where the server makes none."""
    try:
        return client.make()
    except BucketUnreachable as error:
        raise CommandError(str(error)) from None
