"""What both sides must be able to take, under one set of tests: the same universe is brought to each of them.

Whichever side is the target, the other is filled directly, so that what arrives is read from nobody's memory.
"""

import uuid
from hashlib import md5

import pytest

from storage import bucket
from syncer.client import client
from syncer.local import LocalSide
from syncer.remote import RemoteSide
from syncer.remote_rows import Queries, find
from universes.models import Universe
from universes.rows import TABLES, UNIVERS

from .conftest import ok, post, wipe

pytestmark = pytest.mark.django_db

SLUG, UNIVERSE = "winter", 4711
KEPT = "2026-01-02T03:04:05+00:00"


class Here:
    """The local side: its tables and bucket."""

    path = "pull"

    def __init__(self, supabase, put_file):
        self.supabase, self.put_file = supabase, put_file

    def fill(self, rows, files):
        """Make this side hold just that."""
        wipe()
        for table in TABLES:
            made = [
                table.model(**{table.attribute(c): value for c, value in row.items()})
                for row in rows.get(table.name, [])
            ]
            table.model.objects.bulk_create(made)
        for name, content in files.items():
            self.put_file(SLUG, name, content)

    def read(self):
        return LocalSide(SLUG, Universe.objects.get(slug=SLUG)).snapshot

    def content(self, name):
        with bucket.bucket().open(f"{SLUG}/{name}") as source:
            return source.read()


class There:
    """The side over HTTP: Supabase's tables and bucket."""

    path = "push"

    def __init__(self, supabase, put_file, folder):
        self.supabase, self.folder = supabase, folder

    def fill(self, rows, files):
        client().delete("univers", [row["id"] for row in self.supabase.rows("univers")])
        client().remove(self.supabase.keys(SLUG))
        for table in TABLES:
            if rows.get(table.name):
                client().insert(table.name, rows[table.name])
        for name, content in files.items():
            (self.folder / "content").write_bytes(content)
            client().upload(self.folder / "content", f"{SLUG}/{name}")

    def read(self):
        tables = Queries(client())
        return RemoteSide(tables, SLUG, find(tables, SLUG)).snapshot

    def content(self, name):
        client().download(f"{SLUG}/{name}", self.folder / "came", self.read().files[name].size)
        return (self.folder / "came").read_bytes()


class Sides:
    """A source that is filled and a target that is looked at."""

    def __init__(self, api, source, target):
        self.api, self.source, self.target = api, source, target

    def bring(self, rows, files=(), **options):
        """Sync what is given to the target and check that it is there as it was given; the answer."""
        files = dict(files)
        self.source.fill(rows, files)
        answer = ok(post(self.api, f"{self.target.path}/{SLUG}", **options))
        found = self.target.read()
        assert {name: (f.size, f.md5) for name, f in found.files.items()} == {
            name: (len(content), md5(content, usedforsecurity=False).hexdigest())
            for name, content in files.items()
        }
        for table in TABLES:
            assert comparable(table, found.rows[table.name]) == comparable(table, rows.get(table.name, []))
        return answer


@pytest.fixture(params=["here", "there"])
def sides(request, api, supabase, put_file, tmp_path):
    here, there = Here(supabase, put_file), There(supabase, put_file, tmp_path)
    return Sides(api, *((there, here) if request.param == "here" else (here, there)))


def comparable(table, rows):
    """The rows by id, without what is one side's own: a universe's id, and times that an update may set."""
    own = {"univers_id", "updated_at"} | ({"id"} if table is UNIVERS else set())
    plain = [{column: row[column] for column in row.keys() - own} for row in rows]
    return sorted(plain, key=lambda row: str(row.get("id")))


def key(number):
    return str(uuid.UUID(int=number))


def one(table, number, **fields):
    """A row with NULL in all columns but the given ones."""
    parent = {"univers_id": UNIVERSE, "asset_id": key(1)}
    return dict.fromkeys(table.columns) | {"id": key(number), table.parent: parent[table.parent]} | fields


def universe(**fields):
    given = {"id": UNIVERSE, "slug": SLUG, "name": "Winter", "is_public": True}
    return dict.fromkeys(UNIVERS.columns) | {"created_at": KEPT, "updated_at": KEPT} | given | fields


PROMPTS, TITLES, SONGS, CARDS, CARD_PROMPTS, WORDS = TABLES[1:]
# Postgres and Django fill these when they are left out, and no row lacks them.
WHOLE = {
    PROMPTS.name: {"created_at": KEPT},
    SONGS.name: {"created_at": KEPT, "language": "fr"},
    TITLES.name: {"language": "fr"},
    CARDS.name: {"created_at": KEPT, "updated_at": KEPT, "image_name": "00_fox.png"},
    WORDS.name: {"language": "fr"},
}


def rows(**fields):
    """A universe with one row in each table; `fields` by table name change them."""
    made = {table.name: [one(table, 1, **WHOLE.get(table.name, {}))] for table in TABLES[1:]}
    made = {name: [row | fields.get(name, {}) for row in some] for name, some in made.items()}
    return {UNIVERS.name: [universe(**fields.get(UNIVERS.name, {}))], **made}


def cards(*names):
    return [
        one(CARDS, n, **WHOLE[CARDS.name] | {"image_name": name, "display_name": name})
        for n, name in enumerate(names, 1)
    ]


def test_a_universe_with_a_row_in_each_table_and_files(sides):
    given = rows(
        univers={"background_color": "#1a1a2e", "thumbnail_url": "/t.jpg"},
        univers_assets={"display_name": "Fox", "sort_order": 3},
        univers_assets_prompts={
            "custom_image_prompt": "one fox",
            "generation_count": 2,
            "last_generated_at": KEPT,
        },
        univers_music_prompts={"prompt": "a lullaby", "lyrics": "Il neige,\nil neige"},
    )
    sides.bring(
        given, {"00_fox.png": b"fox", "00_fox.mp4": b"clip", "fr.mp3": b"song", "thumbnail.jpg": b"t"}
    )
    assert sides.target.content("00_fox.mp4") == b"clip"


