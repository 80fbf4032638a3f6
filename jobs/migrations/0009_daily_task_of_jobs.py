from django.db import migrations


def rename(apps, schema_editor):
    """The daily task that deletes old jobs has another path."""
    tasks = apps.get_model("jobs", "Chore").objects.using(schema_editor.connection.alias)
    tasks.filter(name="jobs.retention.prune").update(name="jobs.services.prune")


def forget_rights(apps, schema_editor):
    """Nobody needs rights over the former table of idempotency keys."""
    types = apps.get_model("contenttypes", "ContentType").objects.using(schema_editor.connection.alias)
    rights = apps.get_model("auth", "Permission").objects.using(schema_editor.connection.alias)
    former = types.filter(app_label="jobs", model="idempotencykey")
    for right in rights.filter(content_type__in=former):
        right.group_set.clear()
        right.delete()
    former.delete()


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0008_messages"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.RunPython(rename, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(forget_rights, migrations.RunPython.noop, elidable=True),
    ]
