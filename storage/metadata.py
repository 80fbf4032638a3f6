"""Picture files without their metadata: Pillow fails at some that browsers ignore."""

import io
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
# Chunks without which there is no picture (https://www.w3.org/TR/png-3/#5ChunkOrdering).
PNG_NEEDED = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
# Size, colours and storage: they can be left out, and do not count as metadata.
PNG_USUAL = PNG_NEEDED | {b"gAMA", b"cHRM", b"sRGB", b"pHYs", b"sBIT", b"bKGD", b"tIME"}
# Profiles of printers have a few megabytes; a larger one is an attack on the memory.
MOST_PROFILE_BYTES = 16 * 2**20
# https://www.w3.org/Graphics/JPEG/itu-t81.pdf, table B.1; markers that stand alone have no length.
SCAN, END, APP1, APP2 = 0xDA, 0xD9, 0xE1, 0xE2
ALONE = {0x01, *range(0xD0, 0xDA)}
# An item of an AVIF or HEIF file that holds metadata, ISO/IEC 14496-12, 8.11.6: orientation is a property.
ITEM = re.compile(rb"(infe[\x02\x03]...(?:..|....)..)(?:Exif|mime)", re.DOTALL)

ORIENTATION = 0x0112
# The byte orders of a TIFF, and its kinds of whole numbers, for `struct`.
ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
NUMBERS = {1: "B", 3: "H", 4: "I"}


@dataclass(frozen=True)
class Bare:
    """`file`: the picture for Pillow; `exif`, `profile`: of the original; `stripped`: whether metadata was removed."""

    file: BinaryIO
    exif: bytes = b""
    profile: bytes = b""
    stripped: bool = False


def without(path: str | Path) -> Bare:
    """The picture file at `path` without its metadata, in memory; formats that Pillow reads well stay as they are."""
    content = Path(path).read_bytes()
    if content.startswith(PNG):
        return _png(content)
    if content.startswith(JPEG):
        return _jpeg(content)
    if content[4:8] == b"ftyp":
        bare = ITEM.sub(rb"\1free", content)
        return Bare(io.BytesIO(bare), stripped=bare != content)
    return Bare(io.BytesIO(content))


def _png(content: bytes) -> Bare:
    kept, exif, profile, kinds = [PNG], b"", b"", set()
    for kind, start, end in _chunks(content):
        kinds.add(kind)
        if kind in PNG_NEEDED:
            kept.append(content[start:end])
        elif kind == b"eXIf":
            exif = content[start + 8 : end - 4]
        elif kind == b"iCCP":
            profile = _inflated(content[start + 8 : end - 4])
    return Bare(io.BytesIO(b"".join(kept)), exif, profile, not kinds <= PNG_USUAL)


def _chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of each chunk up to IEND; the last may be cut off."""
    position, kind = len(PNG), b""
    while position < len(content) and kind != b"IEND":
        length, kind = int.from_bytes(content[position : position + 4]), content[position + 4 : position + 8]
        yield kind, position, position + 12 + length
        position += 12 + length


def _inflated(chunk: bytes) -> bytes:
    """The profile in an iCCP chunk, after its name and one byte; empty where it can't be unpacked."""
    unpacking = zlib.decompressobj()
    try:
        profile = unpacking.decompress(chunk.partition(b"\0")[2][1:], MOST_PROFILE_BYTES)
    except zlib.error:
        return b""
    return b"" if unpacking.unconsumed_tail else profile


def _jpeg(content: bytes) -> Bare:
    kept, exif, position, stripped = [content[:2]], b"", 2, False
    for marker, start, end in _segments(content):
        position = end
        head = content[start + 4 : start + 16]
        if marker == APP1 and head.startswith(b"Exif\0") and not exif:
            exif = content[start + 4 : end]
        if marker == APP1 or (marker == APP2 and not head.startswith(b"ICC_PROFILE\0")):
            stripped = True
        else:
            kept.append(content[start:end])
    return Bare(io.BytesIO(b"".join([*kept, content[position:]])), exif, b"", stripped)


def _segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment before the first scan, up to one that is malformed."""
    position = 2
    while content[position : position + 1] == b"\xff" and position + 4 <= len(content):
        marker = content[position + 1]
        if marker in (SCAN, END):
            return
        length = _length(content, position, marker)
        yield marker, position, position + length
        position += length


def _length(content: bytes, position: int, marker: int) -> int:
    """Bytes of the segment at `position`; any number of 0xFF may stand before a marker."""
    if marker == 0xFF:
        return 1
    return 2 if marker in ALONE else 2 + int.from_bytes(content[position + 2 : position + 4])


def orientation(exif: bytes) -> int:
    """EXIF's orientation, from 1 to 8; unreadable EXIF counts as upright.

    https://www.cipa.jp/std/documents/e/DC-008-Translation-2019-E.pdf, sections 4.6.2 and 4.6.4.
    """
    tiff = exif.removeprefix(b"Exif\0\0")
    order = ORDERS.get(tiff[:4], "")
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, start)
        for entry in range(start + 2, start + 2 + 12 * entries, 12) if order else ():
            tag, kind, count = struct.unpack_from(f"{order}HHI", tiff, entry)
            if tag == ORIENTATION and kind in NUMBERS and count == 1:
                return int(struct.unpack_from(order + NUMBERS[kind], tiff, entry + 8)[0])
    except struct.error:
        pass
    return 1
