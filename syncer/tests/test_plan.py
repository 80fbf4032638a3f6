"""The plan: hand-made cases, and awkward ones as folders of `scenarios/`."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from django.utils import translation

from syncer.plan import CREATE, DELETE, PULL, PUSH, build
from syncer.sides import File, Snapshot, digest, mirrorable
from universes.rows import TABLES, UNIVERS

# --- What a plan says of two snapshots, without a database or a server


ASSET, PROMPTS, NAMES = "univers_assets", "univers_assets_prompts", "univers_assets_translations"


def universe(number=1, **fields):
    return {"id": number, "slug": "winter", "name": "Winter", "is_public": True, "owner_id": None, **fields}


def card(key, name=None, **fields):
    return {"id": key, "univers_id": 1, "image_name": name or f"00_{key}.png", "display_name": key, **fields}


def word(key, parent, language, name="x"):
    return {"id": key, "asset_id": parent, "language": language, "display_name": name}


def file(name, content="a", size=1):
    return File(name, size, md5=content, sha256=content)


def snapshot(*files, row=None, missing=(), **tables):
    rows = {"univers": [row or universe()], **tables}
    return Snapshot("winter", rows, {f.name: f for f in files}, missing=frozenset(missing))


def planned(source, target, direction=PUSH):
    """`[(table or file, action, id, fields)]`"""
    plan = build(source, target, direction)
    rows = [(change.table, change.action, change.id, change.fields) for change in plan.rows]
    return rows + [("file", change.action, change.name, change.reason) for change in plan.files]


MANY = [card(f"c{n}") for n in range(4)]

CASES = {
    "equal": (snapshot(file("00_a.png")), snapshot(file("00_a.png")), []),
    "universe ids and times differ": (
        snapshot(row=universe(1, updated_at="2026")),
        snapshot(row=universe(99, updated_at="2020")),
        [],
    ),
    "a changed field": (
        snapshot(row=universe(1, name="Snow")),
        snapshot(row=universe(99)),
        [("univers", "update", 99, {"name": ("Winter", "Snow")})],
    ),
    "a field emptied": (
        snapshot(univers_assets=[card("a", display_name=None)]),
        snapshot(univers_assets=[card("a")]),
        [(ASSET, "update", "a", {"display_name": ("a", None)})],
    ),
    "a column that one side lacks": (
        snapshot(row=universe(1, background_color="#fff")),
        snapshot(row=universe(2)),
        [],
    ),
    "a new card with a word": (
        snapshot(univers_assets=[card("a")], univers_assets_translations=[word("w", "a", "fr")]),
        snapshot(),
        [(ASSET, "create", "a", {}), (NAMES, "create", "w", {})],
    ),
    "a card that is gone": (
        snapshot(),
        snapshot(univers_assets=[card("a")], univers_assets_translations=[word("w", "a", "fr")]),
        [(ASSET, "delete", "a", {}), (NAMES, "delete", "w", {})],
    ),
    "the same card under another id": (
        snapshot(univers_assets=[card("a", "00_x.png")]),
        snapshot(univers_assets=[card("b", "00_x.png")]),
        [(ASSET, "update", "b", {"display_name": ("b", "a")})],
    ),
    "its words go with it": (
        snapshot(
            univers_assets=[card("a", "00_x.png", display_name="x")],
            univers_assets_translations=[word("w", "a", "fr", "new")],
        ),
        snapshot(
            univers_assets=[card("b", "00_x.png", display_name="x")],
            univers_assets_translations=[word("v", "b", "fr", "old")],
        ),
        [(NAMES, "update", "v", {"display_name": ("old", "new")})],
    ),
    "an id before a name": (
        snapshot(univers_assets=[card("a", "00_x.png", display_name="x")]),
        snapshot(
            univers_assets=[
                card("a", "00_y.png", display_name="x"),
                card("b", "00_x.png", display_name="x"),
            ]
        ),
        [(ASSET, "update", "a", {"image_name": ("00_y.png", "00_x.png")}), (ASSET, "delete", "b", {})],
    ),
    "a file of another size": (
        snapshot(file("00_a.png", size=2)),
        snapshot(file("00_a.png")),
        [("file", "update", "00_a.png", "size 1 to 2")],
    ),
    "a file of other bytes": (
        snapshot(file("00_a.png", "b")),
        snapshot(file("00_a.png", "a")),
        [("file", "update", "00_a.png", "content")],
    ),
    "a file whose bytes nobody knows": (
        snapshot(file("00_a.png")),
        snapshot(File("00_a.png", 1, etag="x-2")),
        [("file", "update", "00_a.png", "content not known to be the same")],
    ),
    "files of ours that are gone": (
        snapshot(),
        snapshot(file("00_a.mp4"), file("fr.mp3"), file("thumbnail.jpg")),
        [
            ("file", "delete", name, "gone on the other side")
            for name in ("00_a.mp4", "fr.mp3", "thumbnail.jpg")
        ],
    ),
    "files that are not ours": (snapshot(file("notes.txt")), snapshot(file("pt.mp3")), []),
    "an odd name that a card has": (
        snapshot(),
        snapshot(file("snow.png"), univers_assets=[card("a", "snow.png")]),
        [(ASSET, "delete", "a", {}), ("file", "delete", "snow.png", "gone on the other side")],
    ),
    "a table that is missing over there": (
        snapshot(univers_assets_translations=[word("w", "a", "fr")], univers_assets=[card("a")]),
        snapshot(univers_assets=[card("a")], missing=[NAMES]),
        [],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_planned(name):
    source, target, expected = CASES[name]
    assert planned(source, target) == expected


def test_an_owner_is_left_alone_by_a_push_and_brought_by_a_pull():
    here, there = snapshot(), snapshot(row=universe(9, owner_id="someone"))
    assert planned(here, there) == []
    assert planned(there, here, PULL) == [("univers", "update", 1, {"owner_id": (None, "someone")})]


def test_ids_are_supabases_whichever_way_it_goes():
    here = snapshot(
        univers_assets=[card("a", "00_x.png", display_name="x")],
        univers_assets_translations=[word("w", "a", "fr")],
    )
    there = snapshot(
        univers_assets=[card("b", "00_x.png", display_name="x")],
        univers_assets_translations=[word("v", "b", "fr")],
    )
    for plan in (build(here, there, PUSH), build(there, here, PULL)):
        assert plan.rows == []
        assert plan.rekeys == {ASSET: {"a": "b"}, NAMES: {"w": "v"}}
        assert not plan.is_empty


def test_what_is_new_names_its_parents_as_the_target_does():
    here = snapshot(
        univers_assets=[card("a", "00_x.png", display_name="x")],
        univers_assets_translations=[word("w", "a", "fr")],
    )
    there = snapshot(row=universe(9), univers_assets=[card("b", "00_x.png", display_name="x", univers_id=9)])
    (change,) = build(here, there, PUSH).rows
    assert change.row["asset_id"] == "b"


@pytest.mark.parametrize(
    ("left", "total", "refused"),
    [(0, 3, False), (1, 3, False), (0, 4, True), (1, 4, True), (2, 4, False), (3, 4, False), (2, 5, True)],
)
def test_taking_away_more_than_half_of_four_or_more(left, total, refused):
    cards = [card(f"c{n}") for n in range(total)]
    files = [file(f"0{n}_c.png") for n in range(total)]
    by_cards = build(snapshot(univers_assets=cards[:left]), snapshot(univers_assets=cards), PUSH)
    by_files = build(snapshot(*files[:left]), snapshot(*files), PULL)
    assert bool(by_cards.needs_force()) is refused
    assert bool(by_files.needs_force()) is refused
    if refused:
        assert f"{total - left} of {total} cards in Supabase" in str(by_cards.needs_force())
        assert f"{total - left} of {total} files here" in str(by_files.needs_force())


def test_a_refusal_is_said_in_the_readers_language():
    here, there = (
        snapshot(),
        snapshot(*[file(f"0{n}_c.png") for n in range(4)], univers_assets=[card(f"c{n}") for n in range(5)]),
    )
    refusal = build(here, there, PUSH).needs_force()
    assert "5 of 5 cards and 4 of 4 files in Supabase" in str(refusal)
    with translation.override("fr"):
        assert "5 cartes sur 5 et 4 fichiers sur 4 dans Supabase" in str(refusal)


def test_a_push_of_a_private_universe_says_who_can_see_its_media():
    hidden = snapshot(file("00_a.png"), row=universe(is_public=False))
    assert build(hidden, Snapshot("winter"), PUSH).reports == [
        "'winter' is private, but whoever knows the address of one of its files in Supabase can open it."
    ]
    assert build(hidden, hidden, PUSH).reports == []


def test_a_push_that_makes_a_published_universe_private_says_so_too():
    hidden = snapshot(row=universe(is_public=False))
    plan = build(hidden, snapshot(), PUSH)
    assert plan.becomes_private and "'winter' is private" in plan.exposure()


def test_no_other_plan_speaks_of_private_files():
    hidden = snapshot(row=universe(is_public=False))
    plans = (
        build(hidden, Snapshot("winter"), PULL),
        build(snapshot(), Snapshot("winter"), PUSH),
        build(snapshot(), hidden, PUSH),
    )
    assert [plan.exposure() for plan in plans] == ["", "", ""]


def test_a_plan_as_json():
    plan = build(snapshot(file("00_a.png"), row=universe(name="Snow")), snapshot(), PUSH).to_dict()
    assert plan["counts"] == {
        "rows": {"create": 0, "update": 1, "delete": 0, "same": 0},
        "files": {"create": 1, "update": 0, "delete": 0, "same": 0},
    }
    assert plan["rows"][0]["fields"] == {"name": {"old": "Winter", "new": "Snow"}}
    assert plan["files"] == [{"name": "00_a.png", "action": "create", "size": 1, "reason": "new"}]
    assert plan["empty"] is False


class TestTidy:
    def test_what_can_not_be_mirrored_is_left_out_and_said(self):
        rows = {
            "univers": [universe()],
            "univers_translations": [{"id": "t", "univers_id": 1, "language": "pt", "name": "x"}],
            ASSET: [card("good"), card("none") | {"image_name": None}, card("bad", "../x.png")],
            NAMES: [word("w", "bad", "fr"), word("v", "good", "fr")],
        }
        kept, reports = mirrorable("winter", rows)
        assert kept["univers_translations"] == []
        assert [row["id"] for row in kept[ASSET]] == ["good"]
        assert [row["id"] for row in kept[NAMES]] == ["v"]
        assert len(reports) == 4

    def test_the_greatest_of_doubled_ids_wins(self):
        rows = {"univers": [universe()], ASSET: [card("b", "00_x.png"), card("a", "00_x.png")]}
        kept, reports = mirrorable("winter", rows)
        assert [row["id"] for row in kept[ASSET]] == ["b"]
        assert "a is left alone" in reports[0]


def test_a_digest_minds_content_alone():
    one = snapshot(file("00_a.png"), univers_assets=[card("a", "00_x.png", display_name="x")])
    same = snapshot(
        file("00_a.png"),
        row=universe(7, updated_at="now"),
        univers_assets=[card("b", "00_x.png", display_name="x")],
    )
    other = snapshot(file("00_a.png", "b"), univers_assets=[card("a", "00_x.png", display_name="x")])
    assert digest(one, same) == digest(same, one) != digest(other, one)


def test_a_digest_leaves_out_what_one_side_does_not_have():
    here, there = snapshot(univers_assets=MANY), snapshot(missing=[ASSET])
    assert digest(here, there) == digest(there, here)
    mood = snapshot(row=universe(mood="calm"))
    plain = replace(snapshot(), lacking={"univers": frozenset({"mood"})})
    assert digest(mood, plain) == digest(plain, mood)


class TestLeftAlone:
    """Rows of which nothing can be made: they are there, whatever is done to the rest."""

    source = replace(
        snapshot(univers_assets=[card("b")]),
        ignored={ASSET: {"a": card("a", "../x.png")}, NAMES: {"w": word("w", "a", "fr")}},
    )
    target = snapshot(
        file("00_a.png"),
        file("00_b.png"),
        univers_assets=[card("a"), card("b")],
        **{NAMES: [word("w", "a", "fr"), word("v", "b", "fr")]},
    )

    def test_what_the_source_leaves_alone_is_not_gone(self):
        assert planned(self.source, self.target, PULL) == [
            (NAMES, "delete", "v", {}),
            ("file", "delete", "00_b.png", "gone on the other side"),
        ]

    def test_what_the_target_leaves_alone_is_mended(self):
        mended = {"image_name": ("../x.png", "00_a.png")}
        assert planned(replace(self.target, files={}), self.source, PUSH) == [
            (ASSET, "update", "a", mended),
            (NAMES, "create", "v", {}),
        ]


# --- Awkward cases as folders: what is on both sides before, and the plan that must come of it


SCENARIOS = sorted(path for path in (Path(__file__).parent / "scenarios").iterdir() if path.is_dir())
NEW_ID = 99


def load(path):
    """A snapshot as a side would give it: without what can't be mirrored."""
    given = json.loads(path.read_text("utf-8"))
    rows, reports = mirrorable(given["slug"], given["rows"]) if given["rows"] else ({}, [])
    files = {name: File(name, **about) for name, about in given["files"].items()}
    lacking = {table: frozenset(columns) for table, columns in given.get("lacking", {}).items()}
    missing = frozenset(given.get("missing", []))
    return Snapshot(given["slug"], rows, files, tuple(reports), missing, lacking)


