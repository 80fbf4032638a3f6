"""Zip files that anybody may have made or packed again: their members by the names that count.

Every error of zipfile at such bytes becomes one sentence; nothing is believed before it was checked here.
"""

import io
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.utils.translation import gettext as _

from ..errors import Invalid

# zipfile reads the list of what is in an archive in one go, and makes ten times as much of it in memory.
LARGEST_DIRECTORY = 8 * 1024 * 1024
# Raised by zipfile for bytes that make no sense.
BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError, OverflowError)
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, section 4.4.4: bits 0, 6 and 13.
ENCRYPTED = 0x1 | 0x40 | 0x2000
# Files that operating systems add; names that begin with a dot count among them.
CLUTTER = {"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "@eadir", "icon\r"}

Members = dict[str, zipfile.ZipInfo]


def refuse(sentence: str) -> Invalid:
    """The error for an export that can't be imported."""
    return Invalid("archive", sentence)


class Bounded(io.BufferedReader):
    """A file of which nobody reads more than LARGEST_DIRECTORY at once, nor what lies before its start."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > LARGEST_DIRECTORY:
            raise zipfile.BadZipFile("it lists too many files")
        return super().read(size)

    def seek(self, target: int, whence: int = io.SEEK_SET, /) -> int:
        try:
            return super().seek(target, whence)
        except (OSError, ValueError, OverflowError):
            raise zipfile.BadZipFile("it points outside itself") from None


class Piecewise:
    """An open member: damage is refused where it is found."""

    def __init__(self, source: IO[bytes]) -> None:
        self.source = source

    def read(self, size: int = -1) -> bytes:
        with readable():
            return self.source.read(size)


@contextmanager
def readable() -> Iterator[None]:
    """Make one sentence of any error that zipfile raises within."""
    try:
        yield
    except BROKEN as error:
        raise refuse(
            _("The archive is no zip file that can be read (%(error)s).") % {"error": str(error)[:100]}
        ) from None


@contextmanager
def opened(path: str | Path) -> Iterator[zipfile.ZipFile]:
    """The zip file at `path`; Invalid when it is none."""
    with Bounded(io.FileIO(path)) as file:
        with readable():
            archive = zipfile.ZipFile(file)
        yield archive


@contextmanager
def unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[Piecewise]:
    """A member to read, of no more bytes than it declares; Invalid where they are damaged."""
    with readable():
        source = archive.open(member)
    with source:
        yield Piecewise(source)


def members(archive: zipfile.ZipFile, top: str) -> Members:
    """The entries of the archive, without folders and files that systems add; nothing is unpacked.

    Names are joined by slashes and composed (NFC). Folders around all of it are taken off until the file `top` is at
    the top. Invalid for two of a name, and for what is no plain file or packed in a way that can't be read.
    """
    found: Members = {}
    for info in archive.infolist():
        if not (name := _name(info)):
            continue
        if name in found:
            raise refuse(_("The archive holds %(name)s twice.") % {"name": _shown(info)})
        _check_plain(info)
        found[name] = info
    return _unwrapped(found, top)


def _name(info: zipfile.ZipInfo) -> str:
    """The name of a member as we write names; empty for a folder, and for what a system put there."""
    name = unicodedata.normalize("NFC", info.filename.replace("\\", "/"))
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.endswith("/") or any(_is_clutter(part) for part in parts):
        return ""
    return "/".join(parts)


def _is_clutter(part: str) -> bool:
    return part.lower() in CLUTTER or (part.startswith(".") and part != "..")


def _check_plain(info: zipfile.ZipInfo) -> None:
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
        sentence = _("The archive's %(name)s is no plain file; export the universe anew.")
    elif info.flag_bits & ENCRYPTED:
        sentence = _("The archive's %(name)s is encrypted; pack it without a password.")
    elif info.compress_type not in METHODS:
        sentence = _(
            "The archive's %(name)s is packed in a way that can't be read; pack it as a usual zip file."
        )
    else:
        return
    raise refuse(sentence % {"name": _shown(info)})


def _shown(info: zipfile.ZipInfo) -> str:
    return repr(info.filename[:80])


def _unwrapped(found: Members, top: str) -> Members:
    while found and not matched(found, [top]) and all("/" in name for name in found):
        if len({name.partition("/")[0] for name in found}) > 1:
            break
        found = {name.partition("/")[2]: info for name, info in found.items()}
    return found


def matched(found: Members, names: Iterable[str]) -> dict[str, str]:
    """`{name: its name in the archive}` of those that are there, in capitals or not."""
    lowered = {name.lower(): name for name in found}
    pairs = ((name, name if name in found else lowered.get(name.lower())) for name in names)
    return {name: there for name, there in pairs if there}
