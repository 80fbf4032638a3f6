"""The containers of songs and clips, detected by content as players do: names and declared types may be wrong."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import SEEK_END
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from .formats import frame_length, id3_length

# First bytes of a container, and ffmpeg's name for it: ffmpeg is told, so that no playlist makes it open other files.
# QuickTime files of old cameras, and those beside Live Photos, have no `ftyp`
# (https://developer.apple.com/documentation/quicktime-file-format).
CONTAINERS = (
    (re.compile(rb"....(?:ftyp|styp|wide|mdat|moov|free|skip|pnot|uuid)", re.DOTALL), "mov"),
    (re.compile(rb"\x1a\x45\xdf\xa3"), "matroska"),
    (re.compile(rb"RIFF....AVI ", re.DOTALL), "avi"),
    (re.compile(rb"(?:RIFF|RF64|BW64)....WAVE", re.DOTALL), "wav"),
    (re.compile(rb"FORM....AIF[FC]", re.DOTALL), "aiff"),
    (re.compile(rb"OggS"), "ogg"),
    (re.compile(rb"fLaC"), "flac"),
    (re.compile(rb"\xff[\xf0\xf1\xf8\xf9]"), "aac"),
    (re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb]"), "mp3"),
)
# Their offsets count from the file's first byte.
ANCHORED = ("mov", "matroska", "avi")
# Brands of still pictures in the same container.
STILLS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis")
# How far players look for the first frame of an MP3.
MOST_JUNK = 2**20
FRAMES_IN_A_ROW = 4
# At the beginning and at the end: a file may be nothing but tags and padding.
MOST_TAGS = 100_000


@dataclass(frozen=True)
class Container:
    """ffmpeg's name, and the offsets at which the container begins and ends; 0 for the file's end."""

    name: str
    start: int = 0
    end: int = 0


def of(path: Path) -> Container | None:
    """The container of a file, after tags, padding and junk; None where there is none."""
    with path.open("rb") as source:
        start = _after_tags(source)
        found = _at(source, start)
        if found and not (start and found in ANCHORED):
            return (
                None if found == "mov" and _is_still(source) else Container(found, start, _end(source, found))
            )
        frames = _first_frames(source, start)
        return None if frames is None else Container("mp3", frames, _end(source, "mp3"))


def _at(source: BinaryIO, start: int) -> str | None:
    source.seek(start)
    head = source.read(16)
    return next((name for pattern, name in CONTAINERS if pattern.match(head)), None)


def _is_still(source: BinaryIO) -> bool:
    source.seek(8)
    return source.read(4) in STILLS


def _after_tags(source: BinaryIO) -> int:
    """The end of all tags at the beginning of a file: ID3v2, and APE (https://wiki.hydrogenaud.io/index.php?title=APEv2_specification)."""
    start = 0
    for _ in range(MOST_TAGS):
        source.seek(start)
        head = source.read(32)
        if head.startswith(b"ID3") and len(head) >= 10:
            start += id3_length(head)
        elif head.startswith(b"APETAGEX") and len(head) == 32:
            start += 32 + int.from_bytes(head[12:16], "little")
        else:
            break
    return start


def _end(source: BinaryIO, name: str) -> int:
    """The end of the frames of an MP3 or AAC, before tags (ID3v1, APE) and padding."""
    end = source.seek(0, SEEK_END)
    if name not in ("mp3", "aac"):
        return 0
    for _ in range(MOST_TAGS):
        if not (length := _tag_before(source, end)):
            break
        end -= length
    return end


def _tag_before(source: BinaryIO, end: int) -> int:
    """Bytes of the tag or padding that ends at `end`, 0 for none."""
    start = max(0, end - 4096)
    source.seek(start)
    content = source.read(end - start)
    if content[-128:-125] == b"TAG":
        return 128
    if content[-32:-24] == b"APETAGEX":
        size, has_head = int.from_bytes(content[-20:-16], "little"), content[-9] & 0x80
        return min(end, max(32, size + 32 if has_head else size))
    padding = len(content) - len(content.rstrip(b"\0"))
    # A frame may end in zeros.
    return padding if padding > 256 else 0


def _first_frames(source: BinaryIO, start: int) -> int | None:
    """The position of the first FRAMES_IN_A_ROW frames of an MP3."""
    source.seek(start)
    content = source.read(MOST_JUNK + 16 * 1024)
    position = content.find(b"\xff")
    while 0 <= position < MOST_JUNK:
        if _in_a_row(content, position):
            return start + position
        position = content.find(b"\xff", position + 1)
    return None


def _in_a_row(content: bytes, position: int) -> bool:
    for _ in range(FRAMES_IN_A_ROW):
        length = frame_length(content, position)
        if not length:
            return False
        position += length
    return True


# --- Whether all is there --------------------------------------------------------------------------------------

# Sizes in files that were streamed, whose writer could not know them.
UNKNOWN = (0, 0xFFFFFFFF)
# Writers differ in what they count.
SPARE_BYTES = 64 * 1024


def is_cut(path: Path, container: Container) -> bool:
    """Whether the file is shorter than it declares."""
    with path.open("rb") as source:
        source.seek(container.start)
        head = source.read(256)
    if container.name in ("wav", "avi"):
        declared = int.from_bytes(head[4:8], "little")
    elif container.name == "aiff":
        declared = int.from_bytes(head[4:8])
    elif container.name == "matroska":
        declared = _segment_end(head)
    elif container.name == "mp3":
        declared = _declared_frames(head)
    else:
        return False
    return declared not in UNKNOWN and container.start + declared > path.stat().st_size + SPARE_BYTES


def _declared_frames(head: bytes) -> int:
    """Bytes of the frames of an MP3 that its first frame declares, 0 for none.

    Xing or Info, flags, the number of frames if flagged, that of bytes: http://gabriel.mp3-tech.org/mp3infotag.html
    """
    found = re.search(b"Xing|Info", head[: frame_length(head, 0)])
    if not found or len(head) < found.end() + 12:
        return 0
    flags = int.from_bytes(head[found.end() : found.end() + 4])
    start = found.end() + (8 if flags & 1 else 4)
    return int.from_bytes(head[start : start + 4]) if flags & 2 else 0


def _segment_end(head: bytes) -> int:
    """The declared end of a Matroska file's segment, 0 for none (https://www.rfc-editor.org/rfc/rfc8794#section-4)."""
    size, width = _number(head, 4)
    start = 4 + width + size
    if not width or head[start : start + 4] != b"\x18\x53\x80\x67":
        return 0
    size, width = _number(head, start + 4)
    return start + 4 + width + size if width and size != 2 ** (7 * width) - 1 else 0


def _number(head: bytes, start: int) -> tuple[int, int]:
    """A number of variable length, and its bytes; zeros where there is none."""
    if start >= len(head) or not head[start]:
        return 0, 0
    width = 9 - head[start].bit_length()
    return int.from_bytes(head[start : start + width]) & (2 ** (7 * width) - 1), width


# --- Edit lists ------------------------------------------------------------------------------------------------

# Encoders put so much before the first sound; people cut off more.
PRIMING_SECONDS = 0.1
MOST_BOXES = 100_000
NESTED = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts")


@dataclass
class Track:
    """Times are in units of `scale` a second, the durations of edits in the movie's. `edits`: `_edits`."""

    scale: int = 0
    duration: int = 0
    delay: int = 0
    edits: list[tuple[int, int, int]] = field(default_factory=list)


def is_trimmed(path: Path) -> bool:
    """Whether the edit lists of an MP4 or MOV hide part of it: editors cut that way.

    ISO/IEC 14496-12, sections 8.6.5 and 8.6.6. Unreadable lists count as trimmed.
    """
    with path.open("rb") as source:
        try:
            return _shows_less(source, path.stat().st_size)
        except struct.error:
            return True


def _shows_less(source: BinaryIO, size: int) -> bool:
    movie_scale, tracks = 0, [Track()]
    for kind, start, end in islice(_boxes(source, 0, size), MOST_BOXES):
        if kind == b"trak":
            tracks.append(Track())
        elif kind == b"mvhd":
            movie_scale, _duration = _times(source, start)
        elif kind == b"mdhd":
            tracks[-1].scale, tracks[-1].duration = _times(source, start)
        elif kind == b"elst":
            tracks[-1].edits = _edits(source, start, end)
        elif kind == b"ctts":
            tracks[-1].delay = _first_delay(source, start)
    return any(_track_shows_less(track, movie_scale) for track in tracks)


def _boxes(source: BinaryIO, start: int, end: int, depth: int = 0) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of each box's content; boxes within NESTED ones follow them."""
    while start + 8 <= end:
        source.seek(start)
        length, kind = struct.unpack(">I4s", source.read(8))
        head = 8
        if length == 1:
            length, head = struct.unpack(">Q", source.read(8))[0], 16
        length = length or end - start
        if length < head:
            return
        yield kind, start + head, min(start + length, end)
        if kind in NESTED and depth < len(NESTED):
            yield from _boxes(source, start + head, min(start + length, end), depth + 1)
        start += length


def _times(source: BinaryIO, start: int) -> tuple[int, int]:
    """Units per second, and the duration in units."""
    source.seek(start)
    content = source.read(32)
    if content[:1] == b"\1":
        return struct.unpack_from(">IQ", content, 20)
    return struct.unpack_from(">II", content, 12)


def _edits(source: BinaryIO, start: int, end: int) -> list[tuple[int, int, int]]:
    """Duration, first moment and speed of each part; empty parts are left out."""
    source.seek(start)
    content = source.read(min(end - start, 2**16))
    entry = ">Qqi" if content[:1] == b"\1" else ">Iii"
    (count,) = struct.unpack_from(">I", content, 4)
    size = struct.calcsize(entry)
    found = [struct.unpack_from(entry, content, 8 + size * number) for number in range(min(count, 1000))]
    return [edit for edit in found if edit[1] >= 0]


def _first_delay(source: BinaryIO, start: int) -> int:
    """Delay of the first frame between decoding and showing."""
    source.seek(start)
    count, _frames, delay = struct.unpack(">4xIIi", source.read(16))
    return delay if count else 0


def _track_shows_less(track: Track, movie_scale: int) -> bool:
    if not track.edits or not track.scale or not movie_scale:
        return False
    duration, first, speed = track.edits[0]
    before = (first - track.delay) / track.scale
    after = (track.duration - first) / track.scale - duration / movie_scale if duration else 0
    return len(track.edits) > 1 or speed != 0x10000 or max(before, after) > PRIMING_SECONDS
