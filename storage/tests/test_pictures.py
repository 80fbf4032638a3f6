"""Pictures of any format become PNGs, or are refused."""

import io
import random
import struct
import threading
import zlib

import pytest
from PIL import Image, ImageChops, ImageStat

from storage import pictures
from storage.errors import Busy
from storage.formats import Incomplete, Unfit
from storage.memory import DECODED, Budget


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
    with pytest.raises(Unfit, match="64 million"):
        pictures.to_png(file(picture("PNG", "1", (8001, 8000))))


@pytest.fixture(params=["upload", "result", "thumbnail"])
def made(request, file):
    """Makes what becomes of a picture: as an upload, as a model's result, as a thumbnail or a clip's start."""

    def make(content):
        path = file(content)
        if request.param == "thumbnail":
            return Image.open(io.BytesIO(pictures.jpeg(path, 256, 100)))
        (pictures.cleaned if request.param == "upload" else pictures.to_png)(path)
        return Image.open(io.BytesIO(path.read_bytes()))

    return make


def near(found, wanted, most=5):
    """Whether colours differ by no more than JPEG and rounding do."""
    return all(abs(one - other) <= most for one, other in zip(found, wanted, strict=False))


def saved(image, kind, **options):
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


# --- Levels ------------------------------------------------------------------------------------------------


def ramp(mode, code, most):
    """256 columns from black to white, where white is `most`."""
    levels = [round(column * most / 255) if code != "f" else column * most / 255 for column in range(256)]
    return Image.frombytes(
        mode, (256, 9), struct.pack(f"{'>' if mode == 'I;16B' else '<'}256{code}", *levels) * 9
    )


def one_bit():
    halves = Image.new("1", (256, 9))
    halves.paste(1, (128, 0, 256, 9))
    return halves


GRADIENT = Image.linear_gradient("L").rotate(90)
RAMPS = {
    "16 bits, PNG": (ramp("I;16", "H", 65535), "PNG"),
    "16 bits, TIFF": (ramp("I;16", "H", 65535), "TIFF"),
    "16 bits, the other way round": (ramp("I;16B", "H", 65535), "TIFF"),
    "32 bits with levels of 16": (ramp("I", "i", 65535), "TIFF"),
    "32 bits with levels of 8": (ramp("I", "i", 255), "TIFF"),
    "32 bits": (ramp("I", "i", 2_000_000_000), "TIFF"),
    "fractions of 1": (ramp("F", "f", 1), "TIFF"),
    "fractions of 255": (ramp("F", "f", 255), "TIFF"),
    "fractions of 65535": (ramp("F", "f", 65535), "TIFF"),
    "fractions of anything": (ramp("F", "f", 1_000_000), "TIFF"),
    "8 bits": (GRADIENT, "PNG"),
    "8 bits and transparency": (Image.merge("LA", (GRADIENT, Image.new("L", (256, 256), 255))), "PNG"),
    "a palette": (GRADIENT.convert("P"), "GIF"),
}


@pytest.mark.parametrize(("image", "kind"), RAMPS.values(), ids=RAMPS)
def test_greys_of_any_depth_keep_their_levels(made, image, kind):
    result = made(saved(image, kind)).convert("RGB")
    found = [result.getpixel((column, 4)) for column in (0, 64, 128, 192, 255)]
    wanted = [(level,) * 3 for level in (0, 64, 128, 192, 255)]
    assert all(map(near, found, wanted)) or all(map(near, found, reversed(wanted))), found


@pytest.mark.parametrize(("bits", "photometric"), [(12, 1), (16, 0)])
def test_a_tiffs_greys_have_the_bits_and_the_direction_that_it_says(made, bits, photometric):
    most = 2**bits - 1
    levels = [round(column * most / 255) for column in range(256)]
    if bits == 12:
        whole = int("".join(f"{level:012b}" for level in levels), 2).to_bytes(384)
    else:
        whole = struct.pack("<256H", *(most - level for level in levels))
    # Width, height, bits, not compressed, which end is white, and where the rows are.
    tags = [(256, 256), (257, 1), (258, bits), (259, 1), (262, photometric), (273, 122), (277, 1), (278, 1)]
    entries = [struct.pack("<HHII", tag, 4 if tag == 273 else 3, 1, value) for tag, value in tags]
    entries.append(struct.pack("<HHII", 279, 4, 1, len(whole)))
    content = ifd(*entries)
    assert len(content) == 122
    result = made(content + whole).convert("RGB")
    found = [result.getpixel((column, 0)) for column in (0, 64, 128, 192, 255)]
    assert all(map(near, found, [(level,) * 3 for level in (0, 64, 128, 192, 255)])), found


