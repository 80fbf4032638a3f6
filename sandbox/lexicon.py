"""The sandbox's words in five languages, with a picture for each."""

import json
import re
import unicodedata
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

DATA = Path(__file__).parent / "data"
LANGUAGES = ("fr", "en", "es", "it", "de")
# Words of picture prompts that seldom are what the picture is about, least of all when they come late.
LATE = 5
BACKDROP = frozenset((DATA / "backdrop.txt").read_text("utf-8").split())


def fold(text: str) -> str:
    """Lower case, without accents, words separated by single blanks."""
    plain = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("ß", "ss").lower())
    kept = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(re.findall(r"[a-z0-9]+", kept))


def stem(word: str) -> str:
    """A word without its plural ending, good enough for a look-up."""
    return word[:-1] if len(word) > 3 and word[-1] in "sx" else word


@dataclass(frozen=True)
class Entry:
    code: str
    subgroup: int
    names: dict[str, str]
    tags: tuple[str, ...]

    @property
    def english(self) -> str:
        return self.names["en"]

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word of names and tags, folded and without plural endings."""
        return frozenset(
            stem(word) for text in (*self.names.values(), *self.tags) for word in fold(text).split()
        )


class Lexicon:
    def __init__(self, entries: Iterable[Entry]):
        self.entries = list(entries)
        self.by_english = {entry.english: entry for entry in self.entries}
        self._by_name: dict[tuple[str, ...], Entry] = {}
        for entry in self.entries:
            for name in entry.names.values():
                self._by_name.setdefault(tuple(map(stem, fold(name).split())), entry)

    def named(self, name: str) -> Entry | None:
        """The entry with that name in any of the languages."""
        return self._by_name.get(tuple(map(stem, fold(name).split())))

    def depicted(self, prompt: str) -> Entry | None:
        """The subject of a picture prompt: a quoted name, else the longest, rarest, earliest one."""
        for quoted in re.findall(r"[\"“«]\s*([^\"”»]{2,60}?)\s*[\"”»]", prompt):
            if found := self.named(quoted) or self._best(quoted):
                return found
        return self._best(prompt)

    def _best(self, text: str) -> Entry | None:
        words = fold(text).split()
        found = [
            (-size, words[at] in BACKDROP, at, entry)
            for size in (4, 3, 2, 1)
            for at in range(len(words) - size + 1)
            if (entry := self._by_name.get(tuple(map(stem, words[at : at + size]))))
            and not (words[at] in BACKDROP and at > LATE)
        ]
        return min(found, key=lambda hit: hit[:3])[3] if found else None


@cache
def lexicon() -> Lexicon:
    rows = json.loads((DATA / "lexicon.json").read_text("utf-8"))
    return Lexicon(Entry(row["code"], row["subgroup"], row["names"], tuple(row["tags"])) for row in rows)


@cache
def _pictures() -> zipfile.ZipFile:
    return zipfile.ZipFile(DATA / "pictures.zip")


def picture_svg(code: str) -> str:
    return _pictures().read(f"{code}.svg").decode("utf-8")
