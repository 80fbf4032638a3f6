#!/usr/bin/env python
"""Entry to every management command."""

import os
import sys

from magikswipe.start import (
    explain_bad_settings,
    explain_failures,
    load_settings,
    look_at_database,
    refuse_unfinished_restore,
    refuse_unwritable_bucket,
)

# Commands of production, besides the web server, that are of no use without a bucket.
NEED_A_BUCKET = (["migrate"], ["qcluster"])
# Commands that must not meet the rows of a restored backup with the files from before it.
WORK_ON_DATA = (
    "backup", "demo", "export_universe", "import_universe", "jobs", "prune", "qcluster", "sync_init", "sync_pull",
    "sync_push", "sync_restore", "sync_unpublish",
)  # fmt: skip
# The command that adopts an old backend's database, and those that open none.
ADOPT = (["migrate"], ["up"])
NEED_NO_DATABASE = ([], ["help"], ["check"], ["version"], ["makemigrations"], ["spectacular"])


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "magikswipe.settings")
    load_settings()
    import django
    from django.core.management import execute_from_command_line

    command = [word for word in sys.argv[1:2] if not word.startswith("-")]
    with explain_bad_settings():
        if command not in NEED_NO_DATABASE:
            django.setup()
            look_at_database(adopts=command in ADOPT, waits=command == ["qcluster"])
        if command in NEED_A_BUCKET and "--only-cluster" not in sys.argv:
            refuse_unwritable_bucket()
        if command and command[0] in WORK_ON_DATA and "--only-cluster" not in sys.argv:
            refuse_unfinished_restore()
        with explain_failures():
            execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
