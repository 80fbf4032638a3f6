"""The whole way with the whole product: from an idea to published, lost and brought back."""

import io
import os
import shutil
import signal
import subprocess

import imageio_ffmpeg
import pytest
from PIL import Image

from tests.stack import kill_tree

LANGUAGES = ("fr", "en", "es", "it", "de")


def fetch(stack, url):
    """A file as a client gets it, whole and in part."""
    whole = stack.api.get(url)
    assert whole.status_code == 200, (url, whole.text)
    part = stack.api.get(url, headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.content) == (206, whole.content[5:10])
    return whole.content


def is_picture(content):
    with Image.open(io.BytesIO(content)) as picture:
        picture.load()
        return picture.format in ("PNG", "JPEG") and min(picture.size) >= 256


def plays(content, path):
    """Whether ffmpeg decodes it without a complaint."""
    path.write_bytes(content)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", path, "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return done.returncode == 0 and not done.stderr


def media_of(stack, slug):
    """`{url: content}` of all that the universe shows."""
    universe = stack.api.get(f"/api/universes/{slug}").json()
    urls = [universe["thumbnail_url"]] + [p["music_url"] for p in universe["music_prompts"]]
    urls += [card[kind] for card in universe["assets"] for kind in ("image_url", "video_url")]
    return {url: fetch(stack, url) for url in urls}


def rows_of(stack, slug):
    """All that the API says of a universe, but for the two ids that only this side has and its time of syncing."""
    universe = stack.api.get(f"/api/universes/{slug}").json()
    own = ("id", "univers_id", "supabase_id", "last_synced_at")

    def without(value):
        if isinstance(value, list):
            return [without(item) for item in value]
        if isinstance(value, dict):
            return {key: without(item) for key, item in value.items() if key not in own}
        return value

    details = [
        stack.api.get(f"/api/universes/{slug}/assets/{card['id']}").json() for card in universe["assets"]
    ]
    return without(universe), without(details)


def test_from_an_idea_to_published_wiped_and_brought_back(stack, tmp_path):
    worker = stack.start_worker()
    said = stack.manage("demo", "--count", "8").stdout
    assert "8 cards, 8 pictures, 8 clips, 5 songs" in said

    universe = stack.api.get("/api/universes").json()["items"][0]
    slug = universe["slug"]
    media, rows = media_of(stack, slug), rows_of(stack, slug)
    assert len(media) == 1 + 8 * 2 + 5
    for url, content in media.items():
        assert is_picture(content) if url.endswith(("png", "jpg")) else plays(content, tmp_path / "file"), url
    assert all({t["language"] for t in card["translations"]} == set(LANGUAGES) for card in rows[1])
    jobs = stack.api.get("/api/jobs").json()
    assert {job["status"] for job in jobs} == {"completed"}
    # An answer that takes longer than two seconds, on a busy machine, counts as none.
    stack.until(lambda: stack.api.get("/api/sync/status").json()["supabase_connected"])

    again = stack.api.post(f"/api/sync/push/{slug}").json()
    assert (again["success"], again["synced_items"]) == (True, 0)

    kill_tree(worker)
    kill_tree(stack.processes[0])
    shutil.rmtree(stack.folder / "var")
    stack.manage("migrate", "-v", "0")
    stack.manage("sync_init")
    stack.start_web()
    assert rows_of(stack, slug) == rows
    assert media_of(stack, slug) == media
    assert stack.api.post(f"/api/sync/push/{slug}").json()["synced_items"] == 0


def make_cards(stack, number):
    stack.api.post("/api/universes", json={"name": "Winter"})
    for n in range(number):
        stack.api.post("/api/universes/winter/assets", json={"display_name": f"Snowman {n}"})


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["worker", "tree"])
def test_a_worker_killed_amid_twelve_pictures_buys_none_twice(stack, sandbox, victim):
    sandbox.settings(latency={"image": 3})
    make_cards(stack, 12)
    worker = stack.start_worker()
    job = stack.api.post("/api/generate/winter/images").json()
    stack.until(lambda: sandbox.counters()["created"] >= 4)
    if victim == "tree":
        kill_tree(worker)
    else:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    stack.start_worker()
    job = stack.ended_job(job["id"])
    assert (job["status"], job["message"]) == ("completed", "12 of 12 images")
    cards = stack.api.get("/api/universes/winter/assets").json()
    assert all(is_picture(fetch(stack, card["image_url"])) for card in cards)
    assert sandbox.counters()["created"] == 12


@pytest.mark.slow
def test_make_run_shows_a_port_that_is_taken(stack):
    refused = stack.manage("up", "--port", str(stack.port), check=False)
    assert refused.returncode == 1
    assert f"Port {stack.port} is taken" in refused.stderr
