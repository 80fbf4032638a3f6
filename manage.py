#!/usr/bin/env python
"""Entry to every management command."""

import os

from magikswipe.start import (
    explain_bad_settings,
    explain_failures,
    refuse_unfinished_restore,
    refuse_unwritable_bucket,
)

# What runs in production, besides the web server, and would come to nothing without a bucket.
NEED_A_BUCKET = (["migrate"], ["qcluster"])
# What must not work on the rows of a restored backup with the files from before it.
WORK_ON_DATA = (
    "backup", "demo", "export_universe", "import_universe", "jobs", "prune", "qcluster", "sync_init", "sync_pull",
    "sync_push", "sync_restore", "sync_unpublish",
)  # fmt: skip


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "magikswipe.settings")
    with explain_bad_settings():
        import sys

        import django
        from django.conf import settings
        from django.core.management import execute_from_command_line

        settings.INSTALLED_APPS  # noqa: B018 - loads the settings, so that a bad value is one sentence
        if sys.argv[1:2] in NEED_A_BUCKET and "--only-cluster" not in sys.argv:
            django.setup()
            refuse_unwritable_bucket()
        if sys.argv[1:2] and sys.argv[1] in WORK_ON_DATA and "--only-cluster" not in sys.argv:
            django.setup()
            refuse_unfinished_restore()
        with explain_failures():
            execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
