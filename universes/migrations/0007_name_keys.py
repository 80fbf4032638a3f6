import django.db.models.deletion
from django.db import migrations, models

import universes.fields
from universes.name_keys import fold

NAMES = {
    "Universe": "name",
    "UniverseTranslation": "name",
    "Asset": "display_name",
    "AssetTranslation": "display_name",
}
ROWS = {
    "Universe": "universe",
    "UniverseTranslation": "universe_translation",
    "Asset": "asset",
    "AssetTranslation": "asset_translation",
}
BATCH = 1000


def key_of(model):
    return universes.fields.CascadeOneToOne(
        db_constraint=False,
        null=True,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="key",
        to=f"universes.{model}",
    )


def fill(apps, schema_editor):
    """A key for each name that there is, a page of rows at a time."""
    keys = apps.get_model("universes", "NameKey").objects.using(schema_editor.connection.alias)
    for model, name in NAMES.items():
        rows = apps.get_model("universes", model).objects.using(schema_editor.connection.alias)
        named = rows.order_by("pk").values_list("pk", name)
        page = list(named[:BATCH])
        while page:
            keys.bulk_create(keys.model(**{f"{ROWS[model]}_id": pk, "text": fold(text)}) for pk, text in page)
            page = list(named.filter(pk__gt=page[-1][0])[:BATCH])


class Migration(migrations.Migration):
    dependencies = [("universes", "0006_edits_of_jobs")]

    operations = [
        migrations.CreateModel(
            name="NameKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("universe", key_of("universe")),
                ("universe_translation", key_of("universetranslation")),
                ("asset", key_of("asset")),
                ("asset_translation", key_of("assettranslation")),
                ("text", models.TextField()),
            ],
            options={"db_table": "name_keys", "default_permissions": ()},
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
