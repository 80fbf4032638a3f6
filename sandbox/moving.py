"""Draft clips and songs, made with ffmpeg."""

import array
import hashlib
import io
import math
import random
import subprocess
from pathlib import Path

import imageio_ffmpeg
from PIL import Image, ImageOps

from sandbox.drawing import mark_as_draft

SECONDS_AT_MOST = 120
FRAME_RATE = 16
CLIP_SECONDS = 4
CLIP_SIZES = {"portrait": (480, 832), "landscape": (832, 480), "square": (480, 480)}
RATE = 16000
LOUDNESS = 9000
_SWAY = (
    "scale={w2}:{h2},zoompan=z='1.06+0.05*sin(2*PI*on/{frames})':x='(iw-iw/zoom)*(0.5+0.3*sin(2*PI*on/{frames}))'"
    ":y='(ih-ih/zoom)*(0.5+0.3*cos(2*PI*on/{frames}))':d={frames}:s={w}x{h}:fps={rate},format=yuv420p"
)


class CannotMake(Exception):
    """The input cannot be turned into a file; the text says why, in the words of a prediction's error."""


def animate(picture: bytes, target: Path) -> None:
    """Writes an MP4 (H.264, 480p, about 4 s) in which the picture gently sways."""
    size, frame = _as_frame(picture)
    frames = FRAME_RATE * CLIP_SECONDS
    motion = _SWAY.format(
        w=size[0], h=size[1], w2=size[0] * 2, h2=size[1] * 2, frames=frames, rate=FRAME_RATE
    )
    codec = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "30", "-threads", "1"]
    mark = ["-movflags", "+faststart", "-metadata", "title=DRAFT"]
    _ffmpeg(
        ["-f", "png_pipe", "-i", "pipe:0", "-vf", motion, "-frames:v", str(frames), *codec, *mark],
        frame,
        target,
    )


def _as_frame(picture: bytes) -> tuple[tuple[int, int], bytes]:
    try:
        image = Image.open(io.BytesIO(picture)).convert("RGB")
    except OSError as error:
        raise CannotMake("cannot identify image file") from error
    ratio = image.width / image.height
    size = CLIP_SIZES["square" if 0.8 < ratio < 1.25 else "landscape" if ratio > 1 else "portrait"]
    image = ImageOps.fit(image, size)
    mark_as_draft(image, inset=0.12)
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return size, out.getvalue()


def sing(words: str, audio_format: str, target: Path) -> None:
    """Writes a tune of about 12 s in ``mp3``, ``wav`` or ``pcm``; equal words give the equal tune."""
    samples = _compose(random.Random(hashlib.sha256(words.encode()).digest()))
    source = ["-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", "pipe:0", "-af", "aecho=0.8:0.7:60:0.25"]
    coding = {
        "mp3": ["-c:a", "libmp3lame", "-b:a", "96k", "-f", "mp3"],
        "pcm": ["-f", "s16le"],
        "wav": ["-f", "wav"],
    }
    _ffmpeg([*source, "-metadata", "title=DRAFT", *coding[audio_format]], samples.tobytes(), target)


SCALE = (0, 2, 4, 7, 9, 12, 14, 16)  # major pentatonic: whatever follows whatever, it sounds friendly
CHORDS = ((0, 4, 7), (-3, 0, 4), (-7, -3, 0), (-5, -1, 2))  # I vi IV V
BEAT = 0.375  # seconds


def _compose(chance: random.Random) -> array.array:
    """Eight bars of melody over chords, opened by two beeps that say: this is a draft."""
    root = 261.63 * 2 ** (chance.randrange(-3, 4) / 12)
    tones: dict[tuple[int, int], list[float]] = {}
    song = [0.0] * (int(RATE * BEAT) * 33)
    for beep in (0, 1):
        _add(song, beep * 0.5, _tone(tones, root, 24, 0.4))
    step = chance.randrange(len(SCALE))
    for beat in range(32):
        if beat % 4 == 0:
            for note in CHORDS[beat // 4 % 4]:
                _add(song, beat + 1, _tone(tones, root, note - 12, 2.5))
        for half in (0, 0.5) if chance.random() < 0.4 else (0,):
            step = min(len(SCALE) - 1, max(0, step + chance.choice((-2, -1, -1, 1, 1, 2))))
            _add(song, beat + 1 + half, _tone(tones, root, SCALE[step], 1.5))
    return array.array("h", (int(max(-1.0, min(1.0, value / 2.5)) * LOUDNESS * 2) for value in song))


def _tone(tones: dict, root: float, note: int, beats: float) -> list[float]:
    if (note, beats) not in tones:
        turn = 2 * math.pi * root * 2 ** (note / 12) / RATE
        count = int(RATE * BEAT * beats)
        tones[note, beats] = [
            (math.sin(turn * at) + 0.3 * math.sin(2 * turn * at))
            * math.exp(-3.5 * at / count)
            * min(1.0, at / 80)
            * 0.7
            for at in range(count)
        ]
    return tones[note, beats]


def _add(song: list[float], beat: float, tone: list[float]) -> None:
    start = int(beat * BEAT * RATE)
    end = min(len(song), start + len(tone))
    song[start:end] = [old + new for old, new in zip(song[start:end], tone[: end - start], strict=True)]


def _ffmpeg(arguments: list[str], given: bytes, target: Path) -> None:
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-hide_banner",
        "-loglevel",
        "error",
        "-y",
        *arguments,
        str(target),
    ]
    done = subprocess.run(command, input=given, capture_output=True, timeout=SECONDS_AT_MOST)
    if done.returncode:
        raise CannotMake(f"ffmpeg failed: {done.stderr.decode(errors='replace').strip()[-300:]}")
