"""Media over HTTP, as browsers and players ask for them."""

import pytest

CONTENT = bytes(range(100))
ADDRESS = "/storage/buckets/univers/winter/00_snow.mp4"


@pytest.fixture
def clip(anywhere, put_file):
    put_file("winter", "00_snow.mp4", CONTENT)


@pytest.fixture
def fetch(api):
    """GETs an address and reads it to its end: `(response, bytes)`."""

    def get(address=ADDRESS, **headers):
        response = api.get(
            address, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        return response, body(response)

    return get


def body(response):
    return b"".join(response) if response.streaming else response.content


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.png", "image/png"), ("a.jpg", "image/jpeg"), ("a.mp4", "video/mp4"), ("fr.mp3", "audio/mpeg")],
)
def test_a_file_comes_whole_with_its_type(api, anywhere, put_file, name, kind):
    put_file("winter", name, CONTENT)
    response = api.get(f"/storage/buckets/univers/winter/{name}")
    assert response.status_code == 200
    assert response["Content-Type"] == kind
    assert response["Content-Length"] == "100"
    assert response["Accept-Ranges"] == "bytes"
    assert response["Last-Modified"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert body(response) == CONTENT


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=10-19", 10, 19),
        ("bytes=90-", 90, 99),
        ("bytes=99-", 99, 99),
        ("bytes=-10", 90, 99),
        ("bytes=-1000", 0, 99),
        ("bytes=50-100000", 50, 99),
    ],
)
def test_a_range_is_answered_with_just_those_bytes(api, clip, asked, first, last):
    response = api.get(ADDRESS, headers={"Range": asked})
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {first}-{last}/100"
    assert response["Content-Length"] == str(last - first + 1)
    assert body(response) == CONTENT[first : last + 1]


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused_with_the_length(api, clip, asked):
    response = api.get(ADDRESS, headers={"Range": asked})
    assert response.status_code == 416
    assert response["Content-Range"] == "bytes */100"
    assert response.json() == {"detail": "The range lies beyond the end; the file has 100 bytes."}


@pytest.mark.parametrize(
    "asked", ["bytes=5-4", "bytes=a-b", "bytes=-", "lines=1-2", "bytes=0-1,5-6", "bytes=٣-"]
)
def test_a_range_that_makes_no_sense_is_ignored(api, clip, asked):
    response = api.generic("GET", ADDRESS, HTTP_RANGE=asked)
    assert response.status_code == 200
    assert body(response) == CONTENT


def test_head_has_the_headers_alone_and_knows_no_range(api, clip):
    response = api.head(ADDRESS, headers={"Range": "bytes=0-9"})
    assert (response.status_code, response["Content-Length"], body(response)) == (200, "100", b"")


def test_what_the_browser_has_is_not_sent_again(api, fetch, clip):
    whole, _ = fetch()
    for headers in (
        {"If-None-Match": whole["ETag"]},
        {"If-None-Match": f'"other", W/{whole["ETag"]}'},
        {"If-Modified-Since": whole["Last-Modified"]},
    ):
        response = api.get(ADDRESS, headers=headers)
        assert (response.status_code, body(response)) == (304, b"")


def test_a_new_file_under_the_same_name_has_another_etag(fetch, clip, put_file):
    before, _ = fetch()
    put_file("winter", "00_snow.mp4", bytes(100))
    after, content = fetch(If_None_Match=before["ETag"])
    assert (after.status_code, content) == (200, bytes(100))
    assert after["ETag"] != before["ETag"]


def test_if_range_asks_for_the_rest_of_the_same_file_only(fetch, clip):
    whole, _ = fetch()
    for condition, status in (
        (whole["ETag"], 206),
        (whole["Last-Modified"], 206),
        ('"other"', 200),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 200),
        ("rubbish", 200),
    ):
        response, _ = fetch(Range="bytes=0-9", If_Range=condition)
        assert response.status_code == status, condition


