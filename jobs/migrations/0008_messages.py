"""Sentences that rows keep in English become message ids with parameters (storage.messages).

Each text is told apart into the sentences of earlier versions (sentences.json) that it was made of and what was filled
in. A text that none of them made stays as it is: the words of somebody else.
"""

import json
import re
from functools import lru_cache
from pathlib import Path

from django.db import migrations, transaction

BATCH = 500
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
# What was filled in under these names is made of sentences too; all else is somebody's words.
NESTED = {"error", "label", "language", "languages", "missing", "parts", "reason", "sentence", "what", "where"}
# A sentence that says no more characters by itself looks like too many others, unless all its gaps hold sentences.
LEAST = 4
# What a gap counts for less: of two ways to read a text, the one with fewer gaps is more likely.
GAP = 3
# Sentences within sentences, and characters: what is beyond them was said by somebody else.
DEEPEST, LONGEST = 4, 1000
BETWEEN_SENTENCES = re.compile(r"(?<=[.!?]) (?=[A-Z])")


def patterns():
    """`({text}, [(pattern, message, how many characters it says by itself)])` of the sentences without and with gaps"""
    whole, found = set(), []
    for entry in json.loads((Path(__file__).parent / "sentences.json").read_text(encoding="utf-8")):
        one, *many = [entry] if isinstance(entry, str) else entry
        if not PLACEHOLDER.search(one):
            whole.add(one)
            continue
        message = {"id": one, **({"plural": many[0]} if many else {})}
        found += [(*pattern(words), message) for words in dict.fromkeys([one, *many])]
    return whole, [(p, message, own) for p, own, message in found if own > LEAST or p.groupindex.keys() <= NESTED]


def pattern(words):
    pieces = PLACEHOLDER.split(words)
    text, seen = "", set()
    for literal, name in zip(pieces[::2], [*pieces[1::2], None], strict=True):
        text += re.escape(literal.replace("%%", "%"))
        if name:
            text += f"(?P={name})" if name in seen else f"(?P<{name}>.+?)"
            seen.add(name)
    return re.compile(text, re.DOTALL), sum(map(len, pieces[::2]))


WHOLE, PATTERNS = patterns()


@lru_cache(maxsize=4096)
def parse(text, depth=0):
    """`(characters that were recognised, the message as JSON or the text)`"""
    if depth > DEEPEST or len(text) > LONGEST:
        return 0, text
    if text in WHOLE:
        return len(text), {"id": text}
    matches = ((message, own, p.fullmatch(text)) for p, message, own in PATTERNS)
    read = [filled(message, own, match.groupdict(), depth) for message, own, match in matches if match]
    return max([(0, text), *read, *in_parts(text, depth)], key=lambda found: found[0])


def filled(message, own, values, depth):
    recognised = own - GAP * len(values)
    for name in values.keys() & NESTED:
        more, values[name] = parse(values[name], depth + 1)
        recognised += more
    number = values.get("number", "")
    count = {"count": int(number) if number.isdecimal() else 2} if "plural" in message else {}
    return recognised, {**message, **count, "params": values}


def in_parts(text, depth):
    """The same of several sentences; within a sentence also of the words of a list."""
    if len(parts := BETWEEN_SENTENCES.split(text)) > 1:
        read = [parse(part, depth + 1) for part in parts]
        names = [f"sentence{number}" for number in range(len(parts))]
        params = {name: message for name, (_, message) in zip(names, read, strict=True)}
        yield sum(more for more, _ in read), {"id": " ".join(f"%({name})s" for name in names), "params": params}
    if depth and len(parts := text.split(", ")) > 1:
        read = [parse(part, depth + 1) for part in parts]
        yield sum(more for more, _ in read), [message for _, message in read]


def converted(text):
    """A literal that looks like a message is stored as one itself."""
    found = parse(text)[1]
    if isinstance(found, str) and found.startswith("{"):
        found = {"id": "%(text)s", "params": {"text": found}}
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


def convert(rows, fields):
    """A batch per transaction. What a worker writes meanwhile stays; what is a message already, too."""
    last = None
    while batch := list((rows.filter(pk__gt=last) if last else rows).order_by("pk").values("pk", *fields)[:BATCH]):
        with transaction.atomic(using=rows.db):
            for row in batch:
                for field in fields:
                    text = row[field] or ""
                    if text and not text.startswith('{"id": ') and (new := converted(text)) != text:
                        rows.filter(pk=row["pk"], **{field: text}).update(**{field: new})
        last = batch[-1]["pk"]


def make_messages(apps, schema_editor):
    alias = schema_editor.connection.alias
    convert(apps.get_model("jobs", "JobStep").objects.using(alias), ["label", "error"])
    convert(apps.get_model("jobs", "Job").objects.using(alias), ["error", "left_out"])


class Migration(migrations.Migration):
    # Workers are not kept from their rows for longer than a batch takes.
    atomic = False
    dependencies = [("jobs", "0007_one_table_of_idempotency_keys")]
    operations = [migrations.RunPython(make_messages, migrations.RunPython.noop, elidable=True)]
