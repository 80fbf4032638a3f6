"""What the stand-in for a language model answers.

It understands prompts that name their task in a line of its own, ``TASK: concepts``, ``TASK: lyrics`` or
``TASK: translate``, with lines ``THEME:``, ``COUNT:``, ``LANGUAGE:`` or ``LANGUAGES:``, ``SOURCE:``,
``TARGET:`` or ``TARGETS:`` and ``EXCLUDE:``, and a text between the lines ``<text>`` and ``</text>``.
Any other prompt gets a plain answer.
"""

import json
import re
from collections.abc import Callable
from itertools import cycle, islice

from sandbox.lexicon import LANGUAGES, Entry, fold, lexicon
from sandbox.songs import SONGS, STYLE
from sandbox.themes import concepts_for

STYLES = ("fenced", "prose", "clean", "truncated", "missing_language", "too_few")
_KEPT_WHEN_TRUNCATED = 0.6  # share of the answer


def answer(prompt: str, style: str, max_tokens: int) -> list[str]:
    """The tokens of the answer, at most ``max_tokens``; an unknown ``style`` is the answer itself."""
    text = _text(prompt, style) if style in STYLES else style
    return tokens(text)[:max_tokens]


def tokens(text: str) -> list[str]:
    """Cuts a text into pieces of about four letters, as a tokeniser does; joined they are the text again."""
    return re.findall(r" ?\w{1,4}|\s+|[^\w\s]", text)


def _text(prompt: str, style: str) -> str:
    hints = parse_hints(prompt)
    task = _TASKS.get(hints.get("TASK", "").lower())
    if task is None:
        return "Hello! I am a draft of a language model; I make concepts, lyrics and translations."
    return _dress(_spoil(task(hints), style), style)


def parse_hints(prompt: str) -> dict[str, str]:
    """The prompt's ``KEY: value`` lines, and the text between ``<text>`` and ``</text>`` as ``text``."""
    body = re.search(r"^[ \t]*<text>[ \t]*\n(.*?)\n?^[ \t]*</text>", prompt, re.DOTALL | re.MULTILINE)
    outside = prompt.replace(body.group(0), "") if body else prompt
    hints = dict(
        re.findall(r"^[ \t]*([A-Z][A-Z_]+):[ \t]*(.*?)[ \t]*(?:<\|eot_id\|>.*)?$", outside, re.MULTILINE)
    )
    return hints | ({"text": body.group(1)} if body else {})


def _listed(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _concepts(hints: dict[str, str]) -> dict:
    excluded = {entry.code for name in _listed(hints.get("EXCLUDE", "")) if (entry := lexicon().named(name))}
    wanted = _listed(hints.get("LANGUAGES", "")) or LANGUAGES
    count = re.search(r"\d+", hints.get("COUNT", ""))
    entries = concepts_for(hints.get("THEME", ""), int(count.group()) if count else 10, excluded)
    return {
        "concepts": [{lang: entry.names[lang] for lang in wanted if lang in entry.names} for entry in entries]
    }


def _lyrics(hints: dict[str, str]) -> dict:
    entries = [
        entry for name in re.split(r"[,\n]", hints.get("text", "")) if (entry := lexicon().named(name))
    ]
    entries = list(islice(cycle(entries or concepts_for(hints.get("THEME", ""), 6)), 6))
    wanted = _listed(hints.get("LANGUAGES", hints.get("LANGUAGE", ""))) or LANGUAGES
    return {"lyrics": {lang: _song(lang, entries) for lang in wanted if lang in SONGS}, "style": STYLE}


def _song(language: str, entries: list[Entry]) -> str:
    names = {f"n{index}": entry.names[language] for index, entry in enumerate(entries, 1)}
    return SONGS[language].format(**names)


def _translate(hints: dict[str, str]) -> dict:
    lines = hints.get("text", "").split("\n")
    if "TARGETS" not in hints:
        return {"lines": [_translate_line(line, hints.get("TARGET", "en")) for line in lines]}
    targets = _listed(hints["TARGETS"])
    return {"translations": {target: [_translate_line(line, target) for line in lines] for target in targets}}


def _translate_line(line: str, target: str) -> str:
    if not line.strip() or re.fullmatch(r"\s*(\[[\w ]+\]|#+)\s*", line):
        return line
    if entry := lexicon().named(line):
        return entry.names.get(target, f"[{target}] {line}")
    return f"[{target}] " + re.sub(r"\w{3,}", lambda word: _translate_word(word.group(), target), line)


def _translate_word(word: str, target: str) -> str:
    entry = lexicon().named(word)
    return entry.names[target] if entry and target in entry.names and fold(word) else word


_TASKS: dict[str, Callable[[dict[str, str]], dict]] = {
    "concepts": _concepts,
    "lyrics": _lyrics,
    "translate": _translate,
}


def _spoil(content: dict, style: str) -> dict:
    if style == "missing_language":
        return {key: _without_italian(value) for key, value in content.items()}
    if style == "too_few":
        return {
            key: value[: max(1, len(value) // 2)] if isinstance(value, list) else value
            for key, value in content.items()
        }
    return content


def _without_italian(value):
    if isinstance(value, dict):
        return {key: item for key, item in value.items() if key != "it"}
    return [_without_italian(item) for item in value] if isinstance(value, list) else value


def _dress(content: dict, style: str) -> str:
    bare = json.dumps(content, ensure_ascii=False, indent=None if style == "clean" else 1)
    if style in ("clean", "missing_language", "too_few"):
        return bare
    if style == "truncated":
        return bare[: int(len(bare) * _KEPT_WHEN_TRUNCATED)]
    if style == "prose":
        return f"Sure! Here is what you asked for:\n\n{bare}\n\nI hope the children like it."
    return f"Here is the JSON object:\n\n```json\n{bare}\n```\n\nLet me know if you would like any changes!"
