"""JSON in and out, and files as they are: parsers, the renderer, and how they are chosen.

JSON is written by orjson (https://github.com/ijl/orjson), several times as fast as the standard library's.
"""

import codecs
import io
from typing import Any

import orjson
from rest_framework import negotiation, parsers, renderers
from rest_framework.exceptions import NotAcceptable, ParseError, UnsupportedMediaType
from rest_framework.request import Request

ZIP = "application/zip"
# Types that any site's page can have a browser send here without a preflight, and that no client of ours sends.
# https://fetch.spec.whatwg.org/#cors-safelisted-request-header
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
# The parser's message for a number of more digits than Python reads (sys.set_int_max_str_digits).
TOO_MANY_DIGITS = "integer string conversion"


class JSONParser(parsers.JSONParser):
    """JSON of a bounded size, in any depth that Python can read."""

    advice = "Send JSON as the body, with the Content-Type application/json."

    @staticmethod
    def takes(kind: str) -> bool:
        return kind in ("", "application/json", "text/json") or kind.endswith("+json")

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """The value; `{}` for no bytes. Raises ParseError for what is no JSON, RequestDataTooBig beyond 5 MB."""
        # Django checks the size only where the whole body is asked for.
        whole = stream.body if hasattr(stream, "body") else stream.read()
        if not whole:
            return {}
        try:
            content = io.BytesIO(whole.removeprefix(codecs.BOM_UTF8))
            return super().parse(content, media_type, parser_context)
        except RecursionError:
            raise ParseError("The body is nested too deeply; send flatter JSON.") from None
        except ParseError as error:
            reason = str(error.detail).removeprefix("JSON parse error - ")
            if isinstance(error.__context__, UnicodeError):
                reason = "it is not in UTF-8; send it in UTF-8, and not compressed."
            if TOO_MANY_DIGITS in reason:
                reason = "it has a number of thousands of digits; send a smaller one."
            raise ParseError(f"The body is not valid JSON: {reason}") from None


class FileParser(parsers.BaseParser):
    """A file as the body: its stream, for the view to read piece by piece. Its content alone tells what it is."""

    media_type = "*/*"

    @staticmethod
    def takes(kind: str) -> bool:
        return kind not in FORMS

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return stream


class ArchiveParser(FileParser):
    advice = f"Send the archive itself as the body, with the Content-Type {ZIP}."


class PictureParser(FileParser):
    advice = "Send the file itself as the body, with a Content-Type that begins with image/."


class ClipParser(FileParser):
    advice = "Send the file itself as the body, with a Content-Type that begins with video/."


class SongParser(FileParser):
    advice = "Send the file itself as the body, with a Content-Type that begins with audio/."


class Negotiation(negotiation.DefaultContentNegotiation):
    """Chooses the parser of the body and the renderer of the answer."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The view's one parser; UnsupportedMediaType, which says what to send, for what that does not take."""
        (parser,) = parsers
        kind = request.content_type.partition(";")[0].strip().lower()
        if not parser.takes(kind):
            raise UnsupportedMediaType(kind, parser.advice)
        return parser

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """The first renderer, JSON, for a client that accepts nothing we have, or says so in no way that is read."""
        try:
            return super().select_renderer(request, renderers, format_suffix)
        except (NotAcceptable, ValueError):
            return renderers[0], renderers[0].media_type


OPTIONS = orjson.OPT_UTC_Z


def dumps(data: Any) -> bytes:
    """JSON as bytes. Raises TypeError for what only DRF's encoder can write."""
    return orjson.dumps(data, default=renderers.encoders.JSONEncoder().default, option=OPTIONS)


class JSONRenderer(renderers.JSONRenderer):
    """DRF's for who asks for an indent, and for whole numbers beyond 64 bits."""

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        if data is None:
            return b""
        if "indent" not in (accepted_media_type or ""):
            try:
                return dumps(data)
            except TypeError:
                pass
        return super().render(data, accepted_media_type, renderer_context)
