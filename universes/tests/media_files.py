"""Small files as people bring them along, and what became of them."""

import io
import re
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import imageio_ffmpeg
from PIL import Image

from storage import bucket

LOCATION = b"+48.8584+002.2945/"
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"


def picture(kind="JPEG", size=(40, 30), color="red", **options):
    target = io.BytesIO()
    Image.new("RGB", size, color).save(target, kind, **options)
    return target.getvalue()


@cache
def recorded(suffix, *coding, source="testsrc=d=1:s=64x48:r=10"):
    """What ffmpeg makes of its test picture or tone, as the bytes of a file of that kind."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", source, *coding]
    command += [
        "-metadata",
        f"title={LOCATION.decode()}",
        "-f",
        suffix,
        "-movflags",
        "frag_keyframe",
        "pipe:1",
    ]
    if suffix not in ("mp4", "mov"):
        command = [word for word in command if word not in ("-movflags", "frag_keyframe")]
    return subprocess.run(command, capture_output=True, check=True, timeout=60).stdout


def h264(suffix="mp4", **options):
    return recorded(suffix, "-c:v", "libx264", "-pix_fmt", "yuv420p", **options)


def tone(suffix, *coding, source="sine=d=1"):
    return recorded(suffix, *coding, source=source)


@cache
def converted(content, suffix, *coding, before=(), source=None):
    """A file that ffmpeg makes of another's bytes, or of another test picture or tone, as a file in one piece."""
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder) / "given", Path(folder) / "made"
        given.write_bytes(content)
        taken = ["-f", "lavfi", "-i", source] if source else ["-i", given]
        command = [
            imageio_ffmpeg.get_ffmpeg_exe(),
            "-v",
            "error",
            *before,
            *taken,
            *coding,
            "-f",
            suffix,
            made,
        ]
        subprocess.run(command, capture_output=True, check=True, timeout=60)
        return made.read_bytes()


def seconds(name):
    """How long a player finds a song in the bucket."""
    return sum(
        float(part) * unit
        for part, unit in zip(
            re.search(r"Duration: (\d+):(\d+):([\d.]+)", streams(name, "mp3")).groups(),
            (3600, 60, 1),
            strict=True,
        )
    )


def bytes_of(name, slug="winter"):
    return Path(bucket.bucket().path(f"{slug}/{name}")).read_bytes()


def path_of(name, slug="winter"):
    return bucket.bucket().path(f"{slug}/{name}")


def shown(name):
    with Image.open(path_of(name)) as image:
        image.load()
        return image


def streams(name, container, *options, slug="winter"):
    """What ffmpeg says about a file in the bucket, all of which it decodes."""
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-hide_banner",
        "-xerror",
        *options,
        "-f",
        container,
        "-i",
        path_of(name, slug),
    ]
    done = subprocess.run([*command, "-f", "null", "-"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stderr
