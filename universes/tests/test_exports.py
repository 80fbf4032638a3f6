"""A universe as one archive: out and in again it is the same."""

import io
import json
import sys
import tracemalloc
import unicodedata
import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from storage import bucket
from universes.models import Universe
from universes.services import copies, exports, imports, universes

from .helpers import (
    EXPORT,
    IMPORT,
    by_name,
    contents,
    found,
    ids,
    packed,
    state,
    with_manifest,
    without,
    words,
)

pytestmark = pytest.mark.django_db


def test_an_archive_has_everything_and_is_a_download(api, full_universe):
    before = state("winter")
    response = api.get(EXPORT)
    assert (response.status_code, response["Content-Type"]) == (200, "application/zip")
    assert response["Content-Disposition"] == 'attachment; filename="winter.magikswipe.zip"'
    members = by_name(response.getvalue())
    manifest = json.loads(members.pop("manifest.json"))
    assert (manifest["format"], manifest["version"]) == ("magikswipe-universe", 1)
    assert manifest["rows"] == found("winter")
    assert {name.removeprefix("files/"): content for name, content in members.items()} == contents("winter")
    assert {file["name"]: file["size"] for file in manifest["files"]} == {
        name: len(content) for name, content in contents("winter").items()
    }
    assert state("winter") == before


def test_the_same_universe_makes_the_same_bytes(api, exported):
    assert api.get(EXPORT).getvalue() == exported


def test_media_are_stored_as_they_are(exported):
    with zipfile.ZipFile(io.BytesIO(exported)) as archive:
        kinds = {info.filename.split("/")[0]: info.compress_type for info in archive.infolist()}
    assert kinds == {"files": zipfile.ZIP_STORED, "manifest.json": zipfile.ZIP_DEFLATED}


def test_out_and_in_again_all_rows_and_files_are_the_same(api, full_universe, exported, send):
    rows, files = found("winter"), contents("winter")
    universes.delete(full_universe)
    response = send(exported)
    assert response.status_code == 201, response.content
    assert response.json()["slug"] == "winter" and response.json()["asset_count"] == 2
    for table, items in found("winter").items():
        own = {"id"} if table == "univers" else {"univers_id"}
        assert [without(row, own) for row in items] == [without(row, own) for row in rows[table]]
    assert contents("winter") == files


def test_a_second_one_under_another_slug_is_a_copy_with_ids_of_its_own(full_universe, exported, send):
    before = state("winter")
    for slug in ("summer", "autumn"):
        assert send(exported, f"?slug={slug}").status_code == 201
    assert contents("summer") == contents("autumn") == contents("winter")
    assert words("summer")["univers_assets"] == words("winter")["univers_assets"]
    assert not ids("winter") & ids("summer") and not ids("summer") & ids("autumn")
    thumbnail = Universe.objects.get(slug="summer").thumbnail_url
    assert thumbnail == "/storage/buckets/univers/summer/thumbnail.jpg"
    assert state("winter") == before


def test_under_another_slug_ids_are_new_even_where_they_are_free(wiped, send):
    original = {row["id"] for row in json.loads(by_name(wiped)["manifest.json"])["rows"]["univers_assets"]}
    send(wiped, "?slug=summer")
    assert not original & ids("summer")


def test_ids_that_are_taken_here_are_replaced_and_children_follow(full_universe, exported, send):
    copies.duplicate(full_universe, slug="other")
    universes.delete(full_universe)
    kept = found("other")["univers_assets"][0]["id"]

    def take_its_id(manifest):
        rows = manifest["rows"]
        (child,) = rows["univers_assets_prompts"]
        for row in (*rows["univers_assets"], *rows["univers_assets_translations"], child):
            for column in ("id", "asset_id"):
                if row.get(column) == child["asset_id"] and row is not child:
                    row[column] = kept
        child["asset_id"] = kept

    assert send(with_manifest(exported, take_its_id)).status_code == 201
    assert not ids("winter") & ids("other")
    card = Universe.objects.get(slug="winter").assets.get(prompts__custom_image_prompt="white")
    assert {t.display_name for t in card.translations.all()} == {"Flocon", "Schneeflöckchen"}


def test_an_archive_that_was_packed_by_hand_is_taken(wiped, send):
    members = [("files/", b""), *by_name(wiped).items()]
    assert send(packed(members, method=zipfile.ZIP_DEFLATED)).status_code == 201


def renamed(rename, *extra):
    """A change of an archive: its members under other names, and more of them."""
    return lambda members: [*((rename(name), content) for name, content in members.items()), *extra]


