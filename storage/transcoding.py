"""Conversion of clips to MP4 and songs to MP3, by ffmpeg.

Streams that browsers play are copied without metadata (phones note place and owner), unless an edit list hides part of
them; all others are encoded again. https://ffmpeg.org/ffmpeg.html
"""

import re
import resource
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGXFSZ

import imageio_ffmpeg

from . import containers
from .containers import Container
from .errors import DiskFull
from .formats import CLIP, SONG, Unfit, broken, check_mp3, check_mp4, wrong
from .memory import DECODED
from .messages import gettext as _

# Longer encoding would hold up everybody else.
LONGEST_SECONDS = 120
MOST_MINUTES = {CLIP: 10, SONG: 60}
# Tolerated difference between declared and decoded length.
SPARE_SECONDS = 2
LONGEST_SIDE = 1280
# The largest that phones record, 7680 x 4320.
MOST_PIXELS = 34_000_000
# Not every tablet plays larger ones; they are encoded again.
MOST_COPIED_PIXELS = 4096 * 2304
OF_CLIPS = ("mov", "matroska", "avi")
OF_SONGS = ("mov", "matroska", "wav", "aiff", "ogg", "flac", "aac", "mp3")

# Frames that decoder, filters and encoder hold at once, and the rest of ffmpeg.
FRAMES_HELD, FFMPEG_BYTES = 12, 64 * 2**20
# A limit for hostile files: bytes of address space, of which threads reserve much more than they use.
MOST_ADDRESSES = 4 * 2**30
THREADS = "2"
NO_ROOM = re.compile("No space left on device|Disk quota exceeded|File too large")

DURATION = re.compile(r"^  Duration: (\d+):(\d\d):(\d\d\.\d+)", re.MULTILINE)
# Without cover pictures.
VIDEO = re.compile(
    r"^  Stream #0:\d+\S*: Video: (\w+)(?!.*\(attached pic\))(.*), (\d+)x(\d+)[ ,\n]", re.MULTILINE
)
PIXELS = re.compile(r", (\w+)[(,]")
AUDIO = re.compile(r"^  Stream #0:\d+\S*: Audio: (\w+)(?: \((LC|HE-AAC|HE-AACv2)\))?", re.MULTILINE)
HIGH_DYNAMIC_RANGE = ("smpte2084", "arib-std-b67")

# Scaled down; H.264 needs even sides.
SMALLER = (
    f"scale='min({LONGEST_SIDE},max(2,iw))':'min({LONGEST_SIDE},max(2,ih))'"
    ":force_original_aspect_ratio=decrease:force_divisible_by=2"
)
# HDR to SDR, keeping the hue.
TONES = (
    ",zscale=tin={transfer}:pin=bt2020:min=bt2020nc:rin=tv:t=linear:npl=203,format=gbrpf32le,zscale=p=bt709,tonemap=mobius:desat=0"
    ",zscale=t=bt709:m=bt709:r=tv,format=yuv420p"
)
ANEW = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-pix_fmt", "yuv420p", "-fpsmax", "60"]
# No metadata; reproducible.
BARE = ["-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact"]
MP4 = ["-movflags", "+faststart", "-f", "mp4"]
# The Xing header holds the length of a song with frames of many sizes, and the encoder's padding.
MP3 = ["-id3v2_version", "0", "-write_xing", "1", "-f", "mp3"]

TOO_LONG = {
    CLIP: _("The clip is longer than %(count)s minutes; send a shorter one."),
    SONG: _("The song is longer than %(count)s minutes; send a shorter one."),
}


@dataclass(frozen=True)
class Video:
    """The first video stream of a file: ffmpeg's names of codec and colours, size in pixels.

    `hdr`: the transfer function of a video with a high dynamic range, else empty.
    """

    codec: str
    colours: str
    width: int
    height: int
    hdr: str

    def plays_everywhere(self) -> bool:
        plain = self.codec == "h264" and self.colours in ("yuv420p", "yuvj420p") and not self.hdr
        return plain and self.width * self.height <= MOST_COPIED_PIXELS

    def bytes_held(self) -> int:
        """An estimate of the memory for converting."""
        return FFMPEG_BYTES + self.width * self.height * 3 * FRAMES_HELD


