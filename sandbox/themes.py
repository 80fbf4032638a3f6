"""Concepts that fit a theme: a table of usual children's themes, and the lexicon's search words for the rest."""

from collections.abc import Collection
from functools import cache

from sandbox.lexicon import DATA, Entry, fold, lexicon, stem

_ANY_THEME = {"animal"}


def concepts_for(theme: str, count: int, excluded: Collection[str] = ()) -> list[Entry]:
    """``count`` distinct entries that fit the theme best; near ones follow where it has too few of its own.

    ``excluded`` are codes of entries not to be used.
    """
    words = {stem(word) for word in fold(theme).split() if len(word) > 2}
    fitting = [*_from_table(words), *_from_tags(words)] or _from_table(_ANY_THEME)
    found = {entry.code: entry for entry in (*fitting, *_neighbours(fitting), *lexicon().entries)}
    return [entry for entry in found.values() if entry.code not in excluded][:count]


@cache
def _themes() -> list[tuple[set[str], list[Entry]]]:
    """The words of each theme of the table, and its entries."""
    lines = (DATA / "themes.txt").read_text("utf-8").splitlines()
    parts = [line.split(": ") for line in lines if not line.startswith("#")]
    known = lexicon().by_english
    return [
        ({stem(word) for word in words.split()}, [known[name] for name in names.split(", ")])
        for words, names in parts
    ]


def _from_table(words: set[str]) -> list[Entry]:
    return [entry for topic, entries in _themes() if topic & words for entry in entries]


def _from_tags(words: set[str]) -> list[Entry]:
    hits = [(len(entry.words & words), entry) for entry in lexicon().entries]
    return [entry for score, entry in sorted(hits, key=lambda hit: -hit[0]) if score]


def _neighbours(found: list[Entry]) -> list[Entry]:
    subgroups = dict.fromkeys(entry.subgroup for entry in found)
    return [entry for group in subgroups for entry in lexicon().entries if entry.subgroup == group]
