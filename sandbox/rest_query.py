"""Reads PostgREST's query strings.

Source: https://docs.postgrest.org/en/v14/references/api/tables_views.html
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.rest_errors import RestError, not_embedded, unknown_column, unparsable
from sandbox.rest_schema import Table, to_stored

WRITTEN = {"select", "on_conflict", "columns"}
WINDOW = {"order", "limit", "offset"}
JOINTS = ("and", "or")
COMPARISONS = {"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
TRUTHS = {"null": "NULL", "true": "1", "false": "0", "unknown": "NULL"}

Condition = tuple[str, list[Any]]
Join = Callable[[str], tuple[Table, str, str]]


@dataclass(frozen=True)
class Item:
    """A column of a select list, or an embedded table when ``items`` is set.

    ``inner``: rows for which the embedded table has none are left out.
    """

    name: str
    alias: str
    cast: str | None = None
    items: tuple["Item", ...] | None = None
    inner: bool = False

    @property
    def is_count(self) -> bool:
        """Whether only the number of an embedded table's rows is asked: ``assets(count)``."""
        return self.items is not None and [item.name for item in self.items] == ["count"]


@dataclass
class Narrowing:
    """Filters, order, limit and offset of a table, and those of the tables embedded in it, by alias."""

    filters: list[tuple[str, str]] = field(default_factory=list)
    window: dict[str, str] = field(default_factory=dict)
    embedded: dict[str, "Narrowing"] = field(default_factory=dict)

    def of(self, alias: str) -> "Narrowing":
        return self.embedded.get(alias, Narrowing())


def parse_narrowing(pairs: Iterable[tuple[str, str]], items: tuple[Item, ...]) -> Narrowing:
    """Filters, order and limits of a query string and its embedded tables. RestError for one that is not embedded."""
    narrowing = Narrowing()
    for name, value in pairs:
        if name not in WRITTEN:
            _narrow(narrowing, name, value, items)
    return narrowing


def _narrow(narrowing: Narrowing, name: str, value: str, items: tuple[Item, ...]) -> None:
    first, dot, rest = name.partition(".")
    if dot and first != "not":
        item = next((item for item in items if item.alias == first and item.items is not None), None)
        if item is None:
            raise not_embedded(first)
        _narrow(narrowing.embedded.setdefault(first, Narrowing()), rest, value, item.items or ())
    elif name in WINDOW:
        narrowing.window[name] = value
    else:
        narrowing.filters.append((name, value))


