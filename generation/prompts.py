"""What the models are asked to draw, to move and to sing: an own prompt, else the universe's, else the built-in one."""

from universes.models import Asset, MusicPrompt, Universe

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


def image(asset: Asset) -> str:
    """The picture prompt of a card (its own and its universe's prompts are loaded with it)."""
    return _choose(asset, "custom_image_prompt", "default_image_prompt", IMAGE)


def video(asset: Asset) -> str:
    return _choose(asset, "custom_video_prompt", "default_video_prompt", VIDEO)


def music(stored: MusicPrompt | None, style: str = "") -> str:
    """The style of a song: `stored` is its MusicPrompt or None."""
    own = ((stored.prompt if stored else "") or "").strip()
    return own or style or MUSIC


def _choose(asset: Asset, custom: str, default: str, built_in: str) -> str:
    own = _text(asset, custom)
    text = own or _text(asset.universe, default) or built_in
    return text.replace(PLACE, asset.display_name or "thing").strip()


def _text(owner: Asset | Universe, field: str) -> str:
    prompts = getattr(owner, "prompts", None)
    return ((getattr(prompts, field) if prompts else None) or "").strip()
