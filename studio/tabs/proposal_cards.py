"""Making cards of proposals, once however often a form is sent."""

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs import services as jobs
from universes.models import AssetTranslation
from universes.services import assets, concepts, edits, universes

from ..model_admins import cards
from ..progress import progress

# Under this type, jobs remember which forms took proposals over.
TAKEN = "take_ideas"
LONGEST = 500


@dataclass
class Proposal:
    """A card that might be: `names` by language, '' where there is none; `chosen`, whether it is ticked."""

    key: str
    names: dict[str, str]
    chosen: bool

    def title(self, language):
        """What the card is called in the admin: in the language that was asked for, else in any."""
        return self.names[language] or next(filter(None, self.names.values()))

    def given(self):
        return {code: name for code, name in self.names.items() if name}


@transaction.atomic
def once(universe, job, key, make):
    """Call `make` unless a form with this key took proposals over before; whether it was called.

    NotFound when the universe is gone, KeyRefused for a key that belongs to something else.
    """
    universes.lock(universe)
    if jobs.started(key, TAKEN, universe.slug):
        return False
    make()
    jobs.answer(key, TAKEN, universe.slug, job)
    return True


def times(job):
    """How often proposals of this job became cards."""
    return job.idempotency_keys.filter(order__startswith=f"{TAKEN}:").count()


def add(universe, proposals, language, author):
    """Make a card of each, after those that there are."""
    for proposal in proposals:
        names = proposal.given()
        assets.create(universe, display_name=proposal.title(language), translations=names, author=author)


def replace(universe, proposals, language, author):
    """Make these the universe's only cards; those that there are stay as a revision."""
    titles = [proposal.title(language) for proposal in proposals]
    translations = {code: [proposal.names[code] for proposal in proposals] for code in proposals[0].names}
    made = concepts.apply(universe, titles, translations, author)
    for asset, proposal in zip(made, proposals, strict=True):
        # A language without a name has no row, as everywhere.
        if len(proposal.given()) < len(proposal.names):
            edits.save_translations(asset, proposal.given())


def loses(universe):
    """What replacing all cards takes away, as a sentence; '' where there is none."""
    done = progress(universe)
    if not done.cards:
        return ""
    pictures = ngettext("%(number)s picture", "%(number)s pictures", done.pictures) % {
        "number": done.pictures
    }
    clips = ngettext("%(number)s clip", "%(number)s clips", done.clips) % {"number": done.clips}
    return _("%(cards)s, %(pictures)s and %(clips)s go; a revision keeps them and can be restored.") % {
        "cards": cards(done.cards),
        "pictures": pictures,
        "clips": clips,
    }


def known_names(universe):
    """`{(language, name)}` of the universe's cards, whatever their case."""
    rows = AssetTranslation.objects.filter(asset__universe=universe).values_list("language", "display_name")
    return {(language, _folded(name)) for language, name in rows if name}


def is_known(names, have):
    """Whether a card has one of these names already."""
    return any((code, _folded(name)) in have for code, name in names.items() if name)


def _folded(name):
    return name.strip().casefold()
