from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("syncer", "0002_journals"),
    ]

    operations = [
        migrations.AddField(
            model_name="syncedstate",
            name="address",
            field=models.TextField(blank=True, default=""),
        ),
    ]
