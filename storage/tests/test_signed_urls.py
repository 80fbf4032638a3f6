"""With BUCKET_PUBLIC_URL, browsers get media from the S3 server by signed URLs."""

import time
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from magikswipe import logs
from storage import archive, signed_urls
from storage.signed_urls import s3_signed
from tests.s3_plugin import SECRET
from universes.services import revisions, universes

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

ADDRESS = "/storage/buckets/univers/winter/00_snow.mp4"
CONTENT = bytes(range(100))


@pytest.fixture
def clip(public_s3, universe, put_file):
    put_file("winter", "00_snow.mp4", CONTENT)
    return public_s3


def valid_until(url):
    """Epoch seconds."""
    asked = parse_qs(urlsplit(url).query)
    made = datetime.strptime(asked["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return made.timestamp() + int(asked["X-Amz-Expires"][0])


def test_the_bytes_come_from_the_buckets_server_and_not_through_ours(api, clip, outside):
    place, proxy = clip
    proxy.calls.clear()
    response = api.get(ADDRESS, headers={"Range": "bytes=1-2"})
    assert (response.status_code, response.content) == (302, b"")
    assert response["Cache-Control"] == "private, no-store" and "ETag" not in response
    assert [method for method, _ in proxy.calls] == ["HEAD"]
    assert (url := response["Location"]).startswith(
        f"{place}/univers/winter/00_snow.mp4?"
    ) and SECRET not in url
    found = outside.get(url)
    assert (found.status_code, found.content) == (200, CONTENT)
    assert (found.headers["Content-Type"], found.headers["Cache-Control"]) == (
        "video/mp4",
        "private, no-cache",
    )
    part = outside.get(url, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, CONTENT[10:20])


def test_a_url_works_for_minutes_stays_the_same_so_that_browsers_cache_it_and_is_masked_in_logs(api, clip):
    begun = time.time()
    urls = {api.get(ADDRESS)["Location"] for _ in range(3)}
    # A step may end in between.
    assert len(urls) <= 2
    for url in urls:
        assert begun + 9 * 60 <= valid_until(url) <= time.time() + 15 * 60
        (signature,) = parse_qs(urlsplit(url).query)["X-Amz-Signature"]
        # A log must not hold it.
        assert signature not in logs.masked(f"GET {url} HTTP/1.1") and "/winter/" in logs.masked(url)


def test_who_has_the_file_is_not_sent_on(api, clip, put_file, outside):
    etag = outside.get(api.get(ADDRESS)["Location"]).headers["ETag"]
    kept = api.get(ADDRESS, headers={"If-None-Match": etag})
    assert (kept.status_code, kept["ETag"], kept["Cache-Control"]) == (304, etag, "no-cache")
    put_file("winter", "00_snow.mp4", b"new")
    assert api.get(ADDRESS, headers={"If-None-Match": etag}).status_code == 302
    assert api.get(ADDRESS, headers={"If-Match": etag}).status_code == 412


def test_head_is_answered_here_since_a_signature_is_for_get_alone(api, clip, outside):
    response = api.head(ADDRESS)
    assert (response.status_code, response["Content-Length"], response["Content-Type"]) == (
        200,
        "100",
        "video/mp4",
    )
    assert response["ETag"] == outside.get(api.get(ADDRESS)["Location"]).headers["ETag"]


def test_a_private_universes_media_are_for_who_may_see_them_and_then_for_minutes(
    api, clip, universe, settings
):
    settings.API_OPEN = False
    assert api.get(ADDRESS).status_code == 302
    universes.update(universe, is_public=False)
    assert api.get(ADDRESS).status_code == 404
    response = api.get(signed_urls.sign(ADDRESS))
    assert (response.status_code, response["Cache-Control"]) == (302, "private, no-store")
    assert valid_until(response["Location"]) <= time.time() + 15 * 60
    assert api.get(f"{ADDRESS}?t=wrong").status_code == 404


@pytest.mark.parametrize(
    "path", ["winter/missing.mp4", "missing/00_snow.mp4", "winter/..%2f..%2fsecret", "winter/.part-1"]
)
def test_a_missing_file_has_no_url(api, clip, path):
    assert api.get(f"/storage/buckets/univers/{path}").status_code == 404


def test_what_was_replaced_comes_from_the_archive_there_with_its_type(
    api, clip, universe, make_asset, put_file, outside
):
    place, _proxy = clip
    card = make_asset("Fox")
    put_file("winter", card.image_name, b"old")
    kept = archive.add_from_bucket("winter", [card.image_name])
    revisions.create_from("winter", "drawn", "", kept)
    put_file("winter", card.image_name, b"new")
    sha256 = kept[card.image_name]
    response = api.get(f"/api/universes/winter/assets/{card.pk}/variants/{sha256}")
    assert response.status_code == 302
    assert response["Location"].startswith(f"{place}/archive/{sha256[:2]}/{sha256}?")
    found = outside.get(response["Location"])
    assert (found.content, found.headers["Content-Type"]) == (b"old", "image/png")


def test_pages_with_media_let_browsers_follow(client, editor, clip, universe):
    place, _proxy = clip
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(place))
    client.force_login(editor)
    for path in (reverse("admin:index"), "/preview/winter"):
        policy = dict(part.split(" ", 1) for part in client.get(path)["Content-Security-Policy"].split("; "))
        assert all(origin in policy[name].split() for name in ("img-src", "media-src", "connect-src"))
    assert origin not in client.get("/docs")["Content-Security-Policy"]


def test_the_signature_is_that_of_amazons_example():
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html"""
    server = {
        "key": "AKIAIOSFODNN7EXAMPLE",
        "secret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "region": "us-east-1",
    }
    url = s3_signed(
        "https://examplebucket.s3.amazonaws.com/test.txt",
        server,
        datetime(2013, 5, 24, tzinfo=UTC),
        86400,
        {},
    )
    assert url.endswith("=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
