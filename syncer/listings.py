"""What lies in a folder of Supabase Storage, asked for in pages. `call(what, send)` is the client's way to send."""

from django.utils.translation import gettext

PER_PAGE = 100


def by_cursor(call, files, folder):
    """The files of a folder and its sub-folders: `[{"name", "metadata"}]`, names as paths from the folder.

    Only keys of just this folder count, whatever a server takes to be alike; and with a cursor, a file that is
    removed meanwhile hides no other.
    """
    found, options, page = [], {"prefix": f"{folder}/", "limit": PER_PAGE}, None
    while page is None or page.hasNext:
        page = call(
            gettext("listing %(folder)s") % {"folder": folder}, lambda options=options: files.list_v2(options)
        )
        found += [entry for file in page.objects if (entry := _entry(folder, file))]
        options = options | {"cursor": page.nextCursor}
    return found


def _entry(folder, file):
    key = file.key or file.name
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
    entries, page = [], None
    while page is None or len(page) == PER_PAGE:
        options = {"limit": PER_PAGE, "offset": len(entries), "sortBy": {"column": "name", "order": "asc"}}
        page = call(
            gettext("listing %(folder)s") % {"folder": folder},
            lambda options=options: _page(files, folder, options),
        )
        entries += page
    return entries


def _page(files, folder, options):
    page = files.list(folder, options)
    if not isinstance(page, list):
        raise ValueError(page)
    return page
