"""Names that ours allow, for slugs and files of the old installation whose names are not."""

import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from slugify import slugify

from storage.names import is_safe_segment, kind_of
from universes.names import (
    is_image_name,
    is_slug,
    make_image_name,
    make_slug,
    numbered_slug,
    stem,
    video_names,
)

from .folders import Folder


def slugs(universes: list[tuple[str | None, str | None]]) -> list[str]:
    """A slug for each `(slug, name)`: its own where it is allowed and no other has it, else a safe one."""
    kept = _fitting([slug for slug, _name in universes], is_slug)
    for place, (slug, name) in enumerate(universes):
        if place not in kept:
            kept[place] = _free_slug(slug or name or "", set(kept.values()), Folder(slug or ""))
    return [kept[place] for place in range(len(universes))]


def _fitting(names: list[str | None], allowed: Callable[[str], bool]) -> dict[int, str]:
    """The names, by their place, that are allowed, the first of each."""
    first = {name: place for place, name in reversed(list(enumerate(names)))}
    return {place: name for name, place in first.items() if name and allowed(name)}


def _free_slug(text: str, taken: set[str], folder: Folder) -> str:
    """The first of `name`, `name-2` … that no universe has, and no folder with files of another."""
    names = (numbered_slug(make_slug(text), number) for number in count(1))
    return next(name for name in names if name not in taken and folder.is_copied_to(name))


def image_names(folder: Folder, cards: list[tuple[str | None, str | None]]) -> list[str]:
    """The file name of each card of a universe, given as `(file name, display name)`; the folder learns of them."""
    kept = _fitting([name for name, _display in cards], is_safe_segment)
    for place, (given, display) in enumerate(cards):
        old = Path(given or "").name
        if place not in kept:
            kept[place] = _free_image_name(folder, old, display or "", set(kept.values()))
        folder.wanted |= _files(folder, old, kept[place])
    return [kept[place] for place in range(len(cards))]


def _files(folder: Folder, old: str, new: str) -> dict[str, str]:
    """`{new name: old name}` of a card's picture and clip, as far as they exist."""
    found = {new: old} if old and folder.find(old) else {}
    for clip in video_names(old) if old else ():
        if folder.find(clip):
            found.setdefault(clip if old == new else stem(new) + Path(clip).suffix, clip)
    return found


def _free_image_name(folder: Folder, old: str, display: str, taken: set[str]) -> str:
    """The old name in ASCII, if that is one of ours and free; else one made of it as for a new card."""
    text = stem(old) or display
    suffix = (Path(old).suffix.lower() if kind_of(old) == "image" else "") or ".png"
    stems = {stem(name).lower() for name in taken}
    names = (stem(name) + suffix for name in _candidates(text, taken))
    return next(name for name in names if stem(name) not in stems and _is_free(folder, old, name))


def _candidates(text: str, taken: set[str]) -> Iterator[str]:
    if is_image_name(own := f"{slugify(text, separator='_')}.png"):
        yield own
    tried, words = set(taken), re.sub(r"^[0-9]+_", "", text)
    while True:
        yield (name := make_image_name(words, tried))
        tried.add(name)


def _is_free(folder: Folder, old: str, new: str) -> bool:
    """Whether no other file lies under a name that this card would show."""
    files = _files(folder, old, new)
    return all(
        folder.is_free(name, folder.find(files[name]) if name in files else None)
        for name in [new, *video_names(new)]
    )
