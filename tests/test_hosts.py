"""More than one host on PostgreSQL and Redis: workers and web servers side by side, and what is killed of it.

`make test-servers` starts both servers and runs these.
"""

import os
import re
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
import redis
from psycopg import sql

from tests.services import free_port, redis_server
from tests.stack import PATIENCE, Stack, descendants, kill_tree
from tests.test_journey import fetch, is_picture

pytestmark = pytest.mark.servers

CARDS = 50
# US dollars, as generation.spending has it.
PICTURE_COSTS = 0.04
OPEN_TRANSACTIONS = """SELECT count(*) FROM pg_stat_activity
    WHERE state <> 'idle' AND pid <> pg_backend_pid() AND datname = current_database()"""


@pytest.fixture
def second(stack):
    """A client of a second web server of the same installation."""
    first, stack.port = (stack.port, stack.api), free_port()
    stack.api = httpx.Client(base_url=f"http://127.0.0.1:{stack.port}", timeout=60)
    stack.start_web()
    client, (stack.port, stack.api) = stack.api, first
    yield client
    client.close()


def make_universe(stack, slug, cards):
    stack.api.post("/api/universes", json={"name": slug, "slug": slug}).raise_for_status()
    for number in range(cards):
        card = {"display_name": f"{slug} cat {number}"}
        stack.api.post(f"/api/universes/{slug}/assets", json=card).raise_for_status()


def draw(stack, slug):
    return stack.api.post(f"/api/generate/{slug}/images").raise_for_status().json()["id"]


@pytest.fixture(params=["redis", "database"])
def wherever_messages_are(request, tmp_path, sandbox):
    """Web server and sandbox run, as `stack` does; the queue's messages are in Redis, or in PostgreSQL."""
    stack = Stack(tmp_path)
    stack.use(sandbox)
    if request.param == "database":
        stack.env["REDIS_URL"] = ""
    stack.start_web()
    yield stack
    stack.stop()


