"""The sandbox's webhooks under the real client's validation; Replicate itself calls public addresses only."""

import queue
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
from replicate.webhook import Webhooks, WebhookSigningSecret

PATIENCE = 20


@pytest.fixture
def receiver():
    """(address, queue of (headers, body)) of a server that says yes to everything."""
    calls = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.end_headers()
            calls.put((dict(self.headers), body.decode()))

        def log_message(self, *arguments):
            """Says nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", calls
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def http(sandbox):
    headers = {"Authorization": f"Bearer {sandbox.key}"}
    with httpx.Client(base_url=sandbox.url, headers=headers, trust_env=False) as client:
        yield client


def ask(http, address, **more):
    body = {
        "version": "meta/meta-llama-3-70b-instruct",
        "input": {"prompt": "Hello"},
        "webhook": address,
        **more,
    }
    return http.post("/v1/predictions", json=body).json()


def test_a_webhook_is_signed_and_carries_the_prediction(http, receiver):
    address, calls = receiver
    made = ask(http, address, webhook_events_filter=["completed"])
    headers, body = calls.get(timeout=PATIENCE)
    secret = WebhookSigningSecret(key=http.get("/v1/webhooks/default/secret").json()["key"])
    Webhooks.validate(headers=headers, body=body, secret=secret, tolerance=60)
    done = http.get(made["urls"]["get"]).json()
    assert f'"id": "{made["id"]}"' in body and '"status": "succeeded"' in body
    assert done["status"] == "succeeded"


def test_start_comes_before_completed(http, receiver):
    address, calls = receiver
    ask(http, address)
    first, second = (calls.get(timeout=PATIENCE)[1] for _ in "ab")
    assert '"completed_at"' not in first and '"completed_at"' in second


def test_a_copy_has_the_same_id(sandbox, http, receiver):
    address, calls = receiver
    sandbox.settings(webhook_copies=2)
    ask(http, address, webhook_events_filter=["completed"])
    first, second = (calls.get(timeout=PATIENCE)[0] for _ in "ab")
    assert first["webhook-id"] == second["webhook-id"]
    assert sandbox.counters()["webhooks_sent"] == 2
