#!/usr/bin/env python
"""Entry to every management command."""

import os

from magikswipe.start import explain_bad_settings


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "magikswipe.settings")
    with explain_bad_settings():
        import sys

        from django.conf import settings
        from django.core.management import execute_from_command_line

        settings.INSTALLED_APPS  # noqa: B018 - loads the settings, so that a bad value is one sentence
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
