from datetime import timedelta

from django.db import migrations

KEPT = timedelta(days=1)


def carry_over(apps, schema_editor):
    """The keys of copies go into the one table of all keys; a key that a job has too stays the job's, which paid."""
    using = schema_editor.connection.alias
    old = list(apps.get_model("universes", "CopyOrder").objects.using(using))
    if not old:
        return
    # The content type that Django itself makes only after all migrations.
    answers = apps.get_model("contenttypes", "ContentType").objects.using(using)
    answer_type, _made = answers.get_or_create(app_label="universes", model="universe")
    new = apps.get_model("magikswipe", "IdempotencyKey")
    keys = [
        new(
            key=row.key,
            order=f"copy:{row.original}",
            answer_type=answer_type,
            answer_id=str(row.universe_id),
            created_at=row.created_at,
            expires_at=row.created_at + KEPT,
        )
        for row in old
    ]
    new.objects.using(using).bulk_create(keys, batch_size=1000, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [
        ("universes", "0007_name_keys"),
        ("jobs", "0007_one_table_of_idempotency_keys"),
        ("magikswipe", "0002_idempotency_keys"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.RunPython(carry_over, migrations.RunPython.noop),
        migrations.DeleteModel("CopyOrder"),
    ]
