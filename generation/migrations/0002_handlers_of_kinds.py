from django.db import migrations

# A step is done by its kind's module.
MOVED = {
    "generation.handlers.files.Image": "generation.kinds.pictures.Picture",
    "generation.handlers.files.Video": "generation.kinds.clips.Clip",
    "generation.handlers.files.Music": "generation.kinds.songs.Song",
    "generation.handlers.names.Names": "generation.kinds.names.NamesOfCards",
    "generation.handlers.words.Lyrics": "generation.kinds.lyrics.WrittenLyrics",
    "generation.handlers.lyrics.TranslatedLyrics": "generation.kinds.lyrics.TranslatedLyrics",
    "generation.handlers.words.Ideas": "generation.kinds.ideas.Proposal",
    "generation.handlers.words.Concepts": "generation.kinds.concepts.Invention",
}


def rename(apps, schema_editor, names):
    steps = apps.get_model("jobs", "JobStep").objects.using(schema_editor.connection.alias)
    for old, new in names.items():
        steps.filter(handler=old).update(handler=new)


def forwards(apps, schema_editor):
    rename(apps, schema_editor, MOVED)


def backwards(apps, schema_editor):
    rename(apps, schema_editor, {new: old for old, new in MOVED.items()})


class Migration(migrations.Migration):
    dependencies = [
        ("generation", "0001_initial"),
        ("jobs", "0006_kind_and_subject_of_steps"),
    ]

    operations = [migrations.RunPython(forwards, backwards, elidable=True)]
