"""Clips and songs that people bring along, and thumbnails."""

import hashlib
import random
import re
import time
from functools import partial
from pathlib import Path
from struct import pack, unpack

import pytest

from storage import bucket, transcoding
from storage.errors import DiskFull
from storage.formats import check_mp3, check_mp4
from universes.models import Edit, Revision
from universes.names import video_name
from universes.services import universes

from .media_files import (
    HTML,
    LOCATION,
    bytes_of,
    converted,
    h264,
    path_of,
    picture,
    recorded,
    seconds,
    shown,
    streams,
    tone,
)

pytestmark = pytest.mark.django_db

SONG, THUMBNAIL = "/api/universes/winter/music", "/api/universes/winter/thumbnail"


@pytest.fixture
def put_clip(put, asset):
    def send(content, content_type="video/mp4"):
        return put(content, content_type, f"/api/universes/winter/assets/{asset.pk}/video")

    return send


def test_a_clip_that_plays_everywhere_keeps_its_frames_and_loses_its_notes(put_clip, asset):
    content = h264()
    assert LOCATION in content
    response = put_clip(content)
    assert response.json()["video_url"].endswith(video_name(asset.image_name))
    name = video_name(asset.image_name)
    check_mp4(path_of(name))
    assert LOCATION not in bytes_of(name)
    assert bytes_of(name).index(b"moov") < bytes_of(name).index(b"mdat")
    assert "Video: h264" in streams(name, "mp4") and "64x48" in streams(name, "mp4")


CLIPS = {
    "a tablet's H.264": ("mov", "-c:v", "libx264", "-pix_fmt", "yuv420p"),
    "a tablet's HEVC": ("mov", "-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-tag:v", "hvc1"),
    "WebM": ("webm", "-c:v", "libvpx"),
    "AVI": ("avi", "-c:v", "mpeg4"),
    "H.264 in other colours": ("mp4", "-c:v", "libx264", "-pix_fmt", "yuv444p"),
}  # fmt: skip


@pytest.mark.parametrize("coding", CLIPS.values(), ids=CLIPS)
def test_a_clip_of_any_usual_kind_becomes_an_mp4(put_clip, asset, coding):
    response = put_clip(recorded(*coding), "video/quicktime")
    assert response.status_code == 200, response.content
    said = streams(video_name(asset.image_name), "mp4")
    assert "Video: h264" in said and "yuv420p" in said and "64x48" in said


HLG = "log-level=none:colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc"
UNUSUAL = {
    "VP9 of odd sides": (("webm", "-c:v", "libvpx-vp9"), "testsrc=d=0.5:s=65x49:r=10", "64x48"),
    "one pixel": (("matroska", "-c:v", "ffv1"), "color=d=0.5:s=1x1:r=10", "2x2"),
    "a thousand frames a second": (("matroska", "-c:v", "mpeg4"), "testsrc=d=0.5:s=64x48:r=1000", "60 fps"),
    "more light than screens have": (
        ("matroska", "-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params", HLG),
        "testsrc=d=0.5:s=64x48:r=10",
        "bt709",
    ),
    "H.264 of many bits": (
        ("matroska", "-c:v", "libx264", "-pix_fmt", "yuv420p10le"),
        "testsrc=d=0.5:s=64x48:r=10",
        "yuv420p(",
    ),
}


@pytest.mark.parametrize(("coding", "source", "wanted"), UNUSUAL.values(), ids=UNUSUAL)
def test_a_clip_that_few_browsers_play_becomes_one_that_all_do(put_clip, asset, coding, source, wanted):
    response = put_clip(recorded(*coding, source=source))
    assert response.status_code == 200, response.content
    said = streams(video_name(asset.image_name), "mp4")
    assert "Video: h264" in said and "yuv420p(" in said and wanted in said


def whole_mov(*coding):
    """A MOV as cameras write it, in one piece."""
    made = (
        "-f",
        "lavfi",
        "-i",
        "sine=d=4",
        "-c:v",
        "libx264",
        "-g",
        "40",
        "-pix_fmt",
        "yuv420p",
        "-c:a",
        "aac",
    )
    return converted(h264(source="testsrc=d=4:s=64x48:r=10"), "mov", *made, *coding)


def test_a_mov_without_its_head_and_one_with_something_behind_are_clips(put_clip, asset):
    content = whole_mov()
    (head,) = unpack(">I", content[:4])
    wide = pack(">I", head) + b"wide" + bytes(head - 8) + content[head:]
    for variant in (wide, content + bytes(500), content + b"\xde\xad\xbe\xef" * 50):
        response = put_clip(variant, "video/quicktime")
        assert response.status_code == 200, response.content
        assert "Video: h264" in streams(video_name(asset.image_name), "mp4")


