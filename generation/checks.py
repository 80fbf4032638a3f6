"""Checks of the configured models: by our adapters and prices (system checks), and by what Replicate publishes now."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.http.request import validate_host

from . import adapters, provider, schemas, spending
from .adapters import Adapter
from .errors import CannotGenerate, Unknown
from .schemas import Schema

# --- System checks -----------------------------------------------------------------------------------------


@register
def models_are_known(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [
        _of_another_kind(setting) if adapters.is_known(adapters.model(setting)) else _unlisted(setting)
        for setting in adapters.SETTINGS
        if adapters.base_name(adapters.model(setting)) not in adapters.known(setting)
    ]


def _of_another_kind(setting: str) -> CheckMessage:
    return Error(
        f"{setting} names '{adapters.model(setting)}', which is a model of another kind.",
        hint=f"Set {setting} to one of: {', '.join(adapters.known(setting))}.",
        id="generation.E001",
    )


def _unlisted(setting: str) -> CheckMessage:
    return Warning(
        f"{setting} names '{adapters.model(setting)}', which is not among the models that were tried here: it is "
        "asked for its schema when first used.",
        hint="Run `manage.py check_models` to see whether it fits; tried were "
        f"{', '.join(adapters.known(setting))}.",
        id="generation.W002",
    )


@register
def music_has_a_style(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
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
def webhooks_are_let_in(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
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


@register
def models_have_prices(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.SPEND_LIMIT_MONTHLY is None:
        return []
    return [
        Warning(
            f"The price of '{_name(setting)}' is not known, so nothing is bought from it: "
            "SPEND_LIMIT_MONTHLY is set.",
            hint=f"Set MODEL_PRICES={_name(setting)}=… to what a prediction costs in USD.",
            id="generation.W010",
        )
        for setting in spending.unpriced(adapters.SETTINGS)
    ]


def _name(setting: str) -> str:
    return adapters.base_name(adapters.model(setting))


# --- What Replicate publishes ------------------------------------------------------------------------------


@dataclass
class Compared:
    """One setting's model: `differences` are to be mended, `notes` are only to be known."""

    setting: str
    model: str
    differences: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def compare_all() -> list[Compared]:
    """A Compared for each setting. Raises ProviderErrors other than Unknown: nothing can be compared then."""
    return [compare(setting) for setting in adapters.SETTINGS]


def account() -> str:
    """The name of the account that the token belongs to; raises ProviderErrors."""
    found = provider.account()
    return f"{found.get('username', '?')} ({found.get('type', '?')})"


def compare(setting: str) -> Compared:
    found = Compared(setting, adapters.model(setting))
    try:
        schema = _read(found)
        adapter = adapters.adapter(setting)
    except CannotGenerate as error:
        found.differences.append(str(error))
        return found
    if not adapters.is_known(found.model):
        found.notes.append("Not among the models that were tried here: its fields were chosen by its schema.")
    found.differences += differences(adapter, schema)
    return found


def _read(found: Compared) -> Schema:
    """The published schema, under another name where Replicate does not know the configured one."""
    tried = [found.model, *adapters.other_names(found.model)]
    for name in tried:
        try:
            schema = schemas.read(name)
        except Unknown:
            continue
        if name != found.model:
            found.notes.append(f"Replicate has no model of this name; '{name}' is used instead.")
        return schema
    raise CannotGenerate(
        f"Replicate knows no model '{' or '.join(tried)}'; set {found.setting} to another one."
    )


def differences(adapter: Adapter, schema: Schema) -> list[str]:
    """Sentences about what the adapter sends or demands otherwise than the schema says."""
    sent = adapter.whole_input()
    return [
        *(
            f"'{name}' is sent, which the model does not list."
            for name in sent
            if name not in schema.properties
        ),
        *(f"'{name}' is required, which is not sent." for name in _lacking(schema, sent)),
        *_wrong_values(schema, sent),
        *_other_lengths(adapter, schema),
    ]


def _lacking(schema: Schema, sent: dict[str, Any]) -> list[str]:
    return [name for name in schema.required if name not in sent]


def _wrong_values(schema: Schema, sent: dict[str, Any]) -> Iterator[str]:
    for name, value in sent.items():
        if name in schema.properties and (problem := schema.problem(name, value)):
            yield f"'{name}' is sent as {value}, which {problem}."


def _other_lengths(adapter: Adapter, schema: Schema) -> Iterator[str]:
    """Limits that the schema names otherwise than the adapter; what it leaves open, documentation may limit."""
    for name in ("prompt", "lyrics"):
        there = schema.properties.get(name, {})
        for ours, limit in zip(getattr(adapter, name), ("minLength", "maxLength"), strict=True):
            if limit in there and there[limit] != ours:
                yield f"'{name}' has a {limit} of {there[limit]}; here it is {'none' if ours is None else ours}."
