"""What universes' pictures, clips and songs would cost, before anything is begun: US dollars, None when not known."""

from universes import media

from . import gaps as gap
from . import plan, prices

CARDS = 10


def images(universe, *, regenerate=False):
    """What the missing pictures would cost; with `regenerate`, all of them."""
    return prices.estimate(plan.images(universe, universe.assets.all(), regenerate=regenerate))


def videos(universe, *, regenerate=False):
    """The same for clips, of the cards that have a picture."""
    files = media.present(universe.slug)
    cards = [card for card in universe.assets.all() if card.image_name in files]
    return prices.estimate(plan.videos(universe, cards, regenerate=regenerate))


def songs(universe, languages):
    return prices.estimate(plan.songs(universe, languages, theme=""))


def everything(universe):
    """What it lacks of pictures, clips and songs; where it has no cards, ten of them and all that belongs to them."""
    wanted = {"with_videos": True, "with_music": True}
    if universe.assets.all():
        return prices.estimate(plan.everything(universe, "", regenerate=False, **wanted))
    return prices.estimate([plan.concepts(universe, "", CARDS, regenerate=False, **wanted)])


def gaps(universe, kinds=None, theme=""):
    """What filling its gaps would make and cost, as `services.start_gaps` does it: nothing is begun.

    `{"kinds": {kind: {"number": of gaps that are filled, "cost": Decimal or None}}, "total": Decimal or None,
    "left_out": [sentence]}`
    """
    made = gap.filling(universe, gap.KINDS if kinds is None else kinds, theme)
    return {
        "kinds": {
            kind: {"number": made.numbers[kind], "cost": prices.estimate(steps)}
            for kind, steps in made.steps.items()
        },
        "total": prices.estimate(made.all_steps()),
        "left_out": made.left_out,
    }
