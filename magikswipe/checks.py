"""System checks: what signs sessions can't be guessed."""

from django.conf import settings
from django.core.checks import Warning, register
from django.core.checks.security.base import check_secret_key

HINT = (
    "Give it 50 random characters or more, as python3 -c 'import secrets; print(secrets.token_urlsafe(50))' prints "
    "them; everybody logs in anew then."
)


@register
def what_signs_can_not_be_guessed(app_configs, **kwargs):
    """What Django says of `check --deploy` alone (security.W009), at each start in production and by `doctor`."""
    if settings.DEBUG or not check_secret_key(app_configs):
        return []
    return [
        Warning(
            "SECRET_KEY can be guessed, and with it anybody's login made.", hint=HINT, id="magikswipe.W001"
        )
    ]
