"""Results of models are kept as they came and made into media; neither their form nor our disk loses them."""

import base64
import os
import random
import resource
import subprocess
import time
from contextlib import contextmanager

import imageio_ffmpeg
import pytest
from PIL import Image, PngImagePlugin

from generation.tests.helpers import begin, bytes_of, look, path_of, run_out, wait_for_the_end_of
from jobs import services as jobs
from jobs.models import Job, JobStep
from storage import archive, bucket
from storage.models import Original
from universes.models import Revision
from universes.services import revisions

pytestmark = pytest.mark.django_db(transaction=True)
FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
CLIP = ["-f", "lavfi", "-i", "testsrc=size=160x120:rate=10:duration=1"]
SONG = ["-f", "lavfi", "-i", "sine=duration=5"]
HEVC = ["-c:v", "libx265", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p10le", "-tag:v", "hvc1"]
NO_ROOM, ROOM_TO_FETCH = 2**20, 4 * 2**20
MADE_BY_FFMPEG = {
    "song.wav": [*SONG, "-c:a", "pcm_s16le"],
    "song.flac": [*SONG, "-c:a", "flac"],
    "song.m4a": [*SONG, "-c:a", "aac"],
    "song.ogg": [*SONG, "-c:a", "libvorbis"],
    "song.mp3": [*SONG, "-c:a", "libmp3lame"],
    "clip.webm": [*CLIP, "-c:v", "libvpx", "-deadline", "realtime"],
    "mp4v.mp4": [*CLIP, "-c:v", "mpeg4", "-tag:v", "mp4v"],
    "hevc.mp4": [*CLIP, *HEVC],
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """`make(name)`: the path of a file such as models deliver."""
    folder = tmp_path_factory.mktemp("delivered")

    def make(name):
        path = folder / name
        if not path.exists():
            command = [FFMPEG, "-v", "error", "-y", *MADE_BY_FFMPEG[name], str(path)]
            subprocess.run(command, check=True)
        return path

    return make


@pytest.fixture
def delivers(provider, cards, run, pictures, songs):
    """`delivers(path, shape)`: the job of a picture, clip or song of which the model makes this file."""

    def call(path, kind, shape=None):
        provider.settings(deliver=str(path), shape=shape)
        if kind == "music":
            return run("winter/music", language="fr")
        return run(f"winter/{kind}", asset_ids=[str(cards[0].pk)], regenerate=True)

    return call


def codec(name):
    told = subprocess.run([FFMPEG, "-hide_banner", "-i", str(path_of(name))], capture_output=True, text=True)
    line = next(line for line in told.stderr.splitlines() if "Video:" in line or "Audio:" in line)
    return line.split(": ")[2].split()[0].strip(",")


@pytest.mark.parametrize(
    "name",
    [
        "song.wav",
        *(pytest.param(f"song.{of}", marks=pytest.mark.slow) for of in ("flac", "m4a", "ogg", "mp3")),
    ],
)
def test_a_song_becomes_an_mp3_and_the_archive_has_what_came(delivers, files, name):
    job = delivers(files(name), "music", {"spectrogram": "FILE.png", "audio": "FILE"})
    assert (job.status, job.error) == ("completed", None)
    assert codec("fr.mp3") == "mp3"
    original = Original.objects.get()
    with archive.fetched(original.sha256) as path:
        assert path.read_bytes() == files(name).read_bytes()


@pytest.mark.parametrize(
    "name",
    ["mp4v.mp4", *(pytest.param(other, marks=pytest.mark.slow) for other in ("clip.webm", "hevc.mp4"))],
)
def test_a_clip_becomes_one_that_browsers_play(delivers, files, name):
    assert delivers(files(name), "videos", [{"url": "FILE"}]).status == "completed"
    assert codec("00_snowflake.mp4") == "h264"


@pytest.mark.slow
def test_two_tags_before_a_song_are_no_fault(delivers, files, tmp_path):
    tag = b"ID3\4\0\0\0\0\0\x14" + b"\0" * 20
    (tmp_path / "tags.mp3").write_bytes(tag + tag + files("song.mp3").read_bytes())
    assert delivers(tmp_path / "tags.mp3", "music").status == "completed"


def test_a_picture_with_its_whole_workflow_in_it_is_a_picture_without_it(delivers, tmp_path):
    notes = PngImagePlugin.PngInfo()
    workflow = "".join(random.Random(1).choices("abcdefgh", k=2_000_000))
    notes.add_text("workflow", workflow, zip=True)
    Image.new("RGB", (64, 64), "red").save(tmp_path / "noted.png", pnginfo=notes)
    assert delivers(tmp_path / "noted.png", "images").status == "completed"
    assert b"workflow" not in bytes_of("00_snowflake.png")


def test_a_picture_may_come_within_its_address(delivers, picture):
    uri = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    assert delivers("", "images", {"image": uri}).status == "completed"
    assert bytes_of("00_snowflake.png") == picture


def test_only_what_no_tool_can_read_fails_and_a_retry_asks_anew(delivers, provider, tmp_path):
    (tmp_path / "mesh.glb").write_bytes(b"glTF" + bytes(5000))
    job = delivers(tmp_path / "mesh.glb", "music")
    assert str(job.error).endswith("The file is no song but another kind of file. Generate it again.")
    provider.settings(deliver="")
    jobs.retry(job)
    assert run_out(job.pk).status == "completed"
    assert provider.counters()["created"] == 2


# --- A disk without room -----------------------------------------------------------------------------------


@contextmanager
def largest_file(size):
    """No file may become larger than so many bytes: EFBIG, as where a quota ends."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def noise(tmp_path):
    """A JPEG of less than 4 MB that becomes a PNG of more."""
    path = tmp_path / "noise.jpg"
    bands = [Image.effect_noise((1500, 1500), 90) for _ in "RGB"]
    Image.merge("RGB", bands).save(path, quality=85)
    assert ROOM_TO_FETCH > path.stat().st_size > NO_ROOM
    return path


@pytest.mark.parametrize("room", [NO_ROOM, ROOM_TO_FETCH], ids=["to fetch it", "to convert it"])
def test_without_room_a_step_waits_and_goes_on_by_itself(provider, cards, post, noise, room):
    provider.settings(deliver=str(noise))
    job = Job.objects.get(pk=post("winter/images", asset_ids=[str(cards[0].pk)]).json()["id"])
    begin(job)
    wait_for_the_end_of(provider)
    with largest_file(room):
        for _ in range(10):
            step = look(job)
    assert (step.status, step.attempts) == ("running", 0)
    assert str(step.error) == "The disk is full; make room and it goes on by itself."
    if room == ROOM_TO_FETCH:
        # It is in the archive already, whether or not the provider still has it.
        provider.settings(retention=0)
    assert run_out(job.pk).status == "completed"
    assert provider.counters()["created"] == 1
    with Image.open(path_of("00_snowflake.png")) as made:
        made.load()


# --- What is spent -----------------------------------------------------------------------------------------


class UnforeseenError(Exception):
    """Nobody catches it."""


def test_an_answer_that_a_bug_of_ours_stumbled_over_is_spent(provider, cards, run, monkeypatch):
    def stumble(*args, **kwargs):
        raise UnforeseenError

    with monkeypatch.context() as patched:
        patched.setattr(Image, "open", stumble)
        job = run("winter/images", asset_ids=[str(cards[0].pk)])
    assert "An internal error (UnforeseenError)" in str(job.error)
    jobs.retry(job)
    assert run_out(job.pk).status == "completed"
    assert provider.counters()["created"] == 2


# --- How long it is kept -----------------------------------------------------------------------------------


def age_archive():
    """Let everything in the archive have been there for two hours."""
    for sha256 in archive.stats():
        path = archive.archive().path(f"{sha256[:2]}/{sha256}")
        os.utime(path, (time.time() - 7200,) * 2)


def test_what_came_stays_as_long_as_what_was_made_of_it(delivers, files, settings):
    delivers(files("song.wav"), "music")
    first = Original.objects.get().sha256
    age_archive()
    revisions.prune()
    assert first in archive.stats()
    bucket.remove("winter", "fr.mp3")
    delivers(files("song.ogg"), "music")
    age_archive()
    revisions.prune()
    second = Original.objects.get().sha256
    assert set(archive.stats()) == {second}


def test_what_came_stays_with_a_revision_and_counts_for_no_bound(delivers, files, settings, cards):
    settings.ARCHIVE_MB = 1
    delivers(files("clip.webm"), "videos")
    first = Original.objects.get().sha256
    delivers(files("mp4v.mp4"), "videos")
    age_archive()
    revisions.prune()
    assert {first, *Original.objects.values_list("sha256", flat=True)} <= set(archive.stats())
    Revision.objects.all().delete()
    age_archive()
    revisions.prune()
    assert first not in archive.stats()


def test_what_came_for_a_step_that_is_not_done_is_not_pruned(provider, cards, post, noise):
    provider.settings(deliver=str(noise))
    job = Job.objects.get(pk=post("winter/images", asset_ids=[str(cards[0].pk)]).json()["id"])
    begin(job)
    wait_for_the_end_of(provider)
    with largest_file(ROOM_TO_FETCH):
        step = look(job)
    age_archive()
    revisions.prune()
    assert set(archive.stats()) == {step.memory["delivered"]}
    assert JobStep.objects.get().status == "running"