def test_what_was_cut_off_by_an_edit_list_is_not_in_the_clip(put_clip, asset):
    content = converted(whole_mov(), "mov", "-c", "copy", "-t", "1", before=("-ss", "2.05"))
    assert put_clip(content).status_code == 200
    name = video_name(asset.image_name)
    shown = streams(name, "mp4", "-ignore_editlist", "1")
    assert int(shown.rpartition("frame=")[2].split()[0]) <= 14
    assert len(bytes_of(name)) < len(content)


def test_what_was_cut_off_is_not_in_the_song(put):
    content = converted(tone("wav"), "mov", "-c:a", "libmp3lame", source="sine=d=4")
    content = converted(content, "mov", "-c", "copy", "-t", "1", before=("-ss", "2"))
    assert put(content, "audio/mpeg", f"{SONG}/fr").status_code == 200
    assert 0.8 < seconds("fr.mp3") < 1.3


def test_a_turned_clip_stays_turned(put_clip, asset):
    for turned in (h264, partial(recorded, "mov", "-c:v", "libx265", "-tag:v", "hvc1")):
        content = converted(turned(), "mov", "-c", "copy", before=("-display_rotation", "90"))
        assert put_clip(content).status_code == 200
        said = streams(video_name(asset.image_name), "mp4")
        assert "rotation of 90" in said or "48x64" in said


def test_a_clips_cover_is_no_clip(put_clip):
    cover = (
        "-f",
        "lavfi",
        "-i",
        "color=d=0.1:s=16x16",
        "-map",
        "0:a",
        "-map",
        "1:v",
        "-c:v",
        "mjpeg",
        "-disposition:v",
        "attached_pic",
    )
    response = put_clip(converted(tone("wav"), "mp4", *cover, "-frames:v", "1"))
    assert (response.status_code, "no clip" in response.json()["detail"]) == (422, True)


def test_a_clips_sound_comes_along(put_clip, asset):
    sound = ("-f", "lavfi", "-i", "sine=d=1", "-c:v", "libx264", "-c:a", "pcm_s16le", "-pix_fmt", "yuv420p")
    put_clip(recorded("mov", *sound))
    assert "Audio: aac" in streams(video_name(asset.image_name), "mp4")


def test_the_same_clip_again_changes_nothing(put_clip):
    put_clip(h264())
    put_clip(h264())
    assert not Revision.objects.exists()


def emptied(clip):
    """The clip with zeros for its frames."""
    start = clip.index(b"mdat") + 4
    return clip[:start] + b"\0" * (len(clip) - start)


def test_what_is_no_whole_clip_is_refused(put_clip, asset, put_file):
    name = video_name(asset.image_name)
    put_file("winter", name, b"the former")
    playlist = b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
    heic = pack(">I", 24) + b"ftypheic" + b"\0" * 100
    memo = tone("mp4", "-c:a", "aac")
    refused = {h264()[:-400]: "not whole", emptied(h264()): "not whole", HTML: "a web page"}
    refused |= dict.fromkeys((playlist, picture(), heic, memo, tone("mp3")), "no clip")
    for content, reason in refused.items():
        response = put_clip(content)
        assert (response.status_code, bytes_of(name)) == (422, b"the former"), content[:40]
        assert reason in response.json()["detail"] and "Choose a clip: MP4" in response.json()["detail"]
    assert not Revision.objects.exists()


def test_a_clip_that_takes_too_long_is_refused(put_clip, monkeypatch):
    monkeypatch.setattr(transcoding, "LONGEST_SECONDS", 0)
    response = put_clip(h264())
    assert response.status_code == 422 and "send a shorter one" in response.json()["detail"]


def test_a_clip_may_be_larger_than_a_picture(put_clip, put, settings):
    settings.UPLOAD_MAX_MB, settings.UPLOAD_CLIP_MAX_MB = 1, 2
    padding = pack(">I", 2**20) + b"free" + b"\0" * (2**20 - 8)
    assert put_clip(h264() + padding).status_code == 200
    assert put(b"x" * (2**20 + 1)).status_code == 413


# Each write to it fails with ENOSPC (https://man7.org/linux/man-pages/man4/full.4.html).
FULL = Path("/dev/full")


