"""The media folders of the old installation, and names that ours allow for slugs and files whose names are not.

Files are copied within a folder; nothing is moved, replaced or deleted.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path

from slugify import slugify

from storage import bucket
from storage.files import digests
from storage.names import is_safe_segment, kind_of
from universes.models import LANGUAGES
from universes.names import (
    THUMBNAIL,
    is_image_name,
    is_slug,
    make_image_name,
    make_slug,
    music_name,
    numbered_slug,
    stem,
    video_names,
)

from .source import Report

# Sub-folders in which older versions had files that lie flat today.
OLDER_LAYOUT = ("assets", "music")
STRANGE = "no card or song has it"


def root() -> Path:
    return Path(bucket.bucket().location)


def entries(folder: Path) -> dict[str, Path]:
    """The files right in a folder, by name; links are left out, a missing folder has none."""
    if not folder.is_dir() or folder.is_symlink():
        return {}
    return {path.name: path for path in sorted(folder.iterdir()) if not path.is_symlink()}


def files(folder: Path) -> dict[str, Path]:
    return {name: path for name, path in entries(folder).items() if path.is_file()}


def links(folder: Path) -> list[Path]:
    """The links in a folder, or it itself where it is one."""
    if folder.is_symlink():
        return [folder]
    return sorted(path for path in folder.iterdir() if path.is_symlink()) if folder.is_dir() else []


def named(found: dict[str, Path], name: str) -> Path | None:
    """The entry of this name, whichever way its accents are written; a Mac writes them apart."""
    if name in found:
        return found[name]
    wanted = unicodedata.normalize("NFC", name)
    return next((path for n, path in found.items() if unicodedata.normalize("NFC", n) == wanted), None)


def are_same(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and digests(one) == digests(other)


@dataclass
class Folder:
    """A universe's folder as the old backend had it, and what of it goes where under which slug.

    `wanted`: `{name of a file to be: name that the old rows give it}`.
    """

    old_slug: str
    slug: str = ""
    wanted: dict[str, str] = field(default_factory=dict)

    @cached_property
    def path(self) -> Path:
        return named(entries(root()), self.old_slug) or root() / ".none"

    @cached_property
    def places(self) -> list[dict[str, Path]]:
        """The files by name, of the folder itself before those of the older layout."""
        return [files(self.path), *(files(self.path / name) for name in OLDER_LAYOUT)]

    def find(self, name: str) -> Path | None:
        return next((path for place in self.places if (path := named(place, Path(name).name))), None)

    def is_free(self, name: str, source: Path | None) -> bool:
        """Whether a file can get this name: nothing has it, or a copy that an earlier attempt has made."""
        there = self.places[0].get(name)
        return there is None or (source is not None and are_same(there, source))

    def is_copied_to(self, slug: str) -> bool:
        """Whether the folder of this slug is not there, or has nothing but copies of what this one has."""
        there = [digests(path)["sha256"] for path in files(root() / slug).values()]
        return set(there) <= {digests(path)["sha256"] for place in self.places for path in place.values()}

    def copy(self, report: Report) -> None:
        """Copy what does not lie where it is looked for; nothing is moved, replaced or deleted."""
        for name, source in self._moves().items():
            target = root() / self.slug / name
            if not target.exists():
                bucket.put(source, self.slug, name)
                report.counts["files copied"] += 1
        self._tell_the_rest(report)

    def _moves(self) -> dict[str, Path]:
        wanted = {THUMBNAIL: THUMBNAIL, **{name: name for name in map(music_name, LANGUAGES)}, **self.wanted}
        found = {name: path for name, old in wanted.items() if (path := self.find(old))}
        if self.slug == self.old_slug:
            return {name: path for name, path in found.items() if path != self.path / name}
        safe = {name: path for name, path in self.places[0].items() if is_safe_segment(name)}
        return safe | found

    def _tell_the_rest(self, report: Report) -> None:
        linked = links(self.path if self.path.is_dir() else root() / self.slug)
        for path in linked:
            report.note(
                f"{path.relative_to(root())} is a link, which is not followed; put what it leads to there."
            )
        if not self.path.is_dir() and not linked:
            report.note(f"'{self.slug}' has no folder of media, {root() / self.old_slug}.")
        used = set(self._moves().values())
        for place, where in zip(self.places, ("", *OLDER_LAYOUT), strict=True):
            for name, path in place.items():
                if path not in used and (where or not is_safe_segment(name)):
                    why = "another file of this name counts" if where and name in self.places[0] else STRANGE
                    report.note(f"File {path.relative_to(root())}: {why}; it stays where it is.")
        for name, path in entries(self.path).items():
            if path.is_dir() and name not in OLDER_LAYOUT:
                report.note(
                    f"Folder {path.relative_to(root())}: it is not looked into; it stays where it is."
                )


def tell_strangers(folders: list[Folder], report: Report) -> None:
    """Note what lies in the bucket and is no universe's."""
    known = {folder.path.name for folder in folders} | {folder.slug for folder in folders}
    for name, path in entries(root()).items():
        if name not in known and not name.startswith("."):
            what = f"folder with {len(files(path))} files" if path.is_dir() else "file"
            report.note(f"'{name}' of the bucket is a {what} of no universe; it stays where it is.")


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
        folder.wanted |= _files_of_card(folder, old, kept[place])
    return [kept[place] for place in range(len(cards))]


def _files_of_card(folder: Folder, old: str, new: str) -> dict[str, str]:
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
    files = _files_of_card(folder, old, new)
    return all(
        folder.is_free(name, folder.find(files[name]) if name in files else None)
        for name in [new, *video_names(new)]
    )
