"""What a sync of a hundred universes costs: `python -m bench.sync`.

Runs against a sandbox that answers each request in 20 ms, and prints a line per figure with its bound.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random

from tests.sandbox_plugin import start_sandbox, stop_sandbox

UNIVERSES, CARDS, FILES, FILE_SIZE = 100, 20, 40, 50_000
LANGUAGES = ("fr", "en", "es", "it", "de")
DELAY = [{"match": ".", "action": "delay:0.02"}]
MB = 1_000_000
LARGE = 300 * MB
ROOT = Path(__file__).resolve().parent.parent


def main():
    with tempfile.TemporaryDirectory() as folder:
        sandbox = start_sandbox(Path(folder) / "sandbox")
        try:
            _set_up(folder, sandbox)
            good = [*_first_pull(folder, sandbox), *_nothing_to_do(sandbox), *_memory(sandbox)]
        finally:
            stop_sandbox(sandbox)
    return 0 if all(good) else 1


def _set_up(folder, sandbox):
    """Django on an empty database of its own, with the sandbox as its Supabase."""
    os.environ |= {
        "SECRET_KEY": "for the benchmark alone",
        "DEBUG": "true",
        "DATABASE_URL": "",
        "STORAGE_PATH": str(Path(folder) / "var"),
        "SUPABASE_URL": sandbox.url,
        "SUPABASE_SERVICE_ROLE_KEY": sandbox.key,
        "DJANGO_SETTINGS_MODULE": "magikswipe.settings",
    }
    import django  # noqa: PLC0415 - the settings are read when it is set up

    django.setup()
    _manage("migrate", "-v", "0")


def _manage(*arguments):
    command = [sys.executable, "manage.py", *arguments]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own


# --- What there is in Supabase -----------------------------------------------------------------------------


def _fill(client):
    rows = [{"name": f"Universe {n}", "slug": _slug(n), "is_public": True} for n in range(UNIVERSES)]
    client.insert("univers", rows)
    ids = [row["id"] for row in client.select("univers")]
    for table, key in (("univers_translations", "language"), ("univers_music_prompts", "language")):
        client.insert(table, [{"univers_id": i, key: language} for i in ids for language in LANGUAGES])
    client.insert("univers_prompts", [{"univers_id": i, "default_image_prompt": "{concept}"} for i in ids])
    client.insert("univers_assets", [_card(i, n) for i in ids for n in range(CARDS)])
    cards = [row["id"] for row in client.select("univers_assets")]
    names = [{"asset_id": i, "language": k, "display_name": f"{k} name"} for i in cards for k in LANGUAGES]
    client.insert("univers_assets_translations", names)
    _upload_all(client)


def _slug(number):
    return f"universe-{number}"


def _card(universe, number):
    name = f"{number:02}_card.png"
    return {
        "univers_id": universe,
        "sort_order": number,
        "image_name": name,
        "display_name": f"Card {number}",
    }


def _upload_all(client):
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(4) as pool:
        for key in _keys():
            path = Path(folder) / key.replace("/", "-")
            path.write_bytes(Random(key).randbytes(FILE_SIZE))  # noqa: S311 - content, no secret
            pool.submit(client.upload, path, key)


def _keys():
    names = [f"{n:02}_card.{kind}" for n in range(FILES // 2) for kind in ("png", "mp4")]
    return [f"{_slug(universe)}/{name}" for universe in range(UNIVERSES) for name in names]


# --- The figures -------------------------------------------------------------------------------------------


def _first_pull(folder, sandbox):
    from syncer.client import client  # noqa: PLC0415 - needs the settings

    _fill(client())
    sandbox.settings(request_faults=DELAY)
    bare = _timed(lambda: _bare_loop(client(), Path(folder) / "bare"))
    with _counted(sandbox) as asked:
        taken = _timed(_init)
    yield _report("row requests of a first sync_init", asked["rest_requests"], 30)
    yield _report("listings", asked["storage_lists"], UNIVERSES)
    yield _report("file requests", asked["storage_reads"], UNIVERSES * FILES)
    yield _report("time against a bare loop", taken / bare, 1.3, f"{taken:.1f} s against {bare:.1f} s")
    with _counted(sandbox) as asked:
        taken = _timed(_init)
    yield _report("row requests of a second", asked["rest_requests"], 30, f"{taken:.1f} s")
    yield _report("downloads of a second", asked["storage_reads"], 0)
    yield _report("writes of a second", _writes(asked), 0)


def _bare_loop(client, folder):
    """Nothing but the downloads, with the same client, as many at once."""
    from django.conf import settings  # noqa: PLC0415 - needs the settings

    folder.mkdir()
    with ThreadPoolExecutor(settings.SYNC_PARALLEL) as pool:
        list(pool.map(lambda key: client.download(key, folder / key.replace("/", "-"), FILE_SIZE), _keys()))


def _init():
    _call("sync_init")


def _call(*arguments):
    from django.core.management import call_command  # noqa: PLC0415 - needs the settings

    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        call_command(*arguments, stdout=nowhere, stderr=nowhere)


def _nothing_to_do(sandbox):
    from universes.models import AssetTranslation  # noqa: PLC0415 - needs the settings

    slug = _slug(7)
    name = AssetTranslation.objects.filter(asset__universe__slug=slug, language="fr").first()
    AssetTranslation.objects.filter(pk=name.pk).update(display_name="Another name")
    with _counted(sandbox) as asked:
        _call("sync_push", slug)
    yield _report("rows written for one changed name", asked["rows_written"], 1)
    yield _report("files written for it", asked["files_written"], 0)
    with _counted(sandbox) as asked:
        for command in ("sync_pull", "sync_push", "sync_pull", "sync_push"):
            _call(command, slug)
    yield _report("writes of pull, push, pull, push", _writes(asked), 0)
    yield _report("downloads of them", asked["storage_reads"], 0)


def _writes(asked):
    return asked["rest_writes"] + asked["storage_writes"]


def _memory(sandbox):
    """One clip of 300 MB there and back, by processes of their own."""
    from storage import bucket  # noqa: PLC0415 - needs the settings
    from universes.services import universes  # noqa: PLC0415 - needs the settings

    sandbox.settings(request_faults=[], file_size_limit=2 * LARGE)
    universes.create(name="Large", slug="large")
    with tempfile.NamedTemporaryFile() as clip:
        clip.truncate(LARGE)
        bucket.put(clip.name, "large", "00_large.mp4")
    _manage("sync_push", "large")
    yield _report("MB of memory, pushing 300 MB", _most_memory(), 250)
    bucket.remove("large", "00_large.mp4")
    _manage("sync_pull", "large")
    yield _report("MB of memory, pulling 300 MB", _most_memory(), 250)
    yield _report("bytes that are missing", LARGE - bucket.listing("large")["00_large.mp4"].size, 0)


def _most_memory():
    """Megabytes that the largest process started here has had; Linux counts in KiB."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / MB


@contextmanager
def _counted(sandbox):
    """What the sandbox is asked within the block, there at its end."""
    before, asked = sandbox.counters(), {}
    yield asked
    asked |= {k: n - before[k] for k, n in sandbox.counters().items() if isinstance(n, int)}


def _timed(work):
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def _report(what, figure, bound, details=""):
    number = f"{figure:8.2f}" if isinstance(figure, float) else f"{figure:8}"
    print(f"{what:36} {number}  (at most {bound})  {details}", flush=True)
    return figure <= bound


if __name__ == "__main__":
    sys.exit(main())
