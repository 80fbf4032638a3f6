"""Reading what language models really answer: JSON in fences or prose, with slips, cut off, or shaped otherwise.

Nothing here raises, and nothing takes longer than MEND_SECONDS and a moment: what can't be read is left out, and
whoever asked counts what there is.
"""

import html
import json
import logging
import re
import subprocess
import sys
import unicodedata
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import json_repair

from universes.models import LANGUAGES
from universes.names import typed_name

NAME_LENGTH = 60
# Far more than 50 concepts or five songs take, and far deeper than any form that is asked for.
MOST_CHARACTERS, MOST_LEVELS = 100_000, 30
# json_repair takes seconds for some texts of 10,000 characters, and four times as long for twice as many.
SHORT, MEND_SECONDS = 2000, 5
# Behind the last of these stands the answer of a model that shows its thoughts first: DeepSeek R1 and most others,
# Magistral, Kimi, gpt-oss.
THOUGHTS_END = re.compile(
    r"</\s*(?:think|thinking|thoughts?|reasoning|reflection)\s*>|\[/THINK\]|◁/think▷|<\|channel\|>final<\|message\|>",
    re.IGNORECASE,
)
THOUGHTS_START = re.compile(
    r"<\s*(?:think|thinking|thoughts?|reasoning|reflection)\s*>|\[THINK\]|◁think▷", re.IGNORECASE
)
ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", re.IGNORECASE)
TOKEN = re.compile(r"<\|[^|>\n]*\|>")
FENCE = re.compile(r"```[a-zA-Z]*\s*\n?(.*?)(?:```|\Z)", re.DOTALL)
START = re.compile(r"""[\[{]\s*(?:["'“”‘„{\[]|\w+\s*:)""")
TAG = re.compile(r"<[^<>]*>")
BULLET = re.compile(r"^\s*(?:\d+[.)]|[-*•])\s+")
LANGUAGE_NAMES = {
    "fr": "french français francais französisch francese francés",
    "en": "english anglais englisch inglese inglés",
    "es": "spanish español espanol espagnol spanisch spagnolo castellano",
    "it": "italian italiano italien italienisch",
    "de": "german deutsch allemand tedesco alemán",
}
LANGUAGE_BY_NAME = {name: code for code, names in LANGUAGE_NAMES.items() for name in [code, *names.split()]}
ARTICLES = {
    "fr": r"(?:le|la|les|un|une|des|du)\s+|l['’]\s*",
    "en": r"(?:the|an|a)\s+",
    "es": r"(?:el|la|los|las|un|una|unos|unas)\s+",
    "it": r"(?:il|lo|la|i|gli|le|un|uno|una)\s+|(?:l|un)['’]\s*",
    "de": r"(?:der|die|das|ein|eine)\s+",
}
# Where only proper names have capitals: a capital on the article and on the name makes it one, as in La Réunion.
CAPITALS_ARE_NAMES = ("fr", "es", "it")
ASIDE = re.compile(r"\s+[(\[/|].*$")
BETWEEN = re.compile(r"[\s,;]*")

log = logging.getLogger(__name__)


def concepts(text: str) -> list[dict[str, str]]:
    """`[{"fr": name, …}]`, each with as many of the five languages as the text has, in its order."""
    return [names for record in _records(load(text)) if (names := _names(record))]


def songs(text: str, languages: Sequence[str]) -> tuple[dict[str, str], str]:
    """`({language: lyrics}, style)` of the languages asked for; what is missing or empty is left out."""
    found = load(text)
    lyrics = {
        lang: _lyrics(value) for lang, value in _find_songs(found, languages).items() if lang in languages
    }
    return {lang: song for lang, song in lyrics.items() if song}, _style(found)


