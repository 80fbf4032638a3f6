"""The folder that a universe leaves over there when a push gives it another slug."""

from django.utils.translation import gettext

from universes.names import is_slug
from universes.rows import UNIVERS

from . import remote
from .plan import UPDATE


def clear_old_folder(plan, client, files):
    """Delete what lies in it and now in the new one too, as `files`, `{name: File}`; returns sentences on the rest.

    Its files are public, and nobody would find them any more: not even who takes the universe out of Supabase.
    """
    for change in plan.row_changes(UPDATE, UNIVERS.name):
        old, _ = change.fields.get("slug", (None, None))
        if old and is_slug(old) and not remote.exists(remote.Queries(client), "slug", old):
            return _clear(client, old, files)
    return []


def _clear(client, folder, files):
    found = remote.whole_folder(client, folder)
    moved = [file for file in found if file.name in files and not files[file.name].difference(file)]
    client.remove([f"{folder}/{file.where}" for file in moved])
    remote.forget(folder, [file.where for file in moved])
    return [
        gettext("%(file)s stays in Supabase, though no universe has that folder any more; delete it there.")
        % {"file": f"{folder}/{file.where}"}
        for file in found
        if file not in moved
    ]
