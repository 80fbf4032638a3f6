"""Statements that Django writes but once: for what is read most, the writing takes longer than the reading.

A statement has `Given` where each run brings a value of its own. By each thread, since what it reads is converted
by the thread's own connection.
"""

from collections import OrderedDict
from threading import local

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Expression, Func, IntegerField

# By each thread.
KEPT = 32


class Given(Expression):
    """Stands for the value that `rows` is given under this name, to be compared with a model's `field`."""

    def __init__(self, name, field):
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler, connection):
        return "%s", [self]


def number():
    """The number of all rows, as one of a queryset's values: without grouping them by the others."""
    return Func(function="COUNT", template="%(function)s(*)", output_field=IntegerField())


class Statement:
    """The SQL of a queryset with `values`, and how what the database returns becomes these."""

    def __init__(self, queryset):
        compiler = queryset.query.get_compiler(using=DEFAULT_DB_ALIAS)
        self.sql, self.parameters = compiler.as_sql()
        self.names = list(queryset.query.selected)
        chosen = [expression for expression, *_ in compiler.select[: compiler.col_count]]
        self.converters = list(compiler.get_converters(chosen).items())

    def run(self, given):
        connection = connections[DEFAULT_DB_ALIAS]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, [given[p.name] if isinstance(p, Given) else p for p in self.parameters])
            found = cursor.fetchall()
        return [dict(zip(self.names, self._converted(row, connection), strict=True)) for row in found]

    def _converted(self, row, connection):
        row = list(row)
        for place, (functions, expression) in self.converters:
            for convert in functions:
                row[place] = convert(row[place], expression, connection)
        return row


class _Written(local):
    def __init__(self):
        self.statements = OrderedDict()


_written = _Written()


def rows(key, make, **given):
    """What the queryset that `make()` returns finds, as dicts; `key` tells it from every other queryset."""
    statements = _written.statements
    if key not in statements:
        statements[key] = Statement(make())
        if len(statements) > KEPT:
            statements.popitem(last=False)
    statements.move_to_end(key)
    return statements[key].run(given)
