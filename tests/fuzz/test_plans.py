"""Whatever two sides hold: what a plan says makes them equal, and a second one finds nothing to do."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from syncer.plan import CREATE, DELETE, PULL, PUSH, UPDATE, build
from syncer.sides import OUR_NAMES, TIMESTAMPS, File, Snapshot
from universes.rows import TABLES

ASSETS, WORDS, ASSET_PROMPTS = "univers_assets", "univers_assets_translations", "univers_assets_prompts"
NAMES = st.sampled_from(["snow", "ice", "Père Noël", None])
TIMES = st.sampled_from(["2026-01-01T00:00:00Z", "2026-02-02T00:00:00Z"])
FILES = ["00_a.png", "00_a.mp4", "01_b.png", "thumbnail.jpg", "fr.mp3", "notes.txt"]


def some(pool):
    return st.lists(st.sampled_from(pool), unique=True, max_size=len(pool))


@st.composite
def snapshots(draw, universe_id):
    """One side: every id and natural key once, as `tidy` leaves them; ids and names overlap with the other's."""
    rows = {"univers": [{"id": universe_id, "slug": "winter", "name": draw(NAMES), "is_public": True}]}
    pictures = draw(some(["00_a.png", "01_b.png", "02_c.png", "03_d.png"]))
    ids = draw(st.permutations(["c1", "c2", "c3", "c4", "c5"]))
    rows[ASSETS] = [
        {"id": key, "univers_id": universe_id, "image_name": name, "sort_order": draw(st.integers(0, 3)),
         "display_name": draw(NAMES), "updated_at": draw(TIMES)}
        for key, name in zip(ids, pictures, strict=False)
    ]  # fmt: skip
    rows[WORDS] = draw(words([row["id"] for row in rows[ASSETS]]))
    owners = draw(some(["c1", "c2", "c3", "c4", "c5"]))
    rows[ASSET_PROMPTS] = [
        {"id": f"{draw(st.sampled_from('pq'))}{key}", "asset_id": key, "custom_image_prompt": draw(NAMES)}
        for key in owners
        if key in {row["id"] for row in rows[ASSETS]}
    ]
    for table, column in (("univers_translations", "name"), ("univers_music_prompts", "lyrics")):
        keys = draw(st.permutations(["k1", "k2", "k3", "k4"]))
        rows[table] = [
            {"id": key, "univers_id": universe_id, "language": language, column: draw(NAMES)}
            for key, language in zip(keys, draw(some(["fr", "en", "de"])), strict=False)
        ]
    files = {name: File(name, 1, sha256=draw(st.sampled_from("ab"))) for name in draw(some(FILES))}
    return Snapshot("winter", rows, files)


@st.composite
def words(draw, cards):
    keys = iter(draw(st.permutations([f"w{n}" for n in range(12)])))
    return [
        {"id": next(keys), "asset_id": card, "language": language, "display_name": draw(NAMES)}
        for card in cards
        for language in draw(some(["fr", "en"]))
    ]


def rekeyed(rows, ids):
    """The rows of one side with the ids that they take over, in the rows that name them, too."""
    return {
        table: [_renamed(row, ids.get(table, {}), ids.get(ASSETS, {})) for row in found]
        for table, found in rows.items()
    }


def _renamed(row, own, cards):
    owner = {"asset_id": cards.get(row["asset_id"], row["asset_id"])} if "asset_id" in row else {}
    return {**row, "id": own.get(row["id"], row["id"]), **owner}


def changed(snapshot, plan):
    """The target as the plan leaves it."""
    rows = {name: {row["id"]: row for row in found} for name, found in snapshot.rows.items()}
    for change in plan.rows:
        table = rows.setdefault(change.table, {})
        if change.action == CREATE:
            assert change.id not in table
            table[change.id] = change.row
        elif change.action == UPDATE:
            table[change.id] = {**table[change.id], **change.values}
        else:
            del table[change.id]
    files = {**snapshot.files}
    for change in plan.files:
        if change.action == DELETE:
            del files[change.name]
        else:
            files[change.name] = change.file
    return replace(snapshot, rows={name: list(found.values()) for name, found in rows.items()}, files=files)


def applied(source, target, direction):
    plan = build(source, target, direction)
    if direction == PULL:
        target = replace(target, rows=rekeyed(target.rows, plan.rekeys))
    else:
        source = replace(source, rows=rekeyed(source.rows, plan.rekeys))
    return source, changed(target, plan)


def told(snapshot):
    """What a snapshot holds, without what no two sides agree on: `{table: {natural key: content}}`."""
    cards = {row["id"]: row["image_name"] for row in snapshot.cards}
    silent = {"id", "univers_id", *TIMESTAMPS}
    found = {}
    for table in TABLES:
        for row in snapshot.rows.get(table.name, []):
            owner = cards[row["asset_id"]] if "asset_id" in row else ""
            key = (table.name, owner, *(row.get(column) for column in table.natural))
            assert key not in found
            found[key] = {c: v for c, v in row.items() if c not in silent | {"asset_id"}}
    return found


def ours(snapshot):
    pictures = {row["image_name"] for row in snapshot.cards}
    names = OUR_NAMES | pictures | {name.replace(".png", ".mp4") for name in pictures}
    return {name: file.sha256 for name, file in snapshot.files.items() if name in names}


@given(snapshots(1), snapshots(99), st.sampled_from([PUSH, PULL]))
def test_what_is_planned_makes_both_sides_equal(source, target, direction):
    source, target = applied(source, target, direction)
    assert told(source) == told(target)
    assert ours(source) == {name: sha for name, sha in ours(target).items() if name in ours(source)}


@given(snapshots(1), snapshots(99), st.sampled_from([PUSH, PULL]))
def test_a_second_plan_is_empty(source, target, direction):
    source, target = applied(source, target, direction)
    again = build(source, target, direction)
    assert again.is_empty, again.to_dict()


@given(snapshots(1), st.sampled_from([PUSH, PULL]))
def test_nothing_differs_from_itself(snapshot, direction):
    assert build(snapshot, snapshot, direction).is_empty