def test_rows_with_null_in_whatever_may_be_null(sides):
    sides.bring(rows(univers_assets_prompts={"generation_count": 1}))


def test_texts_of_any_kind_and_length(sides):
    lyrics = "雪が降る。\n" * 1500
    assert len(lyrics.encode()) > 10_000
    sides.bring(
        rows(
            univers={"name": "冬 ❄️"},
            univers_music_prompts={"prompt": "", "lyrics": lyrics},
            univers_assets={"display_name": 'a "quoted" \\ one, 100%'},
            univers_assets_translations={"display_name": "L'été\tà la plage"},
        )
    )


# Characters that are stripped from names that people type: a sync keeps them.
ODD = (
    "\ufeffa\u200b b\u2060\u200e\u202e c\u200d\u200c \x01\x1b\x7f\x85 e\u0301 \xe9 "
    "👨\u200d👩\u200d👧 ❄\ufe0f\r\n\rend\t "
)


def test_invisible_and_control_characters_line_ends_and_marks_come_as_they_are(sides):
    given = {
        "univers": {"name": ODD, "thumbnail_url": ODD, "background_color": ODD},
        "univers_prompts": {"default_image_prompt": ODD},
        "univers_translations": {"name": ODD},
        "univers_music_prompts": {"prompt": ODD, "lyrics": ODD},
        "univers_assets": {"display_name": ODD},
        "univers_assets_prompts": {"custom_image_prompt": ODD, "generation_count": 1},
        "univers_assets_translations": {"display_name": ODD},
    }
    sides.bring(rows(**given))
    # Neither is one that differs in just these the same.
    given["univers_assets"]["display_name"] = ODD.replace("\u200b", "")
    sides.bring(rows(**given))
    for path in ("push", "pull"):
        assert ok(post(sides.api, f"{path}/{SLUG}"))["synced_items"] == 0


def test_a_file_of_no_bytes(sides):
    sides.bring(rows(), {"00_fox.png": b"", "fr.mp3": b"x"})
    assert sides.target.content("00_fox.png") == b""


def test_a_file_larger_than_what_is_sent_at_once(sides):
    content = bytes(range(256)) * 20_000
    sides.bring(rows(), {"00_fox.mp4": content})
    assert sides.target.content("00_fox.mp4") == content


def test_files_whose_etag_is_not_their_md5(sides, supabase):
    supabase.sandbox.settings(part_size=1000)
    files = {"00_fox.png": b"fox" * 1000, "00_fox.mp4": b"clip"}
    sides.bring(rows(), files)
    assert sides.target.content("00_fox.png") == files["00_fox.png"]
    for path in ("push", "pull"):
        assert ok(post(sides.api, f"{path}/{SLUG}"))["synced_items"] == 0
    sides.bring(rows(), files | {"00_fox.png": b"xof" * 1000})


def test_many_cards_and_files(sides):
    names = [f"{n:04}_card.png" for n in range(1300)]
    given = {UNIVERS.name: [universe()], CARDS.name: cards(*names)}
    sides.bring(given, {name: name.encode() for name in names[:250]})


def test_rows_and_files_that_change_come_and_go(sides):
    before = rows(univers_assets={"display_name": "Fox"})
    sides.bring(before, {"00_fox.png": b"fox", "fr.mp3": b"song", "thumbnail.jpg": b"one"})
    after = rows(univers={"name": "Deep winter"}, univers_assets={"display_name": None, "sort_order": 9})
    after[TITLES.name] = [one(TITLES, 2, language="de", name="Winter")]
    after[CARDS.name] += cards("00_fox.png", "01_moon.png")[1:]
    after[PROMPTS.name] = []
    answer = sides.bring(after, {"00_fox.png": b"xof", "01_moon.png": b"moon", "thumbnail.jpg": b"one"})
    # The universe, the card, the new card and title, the old title and prompts; two files come and one goes.
    assert answer["synced_items"] == 6 + 3


def test_a_card_that_goes_takes_what_is_below_it(sides):
    sides.bring(rows(), {"00_fox.png": b"fox"})
    sides.bring({UNIVERS.name: [universe()]})


def test_nothing_is_written_when_nothing_differs(sides, supabase):
    given, files = rows(), {"00_fox.png": b"fox"}
    sides.bring(given, files)
    sides.source.fill(given, files)
    before = sides.target.read(), supabase.written()
    assert ok(post(sides.api, f"{sides.target.path}/{SLUG}"))["synced_items"] == 0
    assert (sides.target.read(), supabase.written()) == before


def test_what_only_the_target_knows_survives(sides, supabase):
    supabase.sandbox.settings(
        extra_columns={"univers": {"mood": "text"}, "univers_assets": {"likes": "integer"}}
    )
    sides.bring(rows())
    known = only_known(sides.target, {"mood": "calm", "likes": 3})
    sides.bring(rows(univers={"name": "Deep winter"}, univers_assets={"display_name": "Fox"}))
    assert only_known(sides.target) == known


def only_known(side, values=None):
    """What the other side has no column for: columns of Supabase's own; our id, and who wrote a card last."""
    if isinstance(side, Here):
        return Universe.objects.get(slug=SLUG).pk
    (row,), (card,) = (side.supabase.rows(name) for name in ("univers", "univers_assets"))
    if values:
        client().update("univers", row["id"], {"mood": values["mood"]})
        client().update("univers_assets", card["id"], {"likes": values["likes"]})
        return values
    return {"mood": row["mood"], "likes": card["likes"]}
