from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("universes", "0005_copy_orders")]

    operations = [
        migrations.AddField(
            model_name="edit",
            name="job",
            field=models.TextField(blank=True, default=""),
        ),
    ]
