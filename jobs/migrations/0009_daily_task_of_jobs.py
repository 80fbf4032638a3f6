from django.db import migrations


def rename(apps, schema_editor):
    """The daily task that deletes old jobs has another path."""
    tasks = apps.get_model("jobs", "Chore").objects.using(schema_editor.connection.alias)
    tasks.filter(name="jobs.retention.prune").update(name="jobs.services.prune")


class Migration(migrations.Migration):
    dependencies = [("jobs", "0008_messages")]

    operations = [migrations.RunPython(rename, migrations.RunPython.noop, elidable=True)]
