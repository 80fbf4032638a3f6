"""A disk without room: who writes is told so, who reads is answered, and jobs go on once there is room again."""

import io
import itertools
import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from tests.proxies import needs
from tests.stack import Stack, kill_tree

pytestmark = pytest.mark.slow

FULL = "The disk is full; make room, then try again."
SIZE = "40M"
UNSHARE = shutil.which("unshare")
ZIP = {"Content-Type": "application/zip"}
MOUNT = 'mount -t tmpfs -o size="$1" tmpfs "$2" && echo mounted && exec sleep infinity'


@contextmanager
def small_disk(folder):
    """`(command that runs others where `folder` is a disk of 40 MB, how to reach that disk from here)`"""
    needs("unshare")
    holder = subprocess.Popen(
        [UNSHARE, "-Urm", "sh", "-c", MOUNT, "sh", SIZE, folder], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "mounted\n"
        enter = [
            "nsenter",
            "--preserve-credentials",
            "-U",
            "-m",
            "-t",
            str(holder.pid),
            f"--wd={Path.cwd()}",
            "--",
        ]
        yield enter, Path(f"/proc/{holder.pid}/root{folder}")
    finally:
        kill_tree(holder)
        holder.stdout.close()


class Disk:
    """Fills it, and frees it again."""

    def __init__(self, path):
        self.path, self.filler = path, path / "filler"

    def fill(self, left=0):
        free = os.statvfs(self.path)
        self.filler.write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - left)))

    def empty(self):
        self.filler.unlink()


@pytest.fixture
def disk(tmp_path):
    (tmp_path / "var").mkdir()
    with small_disk(tmp_path / "var") as (enter, path):
        found = Disk(path)
        found.enter = enter
        yield found


@pytest.fixture
def stack(tmp_path, disk, sandbox):
    stack = Stack(tmp_path, within=disk.enter, DATABASE_URL="", WORKERS="1")
    stack.use(sandbox)
    stack.start_web()
    stack.start_worker()
    yield stack
    stack.stop()


def noise():
    picture = io.BytesIO()
    Image.effect_noise((900, 900), 90).convert("RGB").save(picture, "PNG")
    return picture.getvalue()


def fill_all(stack, disk):
    """Fill the disk, and what the database's log has room for besides."""
    disk.fill()
    numbers = itertools.count()

    def is_full():
        body = {"name": f"Filler {next(numbers)}", "default_image_prompt": "x" * 5000}
        answer = stack.api.post("/api/universes", json=body)
        assert answer.status_code in (201, 507), answer.text
        return answer.status_code == 507

    stack.until(is_full)


def test_who_writes_to_a_full_disk_is_told_so_and_who_reads_is_answered(stack, disk):
    api, long = stack.api, "x" * 5000
    api.post("/api/universes", json={"name": "Winter"}).raise_for_status()
    card = api.post("/api/universes/winter/assets", json={"display_name": "Snow"}).json()["id"]
    picture, kind = noise(), {"Content-Type": "image/png"}
    address = f"/api/universes/winter/assets/{card}/image"
    api.put(address, content=picture, headers=kind).raise_for_status()
    archive = api.get("/api/universes/winter/export").content
    before = api.get("/api/universes/winter").json()
    fill_all(stack, disk)
    for method, path, options in (
        ("PUT", address, {"content": picture, "headers": kind}),
        ("PUT", "/api/universes/winter/thumbnail", {"content": picture, "headers": kind}),
        (
            "POST",
            "/api/universes/import?slug=copy",
            {"content": archive, "headers": {"Content-Type": "application/zip"}},
        ),
        ("POST", "/api/universes/winter/duplicate", {"json": {"name": "Copy"}}),
        ("GET", "/api/universes/winter/export", {}),
        ("POST", "/api/universes", {"json": {"name": "Other", "default_image_prompt": long}}),
        ("PATCH", "/api/universes/winter", {"json": {"default_image_prompt": long}}),
        (
            "PATCH",
            f"/api/universes/winter/assets/{card}",
            {"json": {"custom_image_prompt": long}},
        ),
        (
            "POST",
            "/api/generate/winter/concepts/apply",
            {"json": {"concepts": ["a"], "translations": {"fr": ["a"]}}},
        ),
    ):
        answer = api.request(method, path, **options)
        assert (answer.status_code, answer.json().get("detail")) == (507, FULL), (
            method,
            path,
            answer.text[:200],
        )
    assert api.get("/api/universes/winter").json() == before
    assert api.get(before["assets"][0]["image_url"]).status_code == 200
    assert "disk-full" in stack.manage("doctor", check=False).stdout
    for command in (["prune"], ["backup", str(stack.folder / "var" / "backup.tar")]):
        done = stack.manage(*command, check=False)
        assert "Traceback" not in done.stderr and (
            done.returncode == 0 or "disk" in done.stderr + done.stdout
        )
    disk.empty()
    assert api.put(address, content=picture, headers=kind).status_code == 200


def test_a_job_waits_for_room_and_goes_on_by_itself(stack, disk):
    api = stack.api
    api.post("/api/universes", json={"name": "Winter"}).raise_for_status()
    api.post("/api/universes/winter/assets", json={"display_name": "Snow"}).raise_for_status()
    disk.fill(left=100_000)
    job = api.post("/api/generate/winter/images", json={}).json()
    # In which each step is tried, and the database has no room to write down what came of it.
    stack.pause(10)
    assert api.get(f"/api/jobs/{job['id']}").json()["status"] in ("pending", "running")
    disk.empty()
    assert stack.ended_job(job["id"])["status"] == "completed"
