"""Files as they come from real cameras, phones and programs, cut off, with a wrong byte, or under a wrong type.

Whatever is drawn: the file is taken and what is stored of it can be decoded, or it is refused with a sentence.
"""

import io
import random
from functools import cache
from pathlib import Path
from struct import pack, unpack

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageCms
from pillow_heif import register_heif_opener

from storage import bucket
from universes.services import universes
from universes.tests.helpers import IMPORT
from universes.tests.media_files import converted, h264, path_of, recorded, streams, tone

pytestmark = [
    pytest.mark.django_db,
    # Pillow's warnings about damaged metadata go to the log.
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
]

CASES = 30
SLOW_SEEDS = range(1, 10)
TYPES = (
    "",
    "application/octet-stream",
    "application/zip",
    "application/json",
    "application/x-www-form-urlencoded",
    "text/html; charset=hex",
    "image/png",
    "video/mp4",
    "audio/mpeg",
    "nonsense",
)


def saved(image, kind, **options):
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


@cache
def pictures():
    register_heif_opener()
    noise = Image.effect_noise((64, 48), 80).convert("RGB")
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x011A] = 6, "A maker", 72.5
    exif.get_ifd(0x8825)[1] = "N"
    beside = {"exif": exif, "icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()}
    moving = {"save_all": True, "append_images": [noise.rotate(9)]}
    return {
        "8 bits.png": saved(noise, "PNG", **beside),
        "16 bits.png": saved(
            Image.linear_gradient("L").convert("I").point(lambda v: v * 257).convert("I;16"), "PNG"
        ),
        "transparent.png": saved(noise.convert("RGBA"), "PNG"),
        "palette.png": saved(noise.quantize(16), "PNG", transparency=3),
        "exif.jpg": saved(noise, "JPEG", **beside),
        "scans.jpg": saved(noise, "JPEG", progressive=True),
        "print.jpg": saved(noise.convert("CMYK"), "JPEG"),
        "several.jpg": saved(noise, "MPO", **moving),
        "lossy.webp": saved(noise, "WEBP", **beside),
        "lossless.webp": saved(noise.convert("RGBA"), "WEBP", lossless=True),
        "moving.webp": saved(noise, "WEBP", **moving),
        "a.avif": saved(noise, "AVIF", **beside),
        "a.heic": saved(noise, "HEIF", **beside),
        "a.gif": saved(noise.convert("P"), "GIF", **moving),
        "a.tiff": saved(noise, "TIFF", compression="tiff_lzw", **beside),
        "a.bmp": saved(noise, "BMP"),
    }


@cache
def clips():
    sounding = ("-f", "lavfi", "-i", "sine=d=1", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac")
    mov = converted(h264(), "mov", *sounding)
    (head,) = unpack(">I", mov[:4])
    return {
        "a.mp4": converted(h264(), "mp4", "-c", "copy"),
        "fragments.mp4": h264(),
        "phone.mov": recorded("mov", "-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-tag:v", "hvc1"),
        "headless.mov": pack(">I", head) + b"wide" + bytes(head - 8) + mov[head:],
        "a.webm": converted(h264(), "webm", "-c:v", "libvpx"),
        "a.mkv": converted(h264(), "matroska", *sounding),
        "a.avi": converted(h264(), "avi", "-c:v", "mpeg4"),
    }


@cache
def songs():
    return {
        "constant.mp3": converted(tone("wav"), "mp3", "-b:a", "64k"),
        "variable.mp3": converted(tone("wav"), "mp3", "-q:a", "9"),
        "a.m4a": converted(tone("wav"), "ipod", "-c:a", "aac"),
        "a.wav": converted(tone("wav"), "wav"),
        "a.ogg": tone("ogg", "-c:a", "libvorbis"),
        "a.flac": converted(tone("wav"), "flac"),
        "a.aac": tone("adts"),
    }


@pytest.fixture
def archive(api, make_universe, make_asset):
    """A universe with real media, as the archive that its export makes."""
    orchard = make_universe("Orchard", slug="orchard")
    card = make_asset("Apple", of=orchard)
    for address, content, kind in (
        (f"assets/{card.pk}/image", pictures()["a.bmp"], "image/bmp"),
        ("music/fr", songs()["constant.mp3"], "audio/mpeg"),
    ):
        assert api.generic("PUT", f"/api/universes/orchard/{address}", content, kind).status_code == 200
    content = api.get("/api/universes/orchard/export").getvalue()
    universes.delete(orchard)
    return content


class Taker:
    """Gives files to the product, by API or in the admin."""

    def __init__(self, api, browser, universe, card):
        self.api, self.browser = api, browser
        page, room = f"/admin/universes/universe/{universe.pk}", f"/api/universes/{universe.slug}"
        self.places = {
            "picture": (f"{room}/assets/{card.pk}/image", f"{page}/cards/{card.pk}/upload/"),
            "clip": (f"{room}/assets/{card.pk}/video", f"{page}/cards/{card.pk}/upload/"),
            "song": (f"{room}/music/fr", f"{page}/songs/fr/upload/"),
            "archive": (IMPORT, "/admin/universes/universe/import/"),
        }

    def by_api(self, what, name, content, kind):
        method = "POST" if what == "archive" else "PUT"
        response = self.api.generic(method, self.places[what][0], content, kind)
        said = "" if response.status_code < 400 else response.json()["detail"]
        return response.status_code, said

    def in_admin(self, what, name, content, kind):
        file = SimpleUploadedFile(name, content, kind)
        form = {"archive": file, "slug": ""} if what == "archive" else {"file": file, "kind": what}
        response = self.browser.post(self.places[what][1], form)
        if what != "archive":
            return response.status_code, "" if response.status_code < 400 else str(response.context["error"])
        # Its page comes again, with what is wrong.
        refused = response.status_code == 200
        return (422 if refused else response.status_code), " ".join(_errors(response)) if refused else ""


def _errors(response):
    return [str(error) for errors in response.context["form"].errors.values() for error in errors]


def drawn(rng, archive):
    """`(what, name, content, declared type)` of one case."""
    files = {"picture": pictures(), "clip": clips(), "song": songs(), "archive": {"a.zip": archive}}
    what, name = rng.choice([(what, name) for what, named in files.items() for name in named])
    content = files[what][name]
    usual = {"picture": "image/x", "clip": "video/x", "song": "audio/x", "archive": "application/zip"}[what]
    match rng.choice(("cut", "flip", "type")):
        case "cut":
            return what, name, content[: rng.randrange(len(content))], usual
        case "flip":
            # Heads are short, and most of what can go wrong is in them.
            place = rng.randrange(min(len(content), rng.choice((64, 1024, len(content)))))
            changed = bytes([content[place] ^ rng.randrange(1, 256)])
            return what, name, content[:place] + changed + content[place + 1 :], usual
        case _:
            return what, name, content, rng.choice(TYPES)


def check_decodes(slug):
    for name in bucket.names(slug):
        path = Path(path_of(name, slug))
        if path.suffix in (".mp4", ".mp3"):
            streams(name, path.suffix[1:], slug=slug)
        else:
            with Image.open(path) as image:
                image.load()


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in SLOW_SEEDS)])
def test_a_damaged_file_is_taken_or_refused_with_a_sentence(
    seed, api, client, staff, universe, asset, archive, empty_storage
):
    client.force_login(staff("lea", "Editor"))
    client.raise_request_exception = False
    taker, rng = Taker(api, client, universe, asset), random.Random(seed)
    for number in range(CASES):
        what, name, content, kind = drawn(rng, archive)
        surface = rng.choice((taker.by_api, taker.in_admin))
        status, said = surface(what, name, content, kind)
        case = (seed, number, what, name, len(content), kind, surface.__name__, status, said)
        assert status < 500, case
        assert status < 400 or said.strip().endswith("."), case
        slug = "orchard" if what == "archive" else "winter"
        if status < 400:
            check_decodes(slug)
        if status < 400 and what == "archive":
            universes.delete(universes.find(slug))
        assert not list((empty_storage / "staging").iterdir()), case
