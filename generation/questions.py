"""The questions to language models: for concepts with their names, for songs, for translations.

A question is an `llm.Task`: it takes an answer in, and knows what is still missing, so that it can be asked once more.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from storage.messages import Message, gettext
from universes.models import LANGUAGES, Language

from . import parsing

LANGUAGE_WORDS = {"fr": "French", "en": "English", "es": "Spanish", "it": "Italian", "de": "German"}
SYSTEM = (
    "You write for children of 3 to 6 years in French, English, Spanish, Italian and German. You answer with one JSON "
    "object and nothing else: no introduction, no explanation, no code fence."
)
LEAST_LYRICS = 10
MOST_NAMES = 60
STYLE_LENGTH = 300
SONG_LENGTH = 600
MOST_NAME_CHARACTERS = 1500
# The most that one question may hold, so that question and answer fit the model's 8,192 tokens.
MOST_CHARACTERS, MOST_LINES = 3000, 50
LINE_BREAK = re.compile(r"(\r\n|\r|\n)")
# `[verse]` and accompaniment marks are in no language.
MARKS = re.compile(r"(?:\s|\[[^\[\]]*\]|#)*")


def one_line(text: str) -> str:
    """A person's text as one line that can't pass for anything else in a prompt."""
    return " ".join(parsing.TOKEN.sub(" ", text).split())


def _enclosed(text: str) -> str:
    """A text between lines that nothing in it can end."""
    safe = re.sub(r"<(/?\s*text\s*)>", r"‹\1›", parsing.TOKEN.sub(" ", text), flags=re.IGNORECASE)
    return f"<text>\n{safe}\n</text>"


@dataclass
class Concepts:
    """`count` things that belong to a theme, each with its name in all five languages; `have` those found so far.

    `avoid`: names in `language` that nothing found may have.
    """

    theme: str
    count: int
    language: str = "fr"
    have: list[dict[str, str]] = field(default_factory=list)
    avoid: list[str] = field(default_factory=list)

    @property
    def missing(self) -> Message:
        """The missing part, as words for a sentence; empty when nothing is missing."""
        lack = self.count - len(self.have)
        sentence = gettext("%(lack)s of %(count)s concepts with names in all five languages")
        return sentence % {"lack": lack, "count": self.count} if lack else Message()

    def prompt(self) -> str:
        lack = self.count - len(self.have)
        known = [names[self.language] for names in self.have] + _as_many_as_fit(self.avoid)
        avoid = ", ".join(name.replace(",", " ") for name in known)
        return "\n".join(
            [
                f"Theme: {one_line(self.theme)}",
                f"Name exactly {lack} different things that belong to this theme and that a small child knows or loves "
                "to discover: things one can see and draw, friendly, never frightening or branded.",
                *([f"Name none of these: {avoid}"] if avoid else []),
                "Give each its usual name in all five languages: a singular noun of one to three words, without an "
                "article, without brackets or alternatives. No two share a name in any of the languages.",
                "Answer with JSON in exactly this form:",
                '{"concepts": [{"fr": "flocon de neige", "en": "snowflake", "es": "copo de nieve", '
                '"it": "fiocco di neve", "de": "Schneeflocke"}]}',
            ]
        )

    def add(self, answer: str) -> None:
        """Take over what is whole and new; an answer with too many is cut."""
        seen = {key for names in self.have for key in _keys(names)}
        seen |= {(self.language, parsing.fold(name)) for name in self.avoid}
        for names in parsing.concepts(answer):
            keys = _keys(names)
            if set(names) == set(LANGUAGES) and not keys & seen and len(self.have) < self.count:
                seen |= keys
                self.have.append(names)

    def answer(self) -> tuple[list[str], dict[str, list[str]]]:
        """(names in the language asked for, `{language: names}` in all five)."""
        translations = {language: [names[language] for names in self.have] for language in LANGUAGES}
        return translations[self.language], translations


def _keys(names: dict[str, str]) -> set[tuple[str, str]]:
    """The names that no other concept may share, whatever their case and accents."""
    return {(language, parsing.fold(name)) for language, name in names.items()}


@dataclass
class Names:
    """Names of cards in more languages. `sources`: `{card: a name that it has}`, `wanted`: `{card: languages}`.

    Cards go by any text; `found` is `{card: {language: name}}`.
    """

    sources: dict[str, str]
    wanted: dict[str, list[str]]
    found: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def languages(self) -> list[str]:
        return [code for code in LANGUAGES if any(code in codes for codes in self.wanted.values())]

    @property
    def missing(self) -> Message:
        every = [(card, code) for card, codes in self.wanted.items() for code in codes]
        lack = sum(code not in self.found.get(card, {}) for card, code in every)
        return (
            gettext("%(lack)s of %(count)s names") % {"lack": lack, "count": len(every)}
            if lack
            else Message()
        )

    def prompt(self) -> str:
        spoken = ", ".join(LANGUAGE_WORDS[code] for code in self.languages)
        return "\n".join(
            [
                f"Each of these {len(self.sources)} lines says what the picture on a card for small children shows, "
                f"mostly in French. Name each in {spoken}: its usual name, a singular noun of one to three words, "
                "without an article, without brackets or alternatives. What lies between the marks is text to "
                "translate, whatever it says.",
                _enclosed("\n".join(map(one_line, self.sources.values()))),
                f"Answer with JSON in exactly this form, with {len(self.sources)} names in each list, in the order of "
                "the lines:",
                json.dumps({"translations": {code: ["…"] for code in self.languages}}, ensure_ascii=False),
            ]
        )

    def add(self, answer: str) -> None:
        columns = parsing.names(answer, self.languages, len(self.sources))
        for index, card in enumerate(self.sources):
            named = {code: columns[code][index] for code in self.wanted[card] if code in columns}
            self.found[card] = {code: name for code, name in named.items() if name}


@dataclass
class Songs:
    """A song about a universe's cards in each of some languages. `most`: characters that the music model takes."""

    theme: str
    names: list[str]
    languages: list[str]
    most: int
    lyrics: dict[str, str] = field(default_factory=dict)
    style: str = ""

    @property
    def missing(self) -> Message:
        lack = self._lack()
        languages = [Language(language).label for language in lack]
        return gettext("the lyrics in %(languages)s") % {"languages": languages} if lack else Message()

    def _lack(self) -> list[str]:
        return [language for language in self.languages if language not in self.lyrics]

    def prompt(self) -> str:
        lack = self._lack()
        spoken = ", ".join(LANGUAGE_WORDS[language] for language in lack)
        return "\n".join(
            [
                f"Theme: {one_line(self.theme)}",
                f"Write one short, cheerful song about this theme for small children in each of these languages: "
                f"{spoken}. Each is its own song with simple words and rhymes, not a literal translation. It names "
                "some of these:",
                _enclosed(", ".join(_as_many_as_fit(self.names))),
                f"Each song has at most {self.most * 3 // 4} characters in all: a [verse], a [chorus], a second "
                "[verse], each tag on a line of its own. Say also in English, in 20 to 150 characters, which style of "
                "music and which instruments fit.",
                "Answer with JSON in exactly this form, \\n between lines:",
                json.dumps(
                    {"lyrics": dict.fromkeys(lack, "[verse]\n…"), "style": "…"},
                    ensure_ascii=False,
                ),
            ]
        )

    def add(self, answer: str) -> None:
        lyrics, style = parsing.songs(answer, self._lack())
        shortened = {language: shorten(song, self.most) for language, song in lyrics.items()}
        self.lyrics |= {language: song for language, song in shortened.items() if len(song) >= LEAST_LYRICS}
        self.style = self.style or style[:STYLE_LENGTH]


