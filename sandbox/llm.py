"""Answers of the stand-in for a language model.

It answers prompts that end with the JSON form of the answer: ``{"concepts": …}``, ``{"lyrics": …}``, ``{"lines": …}``
or ``{"translations": …}``. All else that it needs it reads from their sentences and from the text between the lines
``<text>`` and ``</text>``. Any other prompt gets a plain answer.
"""

import json
import re
from collections.abc import Callable
from itertools import cycle, islice

from sandbox.lexicon import Entry, fold, lexicon
from sandbox.songs import SONGS, STYLE
from sandbox.themes import concepts_for

STYLES = ("fenced", "prose", "clean", "truncated", "missing_language", "too_few")
_FORM = "exactly this form"
_WORDS = {"French": "fr", "English": "en", "Spanish": "es", "Italian": "it", "German": "de"}
_KEPT_WHEN_TRUNCATED = 0.6  # share of the answer


def answer(prompt: str, style: str, max_tokens: int) -> list[str]:
    """The tokens of the answer, at most ``max_tokens``; an unknown ``style`` is the answer itself."""
    text = _text(prompt, style) if style in STYLES else style
    return tokens(text)[:max_tokens]


def tokens(text: str) -> list[str]:
    """Cuts a text into pieces of about four letters, as a tokeniser does; joined they are the text again."""
    return re.findall(r" ?\w{1,4}|\s+|[^\w\s]", text)


def _text(prompt: str, style: str) -> str:
    form = _form(prompt)
    task = next((_TASKS[key] for key in form if key in _TASKS), None)
    if task is None:
        return "Hello! I am a draft of a language model; I make concepts, lyrics and translations."
    return _dress(_spoil(task(prompt, form), style), style)


def _form(prompt: str) -> dict:
    """The example of JSON in the prompt; empty without one."""
    start = prompt.find("{", prompt.rfind(_FORM)) if _FORM in prompt else -1
    try:
        found = json.JSONDecoder().raw_decode(prompt[start:])[0] if start >= 0 else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _body(prompt: str) -> str:
    """The text between the lines ``<text>`` and ``</text>``."""
    found = re.search(r"^[ \t]*<text>[ \t]*\n(.*?)\n?^[ \t]*</text>", prompt, re.DOTALL | re.MULTILINE)
    return found.group(1) if found else ""


def _said(prompt: str, pattern: str) -> str:
    """The pattern's group in the first line that begins with it."""
    found = re.search(rf"^[ \t]*{pattern}", prompt, re.MULTILINE)
    return found.group(1).strip() if found else ""


def _listed(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _concepts(prompt: str, form: dict) -> dict:
    avoid = _listed(_said(prompt, r"Name none of these: (.*)"))
    excluded = {entry.code for name in avoid if (entry := lexicon().named(name))}
    wanted = form["concepts"][0]
    count = int(_said(prompt, r"Name exactly (\d+)") or 10)
    entries = concepts_for(_theme(prompt), count, excluded)
    return {
        "concepts": [{lang: entry.names[lang] for lang in wanted if lang in entry.names} for entry in entries]
    }


def _theme(prompt: str) -> str:
    return _said(prompt, "Theme: (.*)")


def _lyrics(prompt: str, form: dict) -> dict:
    entries = [entry for name in re.split(r"[,\n]", _body(prompt)) if (entry := lexicon().named(name))]
    entries = list(islice(cycle(entries or concepts_for(_theme(prompt), 6)), 6))
    return {
        "lyrics": {lang: _song(lang, entries) for lang in form["lyrics"] if lang in SONGS},
        "style": STYLE,
    }


def _song(language: str, entries: list[Entry]) -> str:
    names = {f"n{index}": entry.names[language] for index, entry in enumerate(entries, 1)}
    return SONGS[language].format(**names)


def _lines(prompt: str, form: dict) -> dict:
    target = _WORDS.get(_said(prompt, r"Translate .*? to (\w+)"), "en")
    return {"lines": [_translate_line(line, target) for line in _body(prompt).split("\n")]}


def _translations(prompt: str, form: dict) -> dict:
    lines = _body(prompt).split("\n")
    targets = form["translations"]
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


# By the first key of the answer's form.
_TASKS: dict[str, Callable[[str, dict], dict]] = {
    "concepts": _concepts,
    "lyrics": _lyrics,
    "lines": _lines,
    "translations": _translations,
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
