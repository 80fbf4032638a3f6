"""What goes wrong with bucket and archive and is nobody's fault here."""

import errno

from django.utils.translation import gettext as _


class BucketUnreachable(OSError):
    """The server of the bucket does not answer, or refuses; what was asked for may be asked again.

    `reason`: a few words without address, key or name of a file, since strangers read them; `setting`: which one
    has the server's address.
    """

    def __init__(self, reason, setting="BUCKET_URL"):
        super().__init__(
            errno.EHOSTUNREACH,
            _("The bucket of %(setting)s can't be reached, or refuses; try again in a moment (%(reason)s).")
            % {"setting": setting, "reason": reason},
        )
        self.reason, self.setting = reason, setting

    def __str__(self):
        return self.strerror


class NotWritable(OSError):
    """Bucket or archive can't be written; the message is one sentence that says what to look at."""