def test_no_room_for_what_is_made_is_not_the_files_fault(tmp_path):
    given = tmp_path / "given"
    for content, convert in (
        (h264(), transcoding.to_mp4),
        (recorded("webm", "-c:v", "libvpx"), transcoding.to_mp4),
        (tone("mp3"), transcoding.to_mp3),
        (tone("flac"), transcoding.to_mp3),
    ):
        given.write_bytes(content)
        with pytest.raises(DiskFull):
            convert(given, FULL)
        convert(given, tmp_path / "made")


# --- Songs and thumbnails ----------------------------------------------------------------------------------

SONGS = {
    "MP3": ("mp3",),
    "a voice memo": ("mp4", "-c:a", "aac"),
    "WAV": ("wav",),
    "OGG": ("ogg", "-c:a", "libvorbis"),
    "FLAC": ("flac",),
}


@pytest.mark.parametrize("coding", SONGS.values(), ids=SONGS)
def test_a_song_of_any_usual_kind_becomes_an_mp3(put, coding):
    response = put(tone(*coding), "audio/mpeg", f"{SONG}/fr")
    assert response.json() == {"language": "fr", "music_url": "/storage/buckets/univers/winter/fr.mp3"}
    check_mp3(path_of("fr.mp3"))
    assert LOCATION not in bytes_of("fr.mp3")
    assert "Audio: mp3" in streams("fr.mp3", "mp3")


def test_a_song_of_frames_of_many_sizes_keeps_its_length(put):
    content = tone("mp3", "-q:a", "9", source="sine=d=0.5,apad=pad_dur=10")
    put(content, "audio/mpeg", f"{SONG}/fr")
    assert b"Xing" in bytes_of("fr.mp3")[:200] and 10.4 < seconds("fr.mp3") < 10.6


MP3 = converted(tone("wav"), "mp3", "-b:a", "64k", "-id3v2_version", "0")
ID3 = b"ID3\4\0\0\0\0\0\x14" + bytes(20)
APE = b"APETAGEX" + pack("<IIII", 2000, 32 + 10, 0, 0x80000000) + bytes(8)
DRESSED = {
    "two tags": ID3 * 2 + MP3,
    "padding": bytes(417) + MP3,
    "much padding": bytes(70_000) + MP3,
    "junk": random.Random(1).randbytes(3000) + MP3,
    "an APE tag": APE.replace(b"\x80" + bytes(8), b"\xa0" + bytes(8)) + b"x" * 10 + APE + MP3,
    "a tag behind": MP3 + b"TAG" + b"x" * 125,
    "two tags behind": MP3 + b"x" * 10 + APE + b"TAG" + b"x" * 125,
    "zeros behind": MP3 + bytes(5000),
    "junk behind": MP3 + random.Random(3).randbytes(5000),
    "a tag before AAC": ID3 + tone("adts"),
    "a tag before FLAC": ID3 + tone("flac"),
    "MP3 in WAV": tone("wav", "-c:a", "libmp3lame"),
    "AIFF": converted(tone("wav"), "aiff"),
    "Opus": tone("ogg", "-c:a", "libopus"),
    "Opus in WebM": tone("webm", "-c:a", "libopus"),
}


@pytest.mark.parametrize("content", DRESSED.values(), ids=DRESSED)
def test_a_song_is_found_behind_whatever_players_skip(put, content):
    response = put(content, "audio/mpeg", f"{SONG}/fr")
    assert response.status_code == 200, response.content
    streams("fr.mp3", "mp3")
    assert 0.95 < seconds("fr.mp3") < 1.15


def test_a_file_of_nothing_but_tags_is_refused_soon(put):
    began = time.monotonic()
    response = put(b"ID3\x03\0\0\0\0\0\0" * 4_500_000, "audio/mpeg", f"{SONG}/fr")
    assert (response.status_code, "no song" in response.json()["detail"]) == (422, True)
    assert time.monotonic() - began < 4


CUT = {
    "an MP3 that tells its length": (
        lambda: converted(tone("wav"), "mp3", "-q:a", "0", source="anoisesrc=d=20")
    ),
    "a WAV": (lambda: converted(tone("wav"), "wav", source="sine=d=20")),
    "a FLAC": (lambda: converted(tone("wav"), "flac", source="anoisesrc=d=8")),
}


