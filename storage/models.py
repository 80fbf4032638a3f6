"""The index of the bucket's files."""

from django.db import models


class FileRecord(models.Model):
    """The digests of one file in the bucket, valid while its size and time of change stay."""

    key = models.TextField(primary_key=True)
    size = models.BigIntegerField()
    mtime_ns = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    md5 = models.CharField(max_length=32)

    class Meta:
        db_table = "storage_files"

    def __str__(self) -> str:
        return self.key


class Original(models.Model):
    """An archived file as a provider delivered it (`sha256`), and the file made of it (`made`); both in hex."""

    made = models.CharField(max_length=64, db_index=True)
    sha256 = models.CharField(max_length=64)
    # `folder/name` of the file in the bucket.
    key = models.TextField()

    class Meta:
        db_table = "storage_originals"
        constraints = [
            models.UniqueConstraint(fields=["made", "sha256"], name="storage_originals_once_per_medium")
        ]

    def __str__(self) -> str:
        return self.key
