"""Bodies that come in chunks."""

import io

# What the API takes at most, and one byte more, so that what is larger is refused as such.
LIMIT = 5 * 1024 * 1024 + 1


def accept_chunks(application):
    """A WSGI application that gives a chunked body a length, without which Django takes it for empty.

    A server that knows where such a body ends says so by `wsgi.input_terminated`
    (https://docs.gunicorn.org/en/stable/news.html, 20.0).
    """

    def whole(environ, start_response):
        if _is_chunked(environ) and environ.get("PATH_INFO", "").startswith("/api"):
            body = environ["wsgi.input"].read(LIMIT)
            environ = {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        return application(environ, start_response)

    return whole


def _is_chunked(environ):
    return (
        environ.get("wsgi.input_terminated")
        and not environ.get("CONTENT_LENGTH")
        and environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked"
    )
