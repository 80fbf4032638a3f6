"""Pictures of any format become PNGs, or are refused."""

import io

import pytest
from PIL import Image

from storage import pictures
from storage.formats import Incomplete, Unfit


def picture(kind="PNG", mode="RGB", size=(40, 30)):
    target = io.BytesIO()
    Image.new(mode, size).save(target, kind)
    return target.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_every_usual_format_becomes_a_png(file, kind):
    path = file(picture(kind))
    pictures.to_png(path)
    with Image.open(path) as result:
        assert (result.format, result.size) == ("PNG", (40, 30))


def test_transparency_stays_in_a_png_and_is_white_in_a_jpeg(file):
    path = file(picture("WEBP", "RGBA"))
    pictures.to_png(path)
    with Image.open(path) as result:
        assert result.mode == "RGBA"
    with Image.open(io.BytesIO(pictures.jpeg(path, 20))) as small:
        assert (small.size, small.getpixel((0, 0))) == ((20, 15), (255, 255, 255))


@pytest.mark.parametrize("content", [b"<!DOCTYPE html><html></html>", b"nonsense", b"", picture()[:20]])
def test_what_is_no_picture_is_unfit(file, content):
    with pytest.raises((Unfit, Incomplete)):
        pictures.to_png(file(content))


def test_half_a_picture_is_incomplete(file):
    noise = io.BytesIO()
    Image.effect_noise((200, 200), 90).save(noise, "PNG")
    with pytest.raises(Incomplete):
        pictures.to_png(file(noise.getvalue()[:8000]))


def test_a_picture_that_would_fill_the_memory_is_unfit(file):
    with pytest.raises(Unfit, match="30 million"):
        pictures.to_png(file(picture("PNG", "1", (8000, 8000))))
