"""An archive of a universe that is not what it says makes nothing."""

import stat
import struct
import zipfile

import pytest

from universes.models import Universe

from .helpers import by_name, contents, in_the_bucket, packed, state, with_manifest

pytestmark = pytest.mark.django_db
LINK, FOLDER = stat.S_IFLNK | 0o777, stat.S_IFDIR | 0o755


def nothing_stays():
    return not Universe.objects.exists() and not in_the_bucket()


def test_a_slug_that_is_taken_says_what_to_do(exported, send):
    before = state("winter")
    response = send(exported)
    assert response.status_code == 400 and "already exists; give another slug" in response.json()["detail"]
    assert state("winter") == before and in_the_bucket() == ["winter"]


@pytest.mark.parametrize("slug", ["Not+A+Slug", "..%2Fx", "x" * 101])
def test_a_slug_that_can_be_none_is_refused(wiped, send, slug):
    assert send(wiped, f"?slug={slug}").status_code == 422
    assert nothing_stays()


def test_a_form_is_415_which_says_what_to_send(wiped, send):
    for kind in (
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "text/plain; charset=utf-8",
    ):
        response = send(wiped, kind=kind)
        assert response.status_code == 415
        assert response.json()["detail"] == (
            "Send the archive itself as the body, with the Content-Type application/zip."
        )


@pytest.mark.parametrize(
    "kind", ["application/x-zip-compressed", "application/octet-stream", "", "application/x-zip", "image/png"]
)
def test_the_content_alone_tells_an_archive(wiped, send, kind):
    assert send(b"{}", kind=kind).status_code == 422
    assert send(wiped, kind=kind).status_code == 201


def test_a_body_of_nothing_says_what_to_send(db, send):
    response = send(b"")
    assert response.status_code == 422 and "as the body" in response.json()["detail"]


def test_more_than_is_allowed_is_413(wiped, send, settings):
    settings.IMPORT_MAX_MB = 1
    zeros = packed([("files/00_x.png", b"0" * 1_100_000)])
    response = send(zeros)
    assert response.status_code == 413 and "IMPORT_MAX_MB" in response.json()["detail"]
    assert nothing_stays()


