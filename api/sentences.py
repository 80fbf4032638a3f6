"""Validation errors as sentences that name their field."""

import re
from itertools import islice

from django.utils.text import Truncator

# DRF speaks of "this field"; a sentence that is read alone has to name it.
REWRITES = (
    (re.compile(r"^This (field|list|dictionary) "), "{field} "),
    (re.compile(r"^Ensure this value is "), "{field} must be "),
    (re.compile(r"^Ensure this field has "), "{field} must have "),
    (re.compile(r"^A valid (.+) is required\."), r"{field} must be a valid \1."),
    (re.compile(r"^Must be "), "{field} must be "),
)
BODY = "body"
# A field's first so many say what is wrong with a long list, each without what somebody sent that is longer.
MOST_SENTENCES, LONGEST_SENTENCE = 10, 500


def flatten(detail):
    """DRF's nested errors as `{top-level field: [sentence]}`; what concerns no field is under "body"."""
    if not isinstance(detail, dict):
        detail = {"non_field_errors": detail}
    errors = {}
    for key, inner in detail.items():
        field = BODY if key == "non_field_errors" else str(key)
        errors.setdefault(field, []).extend(islice(_sentences(field, inner), MOST_SENTENCES))
    return errors


def _sentences(path, detail):
    if isinstance(detail, dict):
        for key, inner in detail.items():
            yield from _sentences(_join(path, key), inner)
    elif isinstance(detail, list):
        for inner in detail:
            yield from _sentences(path, inner)
    else:
        yield Truncator(name_field(path, str(detail))).chars(LONGEST_SENTENCE)


def _join(path, key):
    if key == "non_field_errors":
        return path
    return f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}"


def name_field(field, text):
    """The sentence with its field's name in it."""
    for pattern, replacement in REWRITES:
        if pattern.search(text):
            return pattern.sub(replacement, text, count=1).replace("{field}", field)
    return text if re.match(rf"({re.escape(field)}|The body)\b", text) else f"{field}: {text}"


def clean(value):
    """The same value with every text fit for UTF-8: half of a surrogate pair becomes a question mark."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {clean(key): clean(inner) for key, inner in value.items()}
    return [clean(inner) for inner in value] if isinstance(value, list | tuple) else value
