"""Middleware of the API's URLs: all that they have in common before a view is chosen."""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC

from django.conf import settings
from django.contrib.sessions import middleware as sessions
from django.core.exceptions import DisallowedHost, RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.middleware import locale
from django.shortcuts import render
from django.utils import timezone, translation

from . import bodies, failures

GetResponse = Callable[[HttpRequest], HttpResponseBase]
View = Callable[..., HttpResponseBase]

log = logging.getLogger(__name__)

# When a page that failed may be asked for again.
AGAIN_SECONDS = 30

API = re.compile(r"/(api|storage|health|ready|metrics|docs|openapi\.json)(/|$)")


def is_api(request: HttpRequest) -> bool:
    """Whether a path is the API's, which speaks English and JSON, and not the admin's."""
    return bool(API.match(request.path_info))


class ChunkedBodyMiddleware:
    """Lets Django bound what it keeps in memory of a body in chunks by what it reads, and not by what is declared.

    `bodies.whole_bodies` has declared a length, without which there would be nothing to read; REST framework, too,
    needs one to look for a body, and takes it from here.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if bodies.is_chunked(request.META) and not bodies.file_limit(request.META):
            request.META["HTTP_CONTENT_LENGTH"] = request.META.pop("CONTENT_LENGTH", "")
        return self.get_response(request)


class HeadMiddleware:
    """A HEAD gets the headers of the GET alone (https://www.rfc-editor.org/rfc/rfc9110#name-head).

    Views answer both alike; a server that is handed a body all the same drops it and complains.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.method == "HEAD":
            if isinstance(response, StreamingHttpResponse):
                response.streaming_content = []
            elif isinstance(response, HttpResponse):
                response.content = b""
        return response


class CachingMiddleware:
    """Answers of the API are private and revalidated each time, unless they have a Cache-Control of their own."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.path_info.startswith("/api/"):
            response.headers.setdefault("Cache-Control", "private, no-cache")
        return response


class FailureMiddleware:
    """A page or address that the disk, the database or the server of files fails says so, instead of having crashed.

    The page stands by itself: what other pages have around them asks for rows and files, too. REST framework's views
    say it themselves.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, arguments: Sequence[object], options: Mapping[str, object]
    ) -> HttpResponse | None:
        """Read a form, with its files, before CsrfViewMiddleware does, whose exceptions nobody is asked about."""
        # A view that is exempt may choose its upload handlers before the form is read, as the import does.
        if is_api(request) or getattr(view, "csrf_exempt", False):
            return None
        try:
            request.POST  # noqa: B018 - reads it
        except UnreadablePostError:
            # The client is gone.
            return None
        except (SuspiciousOperation, MultiPartParserError) as error:
            return refused(request, error)
        except OSError as error:
            if answer := failed(request, error):
                return answer
            raise
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return failed(request, exception)


def failed(request: HttpRequest, exception: Exception) -> HttpResponse | None:
    """The response to a request that `failures` knows the exception of; None for any other."""
    failure = failures.find(exception)
    if not failure:
        return None
    log.error("%s: %s", request.path, exception, extra={"request": request})
    if is_api(request):
        return JsonResponse({"detail": failure.sentence}, status=failure.status)
    page = render(request, "magikswipe/failure.html", {"failure": failure}, status=failure.status)
    page["Retry-After"] = str(AGAIN_SECONDS)
    return page


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page for a request that Django does not read; DEBUG would show one for developers."""
    log.warning("%s: %s", request.path, exception, extra={"request": request})
    status = 413 if isinstance(exception, RequestDataTooBig) else 400
    context = {"megabytes": settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 2**20}
    return render(request, f"{status}.html", context, status=status)


class SessionMiddleware(sessions.SessionMiddleware):
    """Django's; a session that can't be saved is told of as any other failure."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        try:
            return super().process_response(request, response)
        except (DatabaseError, OSError) as error:
            if answer := failed(request, error):
                return answer
            raise


class HostMiddleware:
    """Tell a client of the API in JSON that it came by a name that is not ours; DEBUG would show a page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            if is_api(request):
                request.get_host()
        except DisallowedHost as error:
            log.warning("%s", error)
            return JsonResponse(
                {"detail": "The request came under a host name that is not in ALLOWED_HOSTS; add it there."},
                status=400,
            )
        return self.get_response(request)


class TrailingSlashMiddleware:
    """Answer the same with a trailing slash as without: a redirect would lose the body of a POST."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if is_api(request) and request.path_info.endswith("/"):
            request.path_info = request.path_info.removesuffix("/")
            request.path = request.path.removesuffix("/")
        return self.get_response(request)


class TimeZoneMiddleware:
    """The API's times are in UTC, whatever the time zone of the admin is."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with timezone.override(UTC if is_api(request) else None):
            return self.get_response(request)


class LocaleMiddleware(locale.LocaleMiddleware):
    """The reader's language for the admin; English for the API, whatever the client accepts."""

    def process_request(self, request: HttpRequest) -> None:
        if not is_api(request):
            super().process_request(request)
            return
        translation.activate("en")
        request.LANGUAGE_CODE = translation.get_language()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        return response if is_api(request) else super().process_response(request, response)
