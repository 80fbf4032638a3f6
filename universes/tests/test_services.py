"""What the services keep true whoever calls them, and however many at once."""

import pytest

from storage import bucket
from universes.errors import Invalid, NotFound
from universes.models import (
    Asset,
    AssetPrompts,
    AssetTranslation,
    MusicPrompt,
    Revision,
    Universe,
    UniversePrompts,
)
from universes.services import assets, concepts, music, universes

from .helpers import together


@pytest.mark.django_db(transaction=True)
def test_cards_made_at_once_get_names_and_places_of_their_own(universe):
    made = together(*[lambda: assets.create(universe, display_name="Snow")] * 6)
    assert sorted(a.image_name for a in made) == [f"0{n}_snow.png" for n in range(6)]
    assert sorted(a.sort_order for a in made) == [1, 2, 3, 4, 5, 6]


@pytest.mark.django_db(transaction=True)
def test_of_universes_with_one_slug_made_at_once_one_is_made():
    results = together(*[lambda: universes.create(name="Winter")] * 4)
    assert sorted(type(r).__name__ for r in results) == ["AlreadyExists"] * 3 + ["Universe"]
    assert Universe.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_songs_in_one_language_made_at_once_one_is_made(universe):
    song = {"language": "fr", "prompt": "gentle", "lyrics": "la"}
    results = together(*[lambda: music.create(universe, **song)] * 4)
    assert sorted(type(r).__name__ for r in results) == ["AlreadyExists"] * 3 + ["MusicPrompt"]


@pytest.mark.django_db(transaction=True)
def test_changes_of_different_fields_at_once_are_all_kept(universe):
    copies = [Universe.objects.get(), Universe.objects.get()]
    together(
        lambda: universes.update(copies[0], name="Snow"),
        lambda: universes.update(copies[1], background_music="song", translations={"de": "Schnee"}),
    )
    now = Universe.objects.get()
    assert (now.name, now.background_music) == ("Snow", "song")
    assert [t.language for t in now.translations.all()] == ["de"]


@pytest.mark.parametrize(
    "act",
    [
        lambda u: universes.update(u, name="x"),
        lambda u: assets.create(u, display_name="x"),
        lambda u: music.create(u, language="fr", prompt="", lyrics=""),
        lambda u: concepts.apply(u, ["x"], {}),
    ],
)
def test_a_universe_that_was_deleted_meanwhile_is_not_found(universe, act):
    Universe.objects.all().delete()
    with pytest.raises(NotFound, match="not found"):
        act(universe)


def test_a_card_or_song_that_was_deleted_meanwhile_is_not_found(universe, asset):
    song = music.create(universe, language="fr", prompt="", lyrics="")
    Asset.objects.all().delete(), MusicPrompt.objects.all().delete()
    with pytest.raises(NotFound, match="not found"):
        assets.update(asset, display_name="x")
    with pytest.raises(NotFound, match="not found"):
        music.update(song, lyrics="x")


def test_the_order_stays_within_its_column(universe, make_asset):
    make_asset(sort_order=2**31 - 1)
    assert make_asset().sort_order == 2**31 - 1


def test_translations_that_stay_keep_their_ids(universe):
    before = {t.language: t.pk for t in universe.translations.all()}
    universes.update(universe, translations={"fr": "L'hiver", "de": "Winter"})
    after = {t.language: (t.pk, t.name) for t in universe.translations.all()}
    assert after.keys() == {"fr", "de"}
    assert after["fr"] == (before["fr"], "L'hiver")


def test_the_file_name_stays_when_a_card_is_renamed(asset):
    assets.update(asset, display_name="Star", sort_order=7)
    asset.refresh_from_db()
    assert (asset.image_name, asset.display_name, asset.sort_order) == ("00_snowflake.png", "Star", 7)


def test_prompt_rows_come_with_the_first_words(universe, asset):
    universes.update(universe, default_image_prompt=None)
    assets.update(asset, custom_video_prompt="")
    assert not UniversePrompts.objects.exists() and not AssetPrompts.objects.exists()
    universes.update(universe, default_image_prompt="A {concept}")
    universes.update(universe, default_video_prompt="It moves")
    prompts = UniversePrompts.objects.get()
    assert (prompts.default_image_prompt, prompts.default_video_prompt) == ("A {concept}", "It moves")
    universes.update(universe, default_image_prompt=None)
    prompts.refresh_from_db()
    assert (prompts.default_image_prompt, prompts.default_video_prompt) == (None, "It moves")


def test_deleting_a_universe_leaves_a_revision_and_nothing_else(universe, asset, put_file):
    music.create(universe, language="fr", prompt="gentle", lyrics="la")
    assets.update(asset, translations={"fr": "Flocon"}, custom_image_prompt="white")
    put_file("winter", asset.image_name, b"picture")
    universes.delete(universe, author="editor")
    for model in (Universe, Asset, AssetTranslation, AssetPrompts, MusicPrompt):
        assert not model.objects.exists()
    assert bucket.names("winter") == set()
    assert not bucket.bucket().folders()
    revision = Revision.objects.get()
    assert (revision.univers_slug, revision.cause, revision.author) == ("winter", "delete", "editor")
    assert revision.files.keys() == {asset.image_name}
    assert revision.rows["univers_assets_translations"][0]["display_name"] == "Flocon"


def test_deleting_a_card_or_song_takes_its_own_files_alone(universe, make_asset, put_file):
    one, two = make_asset("One"), make_asset("Two")
    song = music.create(universe, language="fr", prompt="gentle", lyrics="la")
    for name in (one.image_name, "00_one.mp4", two.image_name, "fr.mp3", "en.mp3"):
        put_file("winter", name)
    assets.delete(one)
    music.delete(song)
    assert bucket.names("winter") == {two.image_name, "en.mp3"}
    assert {r.cause for r in Revision.objects.all()} == {"delete_card", "delete_song"}


def test_applied_concepts_replace_the_cards_and_keep_the_old_ones(
    universe, make_asset, put_file, django_capture_on_commit_callbacks
):
    old = make_asset("Old")
    put_file("winter", old.image_name, b"old"), put_file("winter", "fr.mp3")
    with django_capture_on_commit_callbacks(execute=True):
        made = concepts.apply(universe, ["Père Noël", "Star"], {"en": ["Santa", "Star"]}, author="editor")
    assert [(a.image_name, a.sort_order) for a in made] == [("00_pere_noel.png", 1), ("01_star.png", 2)]
    assert [t.display_name for t in made[0].translations.all()] == ["Santa"]
    assert bucket.names("winter") == {"fr.mp3"}
    revision = Revision.objects.get()
    assert revision.files[old.image_name]
    assert [row["display_name"] for row in revision.rows["univers_assets"]] == ["Old"]


@pytest.mark.parametrize(
    ("names", "translations", "field"),
    [([], {}, "concepts"), (["a"], {"fr": []}, "translations"), (["a"], {"pt": ["b"]}, "translations")],
)
def test_concepts_that_do_not_fit_change_nothing(universe, asset, names, translations, field):
    with pytest.raises(Invalid) as caught:
        concepts.apply(universe, names, translations)
    assert caught.value.errors.keys() == {field}
    assert universe.assets.get() == asset
