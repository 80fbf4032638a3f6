"""A page of another site in the browser of whoever runs MagikSwipe, which would change something there."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.browser.conftest import PATIENCE
from tests.stack import Stack

pytestmark = pytest.mark.slow

SEND = """async ([url, type]) => {
    const sent = new Blob([JSON.stringify({name: "Evil"})], type ? {type} : {});
    const answer = await fetch(url, {method: "POST", mode: "no-cors", credentials: "include", body: sent});
    return answer.type;
}"""


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<p>Hello")

    def log_message(self, *args):
        pass


@pytest.fixture
def foreign():
    """The address of another site."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def open_stack(tmp_path):
    stack = Stack(tmp_path, DEBUG="false", API_OPEN="true")
    stack.start_web()
    yield stack
    stack.stop()


@pytest.mark.parametrize("type", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_what_it_sends_without_asking_for_leave_changes_nothing(chromium, open_stack, foreign, type):
    """A Blob without a type has no Content-Type, and no preflight goes ahead of it."""
    context = chromium.new_context()
    context.set_default_timeout(PATIENCE)
    page, answers = context.new_page(), []
    url = f"http://127.0.0.1:{open_stack.port}/api/universes"
    page.on("response", lambda answer: answer.url == url and answers.append(answer.status))
    page.goto(foreign)
    page.evaluate(SEND, [url, type])
    context.close()
    assert answers == [403]
    assert open_stack.api.get("/api/universes").json()["total"] == 0
