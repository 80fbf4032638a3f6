"""The earlier pictures, clips and songs that revisions keep, to compare with the present one and to go back to."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models.fields.json import KeyTextTransform
from django.utils.translation import gettext as _

from storage import archive, bucket
from storage.staging import staging

from ..errors import NotFound
from ..media import clip_name, present
from ..models import LANGUAGES, Revision
from ..names import clip_of, music_name
from .placing import place

CAUSE = "choose"
KINDS = PICTURE, CLIP, SONG = "picture", "clip", "song"


@dataclass(frozen=True)
class Variant:
    """One content that a file has, or had until `created_at`, when `author` replaced it for the sake of `cause`.

    `size` in bytes. Of the one that is `present`, `created_at` is when it came; its author and cause are empty.
    """

    kind: str
    name: str
    sha256: str
    size: int
    created_at: datetime
    author: str = ""
    cause: str = ""
    present: bool = False


def of_card(asset):
    """The Variants of a card's picture and clip: the present ones, then the others, the last replaced first.

    Each content comes once, and only as long as its bytes are there.
    """
    slug, picture = asset.universe.slug, asset.image_name
    clip = clip_name(slug, picture)
    names = {picture: PICTURE, clip_of(picture, present(slug)) or clip: CLIP, clip: CLIP}
    # What was kept before this card was made is another's, of the same name.
    return _variants(slug, names, since=asset.created_at)


def of_song(universe, language):
    """The same for the song of a language; NotFound for one that is none of ours."""
    if language not in LANGUAGES:
        raise NotFound(f"Song in '{language[:20]}' not found; use {', '.join(LANGUAGES)}.")
    return _variants(universe.slug, {music_name(language): SONG}, since=universe.created_at)


def _variants(slug, names, since):
    found = [variant for name, kind in names.items() if (variant := _present(slug, name, kind))]
    known = {variant.sha256 for variant in found}
    for variant in _earlier(slug, names, since):
        if variant.sha256 not in known and variant.size is not None:
            found.append(variant)
        known.add(variant.sha256)
    return found


def _present(slug, name, kind):
    info = bucket.info(slug, name)
    if not info:
        return None
    came = bucket.bucket().get_modified_time(f"{slug}/{name}")
    return Variant(kind, name, info.sha256, info.size, came, present=True)


def _earlier(slug, names, since):
    """Without the rows that revisions keep, and without their other files, which may be many."""
    revisions = Revision.objects.filter(univers_slug=slug)
    if since:
        revisions = revisions.filter(created_at__gte=since)
    hashes = {f"file_{at}": KeyTextTransform(name, "files") for at, name in enumerate(names)}
    for created_at, author, cause, *kept in revisions.annotate(**hashes).values_list(
        "created_at", "author", "cause", *hashes
    ):
        for (name, kind), sha256 in zip(names.items(), kept, strict=True):
            if sha256:
                yield Variant(kind, name, sha256, archive.size(sha256), created_at, author, cause)


def find(variants, sha256):
    """The one of these Variants with that hash; NotFound when none has it."""
    for variant in variants:
        if variant.sha256 == sha256:
            return variant
    raise NotFound(
        _("Variant '%(sha256)s' not found; it may have become too old to be kept.") % {"sha256": sha256[:12]}
    )


def choose(asset, sha256, author=""):
    """Put an earlier picture or clip of this card back; what it replaces becomes a variant, so one can return.

    Choosing the present one changes nothing. NotFound for a hash that is no variant of this card, or whose
    bytes are gone or damaged. Returns the Variant as it was.
    """
    return _put_back(asset.universe, find(of_card(asset), sha256), author, asset=asset)


def choose_song(universe, language, sha256, author=""):
    """The same for the song of a language."""
    return _put_back(universe, find(of_song(universe, language), sha256), author, language=language)


def _put_back(universe, variant, author, **of):
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
        place(universe, variant.name, path, CAUSE, author, **of)
    return variant
