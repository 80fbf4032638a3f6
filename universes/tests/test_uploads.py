"""Pictures that people bring along, what a request may be, and what becomes of the former file."""

import hashlib
import io
import zlib
from struct import pack

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory
from PIL import Image

from storage import archive, bucket
from storage.memory import DECODED
from universes.errors import Invalid, NotFound, TooLarge
from universes.models import Revision, Universe
from universes.services import assets, universes, uploads

from .media_files import HTML, LOCATION, bytes_of, picture, shown
from .test_services import together

pytestmark = pytest.mark.django_db

CARD, SONG = "/api/universes/winter/assets", "/api/universes/winter/music"


# --- Pictures ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF"])
def test_a_picture_of_any_usual_format_becomes_the_cards_png(put, asset, kind):
    response = put(picture(kind))
    assert response.status_code == 200
    assert response.json()["image_url"].endswith(f"/winter/{asset.image_name}")
    assert (shown(asset.image_name).format, shown(asset.image_name).size) == ("PNG", (40, 30))


def test_the_first_picture_makes_the_thumbnail_and_the_next_leaves_it(put, api):
    put(picture(color="red"))
    first = bytes_of("thumbnail.jpg")
    put(picture(color="blue"))
    assert bytes_of("thumbnail.jpg") == first
    assert api.get("/api/universes/winter").json()["thumbnail_url"].endswith("/winter/thumbnail.jpg")


def test_a_camera_picture_is_upright_and_tells_nothing_of_where_it_was(put, asset):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Somebody's camera"
    exif.get_ifd(0x8825)[1] = "N"
    put(picture(exif=exif, comment=LOCATION))
    image = shown(asset.image_name)
    assert image.size == (30, 40)
    assert not image.getexif() and not image.info
    assert b"camera" not in bytes_of(asset.image_name)


def test_transparency_stays(put, asset):
    target = io.BytesIO()
    Image.new("RGBA", (9, 9), (255, 0, 0, 100)).save(target, "WEBP", lossless=True)
    put(target.getvalue(), "image/webp")
    assert shown(asset.image_name).getpixel((0, 0)) == (255, 0, 0, 100)


def test_colours_of_print_are_those_of_the_screen(put, asset):
    target = io.BytesIO()
    Image.new("CMYK", (9, 9), (0, 255, 255, 0)).save(target, "JPEG")
    put(target.getvalue())
    red, green, blue = shown(asset.image_name).getpixel((0, 0))
    assert red > 200 and green < 60 and blue < 60


def test_of_an_animation_the_first_frame_is_taken(put, asset):
    frames = [Image.new("RGB", (20, 20), color) for color in ("red", "blue", "green")]
    target = io.BytesIO()
    frames[0].save(target, "GIF", save_all=True, append_images=frames[1:])
    put(target.getvalue(), "image/gif")
    assert shown(asset.image_name).convert("RGB").getpixel((5, 5)) == (255, 0, 0)
    assert getattr(shown(asset.image_name), "n_frames", 1) == 1


def test_a_large_picture_is_made_smaller(put, asset):
    put(picture(size=(5000, 100)))
    assert shown(asset.image_name).size == (4096, 82)


def bomb(side):
    """A small PNG that says it has so many pixels a side."""
    header = pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    body = b"".join(
        pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


NOISE = io.BytesIO()
Image.effect_noise((99, 99), 90).save(NOISE, "PNG")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HOSTILE = {
    "a web page": (HTML, "a web page"),
    "an SVG": (SVG, "an SVG drawing"),
    "an SVG behind a prologue": (b'<?xml version="1.0"?>' + SVG, "an SVG drawing"),
    "a program": (b"\x7fELF" + b"\0" * 500, "another kind of file"),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "another kind of file"),
    "a PNG's beginning": (b"\x89PNG\r\n\x1a\n", "no picture"),
    "half a PNG": (NOISE.getvalue()[:5000], "not whole"),
    "half a JPEG": (picture(size=(900, 900))[:4000], "not whole"),
    "a bomb": (bomb(30_000), "million pixels"),
    "a smaller bomb": (bomb(9_000), "million pixels"),
    "a song": (b"ID3\x04" + b"\0" * 5000, "another kind of file"),
}


