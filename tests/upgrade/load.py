"""Makes the tables of version 0.1.0 and fills them: `python -m tests.upgrade.load ROWS`, a JSON file.

The settings come from the environment. The file has `migrations`, `{app: the last one applied}`, and `rows` as
`dumpdata` writes them.
"""

import json
import sys
from pathlib import Path
from typing import Any

import django
from django.apps.registry import Apps
from django.db import connection, models, transaction
from django.db.migrations.executor import MigrationExecutor


def load(installation: dict[str, Any]) -> None:
    """Migrate an empty database that far, and insert the rows as they are."""
    executor = MigrationExecutor(connection)
    targets = list(installation["migrations"].items())
    executor.migrate(targets)
    apps = executor.loader.project_state(targets).apps
    # References are checked at the end.
    with transaction.atomic():
        for row in installation["rows"]:
            insert(apps, row)
    reset_sequences(apps)


def insert(apps: Apps, row: dict[str, Any]) -> None:
    model = apps.get_model(row["model"])
    made = model(pk=model._meta.pk.to_python(row["pk"]))
    for name, value in row["fields"].items():
        field = model._meta.get_field(name)
        if field.many_to_many:
            continue
        field.auto_now = field.auto_now_add = False
        column = field.target_field if field.remote_field else field
        setattr(made, field.attname, None if value is None else column.to_python(value))
    models.Model.save_base(made, raw=True)


def reset_sequences(apps: Apps) -> None:
    """PostgreSQL counts on from the last number that it gave by itself, which are none of these."""
    from django.core.management.color import no_style

    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), apps.get_models()):
            cursor.execute(statement)


if __name__ == "__main__":
    django.setup()
    load(json.loads(Path(sys.argv[1]).read_text("utf-8")))
