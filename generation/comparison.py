"""How the configured models differ, as Replicate publishes them now, from what they are taken for here."""

from dataclasses import dataclass, field

from . import adapters, provider, schemas
from .errors import CannotGenerate, Unknown
from .kinds import IMAGE, LLM, MUSIC, VIDEO


@dataclass
class Compared:
    """One setting's model: `differences` are to be mended, `notes` are only to be known."""

    setting: str
    model: str
    differences: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def compare_all():
    """A Compared for each setting. Raises ProviderErrors other than Unknown: nothing can be compared then."""
    return [compare(setting) for setting in (LLM, IMAGE, VIDEO, MUSIC)]


def account():
    """The name of the account that the token belongs to; raises ProviderErrors."""
    found = provider.account()
    return f"{found.get('username', '?')} ({found.get('type', '?')})"


def compare(setting):
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


def _read(found):
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


def differences(adapter, schema):
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


def _lacking(schema, sent):
    return [name for name in schema.required if name not in sent]


def _wrong_values(schema, sent):
    for name, value in sent.items():
        if name in schema.properties and (problem := schema.problem(name, value)):
            yield f"'{name}' is sent as {value}, which {problem}."


def _other_lengths(adapter, schema):
    """Limits that the schema names otherwise than the adapter; what it leaves open, documentation may limit."""
    for name in ("prompt", "lyrics"):
        there = schema.properties.get(name, {})
        for ours, limit in zip(getattr(adapter, name), ("minLength", "maxLength"), strict=True):
            if limit in there and there[limit] != ours:
                yield f"'{name}' has a {limit} of {there[limit]}; here it is {'none' if ours is None else ours}."
