from django.db import migrations, models
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Substr

# By handler: the kind that it made, and how its keys began before their subject.
KINDS = {
    "generation.handlers.files.Image": ("pictures", "image:"),
    "generation.handlers.files.Video": ("clips", "video:"),
    "generation.handlers.files.Music": ("songs", "music:"),
    "generation.handlers.names.Names": ("names", "names:"),
    "generation.handlers.words.Lyrics": ("lyrics", "lyrics"),
    "generation.handlers.lyrics.TranslatedLyrics": ("lyrics", "lyrics:"),
    "generation.handlers.words.Ideas": ("ideas", "ideas"),
    "generation.handlers.words.Concepts": ("concepts", "concepts"),
}


def fill_kind_and_subject(apps, schema_editor):
    steps = apps.get_model("jobs", "JobStep").objects.using(schema_editor.connection.alias).filter(kind="")
    for handler, (kind, start) in KINDS.items():
        subject = Substr(F("key"), len(start) + 1)
        steps.filter(handler=handler, key__startswith=start).update(kind=kind, subject=subject)
    # A sync goes by its universe's slug alone, which is what it is about.
    jobs = apps.get_model("jobs", "Job").objects.filter(pk=OuterRef("job"))
    syncs = steps.filter(handler__startswith="syncer.handlers.")
    syncs.update(kind=Subquery(jobs.values("type")), subject=F("key"))


class Migration(migrations.Migration):
    dependencies = [("jobs", "0005_waiting_since")]

    operations = [
        migrations.AddField(model_name="jobstep", name="kind", field=models.TextField(blank=True, default="")),
        migrations.AddField(model_name="jobstep", name="subject", field=models.TextField(blank=True, default="")),
        migrations.RunPython(fill_kind_and_subject, migrations.RunPython.noop, elidable=True),
    ]