def test_a_small_archive_that_unpacks_to_much_is_413(wiped, send, settings):
    settings.IMPORT_MAX_MB = 1
    bomb = packed([("files/00_x.png", b"0" * 5_000_000)], method=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 10_000
    assert send(bomb).status_code == 413 and nothing_stays()


def test_a_size_that_is_declared_too_small_is_found_out(wiped, send):
    members = by_name(wiped)
    archive = bytearray(packed(members.items(), method=zipfile.ZIP_DEFLATED))
    size = len(members["files/fr.mp3"])
    entry = archive.rindex(b"files/fr.mp3") - 46
    assert int.from_bytes(archive[entry + 24 : entry + 28], "little") == size
    archive[entry + 24 : entry + 28] = (10).to_bytes(4, "little")
    response = send(bytes(archive))
    assert response.status_code == 422 and nothing_stays()


@pytest.mark.parametrize(
    "archive", [b"", b"no zip", b"PK\x05\x06" + b"\0" * 18, b"PK\x03\x04" + b"\xff" * 90]
)
def test_what_is_no_archive_of_ours_is_refused(db, send, archive):
    response = send(archive)
    assert response.status_code == 422 and response.json()["errors"]["archive"]
    assert nothing_stays()


@pytest.mark.parametrize("part", [0.2, 0.5, 0.99])
def test_an_archive_that_was_cut_off_is_refused(wiped, send, part):
    assert send(wiped[: int(len(wiped) * part)]).status_code == 422
    assert nothing_stays()


@pytest.mark.parametrize("place", range(40, 50_000, 8_017))
def test_an_archive_with_a_byte_flipped_is_refused_unless_nothing_reads_that_byte(wiped, send, place):
    broken = bytearray(wiped)
    broken[place] ^= 0xFF
    response = send(bytes(broken))
    assert response.status_code in (201, 422)
    if response.status_code == 422:
        assert nothing_stays()
    else:
        members = {f"files/{name}": content for name, content in contents("winter").items()}
        assert members.items() <= by_name(wiped).items()


@pytest.mark.parametrize(
    "name",
    ["files/../../evil.png", "../evil.png", "/etc/evil.png", "files/sub/evil.png", "files/.hidden.png",
     "files/evil.html", "evil.png", "files/", "__MACOSX/._x", "files\\evil.png", "files\\..\\..\\evil.png",
     "C:\\evil.png", "//files/../evil.png"],
)  # fmt: skip
def test_a_file_under_a_name_that_is_not_ours_is_refused(wiped, send, name, tmp_path):
    content = b"evil"
    listed = {"name": name.removeprefix("files/"), "size": 4, "sha256": "0" * 64}
    members = [*by_name(with_manifest(wiped, lambda m: m["files"].append(listed))).items(), (name, content)]
    assert send(packed(members)).status_code == 422
    assert nothing_stays() and not list(tmp_path.rglob("*evil*"))


@pytest.mark.parametrize(
    "name", ["notes.txt", "files/evil.png", "files/sub/fr.mp3", "../fr.mp3", "files\\..\\x.png", "C:\\x.png"]
)
def test_a_file_that_the_manifest_does_not_list_is_refused(wiped, send, name, tmp_path):
    response = send(packed([*by_name(wiped).items(), (name, b"evil")]))
    assert (
        response.status_code == 422 and "which its manifest.json does not list" in response.json()["detail"]
    )
    assert nothing_stays()


@pytest.mark.parametrize("mode", [LINK, FOLDER, stat.S_IFIFO | 0o644])
def test_a_link_or_anything_but_a_file_is_refused(wiped, send, mode):
    def change(info):
        info.external_attr = mode << 16 if info.filename == "files/fr.mp3" else 0

    response = send(packed(by_name(wiped).items(), change))
    assert response.status_code == 422 and "no plain file" in response.json()["detail"]
    assert nothing_stays()


def test_a_file_that_is_there_twice_is_refused(wiped, send):
    members = [*by_name(wiped).items(), ("files/fr.mp3", b"other")]
    with pytest.warns(UserWarning, match="Duplicate"):
        archive = packed(members)
    assert "twice" in send(archive).json()["detail"] and nothing_stays()


def test_a_file_that_is_not_what_the_manifest_says_is_refused(wiped, send):
    response = send(packed({**by_name(wiped), "files/fr.mp3": b"another song"}.items()))
    assert response.status_code == 422 and "'fr.mp3' is not what" in response.json()["detail"]
    assert nothing_stays()


def test_a_file_that_the_manifest_lists_must_be_there(wiped, send):
    members = by_name(wiped)
    del members["files/fr.mp3"]
    assert "lacks 'files/fr.mp3'" in send(packed(members.items())).json()["detail"]
    assert nothing_stays()


ENTRY, END = b"PK\x01\x02", b"PK\x05\x06"


def set_bytes(signature, offset, value):
    """A change of the archive's bytes behind the last of a signature: see APPNOTE.TXT, sections 4.3.12 and 4.3.16."""

    def change(archive):
        start = archive.rindex(signature) + offset
        return archive[:start] + value + archive[start + len(value) :]

    return change


def with_zip64(size_of_directory, offset):
    """The end of an archive of the large format, with nonsense in it (4.3.14 and 4.3.15)."""

    def change(archive):
        start = archive.rindex(END)
        record = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 6, 6, size_of_directory, offset)
        locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, start, 1)
        return (
            archive[:start]
            + record
            + locator
            + END
            + struct.pack("<4H2IH", 0, 0, *[0xFFFF] * 2, *[2**32 - 1] * 2, 0)
        )

    return change


