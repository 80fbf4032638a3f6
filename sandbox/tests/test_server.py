"""The sandbox as a process."""

import subprocess
import sys
import time
from contextlib import contextmanager

import httpx
import pytest

from tests.sandbox_plugin import ROOT, start_sandbox, stop_sandbox

LLM = "meta/meta-llama-3-70b-instruct"


def run(*arguments):
    command = [sys.executable, "-m", "sandbox", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::"])  # noqa: S104 - to be refused
def test_an_address_that_others_can_reach_is_refused(tmp_path, host):
    done = run("--state", str(tmp_path), "--host", host)
    assert done.returncode == 2 and "can be reached from outside" in done.stderr


def test_a_taken_port_is_named(tmp_path, sandbox_server):
    port = sandbox_server.url.rpartition(":")[2]
    done = run("--state", str(tmp_path), "--port", port)
    assert done.returncode == 1 and f"port {port}" in done.stderr and done.stdout == ""


def test_it_listens_where_it_did_before(tmp_path):
    """Else the universes that were synced with it would belong to another Supabase after a restart."""
    first = start_sandbox(tmp_path)
    stop_sandbox(first)
    again = start_sandbox(tmp_path)
    assert again.url == first.url
    with start_again_elsewhere(tmp_path) as other:
        assert other.url != first.url
    stop_sandbox(again)
    third = start_sandbox(tmp_path)
    assert third.url == first.url
    stop_sandbox(third)


@pytest.mark.parametrize("text", ["", "abc", "99999"])
def test_a_port_that_was_not_written_to_its_end_is_written_anew(tmp_path, text):
    first = start_sandbox(tmp_path)
    stop_sandbox(first)
    (tmp_path / "port").write_text(text)
    urls = set()
    for _ in range(2):
        again = start_sandbox(tmp_path)
        urls.add(again.url)
        stop_sandbox(again)
    assert len(urls) == 1


@contextmanager
def start_again_elsewhere(state):
    """A second one with the same state, whose port is taken."""
    server = start_sandbox(state)
    yield server
    stop_sandbox(server)


@pytest.mark.parametrize("size", [10, 5_000_000])
def test_a_refused_upload_whose_body_was_not_read_does_not_break_the_next_request(sandbox, size):
    path, headers = "/storage/v1/object/univers/x/a.png", {"Authorization": f"Bearer {sandbox.key}"}
    with httpx.Client(base_url=sandbox.url, headers=headers, trust_env=False, timeout=30) as http:
        assert http.post(path, content=b"content").status_code == 200
        refused = [http.post(path, content=b"x" * size) for _ in range(3)]
        assert {answer.json()["statusCode"] for answer in refused} == {"409"}
        assert http.get("/storage/v1/object/public/univers/x/a.png").content == b"content"


def test_it_stops_at_once_though_something_runs(tmp_path):
    server = start_sandbox(tmp_path)
    server.settings(latency={"llm": 60})
    headers = {"Authorization": f"Bearer {server.key}"}
    httpx.post(
        f"{server.url}/v1/predictions",
        json={"version": LLM, "input": {"prompt": "x"}},
        headers=headers,
        trust_env=False,
    )
    # It raises when the process takes longer than `SECONDS_TO_STOP`, and what runs takes far longer than that.
    stop_sandbox(server)


def test_it_ends_with_whoever_started_it(tmp_path):
    server = start_sandbox(tmp_path)
    server.process.stdin.close()
    assert server.process.wait(60) == 0
    stop_sandbox(server)


def test_everything_survives_a_restart(tmp_path):
    headers = {"Authorization": "Bearer other"}
    server = start_sandbox(tmp_path, key="other")
    server.settings(max_rows=7, latency={"llm": 1})
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False) as http:
        http.post("/rest/v1/univers", json={"name": "x", "slug": "x"})
        http.post("/storage/v1/object/univers/x/a.png", content=b"x")
        body = {"version": LLM, "input": {"prompt": "Hello"}}
        made = http.post("/v1/predictions", json=body).json()
    server.process.kill()
    stop_sandbox(server)
    again = start_sandbox(tmp_path, key="other")
    with httpx.Client(base_url=again.url, headers=headers, trust_env=False) as http:
        assert [row["slug"] for row in http.get("/rest/v1/univers").json()] == ["x"]
        assert http.get("/storage/v1/object/public/univers/x/a.png").content == b"x"
        ends = time.monotonic() + 60
        while (found := http.get(f"/v1/predictions/{made['id']}").json())["status"] != "succeeded":
            assert time.monotonic() < ends
            time.sleep(0.02)
    assert found["output"] and found["input"] == {"prompt": "Hello"}
    assert again.settings()["max_rows"] == 7
    stop_sandbox(again)


def test_a_secret_key_counts_in_its_own_header_and_not_from_a_browser(tmp_path):
    server = start_sandbox(tmp_path, key="sb_secret_x")
    address, key = f"{server.url}/rest/v1/univers", {"apikey": "sb_secret_x"}
    browser = {"User-Agent": "Mozilla/5.0"}
    tried = (key, {"Authorization": "Bearer sb_secret_x"}, key | browser)
    statuses = [httpx.get(address, headers=headers, trust_env=False).status_code for headers in tried]
    stop_sandbox(server)
    assert statuses == [200, 401, 401]


def test_a_page_of_another_origin_may_read_what_went_wrong(tmp_path):
    server = start_sandbox(tmp_path)
    server.settings(request_faults=[{"match": "GET /rest/v1/", "action": "503"}])
    headers = {"apikey": server.key, "Origin": "http://localhost:8081"}
    answer = httpx.get(f"{server.url}/rest/v1/univers", headers=headers, trust_env=False)
    stop_sandbox(server)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (503, "*")
