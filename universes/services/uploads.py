"""Uploads of pictures, clips, songs and thumbnails: checked, converted, and put in the place of the former file."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from storage import pictures, transcoding
from storage.files import Readable
from storage.formats import Incomplete, Unfit
from storage.staging import staging

from ..errors import Invalid, NotFound, TooLarge
from ..media import clip_name
from ..models import LANGUAGES, Asset, Universe
from ..names import THUMBNAIL, music_name
from . import edits, files

CAUSE = "upload"
FIELD = "file"
PIECE = 1024 * 1024
# A person waits for the answer.
WAIT_SECONDS = 20

PICTURES = gettext_lazy("Choose a picture: JPEG, PNG, WebP, HEIC or GIF.")
CLIPS = gettext_lazy("Choose a clip: MP4, MOV, WebM, MKV or AVI.")
SONGS = gettext_lazy("Choose a song: MP3, M4A, WAV, OGG or FLAC.")

# Its name and declared type count for nothing. A form's file has a `size` in bytes.
Upload = Readable | str | os.PathLike[str]


def picture(universe: Universe, asset: Asset, file: Upload, author: str = "") -> None:
    """Make an uploaded picture a card's, as PNG or as its name says; the universe's first one makes its thumbnail, too.

    Raises Invalid for anything but a whole picture, TooLarge, and NotFound for a card that is gone.
    """
    with received(file, settings.UPLOAD_MAX_MB) as path:
        with _advised(PICTURES):
            pictures.cleaned(path, WAIT_SECONDS)
            pictures.as_named(path, asset.image_name, WAIT_SECONDS)
        files.replace(universe, asset.image_name, path, CAUSE, author, asset=asset)
        files.thumbnail_from(universe, path)


def clip(universe: Universe, asset: Asset, file: Upload, author: str = "") -> None:
    """The same for a card's clip, as MP4."""
    with received(file, settings.UPLOAD_CLIP_MAX_MB) as path:
        made = path.with_name("made")
        with _advised(CLIPS):
            transcoding.to_mp4(path, made, WAIT_SECONDS)
        files.replace(universe, clip_name(universe.slug, asset.image_name), made, CAUSE, author, asset=asset)


def song(universe: Universe, language: str, file: Upload, author: str = "") -> None:
    """The same for the song of a language, as MP3, whether its words are written or not."""
    if language not in LANGUAGES:
        raise NotFound(f"Song in '{language[:20]}' not found; use {', '.join(LANGUAGES)}.")
    with received(file, settings.UPLOAD_MAX_MB) as path:
        made = path.with_name("made")
        with _advised(SONGS):
            transcoding.to_mp3(path, made, WAIT_SECONDS)
        files.replace(universe, music_name(language), made, CAUSE, author, language=language)


def thumbnail(universe: Universe, file: Upload, author: str = "") -> None:
    """Make an uploaded picture the universe's thumbnail; its URL of another one is emptied."""
    with received(file, settings.UPLOAD_MAX_MB) as path:
        small = path.with_name(THUMBNAIL)
        with _advised(PICTURES):
            pictures.cleaned(path, WAIT_SECONDS)
        files.shrink(path, small, WAIT_SECONDS)
        files.replace(universe, THUMBNAIL, small, CAUSE, author)
    if universe.thumbnail_url:
        edits.update(universe, thumbnail_url=None, author=author)


@contextmanager
def received(file: Upload, most_mb: float) -> Iterator[Path]:
    """The path of the uploaded file, alone in a folder that goes with the block; TooLarge, or Invalid when empty."""
    # A form's file tells how much came, also where not all of it was kept.
    check_size(getattr(file, "size", None) or 0, most_mb)
    with staging() as folder:
        path = folder / "upload"
        opened = Path(file).open("rb") if isinstance(file, str | os.PathLike) else nullcontext(file)  # noqa: SIM115
        with opened as source:
            _copy(source, path, most_mb)
        if not path.stat().st_size:
            raise Invalid(FIELD, _("The file is empty; choose another."))
        yield path


def _copy(source: Readable, path: Path, most_mb: float) -> None:
    size = 0
    with path.open("wb") as target:
        while piece := source.read(PIECE):
            size += len(piece)
            check_size(size, most_mb)
            target.write(piece)


def check_size(size: int, most_mb: float) -> None:
    """Raise TooLarge for more bytes than so many megabytes."""
    if size > most_mb * 2**20:
        raise TooLarge(_("The file is too large; %(count)s MB are the most.") % {"count": most_mb})


@contextmanager
def _advised(advice: Promise) -> Iterator[None]:
    """Refuse an unfit file with an advice behind the reason."""
    try:
        yield
    except (Unfit, Incomplete) as error:
        raise Invalid(FIELD, f"{error} {advice}") from None
