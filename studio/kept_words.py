"""Texts that rows keep, as labels and errors of steps, in the reader's language.

They are kept in English, which the API answers too, with what they are about filled in. To be shown, each is told
apart into the sentence of the catalogue that it was made from and what was filled in.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from gettext import translation

from django.conf import settings
from django.utils.translation import get_language, to_locale

from storage import messages

PLACEHOLDER = re.compile(r"%\((\w+)\)s")
# What is filled in under these names is made of sentences too; all else is somebody's words, and stays as it is.
NESTED = {
    "error",
    "label",
    "language",
    "languages",
    "missing",
    "parts",
    "reason",
    "sentence",
    "what",
    "where",
}
# A sentence that says no more characters by itself looks like too many others, unless all its gaps hold sentences.
LEAST = 4
# What a gap counts for less: of two ways to read a text, the one with fewer gaps is more likely.
GAP = 3
# Sentences within sentences, and characters: what is beyond them was said by somebody else.
DEEPEST, LONGEST = 4, 1000
BETWEEN_SENTENCES = re.compile(r"(?<=[.!?]) (?=[A-Z])")


@dataclass(frozen=True)
class Template:
    """A sentence with gaps: what it looks like in English, what it says otherwise, and how much it says by itself."""

    pattern: re.Pattern
    words: str
    own: int


def translated(text):
    """A text of a row in the language of this request; what the catalogue does not know stays as it is."""
    return _read(get_language() or settings.LANGUAGE_CODE, messages.of(text).english)[1]


@lru_cache(maxsize=4096)
def _read(language, text, depth=0):
    """`(characters that were recognised, the text in that language)`"""
    if depth > DEEPEST or len(text) > LONGEST:
        return 0, text
    known, templates = _catalogue(language)
    if text in known:
        return len(text), known[text]
    matches = ((template, template.pattern.fullmatch(text)) for template in templates)
    read = [_filled(language, template, match, depth) for template, match in matches if match]
    return max([(0, text), *read, *_in_parts(language, text, depth)], key=lambda found: found[0])


def _filled(language, template, match, depth):
    values = match.groupdict()
    recognised = template.own - GAP * len(values)
    for name in values.keys() & NESTED:
        more, values[name] = _read(language, values[name], depth + 1)
        recognised += more
    return recognised, template.words % values


def _in_parts(language, text, depth):
    """The same of several sentences, or of words of a list, one by one."""
    for between, parts in ((" ", BETWEEN_SENTENCES.split(text)), (", ", text.split(", "))):
        if len(parts) > 1:
            read = [_read(language, part, depth + 1) for part in parts]
            yield sum(recognised for recognised, _ in read), between.join(part for _, part in read)


@cache
def _catalogue(language):
    """`({English: words} of what has no gaps, [Template] of what has)`; both empty for the language of the source."""
    found = translation("django", settings.LOCALE_PATHS[0], [to_locale(language)], fallback=True)
    # As Django's JavaScriptCatalog does: gettext has no other way to list a catalogue.
    entries = getattr(found, "_catalog", {}).items()
    pairs = [(source, words) for source, words in entries if isinstance(source, str) and source and words]
    known = {source: words for source, words in pairs if not PLACEHOLDER.search(source)}
    templates = [_template(source, words) for source, words in pairs if source not in known]
    return known, [one for one in templates if one.own > LEAST or one.pattern.groupindex.keys() <= NESTED]


def _template(source, words):
    pieces = PLACEHOLDER.split(source)
    pattern, seen = "", set()
    for literal, name in zip(pieces[::2], [*pieces[1::2], None], strict=True):
        pattern += re.escape(literal.replace("%%", "%"))
        if name:
            pattern += f"(?P={name})" if name in seen else f"(?P<{name}>.+?)"
            seen.add(name)
    return Template(re.compile(pattern, re.DOTALL), words, sum(map(len, pieces[::2])))
