"""Names are found and sorted by the rules of a language, however they are written, on every database."""

import unicodedata
import uuid

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse

from universes import name_keys
from universes.models import Asset, AssetTranslation, NameKey, Universe, UniverseTranslation
from universes.name_keys import fold
from universes.services import assets, concepts, universes

pytestmark = pytest.mark.django_db

NFD = unicodedata.normalize("NFD", "Fée électrique")
NAMED = {
    "star": "Étoile de mer",
    "pink": "éléphant rose",
    "fairy": NFD,
    "wood": "Forêt",
    "egg": "Œuf",
    "street": "Straße",
    "bear": "L’ours brun",
    "wide": "ＡＢＣ",
    "fish": "ﬁlet",
    "lodz": "Łódź",
    "heart": "❤️ cœur",
    "family": "👨‍👩‍👧 famille",
    "percent": "100 % laine_douce",
    "greek": "ΟΔΟΣ",
    "dots": "İstanbul",
}
FOUND = {
    "étoile": "star",
    "Étoile": "star",
    "ETOILE": "star",
    unicodedata.normalize("NFD", "étoile"): "star",
    "DE MER": "star",
    "ÉLÉPHANT": "pink",
    "Fée": "fairy",
    "fee elec": "fairy",
    "foret": "wood",
    "FORÊT": "wood",
    "oeuf": "egg",
    "ŒUF": "egg",
    "strasse": "street",
    "STRASSE": "street",
    "l'ours": "bear",
    "L’OURS": "bear",
    "abc": "wide",
    "ａｂｃ": "wide",
    "filet": "fish",
    "lodz": "lodz",
    "❤": "heart",
    "COEUR": "heart",
    "👨‍👩‍👧": "family",
    "%": "percent",
    "e_d": "percent",
    "οδος": "greek",
    "istanbul": "dots",
}


@pytest.fixture
def named(make_universe):
    return [make_universe(name=name, slug=slug) for slug, name in NAMED.items()]


def found(api, **query):
    return [item["slug"] for item in api.get("/api/universes", {"limit": 100, **query}).json()["items"]]


def in_the_list(client, query, model="universe"):
    page = client.get(reverse(f"admin:universes_{model}_changelist"), query)
    return [str(row) for row in page.context["cl"].result_list]


def test_a_universe_is_found_however_its_name_is_written(api, admin_client, named):
    for text, slug in FOUND.items():
        assert found(api, search=text) == [slug], text
        assert api.get("/api/universes", {"search": text}).json()["total"] == 1
    for text in ("étoile", "ÉLÉPHANT", "fee elec", "oeuf", "strasse", "mer étoile", "100 %"):
        assert len(in_the_list(admin_client, {"q": text})) == 1, text
    for text in ("\\", "e%e", "_toile", "é_o", "étoile mer"):
        assert found(api, search=text) == [], text


def test_names_in_languages_and_slugs_are_searched_likewise(api, admin_client, make_universe):
    make_universe(name="Winter", slug="la-neige", translations={"es": "Otoño", "de": "Schneeflöckchen"})
    make_universe(name="Other")
    for text in ("OTONO", "otoño", "schneeflock", "NEIGE", "la-Neige"):
        assert found(api, search=text) == ["la-neige"], text
        assert in_the_list(admin_client, {"q": text}) == ["Winter"], text


def test_a_card_is_found_by_any_of_its_names(admin_client, make_asset):
    make_asset("Étoile", translations={"de": "Stern", "es": "Ñandú"})
    make_asset("Moon")
    for text in ("etoile", "ÉTOILE", "stern", "nandu", "00_etoile", "nandu etoile"):
        assert in_the_list(admin_client, {"q": text}, "asset") == ["Étoile"], text
    # As an older universe brings it.
    Asset.objects.filter(display_name="Moon").update(image_name="07_Full_MOON.WEBP")
    assert in_the_list(admin_client, {"q": "full_moon.webp"}, "asset") == ["Moon"]


ALPHABET = [
    "Abeille",
    "âne",
    "Ânesse",
    "ane rouge",
    "Éclair",
    "œuf",
    "Oeuvre",
    "Ourson",
    "Ôter",
    "zèbre",
    "Zoo",
]
SORTED = [
    "Abeille",
    "âne",
    "ane rouge",
    "Ânesse",
    "Éclair",
    "œuf",
    "Oeuvre",
    "Ôter",
    "Ourson",
    "zèbre",
    "Zoo",
]


def test_names_are_sorted_as_in_a_dictionary(api, admin_client, make_universe, make_asset):
    for name in ALPHABET:
        make_asset(name, of=make_universe(name=name))
    slugs = found(api, ordering="name")
    names = dict(Universe.objects.values_list("slug", "name"))
    ours = [names[slug] for slug in slugs if names[slug] in SORTED]
    assert ours == SORTED
    assert found(api, ordering="-name") == slugs[::-1]
    columns = {"universe": 2, "asset": 2}
    for model, column in columns.items():
        shown = [name for name in in_the_list(admin_client, {"o": column}, model) if name in SORTED]
        assert shown == SORTED
        shown = [name for name in in_the_list(admin_client, {"o": -column}, model) if name in SORTED]
        assert shown == SORTED[::-1]
    # By their universes, unless asked otherwise.
    assert [name for name in in_the_list(admin_client, {}, "asset") if name in SORTED] == SORTED
    assert found(api, ordering="slug") == sorted(slugs)


