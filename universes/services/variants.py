"""Variants: earlier pictures, clips and songs in the archive, to compare with the present ones and choose again."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models.fields.json import KeyTextTransform
from django.utils.translation import gettext as _

from storage import archive, bucket
from storage.staging import staging

from ..errors import NotFound
from ..media import clip_name, present
from ..models import LANGUAGES, Asset, Revision, Universe
from ..names import clip_of, music_name
from . import files

CAUSE = "choose"
KINDS = PICTURE, CLIP, SONG = "picture", "clip", "song"


@dataclass(frozen=True)
class Variant:
    """A content of a file, present or replaced at `created_at` by `author`, for a `cause` of `models.CAUSES`.

    `size` in bytes. For the present content, `created_at` is when it came; its author and cause are empty.
    """

    kind: str
    name: str
    sha256: str
    size: int
    created_at: datetime
    author: str = ""
    cause: str = ""
    present: bool = False


def of_card(asset: Asset) -> list[Variant]:
    """The Variants of a card's picture and clip: the present ones, then the others, the last replaced first.

    Each content comes once, and only as long as its bytes are there.
    """
    slug, picture = asset.universe.slug, asset.image_name
    clip = clip_name(slug, picture)
    names = {picture: PICTURE, clip_of(picture, present(slug)) or clip: CLIP, clip: CLIP}
    # Earlier revisions are of another card that had the name.
    return _variants(slug, names, since=asset.created_at)


def of_song(universe: Universe, language: str) -> list[Variant]:
    """The same for the song of a language; NotFound for an unknown language."""
    if language not in LANGUAGES:
        raise NotFound(f"Song in '{language[:20]}' not found; use {', '.join(LANGUAGES)}.")
    return _variants(universe.slug, {music_name(language): SONG}, since=universe.created_at)


def _variants(slug: str, names: dict[str, str], since: datetime | None) -> list[Variant]:
    """`names`: `{file name: kind}`."""
    found = [variant for name, kind in names.items() if (variant := _present(slug, name, kind))]
    known = {variant.sha256 for variant in found}
    for variant in _earlier(slug, names, since):
        if variant.sha256 not in known:
            found.append(variant)
        known.add(variant.sha256)
    return found


def _present(slug: str, name: str, kind: str) -> Variant | None:
    info = bucket.info(slug, name)
    if not info:
        return None
    came = datetime.fromtimestamp(bucket.bucket().stat(f"{slug}/{name}").st_mtime, UTC)
    return Variant(kind, name, info.sha256, info.size, came, present=True)


def _earlier(slug: str, names: dict[str, str], since: datetime | None) -> Iterator[Variant]:
    """The archived contents, the last replaced first; reads no rows of revisions and none of their other files."""
    revisions = Revision.objects.filter(univers_slug=slug)
    if since:
        revisions = revisions.filter(created_at__gte=since)
    hashes = {f"file_{at}": KeyTextTransform(name, "files") for at, name in enumerate(names)}
    for created_at, author, cause, *archived in revisions.annotate(**hashes).values_list(
        "created_at", "author", "cause", *hashes
    ):
        for (name, kind), sha256 in zip(names.items(), archived, strict=True):
            if sha256 and (size := archive.size(sha256)) is not None:
                yield Variant(kind, name, sha256, size, created_at, author, cause)


def find(variants: Iterable[Variant], sha256: str) -> Variant:
    """The Variant with that hash; NotFound when none has it."""
    for variant in variants:
        if variant.sha256 == sha256:
            return variant
    raise NotFound(
        _("Variant '%(sha256)s' not found; it may have become too old to be kept.") % {"sha256": sha256[:12]}
    )


def choose(asset: Asset, sha256: str, author: str = "") -> Variant:
    """Put an earlier picture or clip of this card back; the present one becomes a variant.

    Choosing the present one changes nothing. NotFound for a hash that is no variant of this card, and for
    missing or damaged bytes. Returns the Variant as it was.
    """
    return _restore(asset.universe, find(of_card(asset), sha256), author, asset=asset)


def choose_song(universe: Universe, language: str, sha256: str, author: str = "") -> Variant:
    """The same for the song of a language."""
    return _restore(universe, find(of_song(universe, language), sha256), author, language=language)


def _restore(
    universe: Universe,
    variant: Variant,
    author: str,
    asset: Asset | None = None,
    language: str | None = None,
) -> Variant:
    if variant.present:
        return variant
    with staging() as folder:
        path = folder / "variant"
        try:
            came = archive.copy_to(variant.sha256, path)
        except FileNotFoundError:
            came = None
        if came != variant.sha256:
            raise NotFound(_("The variant was not found whole in the archive; choose another."))
        files.replace(universe, variant.name, path, CAUSE, author, asset=asset, language=language)
    return variant