def test_one_bit_is_black_and_white(made):
    result = made(saved(one_bit(), "PNG")).convert("RGB")
    assert near(result.getpixel((50, 4)), (0, 0, 0)) and near(result.getpixel((200, 4)), (255, 255, 255))


def test_a_transparent_level_of_16_bits_stays_transparent(file):
    path = file(saved(ramp("I;16", "H", 65535), "PNG", transparency=0))
    pictures.cleaned(path)
    with Image.open(path) as result:
        assert [result.getpixel((column, 4))[3] for column in (0, 1, 255)] == [0, 255, 255]


# --- Colour profiles ---------------------------------------------------------------------------------------


def profile(space):
    """A profile with other colours than sRGB: red and green change places, or greys are as light as they are."""
    gamma = b"curv" + bytes(4) + struct.pack(">IH", 1, 0x100) + bytes(2)
    xyz = {
        b"rXYZ": (0.3851, 0.7169, 0.0971),
        b"gXYZ": (0.4361, 0.2225, 0.0139),
        b"bXYZ": (0.1431, 0.0606, 0.7141),
        b"wtpt": (0.9642, 1, 0.8249),
    }
    points = {
        tag: b"XYZ " + bytes(4) + struct.pack(">3i", *(round(part * 65536) for part in point))
        for tag, point in xyz.items()
    }
    curves = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC") if space == b"RGB " else (b"kTRC",), gamma)
    return packed(space, {**({} if space == b"GRAY" else points), **curves, b"wtpt": points[b"wtpt"]})


