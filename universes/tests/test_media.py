"""Pictures, clips and songs from elsewhere keep their suffixes, and all that a card has goes with it."""

import pytest
from PIL import Image

from universes.models import Asset
from universes.names import clip_of, make_image_name, video_name, video_names
from universes.services import universes

from .helpers import EXPORT, IMPORT, contents
from .media_files import h264, path_of
from .media_files import picture as drawn

pytestmark = pytest.mark.django_db

# A card's picture, its clip, and the media types that they are served with; None for no clip.
CARDS = (
    ("00_lion.webp", "00_lion.mp4", "image/webp", "video/mp4"),
    ("01_tiger.PNG", "01_tiger.MP4", "image/png", "video/mp4"),
    ("02_ours.jpeg", "02_ours.mov", "image/jpeg", "video/quicktime"),
    ("03_crab.JPG", "03_crab.webm", "image/jpeg", "video/webm"),
    ("04_owl.Gif", "04_owl.Gif.mp4", "image/gif", "video/mp4"),
    ("05_eel.avif", "05_eel.M4V", "image/avif", "video/mp4"),
    ("06_ant", "06_ant.mp4", "application/octet-stream", "video/mp4"),
    ("07_fly.tiff", "07_fly.tiff.mp4", "application/octet-stream", "video/mp4"),
    ("08_bee.png", "08_bee.MOV", "image/png", "video/quicktime"),
    ("asset_001.png", None, "image/png", None),
)
BESIDE = ("thumbnail.jpg", "fr.mp3", "de.MP3", "theme.m4a", "rain.ogg")
FOREIGN = ("notes.txt", "drawing.svg", "page.html")


@pytest.fixture
def zoo(universe, put_file):
    """`winter` with cards whose pictures and clips have all kinds of names."""
    universes.update(universe, background_music="/storage/buckets/univers/winter/theme.aiff?v=2")
    for order, (picture, clip, *_types) in enumerate(CARDS):
        Asset.objects.create(universe=universe, sort_order=order, display_name=picture, image_name=picture)
        for name in filter(None, (picture, clip)):
            put_file("winter", name, name.encode() * 100)
    for name in (*BESIDE, *FOREIGN, "theme.aiff"):
        put_file("winter", name, name.encode() * 100)
    return universe


def shown(api, slug):
    """`{picture: (image_url, video_url)}`, without the folder."""
    found = {}
    for card in api.get(f"/api/universes/{slug}/assets").json():
        addresses = card["image_url"], card["video_url"]
        found[card["image_name"]] = tuple(one and one.rpartition("/")[2] for one in addresses)
    return found


def served(api, name):
    answer = api.get(f"/storage/buckets/univers/winter/{name}")
    assert b"".join(answer)
    answer.close()
    return answer.status_code, answer["Content-Type"]


def test_a_card_shows_its_picture_and_clip_whatever_their_suffixes(api, zoo):
    assert shown(api, "winter") == {picture: (picture, clip) for picture, clip, *_ in CARDS}
    for picture, clip, *types in CARDS:
        for name, kind in zip((picture, clip), types, strict=True):
            if name:
                answer = api.get(f"/storage/buckets/univers/winter/{name}")
                assert (answer.status_code, answer["Content-Type"]) == (200, kind), name
    for name in FOREIGN:
        assert (
            api.get(f"/storage/buckets/univers/winter/{name}")["Content-Type"] == "application/octet-stream"
        )
    for card in Asset.objects.all():
        whole = api.get(f"/api/universes/winter/assets/{card.pk}").json()
        assert (whole["image_url"] or "").endswith(card.image_name)


def test_a_copy_and_an_archive_have_every_file_that_a_card_song_or_address_names(api, zoo):
    ours = {name: content for name, content in contents("winter").items() if name not in FOREIGN}
    assert len(ours) == 2 * len(CARDS) - 1 + len(BESIDE) + 1
    assert api.post("/api/universes/winter/duplicate", {"slug": "copy"}).status_code == 201
    archive = api.get(EXPORT).getvalue()
    answer = api.generic("POST", f"{IMPORT}?slug=imported", archive, "application/zip")
    assert answer.status_code == 201, answer.content
    for slug in ("copy", "imported"):
        assert contents(slug) == ours
        assert shown(api, slug) == shown(api, "winter")


