"""Pictures from elsewhere: decoded in full, so known to be whole, and written anew as what their name says."""

import io
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from django.utils.translation import gettext as _

from .formats import PICTURE, Unfit, broken, wrong
from .names import media_type

# Pillow would hand some of the others to programs of their own.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "HEIF", "AVIF", "BMP", "TIFF")
MOST_PIXELS = 30_000_000
# A camera's picture has up to 50; made small at once, it doesn't take that much memory for long.
MOST_CAMERA_PIXELS = 50_000_000
LONGEST_SIDE = 4096
THUMBNAIL_PIXELS = 512
# zlib's default takes five times as long for pictures that are hardly smaller.
PNG_EFFORT = 2


@cache
def _pillow():
    """Pillow, which reads HEIF too. Imported with the first picture: it weighs 7 MB, and few processes see one."""
    import PIL.Image
    import PIL.ImageCms
    import PIL.ImageOps
    from pillow_heif import register_heif_opener

    # What phones and tablets record.
    register_heif_opener()
    return PIL


def to_png(path):
    """Rewrite the picture at `path` as a PNG, whatever format it came in; one that is a PNG stays as it is.

    Raises Unfit or Incomplete, like all that look at a file here.
    """
    with _picture(path) as picture:
        if picture.format != "PNG":
            _plain(picture).save(path, "PNG", compress_level=PNG_EFFORT)


def cleaned(path):
    """Rewrite the picture at `path` as a PNG of its first frame: upright, in sRGB, without what the camera noted.

    One whose longer side has more than LONGEST_SIDE pixels is made smaller.
    """
    with _picture(path, MOST_CAMERA_PIXELS) as picture:
        picture.seek(0)
        picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        upright = _pillow().ImageOps.exif_transpose(_in_srgb(picture))
        plain = _pillow().Image.new(upright.mode, upright.size)
        plain.paste(upright)
    plain.save(path, "PNG", compress_level=PNG_EFFORT)


def as_named(path: Path, name: str) -> None:
    """Rewrite the PNG at `path` as the WebP (lossless) or JPEG that the suffix of `name` says; else it stays a PNG.

    A card that came from elsewhere keeps the name of its picture; browsers and apps tell formats from the content.
    """
    kind = media_type(name)
    if kind == "image/jpeg":
        path.write_bytes(jpeg(path, LONGEST_SIDE, quality=95))
    elif kind == "image/webp":
        with _picture(path) as picture:
            picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            picture.save(path, "WEBP", lossless=True)


def _in_srgb(picture):
    """The picture as RGB or RGBA; its colours as its profile has them, since PNGs here come without."""
    profile = picture.info.get("icc_profile")
    if profile and picture.mode in ("RGB", "CMYK"):
        try:
            source = _pillow().ImageCms.ImageCmsProfile(io.BytesIO(profile))
            return _pillow().ImageCms.profileToProfile(
                picture, source, _pillow().ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        except (OSError, _pillow().ImageCms.PyCMSError):
            return _plain(picture)
    return _plain(picture)


def _plain(picture):
    return picture.convert("RGBA" if _has_alpha(picture) else "RGB")


def _has_alpha(picture):
    return picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info


def jpeg(path, longest_side, quality=85):
    """The picture at `path` as JPEG bytes, on white, its longer side at most so many pixels."""
    with _picture(path) as picture:
        small = picture.convert("RGBA")
        small.thumbnail((longest_side, longest_side))
        page = _pillow().Image.new("RGB", small.size, "white")
        page.paste(small, mask=small.getchannel("A"))
    target = io.BytesIO()
    page.save(target, "JPEG", quality=quality)
    return target.getvalue()


@contextmanager
def _picture(path, most_pixels=MOST_PIXELS):
    try:
        picture = _pillow().Image.open(path, formats=FORMATS)
    except _pillow().Image.DecompressionBombError:
        raise _too_large(most_pixels) from None
    except (OSError, SyntaxError, ValueError):
        raise wrong(path, PICTURE) from None
    with picture:
        if picture.width * picture.height > most_pixels:
            raise _too_large(most_pixels)
        try:
            picture.load()
        except (OSError, SyntaxError, ValueError):
            raise broken(PICTURE) from None
        yield picture


def _too_large(most_pixels):
    return Unfit(_("The picture has more than %(count)s million pixels.") % {"count": most_pixels // 10**6})
