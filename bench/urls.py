"""The product's addresses and, behind the same middleware, a bare view for each answer that is measured.

`/bare/N` gives the bytes of `BENCH_BARE/N` from memory, `/bare/N?304` a 304, and `/barefile/N` the file by Django's
own FileResponse.
"""

import os
from functools import cache
from pathlib import Path

from django.http import FileResponse, HttpResponse, HttpResponseNotModified
from django.urls import include, path

FOLDER = Path(os.environ["BENCH_BARE"])


@cache
def content(name):
    return (FOLDER / name).read_bytes()


def bare(request, name):
    if "304" in request.GET:
        return HttpResponseNotModified(headers={"ETag": '"x"'})
    return HttpResponse(content(name), content_type="application/json")


def bare_file(request, name):
    return FileResponse((FOLDER / name).open("rb"), content_type="video/mp4")


urlpatterns = [
    path("bare/<str:name>", bare),
    path("barefile/<str:name>", bare_file),
    path("", include("magikswipe.urls")),
]
