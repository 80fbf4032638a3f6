from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("syncer", "0004_folder")]

    operations = [
        migrations.AddField(
            model_name="syncedstate",
            name="ahead",
            field=models.BooleanField(default=False),
        ),
    ]
