"""System check: where spending is limited, every model in use needs a price."""

from django.conf import settings
from django.core.checks import Warning, register

from . import adapters, prices


@register
def models_have_prices(app_configs, **kwargs):
    if settings.SPEND_LIMIT_MONTHLY is None:
        return []
    return [
        Warning(
            f"The price of '{_name(setting)}' is not known, so nothing is bought from it: "
            "SPEND_LIMIT_MONTHLY is set.",
            hint=f"Set MODEL_PRICES={_name(setting)}=… to what a prediction costs in USD.",
            id="generation.W010",
        )
        for setting in prices.unknown([adapters.LLM, adapters.IMAGE, adapters.VIDEO, adapters.MUSIC])
    ]


def _name(setting):
    return adapters.base_name(adapters.model(setting))
