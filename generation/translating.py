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
    pieces = [piece for line in LINE_BREAK.split(text) for piece in _pieces(line)]
    spoken = [piece for piece in pieces if _speaks(piece)]
    if source == target or not spoken:
        return text
    tasks = [Lines(batch, source, target) for batch in _batches(spoken)]
    llm.fulfil(tasks, univers_slug)
    translated = (line for task in tasks for line in task.translated)
    return "".join(next(translated) if _speaks(piece) else piece for piece in pieces)


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
