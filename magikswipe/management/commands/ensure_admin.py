"""`manage.py ensure_admin`: an administrator for an installation that has none."""

from django.core.management.base import BaseCommand

from magikswipe import accounts


class Command(BaseCommand):
    help = "Makes the user 'admin' with the password in ADMIN_PASSWORD, when there is no administrator yet."

    def handle(self, **options):
        self.stdout.write(accounts.ensure_administrator())
