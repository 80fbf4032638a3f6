from django.db import migrations

BATCH = 1000


def carry_over(apps, schema_editor):
    """The keys of starts go into the one table of all keys."""
    using = schema_editor.connection.alias
    old = apps.get_model("jobs", "IdempotencyKey").objects.using(using).select_related("job")
    if not old.exists():
        return
    # The content type that Django itself makes only after all migrations.
    answers = apps.get_model("contenttypes", "ContentType").objects.using(using)
    answer_type, _made = answers.get_or_create(app_label="jobs", model="job")
    new = apps.get_model("magikswipe", "IdempotencyKey")
    keys = (
        new(
            key=row.key,
            order=f"{row.type}:{row.univers_slug}",
            answer_type=answer_type,
            answer_id=str(row.job_id),
            created_at=row.job.created_at,
        )
        for row in old.iterator(chunk_size=BATCH)
    )
    new.objects.using(using).bulk_create(keys, batch_size=BATCH, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0006_kind_and_subject_of_steps"),
        ("magikswipe", "0002_idempotency_keys"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.RunPython(carry_over, migrations.RunPython.noop),
        migrations.DeleteModel("IdempotencyKey"),
    ]