@dataclass(frozen=True)
class Media:
    """ffmpeg's description of a file: seconds (0 where it doesn't know), its video, and its sound's codec."""

    seconds: float
    video: Video | None
    audio: str
    plays_audio: bool


def to_mp4(path: Path, target: Path, wait_seconds: float | None = None) -> None:
    """Write the clip at `path` to `target` as an MP4 that every browser plays (H.264 and AAC, index first).

    All frames are decoded, so that a broken clip is found. Raises Unfit or Incomplete, Busy where there was not enough
    memory for `wait_seconds` (None: no limit), DiskFull.
    """
    container = _container(path, OF_CLIPS, CLIP)
    media = _described(path, container, CLIP)
    if not (video := media.video):
        raise wrong(path, CLIP)
    if video.width * video.height > MOST_PIXELS:
        raise Unfit(_("The clip has more than %(count)s million pixels.") % {"count": MOST_PIXELS // 10**6})
    with DECODED.taken(video.bytes_held(), wait_seconds):
        as_it_is = video.plays_everywhere() and _is_shown_whole(path, container)
        if not (as_it_is and _copied_clip(path, container, media, target)):
            _encode_clip(path, container, video, target)
    check_mp4(target)


def to_mp3(path: Path, target: Path, wait_seconds: float | None = None) -> None:
    """The same for a song, as an MP3."""
    container = _container(path, OF_SONGS, SONG)
    media = _described(path, container, SONG)
    if not media.audio:
        raise wrong(path, SONG)
    with DECODED.taken(FFMPEG_BYTES, wait_seconds):
        as_it_is = media.audio == "mp3" and _is_shown_whole(path, container)
        if not (as_it_is and _copied_song(path, container, target)):
            _encode_song(path, container, media, target)
    check_mp3(target)


def _container(path: Path, known: tuple[str, ...], kind: str) -> Container:
    found = containers.of(path)
    if not found or found.name not in known:
        raise wrong(path, kind)
    if found.name == "mov":
        check_mp4(path, kind)
    if containers.is_cut(path, found):
        raise broken(kind)
    return found


def _described(path: Path, container: Container, kind: str) -> Media:
    """ffmpeg's description of the streams in a file; raises Unfit for too many minutes."""
    said = _run(_source(container, path)).stderr.decode(errors="replace")
    video, audio, found = VIDEO.search(said), AUDIO.search(said), DURATION.search(said)
    hours, minutes, seconds = map(float, found.groups()) if found else (0, 0, 0)
    duration = hours * 3600 + minutes * 60 + seconds
    _check_minutes(duration, kind)
    codec, profile = audio.groups() if audio else ("", None)
    return Media(duration, _video(video), codec, codec == "aac" and bool(profile))


def _video(found: re.Match[str] | None) -> Video | None:
    if not found:
        return None
    codec, details, width, height = found.groups()
    colours = PIXELS.search(details + ",")
    hdr = next((name for name in HIGH_DYNAMIC_RANGE if name in details), "")
    return Video(codec, colours[1] if colours else "", int(width), int(height), hdr)


def _check_minutes(seconds: float, kind: str) -> None:
    if seconds > MOST_MINUTES[kind] * 60:
        raise Unfit(TOO_LONG[kind] % {"count": MOST_MINUTES[kind]})


def _is_shown_whole(path: Path, container: Container) -> bool:
    return container.name != "mov" or not containers.is_trimmed(path)


def _encode_clip(path: Path, container: Container, video: Video, target: Path) -> None:
    filters = SMALLER + (TONES.format(transfer=video.hdr) if video.hdr else "")
    sound = ["-c:a", "aac", "-ac", "2"]
    streams = ["-map", "0:V:0", "-map", "0:a:0?", *BARE, *ANEW, "-vf", filters, *sound]
    _convert(CLIP, container, path, [*streams, *MP4, str(target)])


def _encode_song(path: Path, container: Container, media: Media, target: Path) -> None:
    coding = ["-c:a", "libmp3lame", "-b:a", "192k", "-ac", "2"]
    seconds = _convert(SONG, container, path, ["-map", "0:a:0", *BARE, *coding, *MP3, str(target)])
    # Other containers declare no length, or not per stream, or in bytes.
    if container.name == "flac" and seconds < media.seconds - SPARE_SECONDS:
        raise broken(SONG)


def _copied_clip(path: Path, container: Container, media: Media, target: Path) -> bool:
    sound = ["-c:a", "copy"] if media.plays_audio else ["-c:a", "aac", "-ac", "2"]
    streams = ["-map", "0:V:0", "-map", "0:a:0?", *BARE, "-c:v", "copy", *sound]
    return _copied(CLIP, container, path, [*streams, *MP4, str(target)], Container("mov"), target)


def _copied_song(path: Path, container: Container, target: Path) -> bool:
    streams = ["-map", "0:a:0", *BARE, "-c:a", "copy"]
    return _copied(SONG, container, path, [*streams, *MP3, str(target)], Container("mp3"), target)


def _copied(
    kind: str, container: Container, path: Path, made: list[str], as_container: Container, target: Path
) -> bool:
    """Whether a copy was made that decodes without an error."""
    if _ffmpeg(kind, [*_source(container, path), *_bounded(kind), *made]) is None:
        return False
    seconds = _ffmpeg(
        kind, ["-xerror", "-err_detect", "explode", *_source(as_container, target), "-f", "null", "-"]
    )
    return bool(seconds)


def _convert(kind: str, container: Container, path: Path, made: list[str]) -> float:
    """Encode again; raise where more than a tenth can't be decoded, or nothing results. Returns the seconds made."""
    tolerant = ["-max_error_rate", "0.1", "-max_pixels", str(MOST_PIXELS), *_source(container, path)]
    seconds = _ffmpeg(kind, [*tolerant, *_bounded(kind), *made])
    if not seconds:
        raise broken(kind)
    return seconds


def _source(container: Container, path: Path) -> list[str]:
    # https://ffmpeg.org/ffmpeg-protocols.html#subfile
    part = (
        f"subfile,,start,{container.start},end,{container.end},,:" if container.start or container.end else ""
    )
    return ["-threads", THREADS, "-f", container.name, "-i", f"{part}file:{path}"]


def _bounded(kind: str) -> list[str]:
    """Files may be longer than declared: one second more than allowed shows it."""
    return ["-t", str(MOST_MINUTES[kind] * 60 + 1), "-threads", THREADS]


def _ffmpeg(kind: str, arguments: list[str]) -> float | None:
    """Seconds that ffmpeg made; None where it failed. Raises DiskFull, and Unfit where it took too long."""
    done = _run(["-v", "error", "-progress", "pipe:1", "-nostats", "-y", *arguments])
    if done.returncode == -SIGXFSZ or NO_ROOM.search(done.stderr.decode(errors="replace")):
        raise DiskFull
    if done.returncode:
        return None
    found = re.findall(rb"^out_time_us=(\d+)", done.stdout, re.MULTILINE)
    seconds = int(found[-1]) / 10**6 if found else 0
    _check_minutes(seconds, kind)
    return seconds


def _run(arguments: list[str]) -> subprocess.CompletedProcess[bytes]:
    # `-timelimit` ends ffmpeg even when this process is killed.
    limits = [
        "-hide_banner",
        "-nostdin",
        "-protocol_whitelist",
        "file,pipe,subfile",
        "-timelimit",
        str(2 * LONGEST_SECONDS),
    ]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), *limits, *arguments]
    try:
        return _within_memory(command)
    except subprocess.TimeoutExpired:
        sentence = _("The file takes longer than %(count)s seconds to convert; send a shorter one.")
        raise Unfit(sentence % {"count": LONGEST_SECONDS}) from None


def _within_memory(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            _limit(process.pid)
            said, complained = process.communicate(timeout=LONGEST_SECONDS)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(command, process.returncode, said, complained)


def _limit(pid: int) -> None:
    # Only Linux can limit another process, which may have ended already.
    if hasattr(resource, "prlimit"):
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_AS, (MOST_ADDRESSES, MOST_ADDRESSES))