def test_if_match_of_another_version_fails(api, clip):
    response = api.get(ADDRESS, headers={"If-Match": '"other"'})
    assert response.status_code == 412
    assert response.json().keys() == {"detail"}


@pytest.mark.parametrize(
    "path",
    [
        "winter/missing.png",
        "missing/00_snow.mp4",
        "winter/..",
        "winter/%2e%2e",
        "../winter/00_snow.mp4",
        "..%2fwinter/00_snow.mp4",
        "%2e%2e/secret",
        "winter/..%5csecret",
        "winter/%00",
        "winter/00_snow.mp4%00.png",
        "winter/.part-0123",
        "winter/.hidden",
        "winter/" + "a" * 300,
        "winter/❄.png",
        "winter/%ff",
        "winter/a%0ab",
        "winter/inner",
        "winter/inner/deep.png",
        "winter",
        "winter/linked.png",
        "linked/secret",
        "00_snow.mp4/x",
        "",
    ],
)
@pytest.mark.parametrize("debug", [True, False])
def test_nothing_outside_the_bucket_is_reached(api, put_file, empty_storage, settings, path, debug):
    settings.DEBUG = debug
    put_file("winter", "00_snow.mp4", CONTENT)
    folder = empty_storage / "bucket" / "winter"
    (empty_storage / "secret").write_text("secret")
    (folder / "linked.png").symlink_to(empty_storage / "secret")
    (empty_storage / "bucket" / "linked").symlink_to(empty_storage)
    (folder / "inner").mkdir()
    (folder / "inner" / "deep.png").write_text("deep")
    (folder / ".part-0123").write_text("half")
    (folder / ".hidden").write_text("hidden")
    response = api.get(f"/storage/buckets/univers/{path}", headers={"Accept": "text/html"})
    assert response.status_code == 404
    assert "not found" in response.json()["detail"]


def test_media_answers_with_a_trailing_slash_too(api, clip):
    assert body(api.get(ADDRESS + "/")) == CONTENT


def test_media_can_only_be_read(api, clip):
    for method in (api.post, api.put, api.patch, api.delete):
        response = method(ADDRESS)
        assert response.status_code == 405
        assert response.json().keys() == {"detail"}


def test_another_origin_on_this_machine_may_read_media_when_debugging(fetch, clip):
    response, _ = fetch(Origin="http://localhost:5173")
    assert response["Access-Control-Allow-Origin"] == "http://localhost:5173"
    assert "Content-Range" in response["Access-Control-Expose-Headers"]
    stranger, _ = fetch(Origin="https://elsewhere.example")
    assert "Access-Control-Allow-Origin" not in stranger


@pytest.mark.parametrize(
    ("server", "header", "where"),
    [
        ("nginx", "X-Accel-Redirect", "/sent-by-nginx/winter/00_snow.mp4"),
        ("x-sendfile", "X-Sendfile", "{bucket}/winter/00_snow.mp4"),
    ],
)
def test_the_server_in_front_may_send_the_file(
    fetch, put_file, settings, empty_storage, server, header, where
):
    put_file("winter", "00_snow.mp4", CONTENT)
    settings.SENDFILE = server
    response, content = fetch()
    assert (response.status_code, content) == (200, b"")
    assert response[header] == where.format(bucket=empty_storage / "bucket")
    assert response["Content-Type"] == "video/mp4"
    assert fetch("/storage/buckets/univers/winter/none.mp4")[0].status_code == 404


def test_without_its_server_a_bucket_says_so(api, s3_url, on_s3, settings):
    server = settings.STORAGES["bucket"]["OPTIONS"]["server"] | {"endpoint_url": "http://127.0.0.1:1"}
    changed = {**settings.STORAGES["bucket"], "OPTIONS": {"server": server, "prefix": "univers"}}
    settings.STORAGES = {**settings.STORAGES, "bucket": changed}
    response = api.get(ADDRESS)
    assert response.status_code == 503
    assert response.json()["detail"].startswith(
        "The bucket of BUCKET_URL can't be reached, or refuses; try again"
    )
