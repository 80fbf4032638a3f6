"""Supabase Storage as the Supabase client sees it."""

import hashlib
import re

import httpx
import pytest
from storage3.exceptions import StorageApiError

from .conftest import BUCKET, open_client

PNG = {"content-type": "image/png"}


def refused(call, *given):
    with pytest.raises(StorageApiError) as caught:
        call(*given)
    return str(caught.value.status), caught.value.code


def put(bucket, path, content=b"content", **options):
    bucket.upload(path, content, {**PNG, **options})


def test_a_file_comes_back_as_it_went(bucket, folder, tmp_path):
    (tmp_path / "file").write_bytes(bytes(range(256)) * 5000)
    bucket.upload(f"{folder}/a.png", tmp_path / "file", PNG)
    assert bucket.download(f"{folder}/a.png") == (tmp_path / "file").read_bytes()


def test_a_file_may_be_empty(bucket, folder):
    put(bucket, f"{folder}/empty.png", b"")
    assert bucket.download(f"{folder}/empty.png") == b""
    assert bucket.list(folder)[0]["metadata"]["size"] == 0


def test_what_a_listing_says_about_a_file(bucket, folder):
    put(bucket, f"{folder}/a.png", b"content", **{"cache-control": "60"})
    (item,) = bucket.list(folder)
    assert set(item) >= {"name", "id", "updated_at", "created_at", "last_accessed_at", "metadata"}
    assert (item["name"], item["metadata"]["size"], item["metadata"]["mimetype"]) == ("a.png", 7, "image/png")
    assert item["metadata"]["cacheControl"] == "max-age=60"
    assert item["metadata"]["eTag"].startswith('"') and item["metadata"]["eTag"].endswith('"')


def test_folders_are_listed_without_an_id_and_one_level_at_a_time(bucket, folder):
    put(bucket, f"{folder}/sub/b.png")
    put(bucket, f"{folder}/a.png")
    items = {item["name"]: item for item in bucket.list(folder)}
    assert set(items) == {"a.png", "sub"}
    assert (items["sub"]["id"], items["sub"]["metadata"]) == (None, None)
    assert [item["name"] for item in bucket.list(f"{folder}/sub")] == ["b.png"]


def test_a_listing_holds_a_hundred_files_unless_told(bucket, folder):
    for at in range(105):
        put(bucket, f"{folder}/{at:03}.png", b"x")
    assert len(bucket.list(folder)) == 100
    assert len(bucket.list(folder, {"limit": 1000})) == 105
    assert [item["name"] for item in bucket.list(folder, {"offset": 103})] == ["103.png", "104.png"]
    falling = bucket.list(folder, {"limit": 2, "sortBy": {"column": "name", "order": "desc"}})
    assert [item["name"] for item in falling] == ["104.png", "103.png"]
    assert [item["name"] for item in bucket.list(folder, {"search": "04"})] == [
        f"04{at}.png" for at in range(10)
    ]
    assert bucket.list(folder, {"offset": 500}) == []


def test_an_empty_listing_proves_nothing(client, bucket, folder):
    put(bucket, f"{folder}/a.png")
    assert bucket.list(f"{folder}-missing") == []
    assert client.storage.from_("conformance-missing").list(folder) == []
    assert bucket.list(f"/{folder}") == []
    assert [item["name"] for item in bucket.list(folder.upper())] == ["a.png"]


def test_a_file_and_a_folder_may_share_a_name(bucket, folder):
    put(bucket, f"{folder}/same")
    put(bucket, f"{folder}/same/a.png")
    items = bucket.list(folder)
    assert [item["name"] for item in items] == ["same", "same"]
    assert sorted(bool(item["id"]) for item in items) == [False, True]


def test_a_listing_of_nothing_is_refused(bucket, folder):
    with pytest.raises(StorageApiError):
        bucket.list(folder, {"limit": 0})


