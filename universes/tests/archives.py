"""Archives of universes, taken apart and packed again."""

import io
import json
import zipfile

EXPORT, IMPORT = "/api/universes/winter/export", "/api/universes/import"


def by_name(archive):
    """`{name: bytes}` of an archive's members."""
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        return {name: source.read(name) for name in source.namelist()}


def packed(members, change=lambda info: None, method=zipfile.ZIP_STORED):
    """An archive of `[(name, bytes)]`; `change` may alter each ZipInfo before it is written."""
    with zipfile.ZipFile(target := io.BytesIO(), "w") as archive:
        for name, content in members:
            change(info := zipfile.ZipInfo(name))
            archive.writestr(info, content, method)
    return target.getvalue()


def with_manifest(archive, change):
    """The archive after `change(manifest)`."""
    members = by_name(archive)
    change(manifest := json.loads(members["manifest.json"]))
    return packed({**members, "manifest.json": json.dumps(manifest).encode()}.items())
