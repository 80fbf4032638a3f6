"""What one prediction of each model costs, in US dollars.

Replicate names its prices on each model's page and in no API. These were found in third-party publications up to
April 2026, for inputs as our adapters make them; a model that is not here has no price that we could find.
MODEL_PRICES adds to them and overrides them.
"""

from collections.abc import Iterable
from decimal import Decimal

from django.conf import settings

from . import adapters

PRICES = {
    "recraft-ai/recraft-v3": Decimal("0.04"),
    # 81 frames at 480p.
    "wan-video/wan-2.2-i2v-fast": Decimal("0.05"),
    "minimax/music-1.5": Decimal("0.03"),
}


def of(model: str) -> Decimal | None:
    """The price of a prediction of this model (owner/name or owner/name:version); None when it is not known."""
    known = {**PRICES, **settings.MODEL_PRICES}
    names = [adapters.base_name(model), *adapters.other_names(model)]
    return next((known[name] for name in names if name in known), None)


def of_setting(setting: str) -> Decimal | None:
    """The same for a configured model. `setting`: adapters' LLM, IMAGE, VIDEO or MUSIC."""
    return of(adapters.model(setting))


def unknown(settings_used: Iterable[str]) -> list[str]:
    """Those of these settings whose model has no price."""
    return [setting for setting in dict.fromkeys(settings_used) if of_setting(setting) is None]