def renamed(snapshot, ids):
    """The snapshot with other ids, `{table: {old: new}}`; children follow their cards."""
    cards = ids.get("univers_assets", {})

    def rename(table, row):
        moved = {"asset_id": cards.get(row["asset_id"], row["asset_id"])} if "asset_id" in row else {}
        return {**row, **moved, "id": ids.get(table, {}).get(row["id"], row["id"])}

    rows = {table: [rename(table, row) for row in rows] for table, rows in snapshot.rows.items()}
    return replace(snapshot, rows=rows)


def applied(plan, source, target):
    """Both snapshots as they are once the plan is carried out."""
    if plan.direction == PULL:
        target = renamed(target, plan.rekeys)
    else:
        source = renamed(source, plan.rekeys)
    came = {change.name: _known(change.file) for change in plan.files if change.action != DELETE}
    gone = {change.name for change in plan.files if change.action == DELETE}
    files = {name: file for name, file in (target.files | came).items() if name not in gone}
    source = replace(source, files=source.files | came)
    return source, replace(target, rows=_rows_after(plan, target), files=files)


def _known(file):
    """A file that was moved is known on both sides, whatever its ETag tells."""
    return file if file.md5 else replace(file, md5=f"md5 of {file.name}")


def _rows_after(plan, target):
    rows = {table.name: {row["id"]: row for row in target.rows.get(table.name, [])} for table in TABLES}
    for change in plan.rows:
        if change.action == DELETE:
            del rows[change.table][change.id]
        elif change.action == CREATE:
            assert change.id not in rows[change.table]
            rows[change.table][change.id] = _with_universe_id(change)
        else:
            rows[change.table][change.id] |= change.values
    return {table: list(found.values()) for table, found in rows.items()}


def _with_universe_id(change):
    """A new universe gets its id when it is written, and its children with it."""
    column = "id" if change.table == UNIVERS.name else "univers_id"
    return {**change.row, column: NEW_ID} if change.row.get(column, NEW_ID) is None else change.row


@pytest.mark.parametrize("folder", SCENARIOS, ids=lambda folder: folder.name)
def test_the_plan_is_the_expected_one_and_leaves_nothing_to_do(folder):
    source, target = load(folder / "source.json"), load(folder / "target.json")
    expected = json.loads((folder / "plan.json").read_text("utf-8"))
    plan = build(source, target, expected.pop("direction"))
    assert str(plan.needs_force()) == expected.pop("refused")
    found = json.loads(json.dumps(plan.to_dict()))
    assert {key: found[key] for key in expected} == expected
    again = build(*applied(plan, source, target), plan.direction)
    assert again.is_empty, again.to_dict()