def test_the_second_listing_goes_by_cursor(bucket, folder):
    for at in range(5):
        put(bucket, f"{folder}/{at}.png")
    first = bucket.list_v2({"prefix": f"{folder}/", "limit": 3})
    second = bucket.list_v2({"prefix": f"{folder}/", "limit": 3, "cursor": first.nextCursor})
    assert (first.hasNext, second.hasNext) == (True, False)
    assert len(first.objects) == 3 and len(second.objects) == 2


def test_without_a_content_type_a_file_is_text(bucket, folder):
    bucket.upload(f"{folder}/a.png", b"x")
    assert bucket.list(folder)[0]["metadata"]["mimetype"].startswith("text/plain")


def test_an_update_resets_the_content_type(bucket, folder):
    put(bucket, f"{folder}/a.png")
    bucket.update(f"{folder}/a.png", b"other")
    (item,) = bucket.list(folder)
    assert item["metadata"]["mimetype"].startswith("text/plain") and item["metadata"]["size"] == 5


def test_a_file_is_replaced_only_when_told(bucket, folder):
    put(bucket, f"{folder}/a.png")
    assert refused(put, bucket, f"{folder}/a.png") == ("409", "Duplicate")
    with pytest.raises(StorageApiError):
        put(bucket, f"{folder}/a.png", b"new", upsert="True")
    put(bucket, f"{folder}/a.png", b"new", upsert="true")
    assert bucket.download(f"{folder}/a.png") == b"new"


def test_the_etag_of_a_small_file_is_its_md5(bucket, folder):
    put(bucket, f"{folder}/a.png", b"content")
    expected = hashlib.md5(b"content", usedforsecurity=False).hexdigest()
    assert bucket.list(folder)[0]["metadata"]["eTag"] == f'"{expected}"'


def test_the_etag_of_a_large_file_is_the_md5_of_what_came_or_of_its_parts(bucket, folder):
    put(bucket, f"{folder}/a.mp4", bytes(11 * 1024 * 1024))
    tag = bucket.list(folder)[0]["metadata"]["eTag"]
    assert re.fullmatch(r'"[0-9a-f]{32}(-\d+)?"', tag)
    put(bucket, f"{folder}/a.mp4", bytes(11 * 1024 * 1024), upsert="true")
    assert bucket.list(folder)[0]["metadata"]["eTag"] == tag


@pytest.mark.parametrize("name", ["é.png", "雪.png", "❄.png", "a#b.png", "a[b].png", "a{b}.png", "a~b.png"])
def test_names_that_are_not_allowed(bucket, folder, name):
    assert refused(put, bucket, f"{folder}/{name}") == ("400", "InvalidKey")
    assert refused(bucket.download, f"{folder}/{name}") == ("400", "InvalidKey")


def test_odd_names_that_are_allowed(bucket, folder):
    name = "a b!*'()&$=@;:+,-_.png"
    put(bucket, f"{folder}/{name}")
    assert [item["name"] for item in bucket.list(folder)] == [name]
    assert bucket.download(f"{folder}/{name}") == b"content"


def test_what_is_missing(client, bucket, folder):
    assert refused(bucket.download, f"{folder}/no.png") == ("404", "not_found")
    assert refused(bucket.info, f"{folder}/no.png") == ("404", "not_found")
    assert bucket.exists(f"{folder}/no.png") is False
    other = client.storage.from_("conformance-missing")
    assert refused(other.download, "a.png")[0] == "404"
    assert refused(put, other, "a.png")[0] == "404"


def test_removing(bucket, folder):
    put(bucket, f"{folder}/sub/a.png")
    assert bucket.remove([f"{folder}/no.png"]) == []
    assert bucket.remove([f"{folder}/sub"]) == []
    assert bucket.exists(f"{folder}/sub/a.png")
    assert [item["name"] for item in bucket.remove([f"{folder}/sub/a.png"])] == [f"{folder}/sub/a.png"]
    assert bucket.list(folder) == []
    for names in ([], [f"{folder}/{at}" for at in range(1001)]):
        with pytest.raises(StorageApiError):
            bucket.remove(names)


