"""Paths, slugs, file names, addresses and uploads of ill will: each is refused, and nothing outside is touched."""

import io
import json
import zipfile
from itertools import product
from pathlib import Path

import pytest

pytestmark = pytest.mark.django_db
U, BUCKET = "/api/universes", "/storage/buckets/univers"

# Ways up and out, as they stand in an address: plain, encoded once, twice, over long, with other slashes.
DOTS = [
    "..",
    "%2e%2e",
    "%2E.",
    ".%2e",
    "%252e%252e",
    "%c0%ae%c0%ae",
    "%uff0e%uff0e",
    "%ef%bc%8e%ef%bc%8e",
    "..;",
]
SLASHES = ["%2f", "%2F", "%5c", "%252f", "%255c", "%c0%af", "%ef%bc%8f", "\\"]
GOALS = ["sentinel.txt", "etc%2fpasswd", ".env", "db%2flocal.db"]
UPWARDS = [
    f"{dots}{slash}{goal}" for (dots, slash), goal in zip(product(DOTS, SLASHES), GOALS * 18, strict=True)
]

# One segment that is no name.
SEGMENTS = [
    ".", "..", "...", "%2e", "%2e%2e", "%00", "a%00.png", "%00.png", "a.png%00", "%0a", "a%0ab.png", "%0d%0aX: y",
    "%7f", "%1b[31m", "~", "~root", "-rf", "--help", "$HOME", "`id`", "$(id)", "a;b.png", "a|b.png", "a&b.png",
    "*", "%3f", "a*.png", "[a]", "{a,b}", "%25", "%", "%zz", "%e2%80%ae", "a%e2%80%8b.png", "%ef%bb%bfa.png",
    "%ff%fe", "%80", "%ed%a0%80", "caf%c3%a9.png", "%f0%9f%92%a9.png", "%ce%b1.png", "a%cc%81.png", "%e2%88%95etc",
    "C:", "C:%5cwindows", "%5c%5cserver%5cshare", "file:", "http:%2f%2fevil.example", "%2fetc%2fpasswd",
    "%2f%2fetc%2fpasswd", ".env", ".git", ".htaccess", ".part-1", ".aside-1", ".filling-1", ".gone-1", ".DS_Store",
    "a.png.", "a.png%20", "%20a.png", "a%2fb.png", "a%5cb.png", "a" * 151, "a" * 5000, "%2e" * 200, "con.", "nul:",
    "%2e%2e%2e%2f%2f", "..%00", "..%0a", "..%20", "%20..", "..%09", "'%20OR%201=1--", "%3cscript%3e", "{{7*7}}",
    "%24%7bjndi:ldap:%7d",
]  # fmt: skip

# What Windows calls a device is an ordinary name here, of a file that is not there.
DEVICES = ["con", "nul", "aux.png", "com1.mp4", "lpt1", "prn.mp3"]

SLUGS = [
    ".", "..", "../x", "..\\x", "a/b", "a\\b", "/etc", "a\x00b", "\x00", " ", "a b", "a.b", ".a", "a.",
    "-a", "a-", "a--b", "_a", "A", "é", "а", "a\u202e", "a\u200b", "ａ", "a\n", "a\r\nb", "%2e%2e", "..%2f",
    "a" * 101, "a" * 10_000,
    "C:\\x", "\\\\server", "http://x", "'; DROP TABLE univers; --", "$(id)", "<b>", "\ud800", "ﬁ", "①",
]  # fmt: skip

ENTRIES = [
    "../sentinel.txt", "..\\sentinel.txt", "/etc/passwd", "C:\\x.png", "media/../../sentinel.txt", "media/a/../../x",
    "media/./a.png", "media//a.png", "media/.env", "media/a\x00.png", "media/" + "a" * 200 + ".png", "media/é.png",
    "media/%2e%2e%2fx", "media/con:", "./universe.json", "media/..", "media/.", "media/-rf", "\\\\server\\share",
    "media/a.exe", "media/a.php", "media/a.svg", "media/a.html",
]  # fmt: skip
UPLOADS = {
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "html": b"<!doctype html><script>alert(1)</script>",
    "php": b"<?php system($_GET['c']);",
    "elf": b"\x7fELF" + b"\x00" * 200,
    "zip": b"PK\x03\x04" + b"\x00" * 200,
    "empty": b"",
    "zeros": b"\x00" * 5000,
    "half a png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "huge png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x7f\xff\xff\xff" * 2 + b"\x08\x02\x00\x00\x00",
    "playlist": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
    "concat": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) (r) file",
    "pickle": b"\x80\x04cos\nsystem\n.",
    "mvg": b"push graphic-context\nviewbox 0 0 1 1\nimage over 0,0 0,0 'url(file:///etc/passwd)'\n",
}
URLS = ["javascript:alert(1)" * 200, "x" * 2001, "\x00", 7, ["https://x"], {"a": 1}]


