"""An S3 server's faults: answers that break off or get lost, other writers, strange keys."""

import hashlib
import itertools
import os
import subprocess
import sys
import threading
import time
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.core.files.storage import storages
from django.db import connection
from django.utils import timezone

from magikswipe import logs
from storage import archive, bucket
from storage.errors import BucketUnreachable, NotWritable
from tests.s3_plugin import SECRET
from tests.s3_proxy import CUT, DROPPED, LOST, REFUSED
from universes.models import Revision
from universes.services import files, revisions

# A server for each of them takes its time; test_bucket has what folder and S3 have in common.
pytestmark = pytest.mark.slow
ADDRESS = "/storage/buckets/univers/winter/00_snow.mp4"
CONTENT = os.urandom(3_000_000)


def body(response):
    return b"".join(response) if response.streaming else response.content


def times(number, fault, only=lambda method, path: True):
    """A fault that befalls the first calls of a kind."""
    left = itertools.count()
    return lambda method, path: fault if only(method, path) and next(left) < number else None


def is_get(method, path):
    return method == "GET" and "list-type" not in path


# --- Answers that break off --------------------------------------------------------------------------------


def test_an_answer_that_breaks_off_goes_on_where_it_did(api, s3_proxy, put_file):
    put_file("winter", "00_snow.mp4", CONTENT)
    s3_proxy.fault = times(2, CUT, is_get)
    assert body(api.get(ADDRESS)) == CONTENT


def test_an_answer_that_breaks_off_each_time_is_no_whole_file(db, s3_proxy, put_file):
    put_file("winter", "00_snow.mp4", CONTENT)
    s3_proxy.fault = lambda method, path: DROPPED if is_get(method, path) else None
    with pytest.raises(BucketUnreachable), bucket.fetched("winter", "00_snow.mp4"):
        pytest.fail("half a file was taken for a whole one")
    with pytest.raises(BucketUnreachable):
        archive.add_from_bucket("winter", ["00_snow.mp4"])


def test_a_file_that_is_replaced_while_it_comes_is_whole(s3_proxy, put_file):
    old, new, calls = b"a" * 3_000_000, b"b" * 3_000_000, itertools.count()
    put_file("winter", "a.png", old)

    def fault(method, path):
        """The first answer breaks off, and before the rest is asked for there is another file."""
        number = next(calls) if is_get(method, path) else -1
        if number == 1:
            put_file("winter", "a.png", new)
        return CUT if number == 0 else None

    s3_proxy.fault = fault
    with bucket.fetched("winter", "a.png") as path:
        assert path.read_bytes() == new


def test_who_reads_a_file_gets_none_of_the_next_one(s3_proxy, put_file):
    put_file("winter", "a.png", b"a" * 3_000_000)
    with bucket.bucket().open("winter/a.png") as source:
        assert source.read(1000) == b"a" * 1000
        put_file("winter", "a.png", b"b" * 3_000_000)
        source.seek(0)
        with pytest.raises(FileNotFoundError):
            source.read(1000)


@pytest.mark.parametrize("fault", [LOST, DROPPED])
def test_a_call_without_an_answer_is_made_again(s3_proxy, put_file, fault):
    s3_proxy.fault = times(1, fault)
    put_file("winter", "a.png", b"one")
    s3_proxy.fault = times(1, fault)
    assert bucket.names("winter") == {"a.png"}
    s3_proxy.fault = times(1, fault)
    bucket.remove("winter", "a.png")
    assert bucket.names("winter") == set()


def is_last_call_of_parts(method, path):
    return method == "POST" and "uploadId" in path


def test_a_file_in_parts_is_there_though_the_last_answer_was_lost(s3_proxy, put_file):
    content = os.urandom(33 * 1024 * 1024)
    s3_proxy.fault = times(1, LOST, is_last_call_of_parts)
    put_file("winter", "a.mp4", content)
    assert any(is_last_call_of_parts(*call) for call in s3_proxy.calls)
    assert bucket.digests_of("winter", "a.mp4")["sha256"] == hashlib.sha256(content).hexdigest()


