"""System checks: what is configured must be something that we know how to use."""

from django.conf import settings
from django.core.checks import Error, Warning, register

from . import adapters


@register
def models_are_known(app_configs, **kwargs):
    return [
        Error(
            f"{setting} names '{adapters.model(setting)}', which is not known here.",
            hint=f"Set {setting} to one of: {', '.join(adapters.known(setting))}.",
            id="generation.E001",
        )
        for setting in (adapters.LLM, adapters.IMAGE, adapters.VIDEO, adapters.MUSIC)
        if adapters.base_name(adapters.model(setting)) not in adapters.known(setting)
    ]


@register
def music_has_a_style(app_configs, **kwargs):
    if adapters.base_name(settings.REPLICATE_MUSIC_MODEL) != adapters.NO_STYLE_FIELD:
        return []
    reference = settings.REPLICATE_MUSIC_REFERENCE
    return [
        Warning(
            f"{adapters.NO_STYLE_FIELD} takes no style in words: the songs' prompts are ignored, "
            + (
                "and all sound like the reference track." if reference else "and there is no reference track."
            ),
            hint="Set REPLICATE_MUSIC_MODEL to minimax/music-1.5"
            + (
                "."
                if reference
                else ", or REPLICATE_MUSIC_REFERENCE to the address of a WAV or MP3 of 15 s or more."
            ),
            id="generation.W001",
        )
    ]