def split_outside(text: str) -> list[str]:
    """Splits at commas that stand outside parentheses and double quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for at, char in enumerate(text):
        if char == '"' and text[at - 1 : at] != "\\":
            quoted = not quoted
        elif not quoted:
            depth += (char == "(") - (char == ")")
            if char == "," and depth == 0:
                parts.append(text[start:at])
                start = at + 1
    return [*parts, text[start:]]


def parse_select(text: str) -> tuple[Item, ...]:
    return tuple(_parse_item(part.strip()) for part in split_outside(text) if part.strip())


def _parse_item(text: str) -> Item:
    pattern = r"(?:([^:()]+):(?!:))?([\w*-]+)((?:!\w+)*)(?:::(\w+))?(?:\((.*)\))?"
    found = re.fullmatch(pattern, text, re.DOTALL)
    if not found:
        raise unparsable("select parameter", text)
    alias, name, hints, cast, inside = found.groups()
    if name == "count" and inside == "":
        inside = None
    items = None if inside is None else parse_select(inside or "*")
    return Item(name, alias or name, cast, items, "inner" in hints.split("!"))


def parse_presence(text: str) -> str:
    """``EXISTS`` or ``NOT EXISTS``: a row must have one of the embedded table, or none."""
    if text not in ("is.null", "not.is.null"):
        raise unparsable("filter", text)
    return "NOT EXISTS" if text == "is.null" else "EXISTS"


def parse_where(table: Table, pairs: Iterable[tuple[str, str]]) -> Condition:
    """Filters as SQL; an empty text without any."""
    conditions = [_condition(table, name, value) for name, value in pairs]
    return " AND ".join(sql for sql, _ in conditions), [value for _, values in conditions for value in values]


def _condition(table: Table, name: str, text: str) -> Condition:
    negated, bare = name.startswith("not."), name.removeprefix("not.")
    if bare in JOINTS:
        sql, values = _group(table, bare, text)
    else:
        negated = text.startswith("not.")
        sql, values = _comparison(table, name, text.removeprefix("not."))
    return (f"NOT ({sql})" if negated else f"({sql})"), values


def _group(table: Table, joint: str, text: str) -> Condition:
    """``(a.eq.1,not.b.is.null,and(c.gt.2,d.lt.3))``"""
    if not (text.startswith("(") and text.endswith(")")):
        raise unparsable("logic tree", text)
    conditions = []
    for part in split_outside(text[1:-1]):
        if found := re.fullmatch(r"((?:not\.)?(?:and|or))(\(.*\))", part, re.DOTALL):
            conditions.append(_condition(table, found[1], found[2]))
        else:
            negated = part.startswith("not.")
            column, _, rest = part.removeprefix("not.").partition(".")
            conditions.append(_condition(table, column, f"not.{rest}" if negated else rest))
    sql = f" {joint.upper()} ".join(sql for sql, _ in conditions)
    return sql, [value for _, values in conditions for value in values]


def _comparison(table: Table, name: str, text: str) -> Condition:
    if name not in table.columns:
        raise unknown_column(table.name, name)
    column = table.columns[name]
    operator, dot, value = text.partition(".")
    if dot and operator in COMPARISONS:
        return f"{name} {COMPARISONS[operator]} ?", [to_stored(value, column)]
    if dot and operator == "in":
        wanted = _listed(value)
        return f"{name} IN ({', '.join('?' * len(wanted))})", [to_stored(item, column) for item in wanted]
    if dot and operator == "is" and value.lower() in (*TRUTHS, "not_null"):
        return (
            (f"{name} IS NOT NULL", []) if value == "not_null" else (f"{name} IS {TRUTHS[value.lower()]}", [])
        )
    if dot and operator in ("like", "ilike") and column.kind == "text":
        return _likeness(name, operator, value.replace("*", "%"))
    raise unparsable("filter", text)


def _likeness(name: str, operator: str, pattern: str) -> Condition:
    if operator == "like":
        return f"{name} LIKE ? ESCAPE '\\'", [pattern]
    return f"folded({name}) LIKE folded(?) ESCAPE '\\'", [pattern]


def _listed(text: str) -> list[str]:
    if not (text.startswith("(") and text.endswith(")")):
        raise unparsable("filter", f"in.{text}")
    parts = [part for part in split_outside(text[1:-1]) if part]
    return [re.sub(r"\\(.)", r"\1", part[1:-1]) if part[:1] == '"' else part for part in parts]


def parse_order(table: Table, text: str | None, join: Join) -> str:
    """The ORDER BY clause; rows come in the order of their creation when nothing is asked.

    ``join`` gives the table that is embedded under a name, one row for each, and the columns that are equal.
    """
    if not text:
        return "ORDER BY rowid"
    return "ORDER BY " + ", ".join(_order_term(table, term.strip(), join) for term in text.split(","))


def _order_term(table: Table, term: str, join: Join) -> str:
    found = re.fullmatch(r"(?:(\w+)\((\w+)\)|(\w+))(?:\.(asc|desc))?(?:\.(nullsfirst|nullslast))?", term)
    if not found:
        raise unparsable("order", term)
    embedded, inside, name, direction, nulls = found.groups()
    by = _related(table, inside, *join(embedded)) if embedded else _known(table, name)
    # Postgres takes NULL for the greatest value.
    first = nulls == "nullsfirst" if nulls else direction == "desc"
    return f"{by} {direction or 'asc'} NULLS {'FIRST' if first else 'LAST'}"


def _related(table: Table, name: str, other: Table, here: str, there: str) -> str:
    inside = f"{other.name}.{there} = {table.name}.{here}"
    return f"(SELECT {_known(other, name)} FROM {other.name} WHERE {inside})"


def _known(table: Table, name: str) -> str:
    if name not in table.columns:
        raise unknown_column(table.name, name)
    return name


def parse_count(name: str, text: str | None) -> int | None:
    """``limit`` or ``offset``."""
    if text is None:
        return None
    if not re.fullmatch(r"-?\d+", text):
        raise unparsable(name, text)
    if int(text) < 0:
        raise RestError(416, "PGRST103", "Requested range not satisfiable", f"{name} must not be negative")
    return int(text)
