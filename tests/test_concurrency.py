"""Many who write at once, while a worker is busy: everything arrives, once, and nobody hears of a lock."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

CLIENTS = 16
CARDS = 5
ROUNDS = 4


class Drawing(threading.Thread):
    """Has the worker draw the same thirty cards again and again until it is told to stop."""

    def __init__(self, stack):
        super().__init__()
        self.stack, self.enough, self.ended = stack, threading.Event(), []

    def run(self):
        while not self.enough.is_set():
            job = self.stack.api.post("/api/generate/busy/images", json={"regenerate": True}).json()
            self.ended.append(self.stack.ended_job(job["id"]))

    def stop(self):
        """Returns the jobs as they ended, the last of which was at work until now."""
        self.enough.set()
        self.join()
        return self.ended


@pytest.fixture
def busy(capfd, stack, sandbox):
    """A stack whose worker draws in a universe of its own for as long as the test lasts; nobody hears of a lock."""
    sandbox.settings(latency={"image": 0.05}, llm_style="clean")
    stack.start_worker()
    make(stack.api, "/api/universes", name="Busy", slug="busy")
    for number in range(30):
        make(stack.api, "/api/universes/busy/assets", display_name=f"thing {number}")
    make(stack.api, "/api/universes", name="Winter", slug="winter")
    drawing = Drawing(stack)
    drawing.start()
    try:
        yield stack
    finally:
        jobs = drawing.stop()
    told = [(job["status"], job["current_step"], job["error"]) for job in jobs]
    assert set(told) == {("completed", 30, None)}, told
    # What web server, worker and waker have logged.
    assert not re.search("locked|deadlock|OperationalError|Traceback", said := capfd.readouterr().err), said


def make(api, path, **body):
    answer = api.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def at_once(stack, work):
    """`work(api, number)` by CLIENTS at once, each with connections of its own; returns what each returned."""

    def one(number):
        with httpx.Client(base_url=str(stack.api.base_url), timeout=120) as api:
            return work(api, number)

    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(one, range(CLIENTS)))


@pytest.mark.servers
@pytest.mark.slow
def test_cards_that_many_add_at_once_get_names_and_orders_of_their_own(busy):
    def add(api, number):
        return [make(api, "/api/universes/winter/assets", display_name="Snow") for _ in range(CARDS)]

    added = [card for cards in at_once(busy, add) for card in cards]
    listed = busy.api.get("/api/universes/winter/assets").json()
    assert {card["id"] for card in listed} == {card["id"] for card in added}
    assert len({card["image_name"] for card in listed}) == CLIENTS * CARDS
    assert [card["sort_order"] for card in listed] == list(range(1, CLIENTS * CARDS + 1))


@pytest.mark.servers
@pytest.mark.slow
def test_changes_of_different_fields_at_once_are_all_kept(busy):
    fields = {
        "name": "Snow", "background_color": "#abcdef", "background_music": "song", "thumbnail_url": "/t.jpg",
        "default_image_prompt": "image", "default_video_prompt": "video", "is_public": False,
        "translations": {"fr": "Neige"},
    }  # fmt: skip
    names = list(fields)

    def change(api, number):
        field = names[number % len(names)]
        for _ in range(ROUNDS):
            answer = api.patch("/api/universes/winter", json={field: fields[field]})
            assert answer.status_code == 200, answer.text

    at_once(busy, change)
    found = busy.api.get("/api/universes/winter").json()
    shown = {
        **found,
        **found["prompts"],
        "translations": {row["language"]: row["name"] for row in found["translations"]},
    }
    assert {name: shown[name] for name in names} == fields


@pytest.mark.servers
@pytest.mark.slow
def test_changes_of_one_card_at_once_are_all_kept(busy):
    card = make(busy.api, "/api/universes/winter/assets", display_name="Snow")
    fields = {
        "display_name": "Flake", "sort_order": 7, "custom_image_prompt": "image", "custom_video_prompt": "video",
    }  # fmt: skip
    names = list(fields)
    address = f"/api/universes/winter/assets/{card['id']}"

    def change(api, number):
        field = names[number % len(names)]
        for _ in range(ROUNDS):
            answer = api.patch(address, json={field: fields[field]})
            assert answer.status_code == 200, answer.text

    at_once(busy, change)
    found = busy.api.get(address).json()
    shown = {**found, **found["prompts"]}
    assert {name: shown[name] for name in names} == fields
    assert shown["image_name"] == card["image_name"]


@pytest.mark.servers
@pytest.mark.slow
def test_an_order_of_a_copy_that_all_send_at_once_makes_one(busy):
    make(busy.api, "/api/universes/winter/assets", display_name="Snow")

    def order(api, number):
        return api.post("/api/universes/winter/duplicate", headers={"Idempotency-Key": "one-order"})

    answers = at_once(busy, order)
    assert {answer.status_code for answer in answers} == {201}
    assert {answer.json()["slug"] for answer in answers} == {"copy-of-winter"}
    assert busy.api.get("/api/universes").json()["total"] == 3


@pytest.mark.servers
@pytest.mark.slow
def test_everything_at_once_is_answered_and_nothing_is_half_done(busy):
    def live(api, number):
        """A universe's whole life, beside fifteen others'."""
        slug = f"own-{number}"
        make(api, "/api/universes", name="Winter", slug=slug, translations={"fr": "Hiver"})
        cards = [make(api, f"/api/universes/{slug}/assets", display_name=f"c{n}") for n in range(3)]
        make(api, f"/api/universes/{slug}/music-prompts", language="fr", prompt="harp", lyrics="la la")
        api.patch(f"/api/universes/{slug}/assets/{cards[0]['id']}", json={"sort_order": 9}).raise_for_status()
        api.delete(f"/api/universes/{slug}/assets/{cards[1]['id']}").raise_for_status()
        api.post(f"/api/universes/{slug}/duplicate", json={"slug": f"{slug}-copy"}).raise_for_status()
        if number % 2:
            api.delete(f"/api/universes/{slug}").raise_for_status()
        return slug

    slugs = at_once(busy, live)
    for number, slug in enumerate(slugs):
        assert busy.api.get(f"/api/universes/{slug}").status_code == (404 if number % 2 else 200)
        copy = busy.api.get(f"/api/universes/{slug}-copy").json()
        assert [card["display_name"] for card in copy["assets"]] == ["c2", "c0"]
        assert [song["lyrics"] for song in copy["music_prompts"]] == ["la la"]


@pytest.mark.servers
@pytest.mark.slow
def test_one_of_many_who_take_a_slug_gets_it(busy):
    def take(api, number):
        return api.post("/api/universes", json={"name": f"Mine {number}", "slug": "wanted"}).status_code

    codes = at_once(busy, take)
    assert sorted(codes) == [201] + [400] * (CLIENTS - 1)
