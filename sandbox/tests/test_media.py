import io
import subprocess

import imageio_ffmpeg
import pytest
from PIL import Image

from sandbox.drawing import draw
from sandbox.moving import CannotMake, animate, sing


def probe(path):
    """What ffmpeg says about a file that it has decoded whole."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-v", "info", "-i", path, "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.parametrize("size", [(1024, 1024), (1820, 1024), (1024, 2048)])
def test_a_picture_has_the_size_that_was_asked_for(size):
    image = Image.open(io.BytesIO(draw("a cat", size)))
    assert (image.format, image.size) == ("WEBP", size)


def test_different_concepts_give_different_pictures():
    pictures = [draw(f"a {word}", (256, 256), "PNG") for word in ("cat", "dog", "zorglub")]
    assert len(set(pictures)) == 3


@pytest.mark.parametrize(
    ("size", "shown"), [((512, 512), "480x480"), ((900, 512), "832x480"), ((512, 900), "480x832")]
)
def test_a_clip_keeps_the_pictures_orientation(tmp_path, size, shown):
    animate(draw("a cat", size), tmp_path / "clip.mp4")
    said = probe(tmp_path / "clip.mp4")
    assert "h264" in said and "yuv420p" in said and shown in said and "Duration: 00:00:04" in said
    assert (tmp_path / "clip.mp4").read_bytes().index(b"moov") < 1000


def test_what_is_no_picture_cannot_be_animated(tmp_path):
    with pytest.raises(CannotMake, match="cannot identify image file"):
        animate(b"<html>", tmp_path / "clip.mp4")


@pytest.mark.parametrize(("audio_format", "codec"), [("mp3", "mp3"), ("wav", "pcm_s16le")])
def test_a_song_plays_for_ten_seconds_or_more(tmp_path, audio_format, codec):
    sing("la la la", audio_format, tmp_path / "song")
    said = probe(tmp_path / "song")
    assert codec in said and "Duration: 00:00:12" in said and "DRAFT" in said


def test_other_words_give_another_song(tmp_path):
    for name, words in (("one", "la la"), ("two", "lo lo"), ("again", "la la")):
        sing(words, "mp3", tmp_path / name)
    one, two, again = ((tmp_path / name).read_bytes() for name in ("one", "two", "again"))
    assert one == again != two
