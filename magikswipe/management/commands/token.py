"""`manage.py token create | list | revoke`: tokens for the API's clients."""

from django.contrib.auth import get_user_model
from django.core.management import CommandError
from django.core.management.base import BaseCommand

from api import tokens
from api.models import ApiToken


class Command(BaseCommand):
    help = "Makes, lists and revokes tokens with which clients call the API."

    def add_arguments(self, parser):
        acts = parser.add_subparsers(dest="act", required=True)
        create = acts.add_parser("create", help="Make a token; it is shown this once.")
        create.add_argument("name", help="What uses it; it stands as the author of what it changes.")
        create.add_argument("--scopes", default="read", help=f"Some of {','.join(tokens.SCOPES)} (read).")
        create.add_argument("--days", type=int, default=90, help="How long it is valid (90).")
        create.add_argument("--owner", help="An account that it belongs to, and never reaches further than.")
        acts.add_parser("list", help="List all tokens, without what is secret.")
        revoke = acts.add_parser("revoke", help="Let a token open nothing any more.")
        revoke.add_argument("name")

    def handle(self, *, act, **options):
        getattr(self, act)(options)

    def create(self, options):
        scopes = [scope.strip() for scope in options["scopes"].split(",") if scope.strip()]
        if unknown := set(scopes) - set(tokens.SCOPES):
            raise CommandError(f"There is no scope '{unknown.pop()}'; there are {', '.join(tokens.SCOPES)}.")
        try:
            _, text = tokens.create(options["name"], scopes, options["days"], account(options["owner"]))
        except tokens.Invalid as error:
            raise CommandError(str(error)) from None
        self.stderr.write("Keep the token now: it is shown this once.")
        self.stdout.write(text)

    def list(self, options):
        for token in ApiToken.objects.select_related("owner"):
            used = f"{token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "never"
            state = "revoked" if token.revoked_at else "valid" if token.is_valid else "expired"
            scopes, until, owner = ",".join(token.scopes), f"{token.expires_at:%Y-%m-%d}", token.owner or "-"
            self.stdout.write(
                f"{token.name}  {token.key}  {scopes}  {state}, until {until}  used: {used}  owner: {owner}"
            )

    def revoke(self, options):
        token = ApiToken.objects.filter(name=options["name"]).first()
        if not token:
            raise CommandError(f"There is no token '{options['name']}'; `token list` shows all.")
        tokens.revoke(token)
        self.stdout.write(f"The token '{token.name}' opens nothing any more.")


def account(name):
    if not name:
        return None
    user = get_user_model().objects.filter(username=name).first()
    if not user:
        raise CommandError(f"There is no account '{name}'.")
    return user