def test_a_search_costs_no_more_with_a_longer_text(api, admin_client, make_universe, make_asset):
    make_universe(name="Winter " * 20)
    assert api.get("/api/universes", {"search": "x" * 201}).status_code == 422
    pages = ("universes_universe", "universes_asset", "universes_revision", "jobs_job", "generation_charge")
    for name in (*pages, "auth_user", "auth_group", "magikswipe_apitoken"):
        for text in ("a " * 3000, "x" * 10_000, '"' * 500, "% _ \\ ' \" [", "\u0301 \u200d"):
            page = admin_client.get(reverse(f"admin:{name}_changelist"), {"q": text})
            assert page.status_code == 200, (name, text[:9])
    page = admin_client.get(reverse("admin:universes_universe_changelist"), {"q": "winter " * 40})
    assert "shorten it" in page.content.decode() and len(page.context["cl"].result_list) == 2


# --- Whoever writes


def check():
    """Every name has its key and every key its name."""
    assert [rows for _model, rows in name_keys.unfitting() if rows] == []
    named = sum(model.objects.count() for model in (Universe, UniverseTranslation, Asset, AssetTranslation))
    assert NameKey.objects.count() == named
    return named


def test_whatever_writes_names_writes_their_keys(api, universe, make_asset):
    card = make_asset("Étoile", translations={"fr": "Étoile", "de": "Stern"})
    universes.update(universe, name="Hiver", translations={"fr": "L’hiver", "it": "Inverno"})
    assets.update(card, display_name="Forêt", translations={"fr": "Forêt"})
    assert check() == 5
    api.post("/api/universes/winter/duplicate")
    assert check() == 10
    concepts.apply(universe, ["Œuf", "Âne"], {"fr": ["Œuf", "Âne"], "es": ["Huevo", "Burro"]})
    assert check() == 14
    card = universe.assets.first()
    card.display_name = "Saved"
    card.save()
    Asset.objects.filter(pk=card.pk).update(id=(new := uuid.uuid4()))
    AssetTranslation.objects.filter(asset=card.pk).update(asset=new)
    AssetTranslation.objects.filter(display_name="Œuf").update(display_name=None)
    Asset.objects.bulk_update([Asset(pk=new, display_name="Émeu")], ["display_name"])
    assert NameKey.objects.get(asset=new).text == "emeu"
    assert check() == 14
    universes.delete(universe)
    assert check() == 5


def test_a_fixture_a_revision_and_an_archive_bring_their_keys(api, universe, make_asset, tmp_path):
    make_asset("Étoile", translations={"fr": "Étoile"})
    call_command(
        "dumpdata", "universes", "--exclude", "universes.NameKey", output=str(tmp_path / "rows.json")
    )
    universes.delete(universe)
    assert check() == 0
    call_command("loaddata", str(tmp_path / "rows.json"), verbosity=0)
    assert check() == 5
    assert found(api, search="hivér") == ["winter"]


def test_a_row_that_came_by_sql_is_in_every_list_until_its_key_is_made(api, admin_client, named):
    NameKey.objects.all().delete()
    slugs = set(NAMED)
    assert set(found(api)) == set(found(api, ordering="name")) == slugs
    assert len(in_the_list(admin_client, {"o": 2})) == len(slugs)
    assert found(api, search="toile de") == ["star"]
    assert name_keys.refresh() == len(slugs) and name_keys.refresh() == 0
    assert found(api, search="ETOILE") == ["star"]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE univers SET name = 'Œillet' WHERE slug = 'wood'")
    assert name_keys.refresh() == 1
    assert found(api, search="oeillet") == ["wood"]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_migration_gives_every_name_there_is_its_key(api, monkeypatch):
    leaves = [("universes", "0006_edits_of_jobs")], MigrationExecutor(connection).loader.graph.leaf_nodes()
    made = Universe.objects.bulk_create(Universe(name=f"Étoile {n}", slug=f"u{n}") for n in range(2500))
    Asset.objects.bulk_create(
        Asset(universe=made[0], display_name=name, image_name=f"{n}") for n, name in enumerate(["Œuf", None])
    )
    try:
        MigrationExecutor(connection).migrate(leaves[0])
    finally:
        MigrationExecutor(connection).migrate(leaves[1])
    assert check() == 2502
    assert api.get("/api/universes", {"search": "etoile 24"}).json()["total"] == 111


def test_folding_is_done_with_once():
    for text in [
        *NAMED.values(),
        *FOUND,
        *ALPHABET,
        "ﬆ",
        "ẞ",
        "Ǆ",
        "½",
        "がぎ",
        "a\u00a0 b",
        "\u00ad",
        "",
        None,
    ]:
        assert fold(fold(text)) == fold(text)
