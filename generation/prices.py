"""What one prediction of each model costs, in US dollars.

Replicate names its prices on each model's page and in no API. These were found in third-party publications up to
April 2026, for inputs as our adapters make them; a model that is not here has no price that we could find.
MODEL_PRICES adds to them and overrides them.
"""

from decimal import Decimal

from django.conf import settings

from universes.models import LANGUAGES

from . import adapters

PRICES = {
    "recraft-ai/recraft-v3": Decimal("0.04"),
    # 81 frames at 480p.
    "wan-video/wan-2.2-i2v-fast": Decimal("0.05"),
    "minimax/music-1.5": Decimal("0.03"),
}
# By what a step's key says that it makes.
SETTINGS = {
    "concepts": adapters.LLM,
    "ideas": adapters.LLM,
    "names": adapters.LLM,
    "lyrics": adapters.LLM,
    "image": adapters.IMAGE,
    "video": adapters.VIDEO,
    "music": adapters.MUSIC,
}


def of(model):
    """The price of a prediction of this model (owner/name or owner/name:version); None when it is not known."""
    known = {**PRICES, **settings.MODEL_PRICES}
    names = [adapters.base_name(model), *adapters.other_names(model)]
    return next((known[name] for name in names if name in known), None)


def of_setting(setting):
    """The same for a configured model. `setting`: adapters' LLM, IMAGE, VIDEO or MUSIC."""
    return of(adapters.model(setting))


def unknown(settings_used):
    """Those of these settings whose model has no price."""
    return [setting for setting in dict.fromkeys(settings_used) if of_setting(setting) is None]


def own(step):
    """What the next purchase of a planned step costs, None when that is not known."""
    return of_setting(_setting(step))


def used_by(steps):
    """The settings of all models that planned steps, and those that they add, buy from."""
    return [setting for step in steps for setting in _purchases(step)]


def estimate(steps):
    """What planned steps and those that they add will cost together; None when a price is not known."""
    found = [of_setting(setting) for setting in used_by(steps)]
    return None if None in found else sum(found, Decimal(0))


def _setting(step):
    return SETTINGS[step.key.partition(":")[0]]


def _purchases(step):
    """One setting for each prediction. Concepts add the steps of every card and song."""
    bought = [_setting(step)]
    if step.key == "concepts":
        bought += [adapters.IMAGE] * step.params["count"]
        bought += [adapters.VIDEO] * (step.params["count"] if step.params["with_videos"] else 0)
        bought += [adapters.LLM, *[adapters.MUSIC] * len(LANGUAGES)] if step.params["with_music"] else []
    return bought
