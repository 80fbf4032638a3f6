"""Conversion of pictures: decoded in full, so that broken ones are found, and written in the format of their name."""

import io
import logging
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from math import ceil, floor
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from . import metadata
from .errors import Busy
from .formats import PICTURE, Unfit, broken, wrong
from .memory import DECODED, give_back_freed
from .messages import gettext as _
from .names import media_type

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.JpegImagePlugin import JpegImageFile
    from PIL.TiffImagePlugin import TiffImageFile

log = logging.getLogger(__name__)

# Pillow runs other programs for some of the rest.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "HEIF", "AVIF", "BMP", "TIFF")
# Cameras take up to 50.
MOST_PIXELS = 64_000_000
LONGEST_SIDE = 4096
THUMBNAIL_PIXELS = 512
# zlib's default takes five times as long and saves little.
PNG_EFFORT = 2
# Raised by Pillow and pillow_heif at damaged files.
FAILURES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    struct.error,
    SyntaxError,
    TypeError,
    ValueError,
    zlib.error,
)

# Bytes per pixel while decoding, measured on the most demanding files of a format.
PIXEL_BYTES = {"WEBP": 16, "AVIF": 16, "HEIF": 8, "TIFF": 6}
USUAL_PIXEL_BYTES, RESULT_PIXEL_BYTES = 4, 4
# A picture is converted in parts of so many pixels; one takes so many bytes, copies included.
PART_PIXELS, PART_BYTES = 2**18, 8 * 2**20
# Tags of a TIFF.
TILE_WIDTH, TILE_LENGTH = 0x0142, 0x0143
# How to turn each of EXIF's orientations upright, by Pillow's names.
UPRIGHT = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}


@cache
def _pillow() -> Any:
    """Pillow, with HEIF. Imported with the first picture: it takes 7 MB, and few processes open one."""
    import PIL.Image
    from pillow_heif import register_heif_opener

    register_heif_opener()
    # `_check_pixels` does it; Pillow would warn as well.
    PIL.Image.MAX_IMAGE_PIXELS = None
    give_back_freed()
    return PIL.Image


@dataclass(frozen=True)
class Decoded:
    """A picture with its first frame decoded, ICC profile and EXIF orientation; `stripped`: it had other metadata."""

    picture: "Image"
    profile: bytes
    orientation: int
    stripped: bool

    def is_plain_png(self) -> bool:
        """Whether its file is a PNG without anything to convert or strip."""
        plain = self.picture.mode in ("1", "L", "LA", "P", "RGB", "RGBA") and not self.profile
        upright = self.orientation not in UPRIGHT and max(self.picture.size) <= LONGEST_SIDE
        return self.picture.format == "PNG" and plain and upright and not self.stripped


def to_png(path: Path, wait_seconds: float | None = None) -> None:
    """Rewrite the picture at `path` as `cleaned` does; a plain PNG keeps its bytes."""
    with _decoded(path, LONGEST_SIDE, wait_seconds) as decoded:
        if not decoded.is_plain_png():
            _write(_upright(decoded, LONGEST_SIDE), path)


def cleaned(path: Path, wait_seconds: float | None = None) -> None:
    """Rewrite the picture at `path` as a PNG of its first frame: upright, 8 bits, in sRGB, without metadata.

    One whose longer side has more than LONGEST_SIDE pixels is made smaller. Raises Unfit or Incomplete, Busy where
    there was not enough memory for `wait_seconds` (None: no limit), OSError where writing fails.
    """
    with _decoded(path, LONGEST_SIDE, wait_seconds) as decoded:
        _write(_upright(decoded, LONGEST_SIDE), path)


def jpeg(path: Path, longest_side: int, quality: int = 85, wait_seconds: float | None = None) -> bytes:
    """The picture at `path` as JPEG bytes, upright, on white, its longer side at most so many pixels."""
    with _decoded(path, longest_side, wait_seconds) as decoded:
        small = _upright(decoded, longest_side).convert("RGBA")
        page = _pillow().new("RGB", small.size, "white")
        page.paste(small, mask=small.getchannel("A"))
    target = io.BytesIO()
    page.save(target, "JPEG", quality=quality)
    return target.getvalue()


def as_named(path: Path, name: str, wait_seconds: float | None = None) -> None:
    """Rewrite the PNG at `path` as the WebP (lossless) or JPEG that the suffix of `name` says; else it stays a PNG.

    An imported card keeps the name of its picture.
    Raises Busy as `cleaned`.
    """
    kind = media_type(name)
    if kind == "image/jpeg":
        path.write_bytes(jpeg(path, LONGEST_SIDE, quality=95, wait_seconds=wait_seconds))
    elif kind == "image/webp":
        with _decoded(path, LONGEST_SIDE, wait_seconds) as decoded:
            _write(_upright(decoded, LONGEST_SIDE), path, "WEBP", lossless=True)


def _write(picture: "Image", path: Path, kind: str = "PNG", **options: Any) -> None:
    # Opened here: errors of writing then have an errno, which those of Pillow lack.
    with Path(path).open("wb") as target:
        picture.save(target, kind, **(options or {"compress_level": PNG_EFFORT}))


@contextmanager
def _decoded(path: Path, longest_side: int, wait_seconds: float | None) -> Iterator[Decoded]:
    """The picture at `path`, decoded once there is memory for it."""
    with _opened(path, longest_side) as (picture, _bare):
        needed = _bytes_of(picture, longest_side) + 3 * Path(path).stat().st_size
    # Opened again: a picture that waits holds no memory.
    with DECODED.taken(needed, wait_seconds), _opened(path, longest_side) as (picture, bare):
        _from_pillow(picture.load, lambda: broken(PICTURE))
        profile = bare.profile or picture.info.get("icc_profile") or b""
        yield Decoded(picture, profile, _orientation(picture, bare), bare.stripped)