def packed(space, tags):
    """An ICC profile of these tags (ICC.1:2022, section 7)."""
    table, data = struct.pack(">I", len(tags)), b""
    for tag, content in tags.items():
        table += tag + struct.pack(">2I", 128 + 4 + 12 * len(tags) + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    white = struct.pack(">3i", 63190, 65536, 54061)
    head = struct.pack(
        ">I4sI4s4s4s12s4s", 0, b"none", 0x02400000, b"mntr", space, b"XYZ ", bytes(12), b"acsp"
    )
    whole = (head + bytes(28) + white).ljust(128, b"\0") + table + data
    return struct.pack(">I", len(whole)) + whole[4:]


RED, SWAPPED = (255, 0, 0), (0, 255, 0)
# Linear light: a half of it is much lighter in sRGB.
GREY, LIGHT = 128, (188, 188, 188)
TRANSPARENT = Image.new("P", (20, 20), 1)
TRANSPARENT.putpalette([0, 0, 0, 255, 0, 0])
COLOURED = {
    "RGB in a PNG": (Image.new("RGB", (20, 20), RED), "PNG", {}),
    "RGB in a JPEG": (Image.new("RGB", (20, 20), RED), "JPEG", {"quality": 95}),
    "RGB in a WebP": (Image.new("RGB", (20, 20), RED), "WEBP", {"lossless": True}),
    "RGB in an AVIF": (Image.new("RGB", (20, 20), RED), "AVIF", {"quality": 100, "subsampling": "4:4:4"}),
    "RGB in a TIFF": (Image.new("RGB", (20, 20), RED), "TIFF", {}),
    "RGBA in a PNG": (Image.new("RGBA", (20, 20), (*RED, 255)), "PNG", {}),
    "RGBA in a WebP": (Image.new("RGBA", (20, 20), (*RED, 254)), "WEBP", {"lossless": True}),
    "a palette": (TRANSPARENT, "PNG", {}),
    "a palette with transparency": (TRANSPARENT, "PNG", {"transparency": 0}),
    "RGB with a transparent colour": (Image.new("RGB", (20, 20), RED), "PNG", {"transparency": (1, 2, 3)}),
    "grey in a PNG": (Image.new("L", (20, 20), GREY), "PNG", {}),
    "grey in a JPEG": (Image.new("L", (20, 20), GREY), "JPEG", {}),
    "grey with transparency": (Image.new("LA", (20, 20), (GREY, 255)), "PNG", {}),
    "grey of 16 bits": (Image.new("I;16", (20, 20), GREY * 257), "PNG", {}),
    "grey with a profile of colours": (
        Image.new("L", (20, 20), GREY),
        "PNG",
        {"icc_profile": profile(b"RGB ")},
    ),
}


@pytest.mark.parametrize(("image", "kind", "options"), COLOURED.values(), ids=COLOURED)
def test_a_colour_profile_counts_in_every_mode(made, image, kind, options):
    space = b"GRAY" if image.mode in ("L", "LA", "I;16") else b"RGB "
    result = made(saved(image, kind, **{"icc_profile": profile(space), **options}))
    assert near(result.convert("RGB").getpixel((9, 9)), SWAPPED if space == b"RGB " else LIGHT, 15)
    assert "icc_profile" not in result.info


@pytest.mark.parametrize(
    "content", [b"nonsense", b"", profile(b"RGB ")[:200], profile(b"GRAY"), bytes(5000), profile(b"7CLR")]
)
def test_a_profile_that_can_not_be_read_or_does_not_fit_counts_as_none(made, content):
    result = made(saved(Image.new("RGB", (20, 20), RED), "PNG", icc_profile=content))
    assert near(result.convert("RGB").getpixel((9, 9)), RED)


# --- Metadata ----------------------------------------------------------------------------------------------


def with_chunks(*chunks):
    """A red PNG with more chunks behind its head."""
    png = saved(Image.new("RGB", (20, 10), RED), "PNG")
    more = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return png[:33] + more + png[33:]


LARGE = profile(b"RGB ") + random.Random(1).randbytes(3 * 2**20)
NOTES = {
    "much packed text": [(b"zTXt", b"workflow\0\0" + zlib.compress(bytes(2**21)))] * 3,
    "text beyond any memory": [(b"iTXt", b"prompt\0\1\0\0\0" + zlib.compress(bytes(2**20)))] * 80,
    "a lot of text": [(b"tEXt", b"workflow\0" + b"x" * 2**21)],
    "text that can't be unpacked": [(b"zTXt", b"a\0\0nonsense")],
    "EXIF that is none": [(b"eXIf", b"nonsense")],
    "EXIF as text": [(b"tEXt", b"Raw profile type exif\0\nexif\n 12\n45786966zz\n")],
    "an animation's chunks without frames": [(b"acTL", struct.pack(">2I", 0, 0)), (b"fcTL", b"x")],
    "a profile that can't be unpacked": [(b"iCCP", b"x\0\0nonsense")],
    "a profile that would fill the memory": [(b"iCCP", b"x\0\0" + zlib.compress(bytes(2**25)))],
}


@pytest.mark.parametrize("chunks", NOTES.values(), ids=NOTES)
def test_no_metadata_makes_a_picture_none(made, chunks):
    result = made(with_chunks(*chunks)).convert("RGB")
    assert result.size == (20, 10) and near(result.getpixel((9, 5)), RED)


def test_a_large_profile_counts(made):
    result = made(with_chunks((b"iCCP", b"x\0\0" + zlib.compress(LARGE)))).convert("RGB")
    assert near(result.getpixel((9, 5)), SWAPPED)


def test_a_results_workflow_does_not_come_along(file):
    path = file(with_chunks((b"tEXt", b"workflow\0a secret")))
    pictures.to_png(path)
    assert b"secret" not in path.read_bytes()


def test_a_result_that_is_a_plain_png_keeps_its_bytes(file):
    content = picture()
    path = file(content)
    pictures.to_png(path)
    assert path.read_bytes() == content


def ifd(*entries):
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)


TURNED = struct.pack("<HHIHH", 0x112, 3, 1, 6, 0)
TEXT = struct.pack("<HHI", 0x11A, 2, 5) + struct.pack("<I", 38)
RATIONAL = struct.pack("<HHI", 0x100, 5, 1) + struct.pack("<I", 38)
EXIFS = {
    "sound": (ifd(TURNED), True),
    "with a resolution in words": (ifd(TURNED, TEXT) + b"72 dp", True),
    "with a size as a fraction": (ifd(TURNED, RATIONAL) + b"\xff" * 8, True),
    "with a resolution of no numbers": (ifd(TURNED, struct.pack("<HHII", 0x11A, 5, 0, 0)), True),
    "without a head": (ifd(TURNED)[4:], False),
    "of zeros": (bytes(40), False),
    "as Python writes bytes": (b"b'Exif\\x00\\x00II*'", False),
    "cut off": (ifd(TURNED)[:14], False),
    "with an orientation of words": (ifd(struct.pack("<HHI4s", 0x112, 2, 4, b"top")), False),
    "with an orientation of none": (ifd(struct.pack("<HHII", 0x112, 3, 0, 0)), False),
    "with an orientation of 99": (ifd(struct.pack("<HHIHH", 0x112, 3, 1, 99, 0)), False),
    "that leads nowhere": (b"II*\0" + b"\xff" * 4, False),
}


