from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("syncer", "0003_address"),
    ]

    operations = [
        migrations.AddField(
            model_name="syncedstate",
            name="folder",
            field=models.TextField(blank=True, default=""),
        ),
    ]
