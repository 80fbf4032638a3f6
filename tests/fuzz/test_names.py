"""Whatever people call things, folders and files get safe names, each its own."""

from hypothesis import given
from hypothesis import strategies as st

from storage.names import is_safe_segment
from universes.names import IMAGE_NAME, SLUG, SLUG_LENGTH, make_image_name, make_slug, video_name

HOSTILE = st.sampled_from(
    ["..", "/", "\\", "\0", "%2e", "~", "CON", "‮", "&#99999999999;", "❄️", "ı", "ß", "."]
)
NAMES = st.one_of(st.text(max_size=600), st.lists(st.one_of(HOSTILE, st.text(max_size=5))).map("".join))


@given(NAMES)
def test_a_slug_is_one_safe_folder_whatever_the_name(name):
    slug = make_slug(name)
    assert SLUG.fullmatch(slug) and len(slug) <= SLUG_LENGTH
    assert is_safe_segment(slug)
    assert make_slug(slug) == slug


@given(st.lists(NAMES, max_size=30))
def test_no_two_cards_share_a_file_name(names):
    taken = set()
    for name in names:
        made = make_image_name(name, taken)
        assert IMAGE_NAME.fullmatch(made) and len(made) <= 100
        assert is_safe_segment(made) and is_safe_segment(video_name(made))
        assert made not in taken
        taken.add(made)


@given(NAMES, st.lists(st.integers(0, 120), max_size=40))
def test_a_free_name_is_found_among_gaps(name, indexes):
    taken = {make_image_name(name, {f"{n}" for n in range(index)}) for index in indexes}
    assert make_image_name(name, taken) not in taken
