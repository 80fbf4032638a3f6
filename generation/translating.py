"""Translating a text of any length line by line, so that it keeps its line breaks, marks and blanks."""

import re

from . import llm
from .words import Lines

# What one question may hold, so that question and answer fit the model's 8,192 tokens.
MOST_CHARACTERS, MOST_LINES = 3000, 50
LINE_BREAK = re.compile(r"(\r\n|\r|\n)")
# `[verse]` and accompaniment marks are in no language.
MARKS = re.compile(r"(?:\s|\[[^\[\]]*\]|#)*")


def translate(text, source, target, univers_slug=""):
    """The text in the target language; raises what `llm.fulfil` raises."""
    translation = Translation(text, source, target)
    llm.fulfil(translation.tasks, univers_slug)
    return translation.text()


class Translation:
    """A text on its way into another language: one task of `words` for each batch of its lines.

    It is a task itself, for whoever asks one question after the other. `parts`: the batches that are translated
    already, None for those that are not. `stuck`: whether the last answer brought nothing.
    """

    def __init__(self, text, source, target, parts=(), stuck=False):
        self.pieces = [piece for line in LINE_BREAK.split(text) for piece in _pieces(line)]
        spoken = [piece for piece in self.pieces if _speaks(piece)]
        batches = _batches(spoken) if spoken and source != target else []
        self.tasks = [Lines(batch, source, target) for batch in batches]
        for task, translated in zip(self.tasks, parts, strict=False):
            task.translated = translated
        self.stuck = stuck

    @property
    def missing(self):
        return next((task.missing for task in self.tasks if task.missing), "")

    @property
    def parts(self):
        return [task.translated for task in self.tasks]

    def prompt(self):
        return self._open().prompt()

    def add(self, answer):
        task = self._open()
        task.add(answer)
        self.stuck = bool(task.missing)

    def _open(self):
        return next(task for task in self.tasks if task.missing)

    def text(self):
        """The whole in the target language, once nothing is missing."""
        if not self.tasks:
            return "".join(self.pieces)
        translated = (line for part in self.parts for line in part)
        return "".join(next(translated) if _speaks(piece) else piece for piece in self.pieces)


def _speaks(piece):
    return any(character.isalpha() for character in piece) and not MARKS.fullmatch(piece)


def _pieces(line):
    """A line's marks, then what is said, cut at blanks where it is longer than a question may be, then blanks."""
    start = MARKS.match(line).end()
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


def _batches(lines):
    batch, size = [], 0
    for line in lines:
        if batch and (size + len(line) > MOST_CHARACTERS or len(batch) == MOST_LINES):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += len(line)
    yield batch
