"""How universes and cards get the names of their folders and files."""

import re
from itertools import count
from urllib.parse import urlsplit

from slugify import slugify

SLUG = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*", re.ASCII)
SLUG_LENGTH = 100
IMAGE_NAME_LENGTH = 100
IMAGE_NAME = re.compile(r"[0-9]{2,}_[a-z0-9]+(_[a-z0-9]+)*\.png", re.ASCII)

THUMBNAIL = "thumbnail.jpg"

SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*):")
# What browsers drop from an address, or read as a slash (https://url.spec.whatwg.org/#url-parsing).
PICTURE_ITSELF = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+", re.ASCII)
CONTROL = re.compile(r"[\x00-\x1f\x7f\\\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def is_slug(text):
    return len(text) <= SLUG_LENGTH and bool(SLUG.fullmatch(text))


def make_slug(name):
    """ASCII, lower case, hyphens; `universe` where nothing is left of the name."""
    return slugify(name, max_length=SLUG_LENGTH) or "universe"


def is_address(text):
    """Whether a text may be the address of a picture or song: of http or https, a path, or the picture itself."""
    if CONTROL.search(text):
        return False
    if not SCHEME.match(text) and not text.startswith("//"):
        return True
    return bool(PICTURE_ITSELF.fullmatch(text)) or _is_on_the_web(text)


def _is_on_the_web(text):
    try:
        parts = urlsplit(text)
        # Asking for a port that is no number raises.
        names_a_host = bool(parts.hostname) and parts.port != 0 and not re.search(r"[\s@%]", parts.netloc)
    except ValueError:
        return False
    return names_a_host and parts.scheme in ("", "http", "https")


def is_image_name(text):
    return len(text) <= IMAGE_NAME_LENGTH and bool(IMAGE_NAME.fullmatch(text))


def make_image_name(display_name, taken):
    """`NN_name.png`, with the first index from the number of taken names upwards that makes it free.

    `taken`: the image names of the universe's other cards.
    """
    for index in count(len(taken)):
        prefix = f"{index:02d}_"
        room = IMAGE_NAME_LENGTH - len(prefix) - len(".png")
        stem = slugify(display_name, separator="_", max_length=room) or "card"
        if (name := f"{prefix}{stem}.png") not in taken:
            return name


def video_name(image_name):
    """The clip of a picture: the same name with .mp4."""
    return image_name.removesuffix(".png") + ".mp4"


def music_name(language):
    return f"{language}.mp3"
