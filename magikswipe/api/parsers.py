"""What the API takes and gives: JSON; archives and media as they are."""

import io

from rest_framework import negotiation, parsers
from rest_framework.exceptions import NotAcceptable, ParseError, UnsupportedMediaType

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


class MediaParser(parsers.BaseParser):
    """A file as the body: its stream, for the view to read piece by piece. Its content alone tells what it is."""

    media_type = "*/*"
    kind = ""

    def parse(self, stream, media_type=None, parser_context=None):
        """Raises UnsupportedMediaType for what declares itself to be something else, such as a form."""
        declared = (media_type or "").partition(";")[0].strip().lower()
        if declared in ("", "application/octet-stream") or declared.startswith(f"{self.kind}/"):
            return stream
        raise UnsupportedMediaType(
            media_type,
            f"Send the file itself as the body, with a Content-Type that begins with {self.kind}/.",
        )


class PictureParser(MediaParser):
    kind = "image"


class ClipParser(MediaParser):
    kind = "video"


class SongParser(MediaParser):
    kind = "audio"


class Negotiation(negotiation.DefaultContentNegotiation):
    """The first renderer, JSON, for a client that accepts nothing we have."""

    def select_renderer(self, request, renderers, format_suffix=None):
        try:
            return super().select_renderer(request, renderers, format_suffix)
        except NotAcceptable:
            return renderers[0], renderers[0].media_type
