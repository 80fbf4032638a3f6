"""What is known of the bucket's files without reading them again."""

from django.db import models


class FileRecord(models.Model):
    """The digests of one file in the bucket, as long as its size and time of change stay."""

    key = models.TextField(primary_key=True)
    size = models.BigIntegerField()
    mtime_ns = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    md5 = models.CharField(max_length=32)

    class Meta:
        db_table = "storage_files"

    def __str__(self):
        return self.key
