"""Whole and broken clips and songs."""

import struct

import pytest

from storage.formats import Incomplete, Unfit, check_mp3, check_mp4


def box(kind, content=b"", size=None):
    return struct.pack(">I4s", len(content) + 8 if size is None else size, kind) + content


FTYP, MOOV, MDAT = box(b"ftyp", b"isom"), box(b"moov", b"x" * 50), box(b"mdat", b"y" * 500)
LARGE = struct.pack(">I4sQ", 1, b"mdat", 16 + 300) + b"y" * 300


@pytest.mark.parametrize(
    "content",
    [
        FTYP + MOOV + MDAT,
        FTYP + box(b"free") + MDAT + MOOV,
        FTYP + MOOV + LARGE,
        FTYP + MOOV + box(b"mdat", b"y" * 9, 0),
        FTYP + MOOV + MDAT + b"\0\0",
        FTYP + MOOV + MDAT + bytes(500),
        FTYP + MOOV + MDAT + b"nonsense" * 9,
        FTYP + MOOV + MDAT + box(b"free", size=500),
        box(b"wide") + MDAT + MOOV,
        MDAT + MOOV,
        box(b"pnot", bytes(12)) + MDAT + MOOV,
    ],
    ids=[
        "usual",
        "index last",
        "64-bit size",
        "to the end",
        "two bytes more",
        "zeros behind",
        "junk behind",
        "padding cut off",
        "QuickTime",
        "an old camera's",
        "with a preview",
    ],
)
def test_a_whole_clip_passes(file, content):
    check_mp4(file(content))


@pytest.mark.parametrize(
    "content",
    [
        (FTYP + MOOV + MDAT)[:-1],
        FTYP + MDAT,
        FTYP + MOOV,
        FTYP,
        FTYP + MOOV + MDAT + box(b"moof", size=500),
        FTYP + box(b"mdat", size=4),
        FTYP + MOOV + MDAT + box(b"free") * 100_001,
    ],
)
def test_a_clip_that_breaks_off_is_incomplete(file, content):
    with pytest.raises(Incomplete):
        check_mp4(file(content))


@pytest.mark.parametrize(
    "content", [b"<html></html>", b"GIF89a" + b"x" * 50, box(b"nope") + MOOV + MDAT, b""]
)
def test_what_is_no_clip_is_unfit(file, content):
    with pytest.raises((Unfit, Incomplete)):
        check_mp4(file(content))


# MPEG 1, layer III, 128 kbit/s, 44.1 kHz: 417 bytes a frame.
FRAME = b"\xff\xfb\x90\x00" + b"\0" * 413
ID3 = b"ID3\x04\0\0\0\0\x01\x00" + b"\0" * 128


@pytest.mark.parametrize("content", [FRAME * 10, ID3 + FRAME * 10], ids=["frames", "behind a tag"])
def test_a_song_passes(file, content):
    check_mp3(file(content))


def test_a_song_of_two_frames_is_incomplete(file):
    with pytest.raises(Incomplete):
        check_mp3(file(FRAME * 2))


@pytest.mark.parametrize(
    "content",
    [b"", b"RIFF" + b"x" * 9000, b"<html>" + b"x" * 9000, b"\xff\xfb\xf0\x00" * 2000, b"ID3", FRAME],
)
def test_what_is_no_song_is_unfit(file, content):
    with pytest.raises(Unfit):
        check_mp3(file(content))
