from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("storage", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Original",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("made", models.CharField(db_index=True, max_length=64)),
                ("sha256", models.CharField(max_length=64)),
                ("key", models.TextField()),
            ],
            options={"db_table": "storage_originals"},
        ),
        migrations.AddConstraint(
            model_name="original",
            constraint=models.UniqueConstraint(
                fields=("made", "sha256"), name="storage_originals_once_per_medium"
            ),
        ),
    ]