def lines(text: str, count: int) -> list[str] | None:
    """The `count` lines of a translation, None when the text holds another number of them."""
    found = next((items for items in _lists(load(text)) if len(items) == count), None)
    if found is None:
        plain = [line for line in _without_fence(text).strip().splitlines() if line.strip()]
        found = plain if len(plain) == count and not START.search(text) else None
    return found


def names(text: str, languages: Sequence[str], count: int) -> dict[str, list[str]]:
    """`{language: [name, …]}`: `count` each, in the order in which they were asked for, '' for what is no name.

    A list of another length is left out, since nobody knows which of its names is missing.
    """
    found = load(text)
    columns = {code: _texts(value) for code, value in _find_songs(found, languages).items()}
    rows = _records(found)
    if not any(columns.values()) and len(rows) == count:
        columns = {code: [row.get(code) for row in rows] for code in languages}
    return {
        code: [clean_name(name, code) for name in columns[code]]
        for code in languages
        if len(columns.get(code, ())) == count
    }


def _texts(value: Any) -> list[str | None]:
    return [_only_text(item) for item in value] if isinstance(value, list) else []


def load(text: str) -> Any:
    """The JSON in a text as Python values, mended where it must be; None when there is none.

    Where the text breaks off, its last value is dropped, since half a word looks like a whole one.
    """
    bare = _unescaped(_without_fence(text))
    start = START.search(bare)
    if not start:
        return None
    bare = bare[start.start() :]
    if '"' not in bare:
        bare = re.sub("[“”„]", '"', bare)
    if _levels(bare) > MOST_LEVELS:
        return None
    try:
        return _sane(_decode(bare))
    except RecursionError:
        # Brackets in strings hid how deep it goes.
        return None


def _unescaped(text: str) -> str:
    """JSON that was put into a string, or into HTML, as JSON again."""
    if '"' not in text:
        text = html.unescape(text)
    try:
        within = json.loads(text, strict=False) if text.lstrip().startswith('"') else None
    except (ValueError, RecursionError):
        within = None
    if isinstance(within, str):
        return _without_fence(within)
    if re.search(r'[\[{]\s*\\+"', text) and not re.search(r'[\[{]\s*"', text):
        return text.replace("\\n", "\n").replace('\\"', '"')
    return text


def _levels(text: str) -> int:
    """The depth of the brackets of a text; those in its strings may count, too."""
    depth = deepest = 0
    for bracket in re.findall(r"[\[{\]}]", text):
        depth = depth + 1 if bracket in "[{" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest


def _decode(text: str) -> Any:
    try:
        return _one_after_another(text)
    except ValueError:
        mended = _mended(text)
    if _breaks_off(text):
        _drop_last(mended)
    return mended


def _mended(text: str) -> Any:
    """The value that json_repair makes of a text that is not JSON; None when it finds nothing, or takes too long."""
    try:
        return json_repair.loads(text) if len(text) <= SHORT else _mended_elsewhere(text)
    except (ValueError, RecursionError):
        return None
    except subprocess.TimeoutExpired:
        log.warning("An answer of %s characters could not be mended in time.", len(text))
        return None


def _mended_elsewhere(text: str) -> Any:
    """The same in a process of its own, since nothing else ends it when its time is up."""
    command = [sys.executable, "-I", "-X", "utf8", "-m", "json_repair", "--ensure_ascii"]
    done = subprocess.run(  # noqa: S603 - nothing of the command is foreign
        command, input=text.encode("utf-8", "ignore"), capture_output=True, timeout=MEND_SECONDS
    )
    return json.loads(done.stdout)


def _sane(value: Any, level: int = 0) -> Any:
    """The same without what no database takes, NUL and halves of surrogate pairs, and without HTML's entities.

    A string that is itself JSON is what it holds.
    """
    if level > MOST_LEVELS:
        return None
    if isinstance(value, str):
        within = _json_within(value)
        return _sane(within, level + 1) if within is not None else _sane_text(value)
    if isinstance(value, dict):
        return {_sane_text(key): _sane(inner, level + 1) for key, inner in value.items()}
    return [_sane(inner, level + 1) for inner in value] if isinstance(value, list) else value


