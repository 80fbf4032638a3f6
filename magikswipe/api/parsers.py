"""What the API takes and gives: JSON, and an archive as it is."""

import io

from rest_framework import negotiation, parsers
from rest_framework.exceptions import NotAcceptable, ParseError

ZIP = "application/zip"


class JSONParser(parsers.JSONParser):
    """JSON of a bounded size, in any depth that Python can read."""

    def parse(self, stream, media_type=None, parser_context=None):
        """Raises ParseError for what is no JSON, RequestDataTooBig for a body that is too large."""
        # Django checks the size only where the whole body is asked for.
        whole = stream.body if hasattr(stream, "body") else stream.read()
        try:
            return super().parse(io.BytesIO(whole), media_type, parser_context)
        except RecursionError:
            raise ParseError("The body is nested too deeply; send flatter JSON.") from None
        except ParseError as error:
            reason = str(error.detail).removeprefix("JSON parse error - ")
            raise ParseError(f"The body is not valid JSON: {reason}") from None


class ArchiveParser(parsers.BaseParser):
    """A zip file: its stream, for the view to read piece by piece."""

    media_type = ZIP

    def parse(self, stream, media_type=None, parser_context=None):
        return stream


class Negotiation(negotiation.DefaultContentNegotiation):
    """The first renderer, JSON, for a client that accepts nothing we have."""

    def select_renderer(self, request, renderers, format_suffix=None):
        try:
            return super().select_renderer(request, renderers, format_suffix)
        except NotAcceptable:
            return renderers[0], renderers[0].media_type
