"""Errors as PostgREST words them.

Source: https://docs.postgrest.org/en/v14/references/errors.html
"""

from typing import Any

from starlette.responses import JSONResponse


class RestError(Exception):
    def __init__(self, status: int, code: str, message: str, details: Any = None, hint: str | None = None):
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message, "details": details, "hint": hint}

    def response(self) -> JSONResponse:
        return JSONResponse(self.body, self.status)


def bad_syntax(kind: str, value: Any, code: str = "22P02") -> RestError:
    return RestError(400, code, f'invalid input syntax for type {kind}: "{value}"')


def unparsable(what: str, text: str) -> RestError:
    details = f"unexpected {text[:1]!r}" if text else "unexpected end of input"
    return RestError(400, "PGRST100", f'"failed to parse {what} ({text})" (line 1, column 1)', details)


def unknown_table(name: str) -> RestError:
    return RestError(404, "PGRST205", f"Could not find the table 'public.{name}' in the schema cache")


def unknown_column(table: str, column: str) -> RestError:
    return RestError(400, "42703", f"column {table}.{column} does not exist")


def unknown_written_column(table: str, column: str) -> RestError:
    return RestError(
        400, "PGRST204", f"Could not find the '{column}' column of '{table}' in the schema cache"
    )


def unknown_embed(table: str, other: str) -> RestError:
    message = f"Could not find a relationship between '{table}' and '{other}' in the schema cache"
    details = (
        f"Searched for a foreign key relationship between '{table}' and '{other}' in the schema 'public', "
    )
    return RestError(400, "PGRST200", message, details + "but no matches were found.")


def not_embedded(name: str) -> RestError:
    return RestError(400, "PGRST108", f"'{name}' is not an embedded resource in this request")


def unrelated_order(table: str, other: str) -> RestError:
    message = f"A related order on '{other}' is not possible"
    return RestError(
        400, "PGRST118", message, f"'{table}' and '{other}' do not form a many-to-one relationship"
    )


def not_single(count: int) -> RestError:
    message = "Cannot coerce the result to a single JSON object"
    return RestError(406, "PGRST116", message, f"The result contains {count} rows")


def past_the_end(offset: int, total: int) -> RestError:
    details = f"An offset of {offset} was requested, but there are only {total} rows."
    return RestError(416, "PGRST103", "Requested range not satisfiable", details)


def bad_json(message: str = "Empty or invalid json") -> RestError:
    return RestError(400, "PGRST102", message)


def without_where(verb: str) -> RestError:
    return RestError(400, "21000", f"{verb} requires a WHERE clause")


def same_row_twice() -> RestError:
    message = "ON CONFLICT DO UPDATE command cannot affect row a second time"
    hint = (
        "Ensure that no rows proposed for insertion within the same command have duplicate constrained values"
    )
    return RestError(500, "21000", message, None, f"{hint}.")


def no_matching_constraint() -> RestError:
    message = "there is no unique or exclusion constraint matching the ON CONFLICT specification"
    return RestError(400, "42P10", message)


def too_many_affected(most: int, count: int) -> RestError:
    message = "Query result exceeds max-affected preference constraint"
    return RestError(400, "PGRST124", message, f"The query affects {count} rows")


def null_value(table: str, column: str) -> RestError:
    message = f'null value in column "{column}" of relation "{table}" violates not-null constraint'
    return RestError(400, "23502", message)


def missing_parent(table: str, column: str, value: Any, parent: str) -> RestError:
    message = f'insert or update on table "{table}" violates foreign key constraint "{table}_{column}_fkey"'
    return RestError(409, "23503", message, f'Key ({column})=({value}) is not present in table "{parent}".')


def duplicate(table: str, columns: list[str], values: list[Any]) -> RestError:
    name = f"{table}_pkey" if columns == ["id"] else f"{table}_{'_'.join(columns)}_key"
    details = f"Key ({', '.join(columns)})=({', '.join(map(str, values))}) already exists."
    return RestError(409, "23505", f'duplicate key value violates unique constraint "{name}"', details)