@pytest.mark.parametrize(("content", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_whole_picture_is_refused_whatever_it_is_called(put, put_file, asset, content, reason):
    put_file("winter", asset.image_name, b"the former")
    response = put(content, "image/png")
    assert response.status_code == 422
    assert reason in response.json()["detail"] and "Choose a picture: JPEG, PNG" in response.json()["detail"]
    assert response.json()["errors"].keys() == {"file"}
    assert bytes_of(asset.image_name) == b"the former"
    assert not Revision.objects.exists() and bucket.names("winter") == {asset.image_name}


def test_what_follows_a_picture_in_its_file_does_not_come_along(put, asset):
    put(picture("PNG") + HTML, "image/png")
    assert b"script" not in bytes_of(asset.image_name)


@pytest.mark.parametrize("surface", ["api", "admin"])
def test_who_waits_too_long_for_memory_is_told_when_to_come_again(
    put, put_file, client, staff, asset, monkeypatch, surface
):
    monkeypatch.setattr(uploads, "WAIT_SECONDS", 0.01)
    client.force_login(staff("lea", "Editor"))
    form = {"kind": "picture", "file": SimpleUploadedFile("a.jpg", picture())}
    page = f"/admin/universes/universe/{asset.universe_id}/cards/{asset.pk}/upload/"
    put_file("winter", asset.image_name, b"the former")
    with DECODED.taken(DECODED.total):
        response = put(picture()) if surface == "api" else client.post(page, form)
    assert (response.status_code, response["Retry-After"]) == (503, "20")
    assert "try again in a moment" in response.content.decode()
    assert bytes_of(asset.image_name) == b"the former"


def test_an_empty_file_is_refused(put):
    response = put(b"", "image/png")
    assert (response.status_code, response.json()["detail"]) == (422, "The file is empty; choose another.")


# --- What a request may be ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "text/plain; charset=x", "multipart/form-data; boundary=x"]
)
def test_a_form_is_refused(put, kind):
    response = put(picture(), kind)
    assert response.status_code == 415
    assert "begins with image/" in response.json()["detail"]


@pytest.mark.parametrize(
    "kind",
    [
        "image/heic",
        "application/octet-stream",
        "IMAGE/PNG; x=y",
        "",
        "video/mp4",
        "text/html",
        "application/json",
    ],
)
def test_the_content_counts_and_not_the_kind_that_is_declared(put, kind):
    assert put(picture(), kind).status_code == 200


def test_too_large_a_file_is_refused_before_it_is_read(put, settings):
    settings.UPLOAD_MAX_MB = 1
    response = put(b"x" * (2**20 + 1), "image/png")
    assert response.status_code == 413
    assert response.json()["detail"] == "The file is too large; 1 MB are the most."
    assert not bucket.names("winter")


def test_a_stream_without_an_end_is_refused_when_it_is_too_long(universe, asset, settings):
    class Endless:
        def read(self, size):
            return b"x" * size

    settings.UPLOAD_MAX_MB = 2
    with pytest.raises(TooLarge, match="2 MB are the most"):
        uploads.picture(universe, asset, Endless())


@pytest.mark.parametrize(
    "address", ["/api/universes/nowhere/assets/x/image", f"{CARD}/x/image", f"{SONG}/xx"]
)
def test_what_is_not_there_is_not_found(put, address):
    kind = "audio/mpeg" if address.startswith(SONG) else "image/png"
    response = put(picture(), kind, address)
    assert response.status_code == 404 and "not found" in response.json()["detail"]


def test_a_form_file_lies_on_the_buckets_disk_and_beyond_the_limit_not_at_all(settings, universe, asset):
    settings.UPLOAD_MAX_MB = settings.UPLOAD_CLIP_MAX_MB = 1
    upload = SimpleUploadedFile("../../etc/passwd.html", b"x" * (3 * 2**20), "text/html")
    file = RequestFactory().post("/", {"file": upload}).FILES["file"]
    assert file.size == 3 * 2**20
    assert len(file.read()) <= 2 * 2**20
    with pytest.raises(TooLarge, match="1 MB are the most"):
        uploads.picture(universe, asset, file)
    file.close()


def test_a_form_file_and_a_path_are_taken_alike(universe, asset, tmp_path):
    (tmp_path / "photo.heic").write_bytes(picture())
    uploads.picture(universe, asset, tmp_path / "photo.heic")
    first = bytes_of(asset.image_name)
    form = {"file": SimpleUploadedFile("x.exe", picture(), "application/x-msdownload")}
    with RequestFactory().post("/", form).FILES["file"] as file:
        uploads.picture(universe, asset, file)
    assert bytes_of(asset.image_name) == first
    assert not Revision.objects.exists()


# --- What becomes of the former ----------------------------------------------------------------------------


def test_the_former_picture_is_kept_with_who_replaced_it(client, settings, editor, put_file, asset):
    settings.API_OPEN = False
    put_file("winter", asset.image_name, b"the former")
    client.force_login(editor)
    assert client.put(f"{CARD}/{asset.pk}/image", picture(), "image/jpeg").status_code == 200
    kept = Revision.objects.get()
    assert (kept.cause, kept.author, kept.univers_slug) == ("upload", "editor", "winter")
    assert kept.files == {asset.image_name: hashlib.sha256(b"the former").hexdigest()}
    assert [row["id"] for row in kept.rows["univers_assets"]] == [str(asset.pk)]
    with archive.fetched(kept.files[asset.image_name]) as path:
        assert path.read_bytes() == b"the former"


def test_the_same_picture_again_changes_nothing(put):
    put(picture())
    put(picture())
    assert not Revision.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_the_last_stays_and_the_other_is_kept(universe, asset, put_file):
    put_file("winter", asset.image_name, b"the former")
    pictures = [picture("PNG", color=color) for color in ("red", "green", "blue")]
    together(
        *(
            lambda content=content: uploads.picture(universe, asset, io.BytesIO(content))
            for content in pictures
        )
    )
    kept = {sha for revision in Revision.objects.all() for sha in revision.files.values()}
    there = {*kept, hashlib.sha256(bytes_of(asset.image_name)).hexdigest()}
    assert len(there) == 4 and hashlib.sha256(b"the former").hexdigest() in kept


class Meanwhile(io.BytesIO):
    """A file during whose coming something happens."""

    def __init__(self, content, event):
        super().__init__(content)
        self.event = event

    def read(self, size=-1):
        if self.event:
            event, self.event = self.event, None
            event()
        return super().read(size)


@pytest.mark.parametrize("what", ["card", "universe", "card and its name taken"])
def test_a_card_that_is_deleted_meanwhile_leaves_nothing(universe, asset, make_asset, what):
    def delete():
        if what == "universe":
            universes.delete(Universe.objects.get())
        else:
            assets.delete(asset)
        if what == "card and its name taken":
            assert make_asset().image_name == asset.image_name

    with pytest.raises(NotFound, match="deleted meanwhile"):
        uploads.picture(universe, asset, Meanwhile(picture(), delete))
    assert not bucket.names("winter")
    assert not Revision.objects.filter(cause="upload").exists()


def test_a_push_that_gives_the_card_another_id_meanwhile_does_no_harm(universe, asset):
    def swap():
        row = type(asset).objects.get(pk=asset.pk)
        row.delete()
        row.pk = "11111111-1111-4111-8111-111111111111"
        row.save(force_insert=True)

    uploads.picture(universe, asset, Meanwhile(picture(), swap))
    assert shown(asset.image_name).size == (40, 30)


def test_nothing_stays_on_its_way(put, tmp_path):
    put(picture())
    put(HTML)
    assert not list((tmp_path / "staging").iterdir())
    assert {path.name for path in (tmp_path / "bucket").iterdir()} == {"winter"}


def test_the_service_says_in_one_sentence_each_what_is_wrong_and_what_to_do(universe, asset):
    with pytest.raises(Invalid) as refused:
        uploads.picture(universe, asset, io.BytesIO(HTML))
    (sentence,) = refused.value.errors["file"]
    assert (
        sentence == "The file is no picture but a web page. Choose a picture: JPEG, PNG, WebP, HEIC or GIF."
    )
