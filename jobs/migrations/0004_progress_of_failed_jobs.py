from django.db import migrations
from django.db.models import F


def keep_the_share_that_was_reached(apps, schema_editor):
    """Earlier versions gave every job that ended 100 per cent, a failed or cancelled one too."""
    ended = apps.get_model("jobs", "Job").objects.using(schema_editor.connection.alias)
    ended.filter(status__in=["failed", "cancelled"], total_steps__gt=0).update(
        progress=100 * F("current_step") / F("total_steps")
    )


class Migration(migrations.Migration):

    dependencies = [
        ("jobs", "0003_workers"),
    ]

    operations = [
        migrations.RunPython(keep_the_share_that_was_reached, migrations.RunPython.noop, elidable=True),
    ]