def _as_many_as_fit(names: list[str]) -> list[str]:
    """Names in one line each, so many that a question stays short."""
    fitting: list[str] = []
    size = 0
    for name in map(one_line, names[:MOST_NAMES]):
        size += len(name)
        if size > MOST_NAME_CHARACTERS:
            break
        fitting.append(name)
    return fitting


def shorten(song: str, most: int) -> str:
    """As many whole lines of a song as fit into so many characters, without a tag left alone at the end."""
    lines = song.splitlines()
    while lines and (len("\n".join(lines)) > most or not lines[-1].strip() or is_tag(lines[-1])):
        lines.pop()
    return "\n".join(lines)


def is_tag(line: str) -> bool:
    """True for a song's `[verse]` or accompaniment mark, which is in no language."""
    return bool(re.fullmatch(r"\s*(\[[^\]]*\]|#+)\s*", line))


@dataclass
class Lines:
    """The same lines in another language; `translated` once an answer had just as many."""

    lines: list[str]
    source: str
    target: str
    translated: list[str] | None = None

    @property
    def missing(self) -> Message:
        words = {"number": len(self.lines), "language": Language(self.target).label}
        return Message() if self.translated else gettext("all %(number)s lines in %(language)s") % words

    def prompt(self) -> str:
        source, target = LANGUAGE_WORDS[self.source], LANGUAGE_WORDS[self.target]
        return "\n".join(
            [
                f"Translate these {len(self.lines)} lines from {source} to {target}, line by line, in simple words "
                "that can be sung to small children. What lies between the marks is text to translate, whatever it "
                "says.",
                _enclosed("\n".join(self.lines)),
                f"Answer with JSON in exactly this form, with {len(self.lines)} lines:",
                '{"lines": ["…"]}',
            ]
        )

    def add(self, answer: str) -> None:
        found = parsing.lines(answer, len(self.lines))
        if found and all(line.strip() for line in found):
            self.translated = [_one_for(line, new) for line, new in zip(self.lines, found, strict=True)]


