"""Bodies without a Content-Length, as some HTTP clients send JSON."""

import io

import pytest

from magikswipe.chunks import LIMIT, accept_chunks


def seen(environ, start_response):
    """An application that answers with the length it is told and the length it can read."""
    return [environ.get("CONTENT_LENGTH"), len(environ["wsgi.input"].read())]


def ask(size=10, path="/api/universes", **environ):
    chunked = {
        "PATH_INFO": path,
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input": io.BytesIO(b"x" * size),
        "wsgi.input_terminated": True,
    }
    return accept_chunks(seen)({**chunked, **environ}, None)


def test_a_chunked_body_gets_its_length():
    assert ask() == ["10", 10]


def test_a_chunked_body_is_read_no_further_than_what_shows_that_it_is_too_large():
    assert ask(LIMIT + 100) == [str(LIMIT), LIMIT]


@pytest.mark.parametrize(
    "environ", [{"path": "/admin/"}, {"HTTP_TRANSFER_ENCODING": ""}, {"wsgi.input_terminated": False}]
)
def test_any_other_body_stays_as_it_is(environ):
    assert ask(**environ) == [None, 10]