def _sane_text(text: object) -> str:
    bare = ENTITY.sub(lambda found: html.unescape(found[0]), str(text))
    return bare.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")


def _json_within(text: str) -> Any:
    """The list or dictionary that a string holds as JSON; None for any other string."""
    if not re.match(r'\s*(?:\{\s*"|\[\s*[{\["])', text) or _levels(text) > MOST_LEVELS:
        return None
    try:
        return json.loads(text, strict=False)
    except ValueError:
        return None


def _one_after_another(text: str) -> Any:
    """The value that a text begins with; a list of them where several follow each other. ValueError for no JSON."""
    decoder, at = json.JSONDecoder(strict=False), 0
    values: list[Any] = []
    while not values or text.startswith(("{", "["), at):
        value, end = decoder.raw_decode(text, at)
        values.append(value)
        blank = BETWEEN.match(text, end)
        at = blank.end() if blank else end
    return values if len(values) > 1 else values[0]


def _without_fence(text: str) -> str:
    text = TOKEN.sub("", _without_thoughts(text.replace("\ufeff", ""))[:MOST_CHARACTERS])
    blocks = [block for block in FENCE.findall(text) if "[" in block or "{" in block]
    return max(blocks, key=len) if blocks else text


def _without_thoughts(text: str) -> str:
    """The text behind a model's thoughts; the text before them where nothing stands behind."""
    ends = list(THOUGHTS_END.finditer(text))
    if ends and (answer := text[ends[-1].end() :]).strip():
        return answer
    start = THOUGHTS_START.search(text)
    return text[: start.start()] if start else text


