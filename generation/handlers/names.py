"""Steps that name cards in the languages in which they have no name yet."""

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from jobs.outcomes import Done
from universes.models import Asset, AssetTranslation
from universes.services import edits

from .. import gaps, llm, outputs, words
from .files import made_since
from .words import Words, ask_again, give_up


class Names(Words):
    """What is missing is told from the rows at every look, and each answer is written at once.

    `params` also: `cards`, `{image name: languages}`; a card keeps that name whatever id it gets.
    """

    def task(self, step, universe):
        sources = {card: gaps.some_name(card) for card in _cards(step, universe)}
        lacking = {card: gaps.unnamed(card, step.params["cards"][card.image_name]) for card in sources}
        asked = [card for card in sources if sources[card] and lacking[card]]
        return words.Names(
            {card.image_name: sources[card] for card in asked},
            {card.image_name: lacking[card] for card in asked},
        )

    def texts(self, step, target):
        task = self.task(step, target)
        # Cards come, go and are renamed while the model thinks.
        # As a list, since a model may answer in the order of the cards, and PostgreSQL sorts the keys of an object.
        step.remember(sources=list(task.sources.items()), wanted=task.wanted)
        return llm.inputs(task.prompt())

    def finish(self, step, target, prediction):
        asked = words.Names(dict(step.memory["sources"]), step.memory["wanted"])
        asked.add(outputs.text_of(prediction.get("output")))
        for card in _cards(step, target):
            if asked.sources.get(card.image_name) == gaps.some_name(card):
                _fill(card, asked.found[card.image_name], step.job)
        left = self.task(step, target)
        if not left.missing:
            return self.deliver(step, target, left)
        if "again" in step.memory:
            give_up(left)
        return ask_again(step, again=True)

    def deliver(self, step, universe, task):
        return Done(result={"cards": len(step.params["cards"])})


def _cards(step, universe):
    """The cards that the step is about, without one that took over the file name of another since."""
    found = universe.assets.filter(image_name__in=step.params["cards"])
    return found.exclude(made_since(step.started_at)).prefetch_related("translations")


@transaction.atomic
def _fill(card, names, job):
    """Add names where there are none; what somebody wrote meanwhile stays."""
    # Locks the card too, or tells that it is gone.
    if not names or not Asset.objects.filter(pk=card.pk).update(updated_at=timezone.now()):
        return
    with edits.recorded(card, job.author, job.type):
        for language, name in names.items():
            row, created = AssetTranslation.objects.get_or_create(
                asset=card, language=language, defaults={"display_name": name}
            )
            if not created:
                empty = Q(display_name=None) | Q(display_name="")
                AssetTranslation.objects.filter(empty, pk=row.pk).update(display_name=name)
