"""The rights to generate and to publish, and four groups that give out all rights there are over universes."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

MIRRORED = (
    "universe",
    "universeprompts",
    "universetranslation",
    "musicprompt",
    "asset",
    "assetprompts",
    "assettranslation",
)
VIEW = (
    *(("universes", f"view_{model}") for model in (*MIRRORED, "revision")),
    ("jobs", "view_job"),
    ("jobs", "view_jobstep"),
    ("generation", "view_charge"),
)
WRITE = tuple(("universes", f"{verb}_{model}") for verb in ("add", "change", "delete") for model in MIRRORED)
GENERATE = ("universes", "generate_universe")
PUBLISH = ("universes", "publish_universe")
GROUPS = {
    "Viewer": VIEW,
    "Editor": (*VIEW, *WRITE),
    "Generator": (*VIEW, GENERATE),
    "Publisher": (*VIEW, PUBLISH),
}


def make_groups(apps, schema_editor):
    """Groups of these names that exist already keep their members and what else they may."""
    using = schema_editor.connection.alias
    for label in ("universes", "jobs", "generation"):
        make_permissions(apps.get_app_config(label), apps, using)
    known = {
        (permission.content_type.app_label, permission.codename): permission
        for permission in apps.get_model("auth", "Permission").objects.using(using).select_related("content_type")
    }
    for name, granted in GROUPS.items():
        group, _made = apps.get_model("auth", "Group").objects.using(using).get_or_create(name=name)
        group.permissions.add(*(known[right] for right in granted))


def make_permissions(app_config, apps, using):
    """What Django does by itself only after all migrations, when a fresh database is made."""
    app_config.models_module = True
    create_permissions(app_config, verbosity=0, using=using, apps=apps)
    app_config.models_module = None


def take_groups(apps, schema_editor):
    using = schema_editor.connection.alias
    apps.get_model("auth", "Group").objects.using(using).filter(name__in=GROUPS).delete()
    apps.get_model("auth", "Permission").objects.using(using).filter(
        content_type__app_label="universes", codename__in=[GENERATE[1], PUBLISH[1]]
    ).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("universes", "0002_unfinished_deletions"),
        ("jobs", "0001_initial"),
        ("generation", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="universe",
            options={
                "ordering": ["-created_at", "-id"],
                "permissions": [
                    ("generate_universe", "Can generate for universes, which costs money"),
                    ("publish_universe", "Can pull, push, unpublish and restore universes"),
                ],
                "verbose_name": "universe",
                "verbose_name_plural": "universes",
            },
        ),
        migrations.RunPython(make_groups, take_groups),
    ]