@pytest.mark.parametrize(("exif", "turns"), EXIFS.values(), ids=EXIFS)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_an_orientation_that_can_not_be_read_counts_as_upright(made, kind, exif, turns):
    image = Image.new("RGB", (40, 20), RED)
    if kind == "JPEG":
        app1 = b"Exif\0\0" + exif
        content = saved(image, kind)
        content = content[:2] + b"\xff\xe1" + struct.pack(">H", len(app1) + 2) + app1 + content[2:]
    else:
        content = saved(image, kind, exif=exif)
    assert made(content).size == ((20, 40) if turns else (40, 20))


@pytest.mark.parametrize("kind", ["AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_damaged_exif_beside_a_phones_picture_changes_nothing(made, kind, orientation):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "A maker"
    content = saved(Image.new("RGB", (64, 32), RED), kind, exif=exif)
    wanted = made(content).size
    assert wanted == ((32, 64) if (kind, orientation) == ("AVIF", 6) else (64, 32))
    start = content.index(b"A maker") - 30
    assert made(content[:start] + b"\xee" * 37 + content[start + 37 :]).size == wanted


def test_a_jpeg_of_several_pictures_shows_its_first(made):
    frames = [Image.new("RGB", (40, 20), color) for color in ("red", "blue")]
    result = made(saved(frames[0], "MPO", save_all=True, append_images=frames[1:])).convert("RGB")
    assert near(result.getpixel((9, 9)), (254, 0, 0))


# --- Memory ------------------------------------------------------------------------------------------------


def test_parts_make_the_same_as_the_whole(file, monkeypatch):
    noise = Image.effect_noise((700, 900), 90).convert("RGB")
    path = file(saved(noise, "PNG"))
    monkeypatch.setattr(pictures, "PART_PIXELS", 700 * 20)
    with Image.open(io.BytesIO(pictures.jpeg(path, 300, 100))) as small:
        whole = noise.resize((233, 300), Image.Resampling.BICUBIC)
        difference = ImageChops.difference(small.convert("RGB"), whole).convert("L")
        assert ImageStat.Stat(difference).mean[0] < 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "options"),
    [((8160, 6120), {}), ((8160, 6120), {"progressive": True, "subsampling": "4:2:0"}), ((8000, 8000), {})],
    ids=["50 megapixels", "50 in several scans", "64 megapixels"],
)
def test_a_cameras_picture_fits(file, size, options):
    path = file(saved(Image.new("L", size, 99), "JPEG", **options))
    pictures.cleaned(path)
    with Image.open(path) as result:
        assert max(result.size) == 4096


def test_pictures_wait_for_memory_in_turn_and_not_for_ever(file):
    path = file(picture("JPEG"))
    with DECODED.taken(DECODED.total), pytest.raises(Busy):
        pictures.cleaned(path, wait_seconds=0.01)
    pictures.cleaned(path, wait_seconds=0.01)


@pytest.mark.parametrize("name", ["00_lion.webp", "00_lion.jpg"])
def test_nor_do_those_that_get_another_format_by_their_name(file, name):
    path = file(picture("PNG"))
    with DECODED.taken(DECODED.total), pytest.raises(Busy):
        pictures.as_named(path, name, wait_seconds=0.01)


def test_who_asks_for_much_is_not_overtaken():
    budget, order = Budget(10), []

    def want_much():
        with budget.taken(9):
            order.append("much")

    thread = threading.Thread(target=want_much)
    with budget.taken(6):
        thread.start()
        # There is room for one more byte, but somebody waits already.
        with pytest.raises(Busy):
            while thread.is_alive():
                with budget.taken(1, wait_seconds=0):
                    pass
        assert not order
    with budget.taken(1):
        thread.join(5)
        assert order == ["much"]
