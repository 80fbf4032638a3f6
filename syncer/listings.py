"""What lies in a folder of Supabase Storage, asked for in pages. `call(what, send)` is the client's way to send."""

from typing import Any

from django.utils.translation import gettext

from .errors import Damaged, RemoteError

PER_PAGE = 100
# A server that always tells of one more page is not believed for ever.
MOST_PAGES = 1000


def by_cursor(call, files, folder):
    """The files of a folder and its sub-folders: `[{"name", "metadata"}]`, names as paths from the folder.

    Only keys of just this folder count, whatever a server takes to be alike; and with a cursor, a file that is
    removed meanwhile hides no other.
    """
    found, options = [], {"prefix": f"{folder}/", "limit": PER_PAGE}
    for _ in range(MOST_PAGES):
        page = call(
            gettext("listing %(folder)s") % {"folder": folder}, lambda options=options: files.list_v2(options)
        )
        found += [entry for file in page.objects if (entry := _entry(folder, file))]
        if not page.hasNext:
            return found
        options = options | {"cursor": page.nextCursor}
    raise _endless(folder)


def _endless(folder):
    return RemoteError(gettext("The listing of %(folder)s in Supabase has no end.") % {"folder": folder})


def _entry(folder, file):
    key = file.key or file.name
    if not key.lower().startswith(f"{folder}/".lower()):
        raise Damaged(
            gettext("its listing has the file %(key)r, which does not lie there") % {"key": key[:150]}
        )
    if key.startswith(f"{folder}/"):
        return {"name": key.removeprefix(f"{folder}/"), "metadata": file.metadata or {}}
    return None


def by_offset(call, files, folder):
    """The same from a server that has no listing by cursor, with sub-folders one deep."""
    entries = _level(call, files, folder)
    found = [entry for entry in entries if entry["id"]]
    for name in (entry["name"] for entry in entries if not entry["id"]):
        inside = _level(call, files, f"{folder}/{name}")
        found += [entry | {"name": f"{name}/{entry['name']}"} for entry in inside if entry["id"]]
    return found


def _level(call, files, folder):
    entries = []
    for _ in range(MOST_PAGES):
        options = {"limit": PER_PAGE, "offset": len(entries), "sortBy": {"column": "name", "order": "asc"}}
        page = call(
            gettext("listing %(folder)s") % {"folder": folder},
            lambda options=options: _page(files, folder, options),
        )
        entries += page
        if len(page) < PER_PAGE:
            return entries
    raise _endless(folder)


def _page(files, folder, options):
    page = files.list(folder, options)
    if not isinstance(page, list) or not all(map(_is_entry, page)):
        raise ValueError(page)
    return page


def _is_entry(found: Any) -> bool:
    return isinstance(found, dict) and isinstance(found.get("name"), str) and "id" in found
