"""What a closed API shows to whoever may not read all: public universes, their cards, songs and files."""

import re
import time

import pytest
from django.core import signing
from rest_framework.test import APIClient

from api import tokens
from storage import signed_urls
from universes.services import music

pytestmark = pytest.mark.django_db
U, BUCKET = "/api/universes", "/storage/buckets/univers"


@pytest.fixture(autouse=True)
def closed(settings):
    settings.API_OPEN = False


@pytest.fixture
def reader():
    """A client with a token that may read."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.create('reader', ['read'], days=1)[1]}")
    return client


@pytest.fixture
def both(make_universe, make_asset, put_file):
    """A public universe and a private one, each with a card, a song and their files; `{slug: card}`."""
    cards = {}
    for slug, public in (("shown", True), ("hidden", False)):
        universe = make_universe(slug=slug, is_public=public)
        cards[slug] = make_asset(of=universe)
        music.create(universe, language="fr", prompt="Harp", lyrics="La la")
        for name in (cards[slug].image_name, "thumbnail.jpg", "fr.mp3"):
            put_file(slug, name)
    return cards


def below(slug, card):
    """The addresses at which a universe can be read."""
    of = f"{U}/{slug}"
    return [of, f"{of}/assets", f"{of}/assets/{card.pk}", f"{of}/music-prompts", f"{of}/music-prompts/fr"]


def test_strangers_read_a_public_universe_with_all_that_belongs_to_it(api, both):
    for path in below("shown", both["shown"]):
        assert api.get(path).status_code == api.head(path).status_code == 200, path
    assert api.get(f"{U}/shown").json()["assets"][0]["image_url"] == f"{BUCKET}/shown/00_snowflake.png"


def test_a_private_universe_is_not_found_by_strangers(api, both, reader):
    for path in below("hidden", both["hidden"]):
        hidden, missing = api.get(path), api.get(path.replace("hidden", "missing"))
        assert (hidden.status_code, missing.status_code) == (404, 404), path
        assert hidden.json()["detail"].replace("hidden", "missing") == missing.json()["detail"]
        assert reader.get(path).status_code == 200


@pytest.mark.parametrize(
    ("query", "count"), [("", 2), ("?is_public=false", 0), ("?search=hidden", 0), ("?ordering=slug", 2)]
)
def test_the_list_has_only_the_public_ones_for_strangers(api, both, reader, query, count):
    seen = api.get(U + query)
    assert b"hidden" not in seen.content
    assert (seen.json()["total"], len(seen.json()["items"])) == (count, count)
    assert reader.get(U).json()["total"] == 3


def test_who_is_logged_in_and_may_not_read_sees_what_strangers_see(api, both, newcomer):
    api.force_login(newcomer)
    assert api.get(U).json()["total"] == 2
    assert api.get(f"{U}/hidden").status_code == 404


@pytest.mark.parametrize("scope", tokens.SCOPES)
def test_a_token_of_any_scope_reads_and_changes_only_with_the_one_to_write(api, both, scope):
    _, text = tokens.create("client", [scope], days=1)
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    assert api.get(f"{U}/hidden").json()["slug"] == "hidden"
    changed = api.patch(f"{U}/hidden", {})
    assert changed.status_code == (200 if scope == "write" else 403)
    assert ("slug" in changed.json()) == (scope == "write")


def addresses(answer):
    return set(re.findall(rf'"({BUCKET}/[^"]+)"', answer.content.decode()))


def status(path):
    response = APIClient().get(path)
    b"".join(response) if response.streaming else response.content
    return response.status_code


def test_the_files_of_a_private_universe_have_addresses_that_open_for_a_while(both, reader):
    found = set()
    for path in [U, *below("hidden", both["hidden"])[:3]]:
        found |= {address for address in addresses(reader.get(path)) if "/hidden/" in address}
    assert {address.partition("?")[0].rpartition("/")[2] for address in found} == {
        "00_snowflake.png", "thumbnail.jpg", "fr.mp3",
    }  # fmt: skip
    for address in found:
        assert status(address) == 200
        assert status(address.partition("?")[0]) == 404


def test_a_private_file_is_kept_by_no_cache_that_others_share(both, reader):
    (address,) = addresses(reader.get(f"{U}/hidden/assets"))
    private, public = (APIClient().get(path) for path in (address, f"{BUCKET}/shown/fr.mp3"))
    assert private["Cache-Control"] == "no-cache, private"
    assert public["Cache-Control"] == "no-cache"
    private.close(), public.close()


def test_no_shared_cache_keeps_what_the_api_tells(api, both, reader):
    listing = f"{U}/hidden/assets/{both['hidden'].pk}/variants"
    (variant,) = reader.get(listing).json()
    for path in (U, *below("hidden", both["hidden"]), listing, variant["url"], "/api/jobs", "/api/nothing"):
        for client in (reader, api):
            answer = client.get(path)
            public = path == U and client is api
            assert ("private" in answer["Cache-Control"]) == (not public), path
            assert "no-cache" in answer["Cache-Control"]
            if answer.streaming:
                b"".join(answer)


def test_an_address_opens_its_own_file_alone(both, reader):
    (address,) = addresses(reader.get(f"{U}/hidden/assets"))
    assert status(address.replace("00_snowflake.png", "fr.mp3")) == 404
    assert status(address.replace("?t=", "?t=x")) == status(address[:-1]) == status(f"{address}%00") == 404


def test_the_signature_of_a_longer_path_does_not_open_a_shorter_one(both):
    path = f"{BUCKET}/hidden/fr.mp3"
    longer = signed_urls.sign(f"{path}:x").partition("?t=")[2]
    assert status(signed_urls.sign(path)) == 200
    assert status(f"{path}?t=x:{longer}") == 404


def signed_at(path, seconds_ago):
    signer = signing.TimestampSigner(salt="storage.signatures")
    signer.timestamp = lambda: signing.b62_encode(int(time.time()) - seconds_ago)
    return f"{path}?t={signer.sign(path).removeprefix(f'{path}:')}"


def test_an_address_expires(both):
    path = f"{BUCKET}/hidden/fr.mp3"
    longest = signed_urls.VALID_SECONDS + signed_urls.STEP_SECONDS
    assert status(signed_at(path, signed_urls.VALID_SECONDS)) == 200
    assert status(signed_at(path, longest + 60)) == 404


def test_a_step_begins_at_a_time_of_its_own_so_that_addresses_stay_the_same_within_it():
    made = int(signing.b62_decode(signed_urls.sign("/x").partition("?t=")[2].split(":")[0]))
    assert made % signed_urls.STEP_SECONDS == 0
    assert 0 <= time.time() - made < 2 * signed_urls.STEP_SECONDS


def test_a_thumbnails_address_that_is_sent_back_is_kept_without_its_signature(api, both, editor):
    api.force_login(editor)
    address = api.get(f"{U}/hidden").json()["thumbnail_url"]
    assert "?t=" in address
    api.patch(f"{U}/hidden", {"thumbnail_url": address, "is_public": True})
    assert api.get(f"{U}/hidden").json()["thumbnail_url"] == address.partition("?")[0]


FOREIGN_ADDRESSES = [
    f"{BUCKET}/other/01_x.png",
    f"{BUCKET}/hidden/../other/01_x.png",
    f"{BUCKET}/hiddenelse/01_x.png",
    f"{U}/other/assets/{'0' * 8}/variants/{'0' * 64}",
    "//evil.example/x",
    "https://evil.example/x.png",
]


@pytest.mark.parametrize("address", FOREIGN_ADDRESSES)
def test_only_the_universes_own_files_are_signed_whatever_its_thumbnail_says(api, both, editor, address):
    api.force_login(editor)
    changed = api.patch(f"{U}/hidden", {"thumbnail_url": address}).json()
    (listed,) = [item for item in api.get(U).json()["items"] if item["slug"] == "hidden"]
    read = api.get(f"{U}/hidden").json()
    assert {answer["thumbnail_url"] for answer in (changed, listed, read)} == {address}


def test_an_open_api_signs_nothing(api, both, settings):
    settings.API_OPEN = True
    assert addresses(api.get(f"{U}/hidden/assets")) == {f"{BUCKET}/hidden/00_snowflake.png"}
    assert status(f"{BUCKET}/hidden/00_snowflake.png") == 200


def test_variants_have_addresses_that_open_for_a_while_too(both, reader):
    listed = reader.get(f"{U}/shown/assets/{both['shown'].pk}/variants").json()
    (address,) = {variant["url"] for variant in listed}
    assert status(address) == 200
    assert status(address.partition("?")[0]) == 401
    assert APIClient().post(address).status_code == 401