DAMAGE = {
    "a directory before the start": set_bytes(END, 12, b"\xff\xff\x00\x00"),
    "a directory of 4 GB": set_bytes(END, 12, b"\xfe\xff\xff\xff"),
    "a directory behind the end": set_bytes(END, 16, b"\xfe\xff\xff\x7f"),
    "a directory of all there is": with_zip64(2**64 - 1, 0),
    "a directory nowhere": with_zip64(400, 2**64 - 1),
    "a file behind the end": set_bytes(ENTRY, 42, b"\xff\xff\xff\x7f"),
    "a file where another is": set_bytes(ENTRY, 42, b"\0\0\0\0"),
    "a wrong CRC": set_bytes(ENTRY, 16, b"\1\2\3\4"),
    "a password": set_bytes(ENTRY, 8, b"\x01\x08"),
    "strong encryption": set_bytes(ENTRY, 8, b"\x41\x08"),
    "a patch": set_bytes(ENTRY, 8, b"\x20\x08"),
    "Deflate64": set_bytes(ENTRY, 10, b"\x09\0"),
    "LZMA": set_bytes(ENTRY, 10, b"\x0e\0"),
    "Zstandard": set_bytes(ENTRY, 10, b"\x5d\0"),
    "an unknown method": set_bytes(ENTRY, 10, b"\xee\xee"),
    "a version to come": set_bytes(ENTRY, 6, b"\xff\0"),
    "a name that is no UTF-8": set_bytes(ENTRY, 46, b"\xff\xfe"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_an_archive_that_is_damaged_is_refused_in_one_sentence(wiped, send, damage, tmp_path):
    answer = send(damage(wiped))
    assert answer.status_code in (413, 422), answer.content
    assert answer.json()["detail"].endswith(".") and nothing_stays()
    assert not list(tmp_path.glob("staging/*"))


@pytest.mark.parametrize(
    ("damage", "says"),
    [("a password", "encrypted; pack it without a password"), ("Deflate64", "pack it as a usual zip file")],
)
def test_an_archive_that_was_packed_otherwise_says_how_to_pack_it(wiped, send, damage, says):
    assert says in send(DAMAGE[damage](wiped)).json()["detail"]


def of(table, **values):
    """A change that sets values in the first row of a table."""
    return lambda manifest: manifest["rows"][table][0].update(values)


def twice(table):
    return lambda manifest: manifest["rows"][table].append(manifest["rows"][table][0])


BAD = {
    "format": lambda m: m.update(format="something"),
    "no version": lambda m: m.pop("version"),
    "version of another type": lambda m: m.update(version=True),
    "newer": lambda m: m.update(version=2),
    "no rows": lambda m: m.pop("rows"),
    "rows are a list": lambda m: m.update(rows=[]),
    "files are a number": lambda m: m.update(files=5),
    "a file is a text": lambda m: m["files"].append("fr.mp3"),
    "a file twice": lambda m: m["files"].append(m["files"][0]),
    "a size below nothing": lambda m: m["files"][0].update(size=-1),
    "no hash": lambda m: m["files"][0].update(sha256=None),
    "a table too many": lambda m: m["rows"].update(auth_user=[]),
    "a table too few": lambda m: m["rows"].pop("univers_assets_prompts"),
    "a table is an object": lambda m: m["rows"].update(univers_assets={}),
    "a row is a list": lambda m: m["rows"]["univers_assets"].append([]),
    "a column too many": of("univers_assets", supabase_id=5),
    "a column too few": lambda m: m["rows"]["univers_assets"][0].pop("sort_order"),
    "no universe": lambda m: m["rows"]["univers"].clear(),
    "two universes": lambda m: m["rows"]["univers"].append(
        m["rows"]["univers"][0] | {"id": 99, "slug": "two"}
    ),
    "slug": of("univers", slug="../x"),
    "slug of another type": of("univers", slug=["winter"]),
    "name of another type": of("univers", name=5),
    "no name": of("univers", name=None),
    "a half character": of("univers", name="\ud800"),
    "a NUL": of("univers", name="a\0b"),
    "a public that is a text": of("univers", is_public="yes"),
    "an owner that is no id": of("univers", owner_id="me"),
    "a time that is none": of("univers", created_at="yesterday"),
    "a time of no place": of("univers", created_at="2026-01-01T00:00:00"),
    "a time before all": of("univers", created_at="0001-01-01T00:00:00+14:00"),
    "a language": of("univers_translations", language="tlh"),
    "a language of another type": of("univers_music_prompts", language=[]),
    "a card's file": of("univers_assets", image_name="../x.png"),
    "an order": of("univers_assets", sort_order=2**31),
    "an order that is true": of("univers_assets", sort_order=True),
    "an id that is none": of("univers_assets_prompts", id="five"),
    "an id in capitals": of("univers_assets_prompts", id="AAAAAAAA-0000-4000-8000-000000000000"),
    "no id": of("univers_assets", id=None),
    "a stranger's child": of("univers_assets_prompts", asset_id="aaaaaaaa-0000-4000-8000-000000000000"),
    # Ids begin with 1: any other number is this universe's own, some day.
    "another universe's": of("univers_music_prompts", univers_id=0),
    "a card twice": twice("univers_assets"),
    "a name twice": lambda m: m["rows"]["univers_translations"].append(
        m["rows"]["univers_translations"][0] | {"id": "aaaaaaaa-0000-4000-8000-000000000000"}
    ),
    "prompts twice": lambda m: m["rows"]["univers_assets_prompts"].append(
        m["rows"]["univers_assets_prompts"][0] | {"id": "aaaaaaaa-0000-4000-8000-000000000000"}
    ),
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD.keys())
def test_a_manifest_that_cannot_be_believed_is_refused_in_one_sentence(wiped, send, change):
    response = send(with_manifest(wiped, change))
    assert response.status_code == 422, response.content
    assert response.json()["detail"].endswith(".") and "archive" in response.json()["detail"].lower()
    assert nothing_stays()


def test_a_newer_archive_says_that_this_installation_is_old(wiped, send):
    assert "update this installation" in send(with_manifest(wiped, BAD["newer"])).json()["detail"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b"1" * 5000])
def test_a_manifest_that_is_no_json_object_is_refused(db, send, content):
    assert send(packed([("manifest.json", content)])).status_code == 422
    assert nothing_stays()
