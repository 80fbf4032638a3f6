"""How large results may be, and a card's picture as a clip's model takes it."""

import base64

from storage.pictures import jpeg

MB = 2**20
MOST_PICTURE_BYTES, MOST_CLIP_BYTES, MOST_SONG_BYTES = 50 * MB, 1024 * MB, 50 * MB
CLIP_START_PIXELS = 832
# Replicate asks for a data URI only up to 256 kB.
# https://replicate.com/docs/topics/predictions/input-files
MOST_DATA_URI_BYTES = 256_000


def data_uri(path):
    """The picture at `path` as a data URI small enough to be sent along with a request."""
    for quality in (90, 75, 60, 40):
        encoded = base64.b64encode(jpeg(path, CLIP_START_PIXELS, quality)).decode()
        if len(encoded) < MOST_DATA_URI_BYTES:
            break
    return f"data:image/jpeg;base64,{encoded}"
