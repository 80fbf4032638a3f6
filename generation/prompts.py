"""What the models are asked to draw, to move and to sing: an own prompt, else the universe's, else the built-in one."""

PLACE = "{concept}"

IMAGE = (
    "A single {concept}, cute and friendly, for children aged 3 to 6. Flat digital illustration with soft rounded "
    "shapes, bright warm colours and clean outlines, centred, whole and large, on a plain pastel background. "
    "No text, no letters, nothing frightening."
)
VIDEO = (
    "{concept} comes gently to life: small, slow and happy movements, in a short loop for children aged 3 to 6. "
    "The camera stands still, the style, colours and background stay as they are. No text, no sudden changes."
)
MUSIC = (
    "cheerful song for small children, clear friendly voice, ukulele, glockenspiel, soft percussion, 100 bpm"
)


def image(asset):
    """The picture prompt of a card (its own and its universe's prompts are loaded with it)."""
    return _choose(asset, "custom_image_prompt", "default_image_prompt", IMAGE)


def video(asset):
    return _choose(asset, "custom_video_prompt", "default_video_prompt", VIDEO)


def music(stored, style=""):
    """The style of a song: `stored` is its MusicPrompt or None."""
    return (stored and (stored.prompt or "").strip()) or style or MUSIC


def _choose(asset, custom, default, built_in):
    own = _text(asset, "prompts", custom)
    text = own or _text(asset.universe, "prompts", default) or built_in
    return text.replace(PLACE, asset.display_name or "thing").strip()


def _text(owner, relation, field):
    prompts = getattr(owner, relation, None)
    return ((getattr(prompts, field) if prompts else None) or "").strip()