def test_the_corpus_is_large():
    assert len(UPWARDS) + len(SEGMENTS) + len(DEVICES) + len(SLUGS) + len(ENTRIES) + 3 * len(UPLOADS) >= 200


def state(folder):
    return {str(path): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


@pytest.fixture(autouse=True)
def outside(empty_storage, universe, put_file):
    """What lies beside the bucket, above it and in it stays as it is, whatever the test asks for."""
    put_file("winter", "a.png")
    for place in (empty_storage, empty_storage / "db", empty_storage / "bucket" / ".secret"):
        place.mkdir(exist_ok=True)
        (place / "sentinel.txt").write_text("untouched")
    before = state(empty_storage)
    yield
    assert state(empty_storage) == before


def is_refused(response):
    assert 400 <= response.status_code < 500, response.content[:200]
    assert b"untouched" not in response.content and b"root:" not in response.content
    return True


@pytest.mark.parametrize("closed", [False, True])
def test_a_hostile_path_leads_nowhere(client, settings, closed):
    settings.API_OPEN = not closed
    for path in (*UPWARDS, *SEGMENTS, *DEVICES):
        for address in (f"{BUCKET}/winter/{path}", f"{BUCKET}/{path}/a.png", f"{BUCKET}/{path}"):
            assert is_refused(client.get(address)), address


def changes(path):
    return [
        ("delete", f"{U}/{path}/assets"), ("put", f"{U}/{path}/thumbnail"), ("delete", f"{U}/{path}/music-prompts/fr"),
        ("delete", f"{U}/winter/assets/{path}"), ("patch", f"{U}/winter/music-prompts/{path}"),
        ("post", f"/api/jobs/{path}/cancel"), ("post", f"/api/sync/restore/{path}"),
    ]  # fmt: skip


def test_a_hostile_path_deletes_and_changes_nothing(client):
    for path in (*UPWARDS, *SEGMENTS):
        for method, address in changes(path):
            response = getattr(client, method)(address, content_type="application/json")
            assert is_refused(response), (method, address)


def test_a_hostile_slug_makes_no_universe(client):
    for slug in SLUGS:
        for path, body in ((U, {"name": "x", "slug": slug}), (f"{U}/winter/duplicate", {"slug": slug})):
            assert is_refused(client.post(path, json.dumps(body), "application/json")), slug


@pytest.mark.parametrize("name", ENTRIES)
def test_an_archive_with_a_hostile_name_is_refused_as_a_whole(client, name):
    exported = b"".join(client.get(f"{U}/winter/export").streaming_content)
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(exported)) as source, zipfile.ZipFile(packed, "w") as target:
        for entry in source.infolist():
            target.writestr(entry, source.read(entry))
        target.writestr(zipfile.ZipInfo(name), b"hostile")
    assert is_refused(client.post(f"{U}/import?slug=other", packed.getvalue(), "application/zip"))
    assert client.get(f"{U}/other").status_code == 404


@pytest.mark.parametrize("content", UPLOADS.values(), ids=UPLOADS.keys())
def test_a_hostile_upload_is_refused_as_a_whole(client, asset, content):
    for path, kind in (("image", "image/png"), ("video", "video/mp4")):
        assert is_refused(client.put(f"{U}/winter/assets/{asset.pk}/{path}", content, kind))
    assert is_refused(client.put(f"{U}/winter/music/fr", content, "audio/mpeg"))
    assert is_refused(client.put(f"{U}/winter/thumbnail", content, "image/png"))


@pytest.mark.parametrize("url", URLS)
def test_a_hostile_address_is_refused(client, url):
    body = json.dumps({"thumbnail_url": url})
    assert is_refused(client.patch(f"{U}/winter", body, "application/json"))
