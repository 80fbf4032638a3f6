"""The earlier pictures, clips and songs of a card or universe: listed, seen, chosen, and chosen back."""

import hashlib
import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from PIL import Image

from storage import archive, bucket
from universes.models import Asset, Revision
from universes.names import video_name
from universes.services import assets, concepts, revisions, uploads, variants

from .test_services import together

pytestmark = pytest.mark.django_db

COLORS = ("red", "green", "blue")


def sha(content):
    return hashlib.sha256(content).hexdigest()


def bytes_of(name):
    return Path(bucket.bucket().path(f"winter/{name}")).read_bytes()


@pytest.fixture
def address(asset):
    return f"/api/universes/winter/assets/{asset.pk}/variants"


@pytest.fixture
def drawn(universe, asset):
    """The bytes of three pictures that the card had, the last of which it has."""

    def draw(color):
        target = io.BytesIO()
        Image.new("RGB", (9, 9), color).save(target, "PNG")
        uploads.picture(universe, asset, io.BytesIO(target.getvalue()), author=color)
        return bytes_of(asset.image_name)

    return [draw(color) for color in COLORS]


@pytest.fixture
def put_away(tmp_path, universe):
    """Archives bytes with a revision of that cause: `put_away("fr.mp3", b"…")`; returns the SHA-256."""

    def put(name, content, cause="regenerate", slug="winter"):
        (source := tmp_path / "to-archive").write_bytes(content)
        sha256 = archive.add(source)
        revisions.create_from(slug, cause, "lea", {name: sha256})
        return sha256

    return put


def lose(sha256):
    """Let retention take an archived file."""
    assert archive.remove(sha256, older_than=timezone.now().timestamp() + 9)


def test_the_present_one_comes_first_and_then_the_others_last_replaced_first(api, address, drawn):
    found = api.get(address).json()
    assert [(item["sha256"], item["present"], item["kind"]) for item in found] == [
        (sha(drawn[2]), True, "picture"),
        (sha(drawn[1]), False, "picture"),
        (sha(drawn[0]), False, "picture"),
    ]
    assert [item["size"] for item in found] == [len(content) for content in reversed(drawn)]
    assert [(item["author"], item["cause"]) for item in found] == [
        ("", ""),
        ("blue", "upload"),
        ("green", "upload"),
    ]


def test_a_clip_stands_beside_the_picture(api, address, asset, put_file, put_away):
    put_file("winter", video_name(asset.image_name), b"new clip")
    old = put_away(video_name(asset.image_name), b"old clip")
    found = api.get(address).json()
    assert [(item["kind"], item["present"]) for item in found] == [("clip", True), ("clip", False)]
    assert found[1]["sha256"] == old


def test_a_card_without_files_has_no_variants(api, address):
    assert api.get(address).json() == []


def test_every_address_leads_to_the_bytes(api, address, drawn):
    for item, content in zip(api.get(address).json(), reversed(drawn), strict=True):
        response = api.get(item["url"])
        assert response["Content-Type"] == "image/png"
        assert b"".join(response) == content


def test_an_earlier_one_is_cached_for_good_and_comes_in_parts(api, address, asset, put_away):
    sha256 = put_away(video_name(asset.image_name), bytes(range(100)))
    response = api.get(f"{address}/{sha256}", headers={"Range": "bytes=10-19"})
    assert (response.status_code, b"".join(response)) == (206, bytes(range(10, 20)))
    assert response["Content-Type"] == "video/mp4"
    assert response["ETag"] == f'"{sha256}"' and "immutable" in response["Cache-Control"]
    again = api.get(f"{address}/{sha256}", headers={"If-None-Match": response["ETag"]})
    assert again.status_code == 304


def test_choosing_puts_the_very_bytes_back_and_can_be_undone(api, address, asset, drawn):
    response = api.post(f"{address}/{sha(drawn[0])}")
    assert response.status_code == 200 and response.json()["id"] == str(asset.pk)
    assert bytes_of(asset.image_name) == drawn[0]
    assert {item["sha256"]: item["present"] for item in api.get(address).json()} == {
        sha(content): content == drawn[0] for content in drawn
    }
    api.post(f"{address}/{sha(drawn[2])}")
    assert bytes_of(asset.image_name) == drawn[2]
    assert len(api.get(address).json()) == 3


def test_what_choosing_replaces_says_who_chose(asset, drawn):
    variants.choose(asset, sha(drawn[0]), author="lea")
    last = Revision.objects.first()
    assert (last.cause, last.author, last.files) == ("choose", "lea", {asset.image_name: sha(drawn[2])})