def test_moving_and_copying(bucket, folder):
    put(bucket, f"{folder}/a.png", b"a")
    put(bucket, f"{folder}/b.png", b"b")
    assert refused(bucket.move, f"{folder}/a.png", f"{folder}/b.png")[0] == "409"
    assert refused(bucket.copy, f"{folder}/a.png", f"{folder}/b.png")[0] == "409"
    bucket.copy(f"{folder}/a.png", f"{folder}/c.png")
    bucket.move(f"{folder}/a.png", f"{folder}/d.png")
    assert [item["name"] for item in bucket.list(folder)] == ["b.png", "c.png", "d.png"]
    assert bucket.download(f"{folder}/d.png") == bucket.download(f"{folder}/c.png") == b"a"


def test_public_files_have_a_strong_etag_and_ranges(bucket, folder):
    put(bucket, f"{folder}/a.png", b"0123456789")
    url = bucket.get_public_url(f"{folder}/a.png")
    with httpx.Client(trust_env=False) as http:
        whole = http.get(url)
        tag = whole.headers["etag"]
        assert (whole.status_code, whole.content, whole.headers["content-type"]) == (
            200,
            b"0123456789",
            "image/png",
        )
        assert tag.startswith('"')
        assert http.get(url, headers={"If-None-Match": tag}).status_code == 304
        part = http.get(url, headers={"Range": "bytes=2-4"})
        assert (part.status_code, part.content) == (206, b"234")
        assert http.get(bucket.get_public_url(f"{folder}/no.png")).status_code == 400


@pytest.mark.parametrize(
    ("query", "expected"),
    [("download", "attachment"), ("download=my%20song.png", "attachment; filename=my%20song.png")],
)
def test_a_public_file_is_saved_instead_of_shown_where_the_address_says_so(bucket, folder, query, expected):
    put(bucket, f"{folder}/a.png")
    address = bucket.get_public_url(f"{folder}/a.png").rstrip("?")
    with httpx.Client(trust_env=False) as http:
        assert http.get(f"{address}?{query}").headers["content-disposition"].startswith(expected)
        assert "content-disposition" not in http.get(address).headers


def test_signed_addresses_open_a_file(bucket, folder):
    put(bucket, f"{folder}/a.png")
    signed = bucket.create_signed_url(f"{folder}/a.png", 60)["signedURL"]
    assert httpx.get(signed, trust_env=False).content == b"content"


def test_raw_bodies_are_taken_too(service, bucket, folder):
    url, key = service
    headers = {
        "apikey": key,
        "Authorization": f"Bearer {key}",
        "Content-Type": "image/png",
        "x-upsert": "true",
    }
    address = f"{url}/storage/v1/object/{BUCKET}/{folder}/raw.png"
    assert httpx.post(address, content=b"raw", headers=headers, trust_env=False).status_code == 200
    assert bucket.download(f"{folder}/raw.png") == b"raw"
    assert bucket.list(folder)[0]["metadata"]["mimetype"] == "image/png"


def test_the_bucket_is_public(client):
    assert client.storage.get_bucket(BUCKET).public is True
    assert BUCKET in [found.id for found in client.storage.list_buckets()]
    assert refused(client.storage.get_bucket, "conformance-missing")[0] == "404"


def test_a_file_over_the_limit_is_refused(sandbox, sandbox_client):
    sandbox.settings(file_size_limit=1000)
    bucket = sandbox_client.storage.from_("univers")
    assert refused(put, bucket, "a/b.png", b"x" * 1001)[0] == "413"
    assert bucket.list("a") == []


def test_a_wrong_key_is_refused(service):
    url, _ = service
    with open_client(url, "wrong") as stranger:
        assert refused(stranger.storage.from_(BUCKET).list, "a")[0] in ("400", "401", "403")
