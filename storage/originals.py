"""Results as providers delivered them, in the archive: kept as long as the media that were made of them."""

from collections.abc import Container

from . import bucket
from .models import FileRecord, Original
from .names import safe_key


def link(made: str, sha256: str, folder: str, name: str) -> None:
    """Note of which archived file a medium was made that goes to folder/name in the bucket; both by their SHA-256.

    A medium that is what was delivered, byte for byte, needs no note.
    """
    if made != sha256:
        Original.objects.get_or_create(made=made, sha256=sha256, defaults={"key": safe_key(folder, name)})


def needed(named: Container[str]) -> set[str]:
    """The hashes of all originals whose medium is in the bucket, or among the hashes in `named`."""
    return {one.sha256 for one in Original.objects.iterator() if _is_kept(one, named)}


def forget(gone: set[str]) -> None:
    """Drop the notes of originals that are no longer in the archive."""
    Original.objects.filter(sha256__in=gone).delete()


def _is_kept(original: Original, named: Container[str]) -> bool:
    if original.made in named:
        return True
    # A record may be older than its file, and a file that nobody asked for yet has none.
    records = FileRecord.objects.filter(sha256=original.made).exclude(key__startswith=".")
    keys = {original.key, *records.values_list("key", flat=True)}
    found = (bucket.info(*key.split("/", 1)) for key in keys)
    return any(info and info.sha256 == original.made for info in found)