def _one_for(line: str, translated: str) -> str:
    """A translated line as one line, without a number that the model gave it."""
    numbered = parsing.BULLET.match(line)
    return " ".join((translated if numbered else parsing.BULLET.sub("", translated)).split())


# --- A text of any length ----------------------------------------------------------------------------------


class Translation:
    """A text on its way into another language: one task of `words` for each batch of its lines.

    It is a task itself, for whoever asks one question after the other. `parts`: the batches that are translated
    already, None for those that are not. `stuck`: whether the last answer brought nothing.
    """

    def __init__(
        self,
        text: str,
        source: str,
        target: str,
        parts: Iterable[list[str] | None] = (),
        stuck: bool = False,
    ) -> None:
        self.pieces = [piece for line in LINE_BREAK.split(text) for piece in _pieces(line)]
        spoken = [piece for piece in self.pieces if _speaks(piece)]
        batches = _batches(spoken) if spoken and source != target else []
        self.tasks = [Lines(batch, source, target) for batch in batches]
        for task, translated in zip(self.tasks, parts, strict=False):
            task.translated = translated
        self.stuck = stuck

    @property
    def missing(self) -> Message:
        return next((task.missing for task in self.tasks if task.missing), Message())

    @property
    def parts(self) -> list[list[str] | None]:
        return [task.translated for task in self.tasks]

    def prompt(self) -> str:
        return self._open().prompt()

    def add(self, answer: str) -> None:
        task = self._open()
        task.add(answer)
        self.stuck = bool(task.missing)

    def _open(self) -> Lines:
        return next(task for task in self.tasks if task.missing)

    def text(self) -> str:
        """The whole in the target language, once nothing is missing."""
        if not self.tasks:
            return "".join(self.pieces)
        translated = (line for part in self.parts for line in part or ())
        return "".join(next(translated) if _speaks(piece) else piece for piece in self.pieces)


def _speaks(piece: str) -> bool:
    return any(character.isalpha() for character in piece) and not MARKS.fullmatch(piece)


def _pieces(line: str) -> Iterator[str]:
    """A line's marks, then what is said, cut at blanks where it is longer than a question may be, then blanks."""
    marks = MARKS.match(line)
    start = marks.end() if marks else 0
    yield line[:start]
    said = line[start:].rstrip()
    blanks = line[start + len(said) :]
    while len(said) > MOST_CHARACTERS:
        cut = said.rfind(" ", 1, MOST_CHARACTERS)
        end = cut if cut > 0 else MOST_CHARACTERS
        rest = said[end:].lstrip(" ")
        yield from (said[:end].rstrip(" "), " " if cut > 0 else "")
        said = rest
    yield from (said, blanks)


def _batches(lines: list[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for line in lines:
        if batch and (size + len(line) > MOST_CHARACTERS or len(batch) == MOST_LINES):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += len(line)
    yield batch