@pytest.mark.parametrize("killed", [0, 1])
def test_of_two_workers_either_is_killed_amid_fifty_pictures(wherever_messages_are, sandbox, killed):
    stack = wherever_messages_are
    sandbox.settings(latency={"image": 1.0})
    make_universe(stack, "winter", CARDS)
    workers = [stack.start_worker(), stack.start_worker()]
    assert len({os.getsid(worker.pid) for worker in workers}) == 2
    job = draw(stack, "winter")
    stack.job_when(job, lambda job: job["current_step"] >= CARDS // 3)
    stack.until(lambda: is_drawing(sandbox))
    kill_tree(workers[killed])
    assert not stack.api.get(f"/api/jobs/{job}").json()["completed_at"]
    ended = stack.ended_job(job)
    assert (ended["status"], ended["message"]) == ("completed", f"{CARDS} of {CARDS} images")
    assert_bought_once(stack, sandbox, CARDS)
    cards = stack.api.get("/api/universes/winter/assets").json()
    assert all(is_picture(fetch(stack, card["image_url"])) for card in cards)
    assert workers[1 - killed].poll() is None


def is_drawing(sandbox):
    """Whether a picture is under way at the provider, so that a kill now is one in its midst."""
    return any(made["status"] in ("starting", "processing") for made in sandbox.predictions())


def assert_bought_once(stack, sandbox, number):
    """So many pictures were ordered, each of another card, and our books say what the provider's do."""
    assert sandbox.counters()["created"] == number
    assert len({made["input"]["prompt"] for made in sandbox.predictions()}) == number
    assert stack.spent_and_reserved() == (round(number * PICTURE_COSTS, 4), 0)


def test_the_worker_that_owns_the_job_is_killed_and_the_other_goes_on(stack, sandbox):
    sandbox.settings(latency={"image": 1.0})
    make_universe(stack, "winter", 8)
    owner = stack.start_worker()
    job = draw(stack, "winter")
    stack.until(lambda: sandbox.counters()["created"] >= 4)
    stack.start_worker()
    kill_tree(owner)
    assert stack.ended_job(job)["message"] == "8 of 8 images"
    assert sandbox.counters()["created"] == 8


def test_a_host_that_was_cut_off_has_lost_its_lease_when_it_comes_back(stack, sandbox):
    sandbox.settings(latency={"image": 1.0})
    make_universe(stack, "winter", 12)
    frozen = stack.start_worker()
    job = draw(stack, "winter")
    stack.until(lambda: is_drawing(sandbox))
    freeze(stack, frozen)
    other = stack.start_worker()
    assert stack.ended_job(job)["message"] == "12 of 12 images"
    cards = stack.api.get("/api/universes/winter/assets").json()
    pictures = [fetch(stack, card["image_url"]) for card in cards]
    ended = stack.api.get(f"/api/jobs/{job}").json()

    signal_tree(frozen, signal.SIGCONT)
    kill_tree(other)
    make_universe(stack, "summer", 2)
    assert stack.ended_job(draw(stack, "summer"))["message"] == "2 of 2 images"
    assert stack.api.get(f"/api/jobs/{job}").json() == ended
    assert [fetch(stack, card["image_url"]) for card in cards] == pictures
    assert_bought_once(stack, sandbox, 14)


def signal_tree(process, number):
    for pid in [process.pid, *descendants(process.pid)]:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def freeze(stack, process):
    """Stop all of a host between two of its transactions: one that is open would hold its locks meanwhile."""
    with psycopg.connect(stack.database, autocommit=True) as connection:

        def is_between():
            signal_tree(process, signal.SIGSTOP)
            (found,) = connection.execute(OPEN_TRANSACTIONS).fetchone()
            if found:
                signal_tree(process, signal.SIGCONT)
            return not found

        stack.until(is_between)


def test_two_workers_share_the_places_at_the_provider(stack, sandbox):
    sandbox.settings(latency={"image": 0.5})
    stack.env["REPLICATE_CONCURRENCY"] = "5"
    for slug in ("winter", "summer", "autumn"):
        make_universe(stack, slug, 8)
    for _ in range(2):
        stack.start_worker()
    jobs = [draw(stack, slug) for slug in ("winter", "summer", "autumn")]
    assert {stack.ended_job(job)["message"] for job in jobs} == {"8 of 8 images"}
    counters = sandbox.counters()
    assert (counters["created"], counters["max_running_at_once"] <= 5) == (24, True)


def test_the_spending_limit_holds_over_hosts_and_the_end_of_one(stack, sandbox):
    stack.env |= {"SPEND_LIMIT_MONTHLY": "0.40"}
    sandbox.settings(latency={"image": 1.0})
    for slug in ("winter", "summer", "autumn"):
        make_universe(stack, slug, 8)
    jobs = [draw(stack, slug) for slug in ("winter", "summer", "autumn")]
    workers = [stack.start_worker(), stack.start_worker()]
    stack.until(lambda: is_drawing(sandbox))
    kill_tree(workers[0])
    for job in jobs:
        stack.ended_job(job)
    assert_bought_once(stack, sandbox, 10)


def test_one_sync_of_a_universe_at_a_time_over_hosts(stack, second, sandbox):
    make_universe(stack, "winter", 3)
    sandbox.settings(request_faults=[{"match": "/rest/v1/", "action": "delay:0.1"}])
    with ThreadPoolExecutor(6) as pool:
        clients = [stack.api, second] * 3
        codes = Counter(pool.map(lambda api: api.post("/api/sync/push/winter").status_code, clients))
    assert set(codes) <= {200, 409}
    assert codes[200] >= 1
    assert codes[409] >= 1


def test_a_push_whose_web_server_is_killed_is_ended_by_a_worker(stack, second, sandbox):
    make_universe(stack, "winter", 6)
    sandbox.settings(request_faults=[{"match": "/rest/v1/", "action": "delay:1"}])
    stack.start_worker()
    with ThreadPoolExecutor(1) as pool:
        push = pool.submit(second.post, "/api/sync/push/winter")
        job = stack.until(lambda: stack.api.get("/api/jobs?status=running").json())[0]["id"]
        kill_tree(stack.processes[1])
        with pytest.raises(httpx.TransportError):
            push.result()
    assert stack.api.post("/api/sync/push/winter").status_code == 409
    sandbox.settings(request_faults=[])
    assert stack.ended_job(job)["status"] == "completed"
    again = stack.api.post("/api/sync/push/winter").raise_for_status().json()
    assert (again["success"], again["synced_items"]) == (True, 0)


def test_what_one_host_changes_the_other_shows_at_once(stack, second):
    make_universe(stack, "winter", 2)
    paths = ("/api/universes", "/api/universes/winter", "/api/universes/winter/assets")
    for number in range(5):
        seen = {path: second.get(path) for path in paths}
        held = {path: {"If-None-Match": answer.headers["ETag"]} for path, answer in seen.items()}
        assert {second.get(path, headers=held[path]).status_code for path in paths} == {304}
        card = {"display_name": f"Snowman {number}"}
        stack.api.post("/api/universes/winter/assets", json=card).raise_for_status()
        after = {path: second.get(path, headers=held[path]) for path in paths}
        assert {answer.status_code for answer in after.values()} == {200}
        assert card["display_name"] in after["/api/universes/winter"].text


def test_tries_to_log_in_are_counted_over_hosts(stack, second):
    answers = [try_to_log_in((stack.api, second)[number % 2]).status_code for number in range(11)]
    assert answers == [200] * 10 + [429]


def try_to_log_in(api):
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', api.get("/admin/login/").text)[1]
    form = {"csrfmiddlewaretoken": token, "username": "nobody", "password": "wrong"}
    return api.post("/admin/login/", data=form)


def test_sixteen_writers_on_two_hosts_lose_nothing(stack, second):
    make_universe(stack, "winter", 0)

    def add(number):
        api = (stack.api, second)[number % 2]
        return api.post("/api/universes/winter/assets", json={"display_name": f"Cat {number}"}).status_code

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(add, range(48))) == {201}
    cards = stack.api.get("/api/universes/winter/assets").json()
    assert sorted(card["sort_order"] for card in cards) == list(range(1, 49))
    assert len({card["image_name"] for card in cards}) == 48