def test_choosing_the_present_one_or_twice_changes_nothing(api, address, drawn):
    before = Revision.objects.count()
    assert api.post(f"{address}/{sha(drawn[2])}").status_code == 200
    assert Revision.objects.count() == before
    for _ in range(2):
        assert api.post(f"{address}/{sha(drawn[0])}").status_code == 200
    assert Revision.objects.count() == before + 1


@pytest.mark.parametrize("sha256", ["0" * 64, "x", "..", "A" * 64])
@pytest.mark.parametrize("method", ["get", "post"])
def test_what_is_no_variant_is_not_found(api, address, drawn, method, sha256):
    response = getattr(api, method)(f"{address}/{sha256}")
    assert response.status_code == 404 and "not found" in response.json()["detail"]


def test_another_cards_picture_cannot_be_chosen(api, address, make_asset, put_away):
    other = make_asset("Ice")
    sha256 = put_away(other.image_name, b"ice")
    for method in (api.get, api.post):
        assert method(f"{address}/{sha256}").status_code == 404


def test_another_universes_picture_cannot_be_chosen(api, address, asset, put_away, make_universe):
    make_universe(slug="hidden", is_public=False)
    sha256 = put_away(asset.image_name, b"hidden", slug="hidden")
    assert api.get(f"{address}/{sha256}").status_code == 404


def test_one_whose_bytes_retention_took_is_listed_no_more(api, address, drawn, asset):
    lose(sha(drawn[0]))
    assert sha(drawn[0]) not in {item["sha256"] for item in api.get(address).json()}
    response = api.post(f"{address}/{sha(drawn[0])}")
    assert response.status_code == 404 and "too old" in response.json()["detail"]
    assert bytes_of(asset.image_name) == drawn[2]


def test_one_whose_bytes_are_damaged_is_not_put_back(api, address, drawn, asset):
    damaged = sha(drawn[0])
    Path(archive.archive().path(f"{damaged[:2]}/{damaged}")).write_bytes(b"damaged")
    response = api.post(f"{address}/{damaged}")
    assert response.status_code == 404 and "choose another" in response.json()["detail"]
    assert bytes_of(asset.image_name) == drawn[2]


def test_a_deleted_cards_pictures_are_none_of_the_next_of_that_name(universe, asset, make_asset, drawn):
    assets.delete(asset)
    heir = make_asset()
    assert heir.image_name == asset.image_name
    assert variants.of_card(heir) == []


@pytest.mark.django_db(transaction=True)
def test_pictures_of_replaced_cards_are_none_of_their_successors(universe, asset, drawn):
    concepts.apply(universe, ["Snowflake"], {})
    heir = Asset.objects.get()
    assert heir.image_name == asset.image_name
    assert variants.of_card(heir) == []


def test_a_card_that_came_without_a_date_has_all_of_its_name(asset, put_away):
    Asset.objects.filter(pk=asset.pk).update(created_at=None)
    put_away(asset.image_name, b"old")
    assert len(variants.of_card(Asset.objects.get())) == 1


def test_a_song_has_variants_with_and_without_its_words(api, universe, put_file, put_away):
    address = "/api/universes/winter/music/fr/variants"
    put_file("winter", "fr.mp3", b"new")
    old = put_away("fr.mp3", b"old")
    put_away("de.mp3", b"another")
    assert [(item["kind"], item["sha256"]) for item in api.get(address).json()] == [
        ("song", sha(b"new")),
        ("song", old),
    ]
    assert b"".join(api.get(f"{address}/{old}")) == b"old"
    assert api.post(f"{address}/{old}").json()["music_url"].endswith("/winter/fr.mp3")
    assert bytes_of("fr.mp3") == b"old"
    api.post(f"{address}/{sha(b'new')}")
    assert bytes_of("fr.mp3") == b"new"


def test_no_other_language_has_a_song(api, universe):
    for address in ("music/xx/variants", "music/xx/variants/" + "0" * 64):
        response = api.get(f"/api/universes/winter/{address}")
        assert response.status_code == 404 and "not found" in response.json()["detail"]


@pytest.mark.django_db(transaction=True)
def test_two_that_choose_at_once_lose_nothing(asset, drawn):
    together(*(lambda content=content: variants.choose(asset, sha(content)) for content in drawn[:2]))
    assert {variant.sha256 for variant in variants.of_card(asset)} == {sha(content) for content in drawn}


def test_a_list_takes_few_statements_however_many_revisions(
    asset, drawn, put_away, django_assert_max_num_queries
):
    for number in range(20):
        put_away(asset.image_name, b"%d" % number)
    Revision.objects.update(created_at=timezone.now() + timedelta(hours=1))
    variants.of_card(asset)
    with django_assert_max_num_queries(4):
        assert len(variants.of_card(asset)) == 23