@contextmanager
def _opened(path: Path, longest_side: int) -> Iterator[tuple["Image", metadata.Bare]]:
    """The picture at `path`, not decoded yet, and its metadata; Unfit where it is none, or too large."""
    bare = metadata.without(path)
    picture = _from_pillow(lambda: _pillow().open(bare.file, formats=FORMATS), lambda: wrong(path, PICTURE))
    with picture:
        _check_pixels(picture, MOST_PIXELS)
        # A JPEG can be decoded at a half, a quarter or an eighth of its size.
        _from_pillow(lambda: picture.draft(None, (longest_side, longest_side)), lambda: broken(PICTURE))
        _check_pixels(picture, int(DECODED.total / _pixel_bytes(picture)))
        yield picture, bare


def _from_pillow(call: Callable[[], Any], error: Callable[[], Exception]) -> Any:
    """The result of a call of Pillow's; its FAILURES become our `error`."""
    try:
        return call()
    except MemoryError:
        raise Busy from None
    except FAILURES as failure:
        log.info("Pillow could not read a picture: %r", failure)
        raise error() from None


def _check_pixels(picture: "Image", most: int) -> None:
    """Raise Unfit for more pixels; a tile of a TIFF may be larger than its picture, and is decoded whole."""
    tags = getattr(picture, "tag_v2", {})
    tile = tags.get(TILE_WIDTH, 0) * tags.get(TILE_LENGTH, 0)
    if max(picture.width * picture.height, tile) > most:
        raise Unfit(_("The picture has more than %(count)s million pixels.") % {"count": most // 10**6})


def _pixel_bytes(picture: "Image") -> float:
    """Bytes per pixel while decoding."""
    known = PIXEL_BYTES.get(picture.format or "", USUAL_PIXEL_BYTES)
    if picture.format == "HEIF" and picture.mode == "RGBA":
        return known + 1
    # libjpeg keeps the coefficients of a JPEG that comes in several scans.
    return known + (_coefficients(picture) if picture.info.get("progressive") else 0)


def _bytes_of(picture: "Image", longest_side: int) -> int:
    """The peak of decoding and converting, in bytes."""
    pixels = picture.width * picture.height
    width, height = _fitting(picture.size, longest_side)
    decoding = pixels * _pixel_bytes(picture) + width * height * RESULT_PIXEL_BYTES
    return PART_BYTES + int(max(decoding, 2 * width * height * RESULT_PIXEL_BYTES))


def _upright(decoded: Decoded, longest_side: int) -> "Image":
    """The picture as RGB or RGBA, in sRGB, scaled down, turned as its EXIF says."""
    made = _in_parts(decoded.picture, decoded.profile, longest_side)
    # Frees its memory for the turned copy.
    decoded.picture.close()
    turn = UPRIGHT.get(decoded.orientation)
    return made.transpose(_pillow().Transpose[turn]) if turn else made


def _fitting(size: tuple[int, int], longest_side: int) -> tuple[int, int]:
    factor = min(1, longest_side / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _in_parts(picture: "Image", profile: bytes, longest_side: int) -> "Image":
    """The picture in the screen's colours, scaled down some rows at a time, so that there is no second whole copy."""
    from .colours import for_screen, has_alpha

    convert = for_screen(picture, profile)
    size = _fitting(picture.size, longest_side)
    made: Image = _pillow().new("RGBA" if has_alpha(picture) else "RGB", size)
    rows = max(1, PART_PIXELS * size[1] // (picture.width * picture.height))
    for top in range(0, size[1], rows):
        made.paste(_part(picture, convert, size, top, min(top + rows, size[1])), (0, top))
    return made


def _part(
    picture: "Image", convert: Callable[["Image"], "Image"], size: tuple[int, int], top: int, end: int
) -> "Image":
    """The rows from `top` to `end` of the scaled picture; resizing uses the rows around them, too."""
    scale = picture.height / size[1]
    around = 0 if size == picture.size else ceil(2 * scale) + 1
    first, last = max(0, floor(top * scale) - around), min(picture.height, ceil(end * scale) + around)
    part = convert(picture.crop((0, first, picture.width, last)))
    if size == picture.size:
        return part
    box = (0, top * scale - first, picture.width, min(end * scale - first, last - first))
    return part.resize((size[0], end - top), _pillow().Resampling.BICUBIC, box)


def _orientation(picture: "Image", bare: metadata.Bare) -> int:
    """EXIF's orientation, from 1 to 8. That of an AVIF is a property of the picture, which Pillow shows as EXIF."""
    if picture.format == "TIFF":
        found = cast("TiffImageFile", picture).tag_v2.get(metadata.ORIENTATION)
        return found if isinstance(found, int) else 1
    return metadata.orientation(bare.exif or picture.info.get("exif") or b"")


def _coefficients(picture: "Image") -> float:
    """Bytes for each pixel of a JPEG: two for a coefficient, of which scaled-down colours have fewer."""
    layers = cast("JpegImageFile", picture).layer
    across = max(across for _name, across, _down, _table in layers)
    down = max(down for _name, _across, down, _table in layers)
    return sum(2 * h * v / (across * down) for _name, h, v, _table in layers)