@pytest.mark.parametrize("made", CUT.values(), ids=CUT)
def test_half_a_song_that_tells_its_length_is_refused(put, made):
    content = made()
    response = put(content[: len(content) // 2], "audio/mpeg", f"{SONG}/fr")
    assert (response.status_code, "not whole" in response.json()["detail"]) == (422, True)


def test_half_a_clip_that_tells_its_length_is_refused(put_clip):
    content = converted(h264(), "matroska", "-c:v", "ffv1", source="testsrc2=d=2:s=320x240:r=25")
    assert put_clip(content).status_code == 200
    response = put_clip(content[: len(content) // 2])
    assert (response.status_code, "not whole" in response.json()["detail"]) == (422, True)


def silence(seconds):
    """A long MP3 of equal frames: MPEG 2, layer III, 8 kbit/s, 24 kHz, 24 bytes and 24 ms each."""
    return (b"\xff\xf3\x14\xc4" + bytes(20)) * int(seconds / 0.024)


def test_what_is_too_long_is_refused_before_it_is_converted(put, put_clip, monkeypatch):
    monkeypatch.setattr(transcoding, "LONGEST_SECONDS", 10)
    response = put(silence(10 * 3600), "audio/mpeg", f"{SONG}/fr")
    assert (response.status_code, "longer than 60 minutes" in response.json()["detail"]) == (422, True)
    clip = converted(h264(), "matroska", "-c", "copy")
    start = clip.index(b"\x44\x89\x88") + 3
    response = put_clip(clip[:start] + pack(">d", 20 * 3600 * 1000) + clip[start + 8 :])
    assert (response.status_code, "longer than 10 minutes" in response.json()["detail"]) == (422, True)


def test_what_is_longer_than_it_says_is_refused(put, monkeypatch):
    monkeypatch.setitem(transcoding.MOST_MINUTES, "song", 1 / 60)
    monkeypatch.setattr(transcoding, "DURATION", re.compile("nothing (.)(.)(.)"))
    response = put(tone("wav", source="sine=d=9"), "audio/mpeg", f"{SONG}/fr")
    assert (response.status_code, "longer than" in response.json()["detail"]) == (422, True)


def test_a_clip_of_too_many_pixels_is_refused(put_clip, monkeypatch):
    monkeypatch.setattr(transcoding, "MOST_PIXELS", 3_000_000)
    response = put_clip(recorded("matroska", "-c:v", "ffv1", source="color=d=0.1:s=2000x2000:r=10"))
    assert (response.status_code, "3 million pixels" in response.json()["detail"]) == (422, True)


def test_the_former_song_is_kept_with_its_words(put, api, put_file):
    words = {"language": "fr", "prompt": "lullaby", "lyrics": "la la"}
    api.post("/api/universes/winter/music-prompts", words)
    put_file("winter", "fr.mp3", b"the former")
    put(tone("mp3"), "audio/mpeg", f"{SONG}/fr")
    kept = Revision.objects.get()
    assert kept.files == {"fr.mp3": hashlib.sha256(b"the former").hexdigest()}
    assert [row["lyrics"] for row in kept.rows["univers_music_prompts"]] == ["la la"]


@pytest.mark.parametrize("content", [HTML, b"ID3\x04" + b"\0" * 9000, picture()])
def test_what_is_no_song_is_refused(put, content):
    response = put(content, "audio/mpeg", f"{SONG}/fr")
    assert response.status_code == 422 and "Choose a song: MP3" in response.json()["detail"]
    assert not bucket.names("winter")


def test_a_thumbnail_of_ones_own_is_small_and_shown(put, universe):
    universes.update(universe, thumbnail_url="https://example.org/a.jpg")
    response = put(picture(size=(2000, 1000)), "image/jpeg", THUMBNAIL)
    assert response.json()["thumbnail_url"] == "/storage/buckets/univers/winter/thumbnail.jpg"
    assert (shown("thumbnail.jpg").format, shown("thumbnail.jpg").size) == ("JPEG", (512, 256))
    assert Edit.objects.filter(field="thumbnail_url", old="https://example.org/a.jpg", new="").exists()


def test_the_former_thumbnail_is_kept(put, put_file):
    put_file("winter", "thumbnail.jpg", b"the former")
    put(picture(), "image/jpeg", THUMBNAIL)
    assert Revision.objects.get().files == {"thumbnail.jpg": hashlib.sha256(b"the former").hexdigest()}


def test_a_clip_larger_than_any_screen_needs_is_made_smaller(put_clip, asset):
    put_clip(recorded("matroska", "-c:v", "mpeg4", source="color=d=0.1:s=2600x1300:r=10"))
    assert "1280x640" in streams(video_name(asset.image_name), "mp4")
