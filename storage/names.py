"""Keys that may name a file in a store, and media types. Every key is checked here."""

import re

# A first character that is neither dot nor dash keeps out hidden files, `..` and option look-alikes;
# ASCII alone, since Supabase Storage refuses the rest as InvalidKey.
SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,149}", re.ASCII)

# The media type of a file, by its suffix in lower case. Drawings (SVG) may hold scripts: they have none here.
TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".avif": "image/avif",
    ".heic": "image/heic",
    ".bmp": "image/bmp",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".wav": "audio/wav",
    ".ogg": "audio/ogg",
    ".flac": "audio/flac",
}
ANY_TYPE = "application/octet-stream"

# Entries beside a store's folders that no listing shows: files being written; trash that waits to be archived, and
# trash being filled; folders being deleted. Installations and backups hold entries with these names.
TEMPORARY, TRASH, TRASH_FILLING, GONE = ".part-", ".aside-", ".filling-", ".gone-"
# The files of a backup that is being restored.
RESTORING = ".restoring-"


class UnsafeName(ValueError):
    """A name that can't be part of a key; the message quotes it."""


def media_type(name: str) -> str:
    """The media type that a file's suffix stands for, in upper or lower case; ANY_TYPE for an unknown one."""
    _, dot, suffix = name.rpartition(".")
    return TYPES.get(dot + suffix.lower(), ANY_TYPE)


def kind_of(name: str) -> str:
    """`image`, `video` or `audio`, by a file's suffix; `application` for any other."""
    return media_type(name).partition("/")[0]


def is_safe_segment(segment: str) -> bool:
    return bool(SEGMENT.fullmatch(segment)) and not segment.endswith(".")


def safe_key(*segments: str) -> str:
    """Join folder and file names to a key.

    Raises UnsafeName for anything but letters, digits, `_`, `-` and inner dots, or a segment of more than 150
    characters.
    """
    for segment in segments:
        if not is_safe_segment(segment):
            raise UnsafeName(
                f"{segment[:80]!r} can't name a file or folder; use letters, digits, '_' and '-'."
            )
    return "/".join(segments)
