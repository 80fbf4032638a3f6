"""What people are shown before a sync: plans of several universes at once, and where to see the files over there."""

from urllib.parse import quote

from django.conf import settings

from universes.errors import NotFound

from . import remote, syncs
from .client import client
from .errors import Conflict, NotThere, RemoteError
from .plan import PUSH


def plan_each(direction, slugs):
    """`[(slug, Plan or the error that tells why there is none)]`; the rows over there are read once for all.

    What concerns all alike, such as a Supabase that does not answer, is raised.
    """
    tables = remote.WholeTables(client()) if len(slugs) > 1 else remote.Queries(client())
    prepare = syncs.prepare_push if direction == PUSH else syncs.prepare_pull
    return [(slug, _plan_or_error(prepare, slug, tables)) for slug in slugs]


def _plan_or_error(prepare, slug, tables):
    try:
        return prepare(slug, tables).plan
    except (Conflict, NotFound, NotThere, RemoteError) as error:
        return error


def found_there():
    """`({slug: the universe here that it stands for, or None}, notes, failed)` of all in Supabase that can be pulled.

    `failed`: as `remote.universes`.
    """
    rows, notes, failed = remote.universes(client())
    tables = remote.WholeTables(client())
    return {row["slug"]: syncs.counterpart(tables, row) for row in rows}, notes, failed


def public_url(key):
    """Where a browser finds a file of the bucket over there, which is public.

    https://supabase.com/docs/guides/storage/serving/downloads
    """
    return f"{settings.SUPABASE_URL}/storage/v1/object/public/{settings.SUPABASE_BUCKET_NAME}/{quote(key)}"