def test_parts_that_nobody_ended_are_swept(s3_proxy, put_file):
    s3_proxy.fault = lambda method, path: DROPPED if is_last_call_of_parts(method, path) else None
    with pytest.raises(BucketUnreachable):
        put_file("winter", "a.mp4", bytes(33 * 1024 * 1024))
    s3_proxy.recovers()
    s3 = storages["bucket"].client.s3
    assert bucket.names("winter") == set()
    bucket.sweep(older_than=time.time() + 60)
    assert not s3.list_multipart_uploads(Bucket=storages["bucket"].client.bucket).get("Uploads")
    assert bucket.bucket().leftovers(time.time() + 60) == []


MEMORY = """
import resource, sys
from pathlib import Path
import django
django.setup()
from storage import bucket
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
path = Path(sys.argv[1])
with path.open("wb") as target:
    for _ in range(200):
        target.write(bytes(1024 * 1024))
bucket.put("manage.py", "winter", "first.png")
before = peak()
bucket.put(path, "winter", "00_snow.mp4")
with bucket.fetched("winter", "00_snow.mp4") as copy:
    assert copy.stat().st_size == 200 * 1024 * 1024
with bucket.bucket().open("winter/00_snow.mp4") as source:
    while source.read(64 * 1024):
        pass
print(peak() - before)
"""


