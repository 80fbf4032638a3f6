"""Folder and file names made from whatever people call things."""

import pytest

from universes.names import IMAGE_NAME_LENGTH, is_image_name, is_slug, make_image_name, make_slug, video_name

NAMES = [
    "",
    "../../etc",
    "a/b",
    "❄️",
    "日本",
    "Père Noël",
    "x" * 500,
    "..",
    "&#99999999999999;",
    "\n",
    "%2e%2e",
    "İ",
    "١",
]


@pytest.mark.parametrize("name", NAMES)
def test_every_name_gives_a_slug_and_a_file_name_that_are_safe(name):
    assert is_slug(make_slug(name))
    image = make_image_name(name, set())
    assert is_image_name(image)
    assert video_name(image) == image[:-4] + ".mp4"


@pytest.mark.parametrize(
    ("name", "slug"), [("Père Noël", "pere-noel"), ("  Winter  Fun ", "winter-fun"), ("❄️", "universe")]
)
def test_a_slug_is_the_name_in_ascii(name, slug):
    assert make_slug(name) == slug


@pytest.mark.parametrize(
    "slug", ["", "A", "a b", "-a", "a-", "a--b", "a/b", "..", "é", "a\n", "x" * 101, "a.b"]
)
def test_what_is_no_slug(slug):
    assert not is_slug(slug)


@pytest.mark.parametrize(
    ("name", "taken", "expected"),
    [
        ("Snowflake", set(), "00_snowflake.png"),
        ("Père Noël", {"00_a.png", "01_b.png", "02_c.png"}, "03_pere_noel.png"),
        ("❄️", {"00_a.png"}, "01_card.png"),
        ("b", {"00_a.png", "02_b.png"}, "03_b.png"),
        ("x", {f"{n:02d}_y.png" for n in range(100)}, "100_x.png"),
    ],
)
def test_the_index_counts_up_until_the_name_is_free(name, taken, expected):
    assert make_image_name(name, taken) == expected


def test_a_long_name_is_cut_to_what_a_file_may_have():
    assert len(make_image_name("long name " * 50, set())) <= IMAGE_NAME_LENGTH
