"""Reads and writes rows the way PostgREST and Postgres do."""

import sqlite3
from collections.abc import Iterable
from typing import Any

from sandbox import rest_errors as errors
from sandbox.database import Database
from sandbox.rest_query import Item, Narrowing, parse_count, parse_order, parse_presence, parse_where
from sandbox.rest_schema import TABLES, Column, Table, from_stored, now, to_stored, visible_table
from sandbox.settings import Settings

Row = dict[str, Any]
CHUNK = 500  # values of one IN list


class Tables:
    def __init__(self, database: Database, settings: Settings):
        self.database, self.settings = database, settings

    def select(
        self, table: Table, where: str, values: list, order: str = "ORDER BY rowid", limits: str = ""
    ) -> list[Row]:
        condition = f"WHERE {where}" if where else ""
        sql = f"SELECT * FROM {table.name} {condition} {order} {limits}"
        return self.database.rows(sql, values)

    def count(self, table: Table, where: str, values: list) -> int:
        condition = f"WHERE {where}" if where else ""
        return self.database.value(f"SELECT count(*) FROM {table.name} {condition}", values)

    def by_key(self, table: Table, keys: Iterable[Any]) -> list[Row]:
        """The rows with those primary keys, in that order."""
        wanted, found = list(keys), {}
        for start in range(0, len(wanted), CHUNK):
            part = wanted[start : start + CHUNK]
            rows = self.select(table, f"id IN ({', '.join('?' * len(part))})", part)
            found |= {row["id"]: row for row in rows}
        return [found[key] for key in wanted if key in found]

    def where(self, table: Table, narrowing: Narrowing, items: tuple[Item, ...] = ()) -> tuple[str, list]:
        """The filters of a table as SQL, and its inner joins."""
        embeds = {item.alias: item for item in items if item.items is not None}
        of_embeds = [pair for pair in narrowing.filters if pair[0] in embeds and pair[0] not in table.columns]
        own, values = parse_where(table, [pair for pair in narrowing.filters if pair not in of_embeds])
        joins = [(item, "EXISTS") for item in embeds.values() if item.inner]
        joins += [(embeds[alias], parse_presence(text)) for alias, text in of_embeds]
        conditions = [own] if own else []
        for item, verb in joins:
            other, here, there = self._join(table, item)
            inside, inside_values = self.where(other, narrowing.of(item.alias), item.items or ())
            belongs = f"{other.name}.{there} = {table.name}.{here}"
            condition = " AND ".join(filter(None, (belongs, inside)))
            conditions.append(f"{verb} (SELECT 1 FROM {other.name} WHERE {condition})")
            values = [*values, *inside_values]
        return " AND ".join(conditions), values

    def order(self, table: Table, text: str | None, items: tuple[Item, ...]) -> str:
        """The ORDER BY clause; columns of an embedded table need a relation to one row."""

        def join(alias: str) -> tuple[Table, str, str]:
            item = next((item for item in items if item.alias == alias and item.items is not None), None)
            if item is None:
                raise errors.not_embedded(alias)
            other, here, there = self._join(table, item)
            if not _is_one(other, there):
                raise errors.unrelated_order(table.name, alias)
            return other, here, there

        return parse_order(table, text, join)

    def shape(
        self,
        table: Table,
        rows: list[Row],
        items: tuple[Item, ...],
        narrowing: Narrowing | None = None,
    ) -> list[Row]:
        """The rows with the columns of the select list; ``narrowing``: filters and limits of embedded tables."""
        asked = narrowing or Narrowing()
        plain = {name: column.kind for name, column in table.columns.items()}
        embeds = {
            item.alias: self._embed(table, rows, item, asked.of(item.alias))
            for item in items
            if item.items is not None
        }
        columns = [pair for item in items if item.items is None for pair in _columns(table, item)]
        shaped = []
        for at, row in enumerate(rows):
            out = {alias: from_stored(row[name], plain[name]) for alias, name in columns}
            out |= {alias: found[at] for alias, found in embeds.items()}
            shaped.append(out)
        return shaped

    def _join(self, table: Table, item: Item) -> tuple[Table, str, str]:
        """The embedded table, and the columns of both tables that join them."""
        for column, parent in table.parents().items():
            if item.name in (parent, column):
                return visible_table(parent, self.settings), column, "id"
        if item.name in TABLES and item.name not in self.settings.missing_tables:
            child = visible_table(item.name, self.settings)
            for column, parent in child.parents().items():
                if parent == table.name:
                    return child, "id", column
        raise errors.unknown_embed(table.name, item.name)

    def _embed(self, table: Table, rows: list[Row], item: Item, asked: Narrowing) -> list[Any]:
        """The value under an embedded table's name, for each of the rows."""
        other, here, there = self._join(table, item)
        found = {key: self._embedded(other, there, key, item, asked) for key in {row[here] for row in rows}}
        is_one = _is_one(other, there)
        return [next(iter(found[row[here]]), None) if is_one else found[row[here]] for row in rows]

    def _embedded(
        self, table: Table, column: str, key: Any, item: Item, asked: Narrowing
    ) -> list[dict[str, Any]]:
        where, values = self.where(table, asked, item.items or ())
        where, values = " AND ".join(filter(None, (f"{column} = ?", where))), [key, *values]
        if item.is_count:
            (count,) = item.items or ()
            return [{count.alias: self.count(table, where, values)}]
        limit = parse_count("limit", asked.window.get("limit"))
        most = self.settings.max_rows if limit is None else min(limit, self.settings.max_rows)
        limits = f"LIMIT {most} OFFSET {parse_count('offset', asked.window.get('offset')) or 0}"
        order = self.order(table, asked.window.get("order"), item.items or ())
        rows = self.select(table, where, values, order, limits)
        return self.shape(table, rows, item.items or (), asked)

    def insert(
        self, table: Table, rows: list[Row], columns: list[str], merge: str | None, target: list[str]
    ) -> list[Any]:
        """Writes rows in one transaction and gives the keys of those that were written.

        ``rows`` hold stored values for every column; ``columns`` are the ones that a merge overwrites;
        ``merge`` is ``merge-duplicates``, ``ignore-duplicates`` or None, over the unique columns ``target``.
        """
        if merge and tuple(target) not in table.unique:
            raise errors.no_matching_constraint()
        sql, written, seen = _insert_statement(table, columns, merge, target), [], set()
        with self.database.transaction():
            for row in rows:
                key = tuple(row[name] for name in target)
                if merge == "merge-duplicates" and key in seen:
                    raise errors.same_row_twice()
                seen.add(key)
                written.extend(self._write(table, row, sql, [row[name] for name in table.columns]))
        return written

    def update(self, table: Table, changes: Row, where: str, values: list) -> list[Any]:
        assignments = ", ".join(f"{name} = ?" for name in changes)
        sql = f"UPDATE {table.name} SET {assignments} WHERE {where} RETURNING id"
        with self.database.transaction():
            return self._write(table, changes, sql, [*changes.values(), *values])

    def delete(self, table: Table, where: str, values: list) -> list[Row]:
        with self.database.transaction():
            rows = self.select(table, where, values)
            self.database.run(f"DELETE FROM {table.name} WHERE {where}", values)
        return rows

    def _write(self, table: Table, row: Row, sql: str, values: list) -> list[Any]:
        try:
            return [found["id"] for found in self.database.rows(sql, values)]
        except sqlite3.IntegrityError as error:
            raise self._explain(table, row, error) from error

    def _explain(self, table: Table, row: Row, error: sqlite3.IntegrityError) -> Exception:
        columns = [name.strip().partition(".")[2] for name in str(error).partition(": ")[2].split(",")]
        if error.sqlite_errorname == "SQLITE_CONSTRAINT_NOTNULL":
            return errors.null_value(table.name, columns[0])
        if error.sqlite_errorname in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"):
            return errors.duplicate(table.name, columns, [row.get(name) for name in columns])
        for column, parent in table.parents().items():
            exists = f"SELECT 1 FROM {parent} WHERE id = ?"
            if column in row and self.database.value(exists, [row[column]]) is None:
                return errors.missing_parent(table.name, column, row[column], parent)
        return error

    def next_number(self, table: Table) -> int:
        """The next value of the identity column; like in Postgres a failed insert uses it up too."""
        sql = """INSERT INTO sequences (name, value) VALUES (?, 1)
                 ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value"""
        return self.database.rows(sql, [table.name])[0]["value"]

    def complete(self, table: Table, given: Row, columns: list[str], missing_is_default: bool) -> Row:
        """A row of stored values with a value for every column."""
        row, moment = {}, now()  # one moment for the whole row, as in Postgres
        for name, column in table.columns.items():
            if name in given and name in columns:
                row[name] = to_stored(given[name], column)
            elif name in columns and not missing_is_default:
                row[name] = None
            elif name == "id" and column.kind == "bigint":
                row[name] = self.next_number(table)
            else:
                row[name] = _default(column, moment)
        return row


def _is_one(other: Table, there: str) -> bool:
    """Whether a row has at most one row of the other table."""
    return there == "id" or (there,) in other.unique


def _default(column: Column, moment: str) -> Any:
    if column.default is now:
        return moment
    return column.default() if column.default else None


def _columns(table: Table, item: Item) -> list[tuple[str, str]]:
    if item.name == "*":
        return [(name, name) for name in table.columns]
    if item.name not in table.columns:
        raise errors.unknown_column(table.name, item.name)
    return [(item.alias, item.name)]


def _insert_statement(table: Table, columns: list[str], merge: str | None, target: list[str]) -> str:
    names, marks = ", ".join(table.columns), ", ".join("?" * len(table.columns))
    sql = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"
    if merge == "merge-duplicates":
        changes = ", ".join(f"{name} = excluded.{name}" for name in columns)
        sql += f" ON CONFLICT ({', '.join(target)}) DO UPDATE SET {changes}"
    elif merge:
        sql += f" ON CONFLICT ({', '.join(target)}) DO NOTHING"
    return sql + " RETURNING id"