def test_hosts_that_share_no_disk_have_their_files_on_s3(stack, sandbox, s3_url, tmp_path):
    stack.env["BUCKET_URL"] = s3_url
    kill_tree(stack.processes[0])
    stack.start_web()
    make_universe(stack, "winter", 12)
    sandbox.settings(latency={"image": 1.0})
    workers = []
    for disk in ("first", "second"):
        stack.env["STORAGE_PATH"] = str(tmp_path / disk)
        workers.append(stack.start_worker())
    job = draw(stack, "winter")
    stack.until(lambda: sandbox.counters()["created"] >= 4)
    kill_tree(workers[0])
    assert stack.ended_job(job)["message"] == "12 of 12 images"
    assert sandbox.counters()["created"] == 12
    cards = stack.api.get("/api/universes/winter/assets").json()
    assert all(is_picture(fetch(stack, card["image_url"])) for card in cards)
    pushed = stack.api.post("/api/sync/push/winter").raise_for_status().json()
    assert pushed["success"], pushed
    stack.api.delete("/api/universes/winter").raise_for_status()
    assert stack.api.get(cards[0]["image_url"]).status_code == 404
    pulled = stack.api.post("/api/sync/pull/winter").raise_for_status().json()
    assert pulled["success"], pulled
    assert all(is_picture(fetch(stack, card["image_url"])) for card in cards)


def test_messages_that_the_queue_lost_are_sent_again(stack, sandbox):
    make_universe(stack, "winter", 2)
    job = draw(stack, "winter")
    with redis.from_url(stack.env["REDIS_URL"]) as server:
        assert server.llen("django_q:magikswipe:q") == 1
        server.flushdb()
    stack.start_worker()
    assert stack.ended_job(job)["message"] == "2 of 2 images"
    assert sandbox.counters()["created"] == 2


def test_of_hosts_that_start_together_one_migrates(tmp_path):
    stack = Stack(tmp_path, migrated=False)
    try:
        with ThreadPoolExecutor(3) as pool:
            told = list(pool.map(lambda _: stack.manage("migrate", "--noinput").stdout, range(3)))
        assert sorted("No migrations to apply" in text for text in told) == [False, True, True]
    finally:
        stack.stop()


def test_without_the_database_for_a_while_nothing_is_lost_and_nothing_bought_twice(stack, sandbox):
    sandbox.settings(latency={"image": 2.0})
    make_universe(stack, "winter", 12)
    worker = stack.start_worker()
    job = draw(stack, "winter")
    stack.until(lambda: is_drawing(sandbox))
    with closed_database(stack):
        stack.until(lambda: stack.api.get("/health").status_code == 503)
        assert stack.api.get("/api/universes/winter").status_code == 503
        stack.until(lambda: not is_drawing(sandbox))
    stack.until(stack.answers)
    assert stack.ended_job(job)["message"] == "12 of 12 images"
    assert_bought_once(stack, sandbox, 12)
    assert worker.poll() is None


@contextmanager
def closed_database(stack):
    """Nobody is connected to the installation's database while the block runs, and nobody can connect."""
    name = urlsplit(stack.database).path[1:]
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        yield
        server.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(sql.Identifier(name)))


def test_without_redis_all_is_answered_and_jobs_go_on_once_it_is_back(tmp_path, sandbox):
    stack = Stack(tmp_path)
    stack.use(sandbox)
    try:
        with redis_server(tmp_path) as url:
            stack.env["REDIS_URL"] = url
            stack.start_web()
            make_universe(stack, "winter", 12)
            make_universe(stack, "summer", 2)
            sandbox.settings(latency={"image": 1.0})
            worker = stack.start_worker()
            first = draw(stack, "winter")
            stack.until(lambda: sandbox.counters()["created"])
        assert stack.api.get("/health").is_success
        assert stack.api.get("/api/universes/winter").is_success
        second = draw(stack, "summer")
        with redis_server(tmp_path, port=redis_port(url)):
            assert stack.ended_job(first)["message"] == "12 of 12 images"
            assert stack.ended_job(second)["message"] == "2 of 2 images"
        assert worker.poll() is None
        assert sandbox.counters()["created"] == 14
        os.kill(worker.pid, signal.SIGTERM)
        assert worker.wait(PATIENCE) == 0
    finally:
        stack.stop()


def redis_port(url):
    return httpx.URL(url).port
