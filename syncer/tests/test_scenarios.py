"""Awkward cases as folders: what is on both sides before, and the plan that must come of it.

`scenarios/<name>/`: `source.json` and `target.json` are snapshots, `plan.json` is the plan with its direction, and
in `refused` what is said when it takes too much away.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from syncer.plan import CREATE, DELETE, PULL, build
from syncer.sides import File, Snapshot, mirrorable
from universes.rows import TABLES, UNIVERS

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
    assert plan.needs_force() == expected.pop("refused")
    found = json.loads(json.dumps(plan.to_dict()))
    assert {key: found[key] for key in expected} == expected
    again = build(*applied(plan, source, target), plan.direction)
    assert again.is_empty, again.to_dict()
