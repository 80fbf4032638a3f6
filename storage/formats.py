"""Checks that a file is whole and of its kind, by its content: names and declared types may lie."""

import struct
from pathlib import Path
from typing import BinaryIO

from .messages import Message
from .messages import gettext as _

PICTURE, CLIP, SONG = "picture", "clip", "song"
LEAST_SONG_BYTES = 2_000


class Unfit(Exception):
    """The file is not of the kind it should be."""


class Incomplete(Exception):
    """The file is of its kind and breaks off."""


OTHER = {
    PICTURE: _("The file is no picture but %(what)s."),
    CLIP: _("The file is no clip but %(what)s."),
    SONG: _("The file is no song but %(what)s."),
}
BROKEN = {
    PICTURE: _("The picture is not whole."),
    CLIP: _("The clip is not whole."),
    SONG: _("The song is not whole."),
}


def wrong(path: str | Path, kind: str) -> Unfit:
    """The Unfit for a file that is not of this kind at all."""
    with Path(path).open("rb") as source:
        start = source.read(1000).lstrip().lower()
    return Unfit(OTHER[kind] % {"what": _what(start)})


def _what(start: bytes) -> Message:
    if b"<svg" in start:
        return _("an SVG drawing")
    return _("a web page") if start.startswith(b"<") else _("another kind of file")


def broken(kind: str) -> Incomplete:
    """The Incomplete for a file that ends too early."""
    return Incomplete(BROKEN[kind])


# Boxes that players accept as the first.
FIRST_BOXES = (b"ftyp", b"styp", b"wide", b"mdat", b"moov", b"free", b"skip", b"pnot", b"uuid")
# More than any clip has; reading them takes time.
MOST_BOXES = 100_000
FRAME_BOXES = (b"moov", b"moof", b"mdat")


def check_mp4(path: str | Path, kind: str = CLIP) -> None:
    """Raise unless the file is a whole MP4 or MOV: boxes, with the index and the frames among them.

    ISO/IEC 14496-12, section 4.2: each box starts with its size (32 bits, or 64 after a 1) and its type. Bytes after
    the last box that are no box are ignored, as players do.
    """
    size = Path(path).stat().st_size
    kinds: list[bytes] = []
    position = 0
    with Path(path).open("rb") as source:
        while position < size:
            length, box = _box(source, position, size)
            if not kinds and box not in FIRST_BOXES:
                raise wrong(path, kind)
            if length < 8 or position + length > size:
                _check_rest(box, kinds, kind)
                return
            kinds.append(box)
            position += length
            if len(kinds) > MOST_BOXES:
                raise broken(kind)
    _check_rest(b"", kinds, kind)


def _check_rest(box: bytes, kinds: list[bytes], kind: str) -> None:
    """Raise when a needed box breaks off or is missing."""
    if box in FRAME_BOXES or not {b"moov", b"mdat"} <= set(kinds):
        raise broken(kind)


def _box(source: BinaryIO, position: int, size: int) -> tuple[int, bytes]:
    """Length and type of the box at a position."""
    source.seek(position)
    head = source.read(16).ljust(16, b"\0")
    length, kind = struct.unpack(">I4s", head[:8])
    if length == 1:
        length = struct.unpack(">Q", head[8:])[0]
    return (length or size - position), kind


def check_mp3(path: str | Path) -> None:
    """Raise unless the file is an MP3: frames that follow one another, behind an ID3 tag or not."""
    content = Path(path).read_bytes()
    start = id3_length(content)
    first = frame_length(content, start)
    if not first or not frame_length(content, start + first):
        raise wrong(path, SONG)
    if len(content) - start < LEAST_SONG_BYTES:
        raise broken(SONG)


def id3_length(content: bytes) -> int:
    """Bytes of the ID3v2 tag that these begin with, 0 for none (https://id3.org/id3v2.4.0-structure, 3.1 and 3.4)."""
    if content[:3] != b"ID3" or len(content) < 10:
        return 0
    # The size has seven bits a byte; a footer is as long as the head.
    ends = 20 if content[5] & 0x10 else 10
    size = 0
    for byte in content[6:10]:
        size = size << 7 | byte & 0x7F
    return ends + size


# Layer III: kbit/s of MPEG 1, and of MPEG 2 and 2.5; samples per second by version.
BITRATES = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def frame_length(content: bytes, start: int) -> int:
    """Bytes of the Layer III frame that begins at `start`, 0 when none does (ISO/IEC 11172-3, section 2.4.1.3)."""
    head = content[start : start + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return 0
    version, bitrate, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or bitrate in (0, 15) or rate == 3:
        return 0
    samples = 144 if version == 3 else 72
    return samples * BITRATES[version or 2][bitrate] * 1000 // RATES[version][rate] + (head[2] >> 1 & 1)
