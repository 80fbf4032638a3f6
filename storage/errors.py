"""What goes wrong with the bucket and is nobody's fault here."""

import errno


class BucketUnreachable(OSError):
    """The server of the bucket does not answer, or refuses; what was asked for may be asked again."""

    def __init__(self, reason):
        super().__init__(
            errno.EHOSTUNREACH,
            f"The bucket of BUCKET_URL can't be reached, or refuses; try again in a moment ({reason}).",
        )

    def __str__(self):
        return self.strerror
