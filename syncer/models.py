"""What a sync remembers; the mirrored tables have no clock that could be trusted."""

from django.db import models

from universes.models import Universe


class RemoteFile(models.Model):
    """The digests of a file in Supabase whose ETag does not tell them, as long as ETag and size stay."""

    key = models.TextField(primary_key=True)
    etag = models.TextField()
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    md5 = models.CharField(max_length=32)

    class Meta:
        db_table = "sync_remote_files"

    def __str__(self):
        return self.key


class Journal(models.Model):
    """What a pull still owes the bucket since its rows were written; it goes with the last file.

    `files`: `[{"name", "action": "update" or "delete", "sha256": of the new one, or empty}]`; the new ones lie in the
    staging folder called `folder`. `kept`: `{name: sha256}` of the files as the pull's revision keeps them.
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

    def __str__(self):
        return f"{self.slug}: {len(self.files)} files"

    @property
    def why(self):
        return self.cause, self.author


class SyncedState(models.Model):
    """The digest of what both sides had when a universe was last synced, and the address of the Supabase.

    `folder`: where its media lay over there, if its slug had changed and they had not followed. `ahead`: whether
    Supabase had something else since then when somebody last looked.
    """

    universe = models.OneToOneField(Universe, models.CASCADE, primary_key=True, related_name="+")
    digest = models.CharField(max_length=64)
    address = models.TextField(blank=True, default="")
    folder = models.TextField(blank=True, default="")
    ahead = models.BooleanField(default=False)

    class Meta:
        db_table = "sync_states"

    def __str__(self):
        return f"{self.universe_id}: {self.digest[:12]}"
