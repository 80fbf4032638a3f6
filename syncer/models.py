"""The memory of syncs; the mirrored tables have no clock that could be trusted."""

from typing import TypedDict

from django.db import models

from universes.models import Universe


class RemoteFile(models.Model):
    """The digests of a file in Supabase, valid as long as its ETag and size stay; an ETag may not be an MD5."""

    key = models.TextField(primary_key=True)
    etag = models.TextField()
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    md5 = models.CharField(max_length=32)

    class Meta:
        db_table = "sync_remote_files"

    def __str__(self) -> str:
        return self.key


class JournalFile(TypedDict):
    """`action`: update or delete; `sha256`: of the new file, empty for a deletion."""

    name: str
    action: str
    sha256: str


class Journal(models.Model):
    """Files that a pull has still to replace or delete since its rows were written: a list of JournalFile.

    The new ones are in the staging folder called `folder`. `kept`: the archived files of the pull's revision,
    `{name: sha256}`.
    """

    universe = models.ForeignKey(Universe, models.CASCADE, related_name="+")
    slug = models.TextField()
    old_slug = models.TextField()
    folder = models.TextField()
    files = models.JSONField()
    kept = models.JSONField(default=dict)
    cause = models.TextField()
    author = models.TextField(blank=True)

    class Meta:
        db_table = "sync_journals"

    def __str__(self) -> str:
        return f"{self.slug}: {len(self.files)} files"


class SyncedState(models.Model):
    """The digest of a universe when it was last synced, and the address of the Supabase.

    `folder`: the folder of its media over there, if its slug had changed and they had not followed. `ahead`: whether
    Supabase had changed since then when its state was last looked at.
    """

    universe = models.OneToOneField(Universe, models.CASCADE, primary_key=True, related_name="+")
    digest = models.CharField(max_length=64)
    address = models.TextField(blank=True, default="")
    folder = models.TextField(blank=True, default="")
    ahead = models.BooleanField(default=False)

    class Meta:
        db_table = "sync_states"

    def __str__(self) -> str:
        return f"{self.universe_id}: {self.digest[:12]}"
