"""`manage.py make_buckets`: what a server that speaks S3 needs before its first file."""

from django.core.files.storage import storages
from django.core.management import CommandError
from django.core.management.base import BaseCommand

from storage.errors import BucketUnreachable
from storage.s3 import S3Storage


class Command(BaseCommand):
    help = "Makes the buckets that BUCKET_URL and ARCHIVE_URL name, where they are missing."

    def handle(self, **options):
        stores = [storages[name] for name in ("bucket", "archive")]
        # Usually one and the same bucket.
        clients = {
            (s.client.access["endpoint_url"], s.client.bucket): s.client for s in stores if is_on_s3(s)
        }
        for client in clients.values():
            self.stdout.write(f"The bucket '{client.bucket}' {'is made' if made(client) else 'is there'}.")
        if not clients:
            self.stdout.write("Media lie in folders of STORAGE_PATH, which need no making.")


def is_on_s3(store):
    return isinstance(store, S3Storage)


def made(client):
    """Whether it was missing; CommandError where the server makes none."""
    try:
        return client.make()
    except BucketUnreachable as error:
        raise CommandError(str(error)) from None
