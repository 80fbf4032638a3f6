"""Counting who does what how often: in the database, so that it holds over processes, hosts and restarts."""

from datetime import timedelta
from math import ceil

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from .models import Tally

# Hosts that share a database may differ by so much.
SKEW = timedelta(minutes=1)


def add(kind, who, seconds):
    """Count one more; returns `(how often within this time, seconds until it ends)`.

    The time begins with the first and lasts `seconds`. Names and addresses are kept as digests alone.
    """
    key = _key(kind, who)
    if not _more(key, seconds):
        _begin(key, seconds)
    tally = Tally.objects.filter(key=key).first()
    # It may have ended, and been taken away, since.
    return (tally.count, _left(tally)) if tally else (1, seconds)


def look(kind: str, who: str, seconds: float) -> tuple[int, float]:
    """The same without counting one more; `(0, 0)` where nothing is counted."""
    tally = Tally.objects.filter(_lasts(seconds), key=_key(kind, who)).first()
    return (tally.count, _left(tally)) if tally else (0, 0)


def forget(kind, who):
    """Begin anew at none."""
    Tally.objects.filter(key=_key(kind, who)).delete()


def take_back(kind, who):
    """Count one less, where there is one to take back."""
    Tally.objects.filter(key=_key(kind, who), count__gt=0).update(count=F("count") - 1)


def _lasts(seconds: float) -> Q:
    """Those that have not ended; one that ends later than it may was begun by a clock that was set back since."""
    now = timezone.now()
    return Q(ends_at__gt=now, ends_at__lte=now + timedelta(seconds=seconds) + SKEW)


def _more(key, seconds):
    return Tally.objects.filter(_lasts(seconds), key=key).update(count=F("count") + 1)


def _begin(key, seconds):
    now = timezone.now()
    Tally.objects.filter(ends_at__lte=now).delete()
    Tally.objects.filter(~_lasts(seconds), key=key).delete()
    try:
        with transaction.atomic():
            Tally.objects.create(key=key, ends_at=now + timedelta(seconds=seconds))
    except IntegrityError:
        _more(key, seconds)


def _left(tally):
    return max(1, ceil((tally.ends_at - timezone.now()).total_seconds()))


def _key(kind, who):
    return salted_hmac("magikswipe.tallies", f"{kind}:{who}", algorithm="sha256").hexdigest()