def _breaks_off(text: str) -> bool:
    """True when a bracket is still open at the end; a quote that is, is so within brackets."""
    without_strings = re.sub(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', "", text, flags=re.DOTALL)
    opened = sum(map(without_strings.count, "[{"))
    closed = sum(map(without_strings.count, "]}"))
    return opened > closed


def _drop_last(value: Any) -> None:
    """Take the innermost last item away."""
    if not isinstance(value, dict | list) or not value:
        return
    key = list(value)[-1] if isinstance(value, dict) else -1
    inner = value[key]
    if isinstance(inner, dict | list) and inner:
        _drop_last(inner)
    else:
        del value[key]


def _language(key: object) -> str | None:
    """The language that a key names: `FR`, `fr-FR`, `French`; None for any other."""
    word = re.split(r"[-_\s(]", str(key).strip().casefold())[0]
    return LANGUAGE_BY_NAME.get(word)


def _by_language(value: Any) -> dict[str, Any]:
    """`{language: value}` of a dictionary's language keys."""
    return (
        {code: inner for key, inner in value.items() if (code := _language(key))}
        if isinstance(value, dict)
        else {}
    )


def _records(value: Any) -> list[dict[str, Any]]:
    """Every set of names in a structure, whatever wraps it: keyed by language, or in rows or columns of five."""
    spoken = {code: _only_text(inner) or inner for code, inner in _by_language(value).items()}
    if spoken and all(isinstance(names, list) for names in spoken.values()):
        return [dict(zip(spoken, row, strict=True)) for row in zip_longest(*spoken.values())]
    if any(isinstance(name, str) for name in spoken.values()):
        return [spoken]
    if isinstance(value, list) and value and all(_is_row(item) for item in value):
        return _rows(value)
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [record for item in inner for record in _records(item)]


def _is_row(item: Any) -> bool:
    return (
        isinstance(item, list) and len(item) == len(LANGUAGES) and all(isinstance(cell, str) for cell in item)
    )


def _rows(rows: list[list[str]]) -> list[dict[str, Any]]:
    """Rows of five names, in our order of languages unless the first row says which it is."""
    head = [_language(cell) for cell in rows[0]]
    if set(head) == set(LANGUAGES):
        return [dict(zip(map(str, head), row, strict=True)) for row in rows[1:]]
    return [dict(zip(LANGUAGES, row, strict=True)) for row in rows]


def _names(record: dict[str, Any]) -> dict[str, str]:
    cleaned = {code: clean_name(name, code) for code, name in record.items()}
    return {code: name for code, name in cleaned.items() if name}


def clean_name(name: Any, language: str) -> str:
    """A name without article, markup, number, aside or full stop; empty when it is none or too long to be one."""
    if not isinstance(name, str):
        return ""
    text = BULLET.sub("", TAG.sub(" ", typed_name(name)))
    text = ASIDE.sub("", " ".join(text.split())).strip(" \"'“”«»„*_.,;:")
    text = _without_article(text, language)
    return text if len(text) <= NAME_LENGTH and any(c.isalpha() for c in text) else ""


def _without_article(name: str, language: str) -> str:
    article = re.match(rf"(?:{ARTICLES[language]})(?=\S)", name, flags=re.IGNORECASE)
    if not article:
        return name
    noun = name[article.end() :]
    proper = language in CAPITALS_ARE_NAMES and name[0].isupper() and noun[0].isupper()
    return name if proper else noun


def fold(name: str) -> str:
    """A name without what makes no difference to a child: case, accents, hyphens."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(c for c in letters if not unicodedata.combining(c))
    return " ".join(re.sub(r"[\W_]+", " ", bare).split())


def _find_songs(value: Any, languages: Sequence[str]) -> dict[str, Any]:
    """`{language: text or lines}`: keyed by language, listed with a field that names it, or the only one asked for."""
    if spoken := _by_language(value):
        return spoken
    if isinstance(value, list):
        return {code: song for item in value for code, song in _find_songs(item, languages).items()}
    if not isinstance(value, dict):
        return {}
    fields = {str(key).casefold(): inner for key, inner in value.items()}
    song = fields.get("lyrics", fields.get("text"))
    if isinstance(song, str):
        code = _language(fields.get("language", fields.get("lang", ""))) or (
            languages[0] if len(languages) == 1 else None
        )
        return {code: song} if code else {}
    return {code: text for inner in value.values() for code, text in _find_songs(inner, languages).items()}


def _lyrics(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("lyrics", value.get("text"))
    if isinstance(value, list):
        value = "\n".join(str(line) for line in value)
    if not isinstance(value, str):
        return ""
    return "\n".join(line.strip() for line in value.replace("\\n", "\n").strip().splitlines())


def _style(value: Any) -> str:
    if isinstance(value, list):
        value = next((item for item in value if isinstance(item, dict)), {})
    fields = {str(key).casefold(): inner for key, inner in value.items()} if isinstance(value, dict) else {}
    style = fields.get("style", fields.get("music_style"))
    return " ".join(style.split()) if isinstance(style, str) else ""


def _lists(value: Any) -> list[list[str]]:
    """Every list of texts in a structure; a dictionary's values count as one, and so do texts one level down."""
    if isinstance(value, dict):
        value_list = list(value.values())
        return [
            *([value_list] if _all_texts(value_list) else []),
            *(x for v in value_list for x in _lists(v)),
        ]
    if not isinstance(value, list):
        return []
    if _all_texts(value):
        return [value]
    texts: list[Any] = [_only_text(item) for item in value]
    return [texts] if _all_texts(texts) else [x for item in value for x in _lists(item)]


def _all_texts(values: Any) -> bool:
    return bool(values) and all(isinstance(value, str) for value in values)


def _only_text(item: Any) -> str | None:
    """The translation in an object such as `{"line": 1, "translation": "…"}`: its last text."""
    if not isinstance(item, dict):
        return item if isinstance(item, str) else None
    texts = [value for value in item.values() if isinstance(value, str)]
    return texts[-1] if texts else None
