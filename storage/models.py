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


class Original(models.Model):
    """An archived file, as a provider delivered it, of which a medium was made. `made`, `sha256`: of both, in hex."""

    made = models.CharField(max_length=64, db_index=True)
    sha256 = models.CharField(max_length=64)
    # Where the medium was put in the bucket, `folder/name`.
    key = models.TextField()

    class Meta:
        db_table = "storage_originals"
        constraints = [
            models.UniqueConstraint(fields=["made", "sha256"], name="storage_originals_once_per_medium")
        ]

    def __str__(self):
        return self.key
