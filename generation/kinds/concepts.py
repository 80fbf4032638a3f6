"""Concepts: a universe is thought up, its cards and with them all that draws, animates and sings it."""

from functools import partial

from django.utils.translation import gettext_lazy as _

from jobs import services as jobs
from jobs.handlers import Done, Drop, StepRun, Wait
from jobs.services import Step
from storage import messages
from universes import media
from universes.models import LANGUAGES, Universe
from universes.names import music_name
from universes.services import concepts as cards

from .. import adapters, questions
from ..word_steps import WordStep, is_gone
from .clips import CLIPS
from .kind import UNIVERSE, Kind
from .pictures import PICTURES
from .songs import SONGS

LABEL = messages.gettext("Concepts")


class Invention(WordStep):
    """`params` also: `theme`, `count`, `with_videos`, `with_music`; `regenerate`, whether what is there is made anew:
    else the cards that somebody makes meanwhile stay, and the machine's are not needed.
    """

    def advance(self, step: StepRun) -> Done | Wait | Drop:
        universe = self.find(step)
        if universe and not step.intent_at and _was_overtaken(step, universe):
            return Done(result={"concepts": []}, commit=partial(_add_steps, step, universe))
        return super().advance(step)

    def task(self, step: StepRun, universe: Universe) -> questions.Concepts:
        have = step.memory.get("found", [])
        return questions.Concepts(step.params["theme"], step.params["count"], have=list(have))

    def state(self, task: questions.Concepts) -> list[dict[str, str]]:
        return task.have

    def deliver(self, step: StepRun, universe: Universe, task: questions.Concepts) -> Done:
        names, translations = task.answer()
        return Done(
            result={"concepts": names},
            commit=partial(_apply, step, universe, names, translations),
        )


def _apply(step: StepRun, universe: Universe, names: list[str], translations: dict[str, list[str]]) -> None:
    if is_gone(universe):
        return
    if not _was_overtaken(step, universe):
        cards.replace(universe, names, translations, step.job.author)
    _add_steps(step, universe)


def _was_overtaken(step: StepRun, universe: Universe) -> bool:
    """True when somebody made cards where there were none when the step was planned."""
    return not step.params["regenerate"] and universe.assets.exists()


def _add_steps(step: StepRun, universe: Universe) -> None:
    wanted = {name: step.params[name] for name in ("with_videos", "with_music", "regenerate")}
    jobs.add_steps(step.job, everything(universe, step.params["theme"], **wanted))


def everything(
    universe: Universe, theme: str, *, with_videos: bool, with_music: bool, regenerate: bool
) -> list[Step]:
    """The steps for all that a universe with its cards needs: pictures, then clips; lyrics, then songs."""
    cards = list(universe.assets.all())
    steps = PICTURES.steps(universe, cards, regenerate=regenerate)
    if with_videos:
        steps += CLIPS.steps(universe, cards, regenerate=regenerate)
    return steps + (_songs(universe, theme, regenerate) if with_music else [])


def _songs(universe: Universe, theme: str, regenerate: bool) -> list[Step]:
    files = media.present(universe.slug)
    languages = [one for one in LANGUAGES if regenerate or music_name(one) not in files]
    return SONGS.with_lyrics(universe, languages, theme=theme)


class Concepts(Kind):
    key, step_key, of = "concepts", "concepts", UNIVERSE
    title = _("Concepts")
    setting, handler = adapters.LLM, Invention

    def thought_up(
        self,
        universe: Universe,
        theme: str,
        count: int,
        *,
        with_videos: bool,
        with_music: bool,
        regenerate: bool,
    ) -> Step:
        """The step that thinks the cards up, and then adds all others to its job."""
        return self.step(
            label=LABEL,
            params={
                "universe": universe.pk,
                "theme": theme,
                "count": count,
                "with_videos": with_videos,
                "with_music": with_music,
                "regenerate": regenerate,
            },
            claim=f"{self.step_key}:{universe.pk}",
        )

    def purchases(self, step: Step) -> list[str]:
        """Its own question, and all of every card and song."""
        bought, count = [self.setting], step.params["count"]
        bought += [adapters.IMAGE] * count
        bought += [adapters.VIDEO] * count if step.params["with_videos"] else []
        bought += [adapters.LLM, *[adapters.MUSIC] * len(LANGUAGES)] if step.params["with_music"] else []
        return bought


CONCEPTS = Concepts()
