"""Folds a text for searching and sorting: case, accents and the composition of characters make no difference."""

import re
import unicodedata

# Casefolding and decomposing (https://www.unicode.org/reports/tr15/) know nothing of these.
LETTERS = str.maketrans(
    {"œ": "oe", "æ": "ae", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ŧ": "t", "þ": "th", "ı": "i"}
    | dict.fromkeys("’‘‛ʼ′´", "'")
    | dict.fromkeys("“”„‟«»″", '"')
    | dict.fromkeys("‐‑‒–—―−", "-")
)
# They choose between two looks of the character before them.
VARIATIONS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def fold(text: str | None) -> str:
    """A text as it is compared in searches and sorted by: one rule for all languages.

    Decomposed with compatibility (NFKD), without marks, casefolded, ligatures and ß as two letters, the quotes and
    dashes of a typographer as those of a keyboard, one space between words. Sorted by code points, it stands where a
    dictionary has it.
    """
    if not text or text.isascii():
        return " ".join((text or "").lower().split())
    plain = text.casefold().translate(LETTERS)
    letters = unicodedata.normalize("NFKD", plain).casefold().translate(LETTERS)
    seen = (c for c in VARIATIONS.sub("", letters) if not (unicodedata.combining(c) or _is_format(c)))
    return " ".join("".join(seen).split())


def _is_format(character):
    # Joiners, directions, soft hyphens.
    return unicodedata.category(character) == "Cf"