def test_a_card_that_is_deleted_takes_its_files_along(api, zoo):
    for card in list(zoo.assets.all()):
        assert api.delete(f"/api/universes/winter/assets/{card.pk}").status_code == 204
    assert set(contents("winter")) == {*BESIDE, *FOREIGN, "theme.aiff"}


def test_cards_whose_pictures_differ_in_their_suffix_share_a_clip_until_both_are_gone(
    api, universe, put_file
):
    cards = [
        Asset.objects.create(
            universe=universe, sort_order=1, display_name="Lion", image_name=f"00_lion.{suffix}"
        )
        for suffix in ("webp", "png")
    ]
    for name in ("00_lion.webp", "00_lion.png", "00_lion.mp4"):
        put_file("winter", name)
    for card, left in zip(cards, ({"00_lion.png", "00_lion.mp4"}, set()), strict=True):
        api.delete(f"/api/universes/winter/assets/{card.pk}")
        assert set(contents("winter")) == left


def test_a_clip_stays_under_the_name_that_it_once_got(api, zoo, put_file):
    """Those of pictures that are no `.png` were `04_owl.Gif.mp4`: a new one takes its place, the old is a variant."""
    card = zoo.assets.get(image_name="04_owl.Gif")
    address = f"/api/universes/winter/assets/{card.pk}"
    assert api.generic("PUT", f"{address}/video", h264(), "video/mp4").status_code == 200
    assert api.get(address).json()["video_url"].endswith("/04_owl.Gif.mp4")
    clips = [one for one in api.get(f"{address}/variants").json() if one["kind"] == "clip"]
    assert [one["present"] for one in clips] == [True, False]
    assert api.post(f"{address}/variants/{clips[1]['sha256']}").status_code == 200
    assert contents("winter")["04_owl.Gif.mp4"] == b"04_owl.Gif.mp4" * 100


@pytest.mark.parametrize(
    ("name", "format"),
    [("00_a.webp", "WEBP"), ("00_a.JPEG", "JPEG"), ("00_a.PNG", "PNG"), ("00_a.gif", "PNG"), ("00_a", "PNG")],
)
def test_a_new_picture_is_what_its_name_says(api, asset, name, format):
    """Where that keeps its colours: else it is a PNG, which browsers tell from its content."""
    Asset.objects.filter(pk=asset.pk).update(image_name=name)
    address = f"/api/universes/winter/assets/{asset.pk}/image"
    sent = drawn("PNG", size=(300, 20), color="blue")
    assert api.generic("PUT", address, sent, "image/png").status_code == 200
    with Image.open(path_of(name)) as stored:
        assert (stored.format, stored.size) == (format, (300, 20))
        assert stored.convert("RGB").getpixel((5, 5))[2] > 250
    assert set(contents("winter")) == {name, "thumbnail.jpg"}


@pytest.mark.parametrize(
    ("image", "clip"),
    [("00_a.png", "00_a.mp4"), ("00_a.PNG", "00_a.mp4"), ("00_a.b.webp", "00_a.b.mp4"), ("00_a", "00_a.mp4"),
     ("00_v1.5", "00_v1.5.mp4"), ("00_a.mp4", "00_a.mp4.mp4")],
)  # fmt: skip
def test_a_new_clip_is_called_as_its_picture(image, clip):
    assert video_name(image) == clip
    assert video_names(image)[0] == clip and clip_of(image, {clip}) == clip
    assert clip_of(image, set()) is None


def test_a_new_card_shares_no_clip_with_another():
    assert make_image_name("Lion", {"01_lion.webp"}) == "02_lion.png"
    assert make_image_name("Lion", {"01_LION.PNG"}) == "02_lion.png"
