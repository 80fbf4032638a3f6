"""What no hostile request may do: leave a trace, in the storage or anywhere else on the machine."""

import os
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Which arguments are paths, and which the folders that they begin at
# (https://docs.python.org/3.11/library/audit_events.html).
CHANGING = {
    "os.chmod": [(0, 2)],
    "os.link": [(0, 2), (1, 3)],
    "os.mkdir": [(0, 2)],
    "os.remove": [(0, 1)],
    "os.rename": [(0, 2), (1, 3)],
    "os.rmdir": [(0, 1)],
    "os.symlink": [(1, 2)],
    "os.truncate": [(0, None)],
}
SECRET = ("/etc/passwd", "/etc/shadow", str(ROOT / ".env"), "/proc/self/environ")

watchers = []


def _tell(event, arguments):
    for watcher in watchers:
        watcher(event, arguments)


# It stays for as long as the process; without watchers it does nothing.
sys.addaudithook(_tell)


@contextmanager
def seen_by_python():
    """What this process opens, changes and runs while the block lasts: `[(what, path)]`."""
    found = []

    def watch(event, arguments):
        if event == "open":
            path, _, flags = arguments
            found.append(("write" if (flags or 0) & WRITING else "read", path))
        for path, folder in CHANGING.get(event, ()):
            found.append((event, _path(arguments[path], -1 if folder is None else arguments[folder])))

    watchers.append(watch)
    try:
        yield found
    finally:
        watchers.remove(watch)


def _path(path, folder):
    """What a path means that may begin at an open folder."""
    if isinstance(path, int) or folder == -1:
        return path
    return Path(f"/proc/self/fd/{folder}").readlink() / os.fsdecode(path)


def tree(folder):
    """`{path: what lies there}`: the bytes of files, the targets of links, and folders."""
    return {str(path): _what(path) for path in Path(folder).rglob("*")}


def _what(path):
    if path.is_symlink():
        return f"-> {path.readlink()}"
    return path.read_bytes() if path.is_file() else "a folder"


def _is_ours(path, folders):
    text = os.fsdecode(path)
    # Compiled modules, as they are imported first, and what has no name.
    return any(text.startswith(folder) for folder in folders) or "__pycache__" in text or text == "/dev/null"


@pytest.fixture(autouse=True)
def untouched(empty_storage, universe, put_file):
    """Fails the test if anything changes beside the bucket, above it or in it, or is written or read elsewhere."""
    put_file("winter", "a.png")
    # Where uploads lie on their way; it stays, empty.
    (empty_storage / "staging").mkdir()
    for place in (empty_storage, empty_storage / "db", empty_storage / "bucket" / ".secret"):
        place.mkdir(exist_ok=True)
        (place / "sentinel.txt").write_text("untouched")
    before = tree(empty_storage)
    with seen_by_python() as seen:
        yield
    assert tree(empty_storage) == before
    ours = (str(empty_storage), str(settings.STORAGE_PATH))
    for what, path in seen:
        if not isinstance(path, int):
            assert os.fsdecode(path) not in SECRET and not os.fsdecode(path).endswith("sentinel.txt"), what
            assert what == "read" or _is_ours(path, ours), (what, path)


@pytest.fixture
def refused():
    """`refused(answer)`: whether it is a 4xx with a sentence, or a page, and tells nothing of what lies elsewhere."""

    def check(response):
        content = b"".join(response) if response.streaming else response.content
        assert 400 <= response.status_code < 500, (response.status_code, content[:200])
        assert b"untouched" not in content and b"root:" not in content
        if response["Content-Type"] == "application/json" and content:
            assert response.json()["detail"]
        return True

    return check
