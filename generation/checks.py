"""System checks: what is configured must be something that we know how to use."""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error, Warning, register
from django.http.request import validate_host

from . import adapters


@register
def models_are_known(app_configs, **kwargs):
    return [
        _of_another_kind(setting) if adapters.is_known(adapters.model(setting)) else _unlisted(setting)
        for setting in (adapters.LLM, adapters.IMAGE, adapters.VIDEO, adapters.MUSIC)
        if adapters.base_name(adapters.model(setting)) not in adapters.known(setting)
    ]


def _of_another_kind(setting):
    return Error(
        f"{setting} names '{adapters.model(setting)}', which is a model of another kind.",
        hint=f"Set {setting} to one of: {', '.join(adapters.known(setting))}.",
        id="generation.E001",
    )


def _unlisted(setting):
    return Warning(
        f"{setting} names '{adapters.model(setting)}', which is not among the models that were tried here: it is "
        "asked for its schema when first used.",
        hint="Run `manage.py check_models` to see whether it fits; tried were "
        f"{', '.join(adapters.known(setting))}.",
        id="generation.W002",
    )


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


@register
def webhooks_are_let_in(app_configs, **kwargs):
    host = urlsplit(settings.PUBLIC_URL).hostname
    if not host or validate_host(host, settings.ALLOWED_HOSTS):
        return []
    return [
        Warning(
            f"PUBLIC_URL is at '{host}', which is not among the ALLOWED_HOSTS: webhooks would be refused.",
            hint=f"Add {host} to ALLOWED_HOSTS.",
            id="generation.W003",
        )
    ]
