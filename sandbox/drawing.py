"""Draft pictures: the subject of the prompt on a soft ground, marked "DRAFT"."""

import hashlib
import io

import resvg_py
from PIL import Image, ImageDraw, ImageFont

from sandbox.lexicon import lexicon, picture_svg

GROUNDS = (
    "#fde2e4",
    "#e2ece9",
    "#dfe7fd",
    "#fff1e6",
    "#f0efeb",
    "#e8dff5",
    "#fcf4dd",
    "#ddedea",
    "#daeaf6",
    "#f9e2ae",
)
INK = (70, 70, 90)
SUBJECT_SHARE = 0.72  # of the shorter side
MOST_DRAWN = 480  # pixels; scaling larger subjects up is far quicker than drawing them
WORDS_SHOWN = 6


def draw(prompt: str, size: tuple[int, int], image_format: str = "WEBP") -> bytes:
    """A picture of ``size`` (width, height in pixels) for the prompt."""
    image = Image.new("RGB", size, _ground(prompt))
    draw_on = ImageDraw.Draw(image)
    _draw_halo(draw_on, size)
    if entry := lexicon().depicted(prompt):
        _paste_subject(image, picture_svg(entry.code))
    else:
        _write_words(draw_on, prompt, size)
    mark_as_draft(image)
    out = io.BytesIO()
    image.save(out, image_format, **({"quality": 85, "method": 0} if image_format == "WEBP" else {}))
    return out.getvalue()


def mark_as_draft(image: Image.Image, inset: float = 0.03) -> None:
    """Writes DRAFT into the lower right corner; the margin is a share of the shorter side."""
    unit = max(10, min(image.size) // 28)
    edge = int(min(image.size) * inset)
    font = ImageFont.load_default(unit)
    width = int(font.getlength("DRAFT"))
    right, bottom = image.width - edge, image.height - edge
    box = (right - width - unit, bottom - 2 * unit, right, bottom)
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle(box, unit // 3, fill=(255, 255, 255), outline=INK)
    pen.text(((box[0] + box[2]) / 2, (box[1] + box[3]) / 2), "DRAFT", font=font, fill=INK, anchor="mm")


def _ground(prompt: str) -> str:
    return GROUNDS[hashlib.sha256(prompt.encode()).digest()[0] % len(GROUNDS)]


def _draw_halo(pen: ImageDraw.ImageDraw, size: tuple[int, int]) -> None:
    radius = int(min(size) * SUBJECT_SHARE * 0.6)
    x, y = size[0] // 2, size[1] // 2
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill="#ffffff")


def _paste_subject(image: Image.Image, svg: str) -> None:
    side = int(min(image.size) * SUBJECT_SHARE)
    drawn = min(side, MOST_DRAWN)
    png = resvg_py.svg_to_bytes(svg_string=svg, width=drawn, height=drawn, skip_system_fonts=True)
    subject = (
        Image.open(io.BytesIO(bytes(png))).convert("RGBA").resize((side, side), Image.Resampling.BICUBIC)
    )
    image.paste(subject, ((image.width - side) // 2, (image.height - side) // 2), subject)


def _write_words(pen: ImageDraw.ImageDraw, prompt: str, size: tuple[int, int]) -> None:
    words = "\n".join(prompt.split()[:WORDS_SHOWN])
    font = ImageFont.load_default(max(12, min(size) // 14))
    middle = (size[0] / 2, size[1] / 2)
    pen.multiline_text(middle, words, font=font, fill=INK, anchor="mm", align="center")
