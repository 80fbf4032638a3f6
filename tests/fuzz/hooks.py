"""Bodies that are files: real ones, cut ones and noise."""

import io
import zipfile

import django
import schemathesis
from hypothesis import strategies as st

django.setup()

from universes.tests.media_files import h264, picture, tone  # noqa: E402 - its rooms have models

# What gunicorn reads of a request's first line; it answers a longer one by itself.
LONGEST_LINE = 8190


def archive():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        packed.writestr("universe.json", "{}")
    return target.getvalue()


def whole_or_not(*files):
    """One of the files, a beginning of one, or anything."""
    whole = st.sampled_from(files)
    cut = st.tuples(whole, st.integers(0, 2000)).map(lambda pair: pair[0][: pair[1]])
    return st.one_of(whole, cut, st.binary(max_size=200))


KINDS = {
    "application/zip": (archive(),),
    "image/*": (picture(), picture("PNG"), picture("GIF")),
    "video/*": (h264(),),
    "audio/*": (tone("mp3"), tone("wav")),
}
for kind, files in KINDS.items():
    schemathesis.openapi.media_type(kind, whole_or_not(*files))


def send(context, value):
    return {"data": value if isinstance(value, bytes) else str(value).encode()}


for kind in KINDS:
    schemathesis.serializer(kind)(send)


@schemathesis.hook
def filter_query(context, query):
    return sum(len(str(value).encode()) * 3 for value in (query or {}).values()) < LONGEST_LINE / 2
