"""Translating a text of any length line by line, so that it keeps its line breaks, tags and blank lines."""

from . import llm
from .words import Lines, is_tag

# What one question may hold, so that question and answer fit the model's 8,192 tokens.
MOST_CHARACTERS, MOST_LINES = 3000, 50


def translate(text, source, target, univers_slug=""):
    """The text in the target language; raises what `llm.fulfil` raises."""
    rows = [_pieces(line) for line in text.split("\n")]
    spoken = [piece for row in rows for piece in row if _speaks(piece)]
    if source == target or not spoken:
        return text
    tasks = [Lines(batch, source, target) for batch in _batches(spoken)]
    llm.fulfil(tasks, univers_slug)
    translated = (line.strip() for task in tasks for line in task.translated)
    return "\n".join(" ".join(next(translated) if _speaks(p) else p for p in row) for row in rows)


def _speaks(piece):
    return bool(piece.strip()) and not is_tag(piece)


def _pieces(line):
    """A line, cut at blanks where it is longer than a question may be."""
    pieces = []
    while len(line) > MOST_CHARACTERS:
        cut = line.rfind(" ", 1, MOST_CHARACTERS)
        end = cut if cut > 0 else MOST_CHARACTERS
        pieces.append(line[:end])
        line = line[end:].lstrip(" ")
    return [*pieces, line]


def _batches(lines):
    batch, size = [], 0
    for line in lines:
        if batch and (size + len(line) > MOST_CHARACTERS or len(batch) == MOST_LINES):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += len(line)
    yield batch