def test_a_clip_of_200_megabytes_comes_and_goes_in_little_memory(s3_url, tmp_path):
    env = {
        **os.environ,
        "BUCKET_URL": s3_url,
        "STORAGE_PATH": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "magikswipe.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path / "clip")],
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 60


# --- Other writers -----------------------------------------------------------------------------------------


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_of_writers_at_once_one_stays_and_the_others_are_kept(on_s3, universe, asset, tmp_path):
    contents = [b"%d" % number * 1000 for number in range(4)]

    def place(number):
        (path := tmp_path / str(number)).write_bytes(contents[number])
        try:
            files.replace(universe, asset.image_name, path, "upload", asset=asset)
        finally:
            connection.close()

    threads = [threading.Thread(target=place, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with bucket.fetched("winter", asset.image_name) as path:
        last = path.read_bytes()
    kept = {sha for files in Revision.objects.values_list("files", flat=True) for sha in files.values()}
    assert kept >= {hashlib.sha256(c).hexdigest() for c in contents if c != last}
    assert last in contents and kept <= archive.stats().keys()


@pytest.mark.django_db
def test_whenever_the_server_falls_silent_amid_a_replacement_nothing_is_lost(
    s3_proxy, universe, asset, put_file, tmp_path
):
    """Each call in turn is the last one that gets through."""
    storages["bucket"].client, storages["archive"].client  # noqa: B018 - made before calls are counted
    for number in itertools.count():
        old, new = b"old %d" % number, b"new %d" % number
        put_file("winter", asset.image_name, old)
        (tmp_path / "new").write_bytes(new)
        s3_proxy.fails_after(number)
        try:
            files.replace(universe, asset.image_name, tmp_path / "new", "upload", asset=asset)
            done = True
        except BucketUnreachable:
            done = False
        s3_proxy.recovers()
        with bucket.fetched("winter", asset.image_name) as path:
            found = path.read_bytes()
        kept = {sha for files in Revision.objects.values_list("files", flat=True) for sha in files.values()}
        assert found == new or (found == old and not done)
        assert found == old or hashlib.sha256(old).hexdigest() in kept & archive.stats().keys()
        if done:
            break
    assert number > 3


@pytest.mark.parametrize("ahead", [-10, 10])
def test_whatever_the_servers_clock_says_a_deleted_cards_files_go_and_a_new_cards_stay(
    api, s3_proxy, universe, make_asset, put_file, ahead
):
    s3_proxy.ahead = timedelta(minutes=ahead)
    card = make_asset("Fox")
    put_file("winter", card.image_name, b"old")
    assert api.delete(f"/api/universes/winter/assets/{card.pk}").status_code == 204
    assert bucket.names("winter") == set()
    (revision,) = Revision.objects.filter(cause="delete_card")
    assert revision.files == {card.image_name: hashlib.sha256(b"old").hexdigest()}
    # What has come since a deletion that broke off is somebody else's.
    late = revisions.create_from("winter", "test", "", {})
    Revision.objects.filter(pk=late.pk).update(
        leaving=[card.image_name], created_at=timezone.now() - timedelta(minutes=1)
    )
    put_file("winter", card.image_name, b"new")
    revisions.archive_leaving("winter")
    assert bucket.names("winter") == {card.image_name}


# --- Keys --------------------------------------------------------------------------------------------------

STRANGE = [
    "é à.png",
    "a%20b.png",
    "a+b&c=d.png",
    "a b.png",
    "deep/er/x.png",
    "<tag>.png",
    "❄.png",
    '"quoted".png',
]


def test_keys_of_others_are_no_files_and_go_with_their_folder(db, on_s3, s3_bucket, put_file, outside):
    put_file("winter", "a.png", b"one")
    for key in STRANGE:
        outside.put(f"{s3_bucket}/univers/winter/{quote(key)}", content=b"x").raise_for_status()
    outside.put(f"{s3_bucket}/univers/{quote('été 100%')}/a.png", content=b"x").raise_for_status()
    assert (bucket.names("winter"), bucket.bucket().folders()) == ({"a.png"}, ["winter"])
    bucket.trash_folder("winter", "label")
    assert bucket.bucket().folders() == []
    ((trash, added),) = archive.add_trash("label")
    assert added.keys() == {"a.png"}
    trash.discard(added)
    assert "winter" not in outside.get(s3_bucket).text and "label" not in outside.get(s3_bucket).text
    for key in STRANGE:
        outside.put(f"{s3_bucket}/univers/winter/{quote(key)}", content=b"x").raise_for_status()
    bucket.remove_folder("winter")
    assert "winter" not in outside.get(s3_bucket).text


def test_more_folders_and_files_than_a_page_holds_are_all_listed_and_all_go(db, on_s3, s3_bucket, outside):
    for number in range(1005):
        outside.put(f"{s3_bucket}/univers/u-{number}/a.png", content=b"x").raise_for_status()
        outside.put(f"{s3_bucket}/univers/winter/{number}.png", content=b"x").raise_for_status()
    assert (len(bucket.bucket().folders()), len(bucket.names("winter"))) == (1006, 1005)
    bucket.remove_folder("winter")
    assert bucket.names("winter") == set()


# --- What is told ------------------------------------------------------------------------------------------


def test_a_refusal_tells_neither_address_nor_key_nor_file(api, s3_proxy, put_file, caplog):
    put_file("winter", "00_snow.mp4", b"x")
    for fault in (REFUSED, DROPPED):
        s3_proxy.fault = lambda method, path, fault=fault: fault
        response = api.get(ADDRESS)
        assert response.status_code == 503
        said = response.content.decode() + caplog.text
        assert not any(word in said for word in ("127.0.0.1", SECRET, "test-", "00_snow"))
        assert SECRET not in logs.masked(f"a line with {SECRET}")
        assert "The bucket of BUCKET_URL can't be reached, or refuses; try again in a moment (" in said


def test_what_can_not_be_written_is_told_with_its_setting(s3_proxy, s3_bucket, settings):
    bucket.check_writable()
    s3_proxy.fault = lambda method, path: REFUSED if method == "PUT" else None
    with pytest.raises(
        NotWritable, match=r"The bucket of BUCKET_URL can't be written \(AccessDenied\); look at its"
    ):
        bucket.check_writable()
    s3_proxy.fault = lambda method, path: REFUSED if method == "DELETE" else None
    with pytest.raises(NotWritable, match="AccessDenied"):
        bucket.check_writable()


def test_a_page_whose_pictures_can_not_be_reached_says_so(client, editor, s3_proxy, make_asset):
    make_asset("Fox")
    client.force_login(editor)
    for path in ("/admin/", "/admin/universes/universe/", "/preview/winter"):
        s3_proxy.fault = lambda method, path: REFUSED
        response = client.get(path)
        assert (response.status_code, response["Retry-After"]) == (503, "30")
        assert "Nothing is lost: try again in a minute" in response.content.decode()
        s3_proxy.recovers()
        assert client.get(path).status_code == 200
