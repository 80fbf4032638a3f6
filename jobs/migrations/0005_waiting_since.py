from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("jobs", "0004_progress_of_failed_jobs")]

    operations = [
        migrations.AddField(
            model_name="job", name="waiting_since", field=models.DateTimeField(blank=True, null=True)
        ),
    ]
