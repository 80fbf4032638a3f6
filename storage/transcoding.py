"""Clips and songs from elsewhere, written anew as what their name says, by ffmpeg.

What a browser plays already is copied frame by frame, without the notes that a phone leaves in it (where it was,
whose it is); anything else is encoded again. https://ffmpeg.org/ffmpeg.html
"""

import re
import subprocess
from pathlib import Path

import imageio_ffmpeg
from django.utils.translation import gettext as _

from .formats import CLIP, SONG, Unfit, broken, check_mp3, check_mp4, wrong
from .pictures import MOST_PIXELS

# However it is sent: encoding that takes longer would hold up whoever else works here.
LONGEST_SECONDS = 120
LONGEST_SIDE = 1280
# What phones record as stills, in the same container.
STILLS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis")

# How a container begins, and ffmpeg's name for it: named, so that no file makes ffmpeg read another one.
CONTAINERS = (
    (re.compile(rb"....ftyp", re.DOTALL), "mov"),
    (re.compile(rb"\x1a\x45\xdf\xa3"), "matroska"),
    (re.compile(rb"RIFF....AVI ", re.DOTALL), "avi"),
    (re.compile(rb"RIFF....WAVE", re.DOTALL), "wav"),
    (re.compile(rb"OggS"), "ogg"),
    (re.compile(rb"fLaC"), "flac"),
    (re.compile(rb"\xff[\xf0\xf1\xf8\xf9]"), "aac"),
    (re.compile(rb"ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]"), "mp3"),
)
OF_CLIPS = ("mov", "matroska", "avi")
OF_SONGS = ("mov", "matroska", "wav", "ogg", "flac", "aac", "mp3")

VIDEO = re.compile(r"Stream #0:\d+\S*: Video: (\w+).*?, (\w+)[(,].*? (\d+)x(\d+)[ ,\n]")
AUDIO = re.compile(r"Stream #0:\d+\S*: Audio: (\w+)")
# Even sides, as H.264 needs them, and at most so long.
SMALLER = (
    f"scale='min({LONGEST_SIDE},iw)':'min({LONGEST_SIDE},ih)'"
    ":force_original_aspect_ratio=decrease:force_divisible_by=2"
)
ANEW = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-pix_fmt", "yuv420p", "-vf", SMALLER]
# Nothing but the frames; the same in, the same out.
BARE = ["-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact"]


def to_mp4(path, target):
    """Write the clip at `path` to `target` as an MP4 that every browser plays (H.264 and AAC, index first).

    All frames are decoded on the way, so that it is known to be whole. Raises Unfit or Incomplete.
    """
    container = _container(path, OF_CLIPS, CLIP)
    said = _describe(path, container)
    video = VIDEO.search(said)
    if not video:
        raise wrong(path, CLIP)
    codec, colours, width, height = video.groups()
    if int(width) * int(height) > MOST_PIXELS:
        raise Unfit(_("The clip has more than %(count)s million pixels.") % {"count": MOST_PIXELS // 10**6})
    plays = codec == "h264" and colours in ("yuv420p", "yuvj420p")
    audio = AUDIO.search(said)
    sound = ["-c:a", "copy" if audio and audio[1] == "aac" else "aac"]
    made = ["-map", "0:v:0", "-map", "0:a:0?", *BARE, *(["-c:v", "copy"] if plays else ANEW), *sound]
    decoded = ["-map", "0:v:0", "-f", "null", "-"] if plays else []
    _ffmpeg(CLIP, container, path, [*made, "-movflags", "+faststart", "-f", "mp4", str(target), *decoded])
    check_mp4(target)


def to_mp3(path, target):
    """The same for a song, as an MP3."""
    container = _container(path, OF_SONGS, SONG)
    audio = AUDIO.search(_describe(path, container))
    if not audio:
        raise wrong(path, SONG)
    coding = ["copy"] if audio[1] == "mp3" else ["libmp3lame", "-b:a", "192k", "-ac", "2"]
    made = ["-map", "0:a:0", *BARE, "-id3v2_version", "0", "-write_xing", "0", "-c:a", *coding]
    decoded = ["-map", "0:a:0", "-f", "null", "-"] if audio[1] == "mp3" else []
    _ffmpeg(SONG, container, path, [*made, "-f", "mp3", str(target), *decoded])
    check_mp3(target)


def _container(path, known, kind):
    with Path(path).open("rb") as source:
        start = source.read(16)
    found = next((name for pattern, name in CONTAINERS if pattern.match(start)), None)
    if found not in known or (found == "mov" and start[8:12] in STILLS):
        raise wrong(path, kind)
    if found == "mov":
        check_mp4(path, kind)
    return found


def _describe(path, container):
    """What ffmpeg says of the streams in a file."""
    return _run(["-f", container, "-i", str(path)]).stderr.decode(errors="replace")


def _ffmpeg(kind, container, path, arguments):
    quiet = ["-v", "quiet", "-y", "-max_error_rate", "0.1", "-f", container, "-i", str(path)]
    if _run([*quiet, *arguments]).returncode:
        raise broken(kind)


def _run(arguments):
    # A time limit of ffmpeg's own, too: should this process be killed, its child ends all the same.
    limits = [
        "-hide_banner",
        "-nostdin",
        "-protocol_whitelist",
        "file",
        "-timelimit",
        str(2 * LONGEST_SECONDS),
    ]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), *limits, *arguments]
    try:
        return subprocess.run(command, capture_output=True, timeout=LONGEST_SECONDS)
    except subprocess.TimeoutExpired:
        sentence = _("The file takes longer than %(count)s seconds to convert; send a shorter one.")
        raise Unfit(sentence % {"count": LONGEST_SECONDS}) from None
