"""Clips and songs that people bring along, and thumbnails."""

import hashlib
from struct import pack

import pytest

from storage import bucket, transcoding
from storage.formats import check_mp3, check_mp4
from universes.models import Edit, Revision
from universes.names import video_name
from universes.services import universes

from .recordings import HTML, LOCATION, bytes_of, h264, path_of, picture, recorded, shown, streams, tone

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
    put_clip(recorded("avi", "-c:v", "mpeg4", source="color=d=0.1:s=2600x1300:r=10"))
    assert "1280x640" in streams(video_name(asset.image_name), "mp4")
