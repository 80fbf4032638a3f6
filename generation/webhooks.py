"""Being told by Replicate that a prediction ended, so that its step is looked at now and not at its next turn.

Optional, and never relied on: a webhook may come twice, late or not at all, and the step is looked after as before.
"""

import hashlib
import json

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from jobs import waker
from jobs.models import ACTIVE, JobStep

from . import provider
from .errors import TooOld, WrongSignature

PATH = "/api/generate/webhook"
SECRET_SECONDS = 3600
# However many wrongly signed calls come in, Replicate is asked no more often for a new secret.
ASK_AGAIN_SECONDS = 60


def address() -> str:
    """The address that Replicate calls; empty when it shall not."""
    return f"{settings.PUBLIC_URL}{PATH}" if settings.PUBLIC_URL else ""


def receive(headers: dict[str, str], body: bytes) -> None:
    """Take in one webhook. `headers`: a dict; `body`: bytes as they came.

    Raises WrongSignature, or the ProviderErrors of asking for the secret. Nothing of the body but the prediction's
    id is believed: what became of it, Replicate is asked.
    """
    text = body.decode("utf-8", "replace")
    _check(headers, text)
    _make_due(_prediction_id(text))


def _check(headers: dict[str, str], text: str) -> None:
    """Raise WrongSignature unless it is signed with the secret that we know, or with a new one."""
    try:
        provider.check_webhook(headers, text, _secret())
    except TooOld:
        raise
    except WrongSignature:
        if not cache.add(_key("asked"), True, ASK_AGAIN_SECONDS):
            raise
        cache.delete(secret_key())
        provider.check_webhook(headers, text, _secret())


def _secret() -> str:
    return str(cache.get_or_set(secret_key(), provider.webhook_secret, SECRET_SECONDS))


def secret_key() -> str:
    """Under which key this process's cache holds the secret."""
    return _key("secret")


def _key(what: str) -> str:
    """The cache's key for this account, without its token."""
    account = f"{settings.REPLICATE_BASE_URL} {settings.REPLICATE_API_TOKEN}"
    return f"webhook:{what}:{hashlib.sha256(account.encode()).hexdigest()}"


def _prediction_id(text: str) -> str:
    """The id, '' for a body that has none."""
    try:
        found = json.loads(text)["id"]
    except provider.NONSENSE:
        return ""
    return found if isinstance(found, str) and provider.ID.fullmatch(found) else ""


@transaction.atomic
def _make_due(prediction_id: str) -> None:
    """Let the step that waits for this prediction be looked at now; nothing when none does, or it is due anyway."""
    now = timezone.now()
    waiting = JobStep.objects.filter(external_id=prediction_id, status__in=ACTIVE, due_at__gt=now)
    step = waiting.first() if prediction_id else None
    if step and waiting.update(due_at=now):
        waker.send(step.job_id)
