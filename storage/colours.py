"""Conversion of any colours to 8 bits of sRGB, with or without transparency."""

import io
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

from PIL import Image, ImageCms

log = logging.getLogger(__name__)

Convert = Callable[[Image.Image], Image.Image]

DEEP = ("I", "I;16", "I;16L", "I;16B", "I;16N", "F")
# Tags of a TIFF, https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf
BITS_PER_SAMPLE, PHOTOMETRIC, WHITE_IS_ZERO = 0x0102, 0x0106, 0
GREYS = ("1", "L", "LA", "La", *DEEP)
# Colour spaces of a profile (ICC.1:2022, table 19), and Pillow's modes that each can be applied to.
SPACES = {"GRAY": "L", "RGB ": "RGB", "CMYK": "CMYK", "LAB": "LAB"}


def for_screen(picture: Image.Image, profile: bytes) -> Convert:
    """A function that converts any part of this decoded picture to RGB or RGBA.

    `profile`: an ICC profile, or empty. An unreadable profile, or one of other colours, is ignored.
    """
    levels = _levels(picture) if picture.mode in DEEP else None
    transform = _transform(picture.mode, profile)
    return partial(_convert, levels, transform)


def has_alpha(picture: Image.Image) -> bool:
    """Whether parts of it may be transparent."""
    return picture.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in picture.info


def _convert(
    levels: Convert | None, transform: ImageCms.ImageCmsTransform | None, part: Image.Image
) -> Image.Image:
    alpha = _alpha(part) if has_alpha(part) else None
    colours = _opaque(levels(part) if levels else part)
    if transform:
        # A new picture, since it is not asked to change this one.
        colours = cast(Image.Image, ImageCms.applyTransform(_as(colours, transform.input_mode), transform))
    else:
        colours = _as(colours, "RGB")
    if alpha:
        colours.putalpha(alpha)
    return colours


def _as(picture: Image.Image, mode: str) -> Image.Image:
    return picture if picture.mode == mode else picture.convert(mode)


def _opaque(picture: Image.Image) -> Image.Image:
    """The same colours without transparency, which the conversions don't take."""
    if picture.mode in ("RGBa", "La"):
        picture = picture.convert({"RGBa": "RGBA", "La": "LA"}[picture.mode])
    if picture.mode == "LA":
        return picture.getchannel("L")
    if picture.mode in ("RGBA", "PA"):
        return picture.convert("RGBA").convert("RGB")
    picture.info.pop("transparency", None)
    return picture


def _alpha(part: Image.Image) -> Image.Image:
    transparent = part.info.get("transparency")
    if part.mode in DEEP:
        return part.convert("I").point([0 if level == transparent else 255 for level in range(65536)], "L")
    return part.convert("RGBA").getchannel("A")


def _levels(picture: Image.Image) -> Convert:
    """A function that scales grey levels to 8 bits by the range of the whole picture."""
    if picture.mode in ("I", "F"):
        # One channel has one range.
        darkest, lightest = cast(tuple[float, float], picture.getextrema())
        black, white = _range(picture.mode, darkest, lightest)
    else:
        black, white = _tiff_range(getattr(picture, "tag_v2", {}))
    return partial(_scaled, 255 / (white - black), black)


def _tiff_range(tags: Mapping[int, Any]) -> tuple[int, int]:
    """The levels of black and white in 16 bits; a TIFF may use 12 of them, and may call the lowest white."""
    bits = tags.get(BITS_PER_SAMPLE, (16,))[0]
    black, white = 0, 2 ** (bits if 8 < bits < 16 else 16) - 1
    return (white, black) if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO else (black, white)


def _range(mode: str, darkest: float, lightest: float) -> tuple[float, float]:
    """The levels of black and white: the narrowest usual range that holds all levels, else their own range."""
    usual = (255, 65535) if mode == "I" else (1, 255, 65535)
    white = next((most for most in usual if darkest >= 0 and lightest <= most), None)
    if white:
        return 0, white
    # NaN and infinities have no range.
    return (darkest, lightest) if -1e30 < darkest < lightest < 1e30 else (0, 65535)


def _scaled(factor: float, black: float, part: Image.Image) -> Image.Image:
    numbers = part if part.mode == "F" else part.convert("I").convert("F")
    return numbers.point(lambda level: level * factor + (0.5 - black * factor)).convert("L")


def _transform(mode: str, profile: bytes) -> ImageCms.ImageCmsTransform | None:
    if mode == "LAB":
        return _to_srgb(ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")), "LAB")
    if not profile:
        return None
    # The picture is fine without a broken profile.
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = SPACES.get(source.profile.xcolor_space)
        return _to_srgb(source, space) if space and _applies(space, mode) else None
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        log.info("A picture's colour profile is left out: %s", error)
        return None


def _to_srgb(source: ImageCms.ImageCmsProfile, mode: str) -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")


def _applies(space: str, mode: str) -> bool:
    if mode == "CMYK":
        return space == "CMYK"
    # A grey picture may have a colour profile.
    return space == "RGB" or (space == "L" and mode in GREYS)