ANYWHERE = {
    "a Mac": renamed("Les étoiles/{}".format, ("__MACOSX/Les étoiles/._manifest.json", b"x"), ("Les étoiles/", b""),
        ("Les étoiles/.DS_Store", b"x"), ("Les étoiles/files/._fr.mp3", b"x")),
    "a Mac that decomposes": renamed(lambda name: unicodedata.normalize("NFD", f"Les étoiles/{name}")),
    "Windows": renamed(str, ("files/Thumbs.db", b"x"), ("DESKTOP.INI", b"x"), ("files/", b"")),
    "an old Windows": renamed(lambda name: f"winter\\{name}".replace("/", "\\"), ("winter\\files\\", b"")),
    "a stick": renamed(str.upper, ("SYSTEM~1/.x", b""), (".Trashes/501/fr.mp3", b"x"), ("$RECYCLE.BIN/x.png", b"x")),
    "a NAS": renamed("./{}".format, ("@eaDir/fr.mp3", b"x"), ("files/@eaDir/fr.mp3/x", b"x")),
    "somebody who packed the folder's folder": renamed("a/b/{}".format, ("a/", b""), ("a/b/", b""), ("a/.git/x", b"")),
}  # fmt: skip


@pytest.mark.parametrize("repacked", ANYWHERE.values(), ids=ANYWHERE.keys())
def test_an_archive_that_was_unpacked_and_packed_again_is_taken(wiped, send, repacked):
    members = by_name(wiped)
    files = {name.removeprefix("files/"): content for name, content in members.items() if "/" in name}
    response = send(packed(repacked(members), method=zipfile.ZIP_DEFLATED))
    assert response.status_code == 201, response.json()
    assert contents("winter") == files


def test_a_universe_without_anything_goes_out_and_in(api, universe, send):
    archive = api.get(EXPORT).getvalue()
    universes.delete(universe)
    assert send(archive).status_code == 201 and words("winter")["univers_assets"] == []


def test_a_universe_called_import_is_reached_all_the_same(api, make_universe):
    make_universe(name="Import")
    assert api.get(IMPORT).json()["name"] == "Import"
    assert api.patch(IMPORT, {"name": "Imports"}).json()["name"] == "Imports"
    assert api.delete(IMPORT).status_code == 204


@pytest.mark.slow
def test_a_large_universe_goes_out_and_in_piece_by_piece(full_universe, tmp_path):
    clip = Path(bucket.bucket().path("winter/00_snowflake.mp4"))
    with clip.open("wb") as file:
        file.truncate(150_000_000)
    tracemalloc.start()
    try:
        exports.write("winter", tmp_path / "archive")
        imports.load(tmp_path / "archive", "summer")
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert Path(bucket.bucket().path("summer/00_snowflake.mp4")).stat().st_size == 150_000_000


# --- Commands ----------------------------------------------------------------------------------------------


def test_the_commands_write_and_read_a_file(full_universe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = contents("winter")
    call_command("export_universe", "winter", stderr=(said := io.StringIO()))
    assert said.getvalue().startswith("Wrote winter.magikswipe.zip (0.1 MB)")
    universes.delete(full_universe)
    call_command("import_universe", "winter.magikswipe.zip", stdout=(out := io.StringIO()))
    assert out.getvalue() == "Imported 'Winter' as winter, 2 cards.\n" and contents("winter") == files
    with pytest.raises(CommandError, match="already exists; give another slug"):
        call_command("import_universe", "winter.magikswipe.zip")
    call_command("import_universe", "winter.magikswipe.zip", slug="summer", stdout=out)
    assert contents("summer") == files


def test_the_commands_say_what_is_wrong(full_universe, tmp_path):
    with pytest.raises(CommandError, match="'summer' not found"):
        call_command("export_universe", "summer", str(tmp_path / "x"))
    with pytest.raises(CommandError, match="can't be written"):
        call_command("export_universe", "winter", str(tmp_path / "no" / "x"))
    with pytest.raises(CommandError, match="can't be read"):
        call_command("import_universe", str(tmp_path / "nowhere"))
    (tmp_path / "text").write_text("text")
    with pytest.raises(CommandError, match="no zip file"):
        call_command("import_universe", str(tmp_path / "text"))


def test_an_archive_passes_through_pipes(full_universe, exported, tmp_path, monkeypatch, capfdbinary):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(exported)))
    call_command("import_universe", "-", slug="summer", stdout=io.StringIO())
    assert contents("summer") == contents("winter")
    capfdbinary.readouterr()
    call_command("export_universe", "winter", "-")
    sys.stdout.flush()
    assert capfdbinary.readouterr().out == exported
