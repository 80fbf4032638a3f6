import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("syncer", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Journal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slug", models.TextField()),
                ("old_slug", models.TextField()),
                ("folder", models.TextField()),
                ("files", models.JSONField()),
                ("kept", models.JSONField(default=dict)),
                ("cause", models.TextField()),
                ("author", models.TextField(blank=True)),
                (
                    "universe",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="universes.universe"
                    ),
                ),
            ],
            options={"db_table": "sync_journals"},
        ),
    ]
