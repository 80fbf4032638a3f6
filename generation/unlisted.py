"""Adapters of models that are not among ours, made from what their schemas call their fields."""

from django.utils.translation import gettext as _

from .errors import CannotGenerate
from .kinds import IMAGE, LLM, MUSIC, NO_LIMIT, VIDEO, Adapter

PROMPT = (
    "prompt",
    "text",
    "text_prompt",
    "prompt_text",
    "input_text",
    "instruction",
    "message",
    "description",
)
SYSTEM = ("system_prompt", "system", "system_message", "system_instruction")
ANSWER_LENGTH = ("max_tokens", "max_new_tokens", "max_output_tokens", "max_completion_tokens", "max_length")
PICTURE = (
    "image",
    "start_image",
    "first_frame_image",
    "first_frame",
    "input_image",
    "image_url",
    "init_image",
    "img",
    "image_input",
    "images",
)
LYRICS = ("lyrics", "lyric", "song_lyrics", "lyrics_text")
STYLE = (*PROMPT, "style", "style_prompt", "tags", "caption", "genre_description", "genre")
LARGEST_SEED = 2**31 - 1
ANSWER_TOKENS = 4096
# Asked for where a model's enumerations list it; otherwise its own default stands.
WISHES = {
    LLM: {},
    IMAGE: {"aspect_ratio": "1:1", "size": "1024x1024", "output_format": "png"},
    VIDEO: {},
    MUSIC: {"audio_format": "mp3", "output_format": "mp3", "format": "mp3"},
}


def adapter(schema, setting):
    """The Adapter of a model of this kind by its Schema.

    CannotGenerate when it offers no field for what must be sent, or requires one that nothing here can fill.
    """
    made = {LLM: _llm, IMAGE: _image, VIDEO: _video, MUSIC: _music}[setting](schema)
    sent = made.whole_input()
    for name in schema.required:
        if name not in sent and "default" not in schema.properties[name]:
            raise CannotGenerate(
                _(
                    "'%(model)s' requires the field '%(name)s', which nothing here can fill; set "
                    "%(setting)s to another model."
                )
                % {"model": schema.model, "name": name, "setting": setting}
            )
    return made


def _llm(schema):
    question = _field(schema, LLM, PROMPT, _("the question"))
    instruction = schema.first(SYSTEM, ("string",))
    length = schema.first(ANSWER_LENGTH, ("integer",))
    fixed = {length: schema.nearest(length, ANSWER_TOKENS)} if length else {}

    def build(prompt, system=""):
        if instruction:
            return {instruction: system, question: prompt, **fixed}
        return {question: f"{system}\n\n{prompt}".strip(), **fixed}

    return Adapter(LLM, build, prompt=schema.lengths(question))


def _image(schema):
    subject = _field(schema, IMAGE, PROMPT, _("the prompt"))
    fixed = _wishes(schema, IMAGE)

    def build(prompt):
        return {subject: prompt, **fixed}

    return Adapter(IMAGE, build, prompt=schema.lengths(subject))


def _video(schema):
    picture = _field(schema, VIDEO, PICTURE, _("the picture that a clip starts from"), ("string", "array"))
    listed = schema.properties[picture]["type"] == "array"
    movement = schema.first(PROMPT, ("string",))
    seeded = schema.first(("seed",), ("integer",))

    def build(prompt, seed):
        number = {seeded: seed % (schema.nearest(seeded, LARGEST_SEED) + 1)} if seeded else {}
        return {**({movement: prompt} if movement else {}), **number}

    return Adapter(
        VIDEO,
        build,
        prompt=_lengths(schema, movement),
        picture=lambda address: {picture: [address] if listed else address},
    )


def _music(schema):
    words = _field(schema, MUSIC, LYRICS, _("the lyrics"))
    style = schema.first(STYLE, ("string",))
    fixed = _wishes(schema, MUSIC)

    def build(prompt, lyrics):
        return {**({style: prompt} if style else {}), words: lyrics, **fixed}

    return Adapter(MUSIC, build, prompt=_lengths(schema, style), lyrics=schema.lengths(words))


def _field(schema, setting, names, what, types=("string",)):
    if name := schema.first(names, types):
        return name
    raise CannotGenerate(
        _(
            "'%(model)s' has no field for %(what)s that is known here, such as '%(example)s'; set "
            "%(setting)s to another model."
        )
        % {"model": schema.model, "what": what, "example": names[0], "setting": setting}
    )


def _lengths(schema, name):
    return schema.lengths(name) if name else NO_LIMIT


def _wishes(schema, setting):
    return {
        name: value
        for name, value in WISHES[setting].items()
        if value in schema.properties.get(name, {}).get("enum", [])
    }
