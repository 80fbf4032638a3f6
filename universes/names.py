"""Names of universes and cards as typed, and the names of their folders and files."""

import re
import unicodedata
from collections.abc import Collection, Container
from itertools import count
from urllib.parse import urlsplit

from slugify import slugify

from storage.names import kind_of

NAME_LENGTH = 500
# U+0000 is not among them: every field refuses it.
INVISIBLE = re.compile(
    r"[\x01-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)
BREAKS = re.compile(r"[\t-\r\x1c-\x1f\x85\u2028\u2029]+")
# Joiners and variation selectors change what stands before them: they mean nothing where nothing does.
JOINERS = "\u200c\u200d"
VARIATIONS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
ASTRAY = re.compile(rf"(?<!\S)[{JOINERS}{VARIATIONS}]+|[{JOINERS}]+(?!\S)")

# Two of them are a flag.
FLAG_LETTERS = "".join(map(chr, range(0x1F1E6, 0x1F200)))

SLUG = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*", re.ASCII)
SLUG_LENGTH = 100
# Of a universe whose name has no letters.
UNNAMED = "universe"
IMAGE_NAME_LENGTH = 100
IMAGE_NAME = re.compile(r"[0-9]{2,}_[a-z0-9]+(_[a-z0-9]+)*\.png", re.ASCII)

THUMBNAIL = "thumbnail.jpg"
# Clips that came with a pulled or hand-filled folder; those made here end in the first.
CLIP_SUFFIXES = (".mp4", ".MP4", ".mov", ".MOV", ".m4v", ".M4V", ".webm", ".WEBM")

SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*):")
PICTURE_ITSELF = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+", re.ASCII)
# Browsers drop these from a URL, or read them as a slash (https://url.spec.whatwg.org/#url-parsing).
CONTROL = re.compile(r"[\x00-\x1f\x7f\\\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def typed_name(text: str) -> str:
    """A typed or pasted name, on one line and without invisible characters.

    Control characters, zero-width spaces and direction marks go. Joiners and variation selectors stay between
    characters: families of emoji and Persian words are written with them.
    """
    text = ASTRAY.sub("", BREAKS.sub(" ", INVISIBLE.sub("", text)).strip())
    return text.strip()


def cut(text: str, most: int) -> str:
    """The beginning of a text, of at most so many characters, that ends where a character ends on the screen."""
    end = most
    while 0 < end < len(text) and _continues(text, end):
        end -= 1
    return text[: end or most]


def _continues(text: str, at: int) -> bool:
    """Whether the code point at `at` belongs to the character on the screen that began before it.

    The common cases of https://www.unicode.org/reports/tr29/: marks, joined emoji, flags, skin tones, Hangul.
    """
    here, before = text[at], text[at - 1]
    if here in FLAG_LETTERS:
        letters = len(text[:at]) - len(text[:at].rstrip(FLAG_LETTERS))
        return letters % 2 == 1
    return (
        before == "\u200d"
        or here in JOINERS
        or unicodedata.category(here) in ("Mn", "Mc", "Me")
        or bool(re.match("[\u1160-\u11ff\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]", here))
    )


def is_slug(text: str) -> bool:
    return len(text) <= SLUG_LENGTH and bool(SLUG.fullmatch(text))


def slug_of(name: str) -> str:
    """ASCII, lower case, hyphens; empty where nothing is left of the name, as of emoji."""
    return slugify(name, max_length=SLUG_LENGTH)


def make_slug(name: str) -> str:
    """The same, and `universe` where nothing is left of the name."""
    return slug_of(name) or UNNAMED


def numbered_slug(base: str, number: int) -> str:
    """The slug itself for 1, else with the number at its end, no longer than a slug may be."""
    ending = f"-{number}" if number > 1 else ""
    return base[: SLUG_LENGTH - len(ending)].rstrip("-_") + ending


def is_url(text: str) -> bool:
    """Whether a text may be the URL of a picture or song: of http or https, a path, or the picture itself."""
    if CONTROL.search(text):
        return False
    if not SCHEME.match(text) and not text.startswith("//"):
        return True
    return bool(PICTURE_ITSELF.fullmatch(text)) or _is_on_the_web(text)


def _is_on_the_web(text: str) -> bool:
    try:
        parts = urlsplit(text)
        # Asking for a port that is no number raises.
        names_a_host = bool(parts.hostname) and parts.port != 0 and not re.search(r"[\s@%]", parts.netloc)
    except ValueError:
        return False
    return names_a_host and parts.scheme in ("", "http", "https")


def is_image_name(text: str) -> bool:
    return len(text) <= IMAGE_NAME_LENGTH and bool(IMAGE_NAME.fullmatch(text))


def make_image_name(display_name: str, taken: Collection[str]) -> str:
    """`NN_name.png`, with the first index from the number of taken names upwards that makes it free.

    `taken`: the image names of the universe's other cards.
    """
    # Cards whose pictures differ in their suffix alone would share a clip.
    stems = {stem(name).lower() for name in taken}
    made = (_image_stem(display_name, index) for index in count(len(taken)))
    return next(f"{name}.png" for name in made if name not in stems)


def _image_stem(display_name: str, index: int) -> str:
    prefix = f"{index:02d}_"
    room = IMAGE_NAME_LENGTH - len(prefix) - len(".png")
    return prefix + (slugify(display_name, separator="_", max_length=room) or "card")


def stem(image_name: str) -> str:
    """A picture's name without its suffix, whatever its format and case; a name without one as it is."""
    return image_name.rpartition(".")[0] if kind_of(image_name) == "image" else image_name


def video_name(image_name: str) -> str:
    """The name that the clip of a picture gets: the same with .mp4."""
    return f"{stem(image_name)}.mp4"


def video_names(image_name: str) -> list[str]:
    """All names under which the clip of a picture may lie, the one that it gets first."""
    name = stem(image_name)
    written, *others = (name + suffix for suffix in CLIP_SUFFIXES)
    return list(dict.fromkeys((written, former_video_name(image_name), *others)))


def former_video_name(image_name: str) -> str:
    """The former name of a picture's clip: `00_lion.webp.mp4` where the picture is not a `.png`."""
    return image_name.removesuffix(".png") + ".mp4"


def clip_of(image_name: str, files: Container[str]) -> str | None:
    """The name of the clip of a picture among the names of a folder's files; None where there is none."""
    return next((name for name in video_names(image_name) if name in files), None)


def file_of(url: str | None) -> str:
    """The name of the file that a URL leads to; empty for none. Takes any text: columns may hold anything."""
    return re.split(r"[?#]", url or "", maxsplit=1)[0].rpartition("/")[2]


def music_name(language: str) -> str:
    return f"{language}.mp3"
