"""Steps whose result is words: the concepts and the lyrics of a universe."""

from functools import partial

from jobs import services as jobs
from jobs.outcomes import Done, Permanent, Wait
from universes.models import LANGUAGES, Universe
from universes.services import concepts as cards
from universes.services import music

from .. import adapters, llm, outputs, plan, prompts, words
from ..errors import Unusable
from .prediction import Prediction, as_outcomes


class Words(Prediction):
    """A question to the language model, with one more for what its answer lacks. `params`: `universe`, its id."""

    setting = adapters.LLM

    def find(self, step):
        return Universe.objects.filter(pk=step.params["universe"]).first()

    def task(self, step, universe):
        """The task of `words`, with what an earlier answer already gave."""
        raise TypeError(f"{type(self).__name__} does not say what it asks")

    def state(self, task):
        """What of the task must outlast a crash between two questions."""
        raise TypeError(f"{type(self).__name__} does not say what it found")

    def deliver(self, step, universe, task):
        raise TypeError(f"{type(self).__name__} does not say what becomes of the words")

    def advance(self, step):
        """Ask nothing where nothing is missing any more."""
        with as_outcomes():
            universe = self.find(step)
            if universe and not step.intent_at and not (task := self.task(step, universe)).missing:
                return self.deliver(step, universe, task)
        return super().advance(step)

    def texts(self, step, target):
        return llm.inputs(self.task(step, target).prompt())

    def finish(self, step, target, prediction):
        task = self.task(step, target)
        task.add(outputs.text_of(prediction.get("output")))
        if not task.missing:
            return self.deliver(step, target, task)
        if not self.may_ask_again(step, task):
            give_up(task)
        return ask_again(step, found=self.state(task))

    def may_ask_again(self, step, task):
        return "found" not in step.memory


def ask_again(step, **memory):
    """Let the next look put another question; `memory`: what must be known by then."""
    spent = [*step.memory.get("spent", []), step.external_id]
    step.save(external_id="", intent_at=None, memory={"spent": spent, **memory})
    return Wait(0)


def give_up(task):
    try:
        llm.complain(task)
    except Unusable as error:
        raise Permanent(str(error), spent=True) from None


class Concepts(Words):
    """Thinks a universe up: its cards, and with them the steps that draw, animate and sing it.

    `params` also: `theme`, `count`, `with_videos`, `with_music`; `regenerate`, whether what is there is made
    anew: else the cards that somebody makes meanwhile stay, and the machine's are not needed.
    """

    def advance(self, step):
        universe = self.find(step)
        if universe and not step.intent_at and _was_overtaken(step, universe):
            return Done(result={"concepts": []}, commit=partial(_go_on, step, universe))
        return super().advance(step)

    def task(self, step, universe):
        have = step.memory.get("found", [])
        return words.Concepts(step.params["theme"], step.params["count"], have=list(have))

    def state(self, task):
        return task.have

    def deliver(self, step, universe, task):
        names, translations = task.answer()
        return Done(
            result={"concepts": names},
            commit=partial(_apply, step, universe, names, translations),
        )


class Ideas(Words):
    """Proposes cards; nothing is stored but in the step's result. `params` also: `theme`, `count`, `language`."""

    def task(self, step, universe):
        language = step.params["language"]
        return words.Concepts(
            step.params["theme"],
            step.params["count"],
            language,
            have=list(step.memory.get("found", [])),
            avoid=_names_there_are(universe, language),
        )

    def state(self, task):
        return task.have

    def deliver(self, step, universe, task):
        names, translations = task.answer()
        return Done(result={"concepts": names, "translations": translations})


def _names_there_are(universe, language):
    """What the universe's cards are called, in this language where that is known."""
    cards = universe.assets.prefetch_related("translations")
    translated = [{t.language: t.display_name for t in card.translations.all()} for card in cards]
    names = (known.get(language) or card.display_name for card, known in zip(cards, translated, strict=True))
    return [name for name in names if name]


def _apply(step, universe, names, translations):
    if is_gone(universe):
        return
    if not _was_overtaken(step, universe):
        cards.replace(universe, names, translations, step.job.author)
    _go_on(step, universe)


def _was_overtaken(step, universe):
    """Whether somebody made cards where there were none when the step was planned."""
    return not step.params["regenerate"] and universe.assets.exists()


def _go_on(step, universe):
    wanted = {name: step.params[name] for name in ("with_videos", "with_music", "regenerate")}
    jobs.add_steps(step.job, plan.everything(universe, step.params["theme"], **wanted))


class Lyrics(Words):
    """Writes what is missing of a universe's songs.

    `params` also: `theme`, `languages`; `style`, stored instead of the model's where no style is stored (absent in
    steps of earlier versions).
    """

    def task(self, step, universe):
        found = step.memory.get("found", {"lyrics": {}, "style": ""})
        return words.Songs(
            theme=step.params["theme"],
            names=[str(card) for card in universe.assets.all()],
            languages=plan.without_lyrics(universe, step.params["languages"]),
            most=_most_lyrics(),
            lyrics=dict(found["lyrics"]),
            style=found["style"],
        )

    def state(self, task):
        return {"lyrics": task.lyrics, "style": task.style}

    def deliver(self, step, universe, task):
        commit = partial(
            _write, universe, task.lyrics, step.params.get("style") or _style(task.style), step.job
        )
        return Done(result={"languages": sorted(task.lyrics)}, commit=commit)


def _most_lyrics():
    """Characters of a song: five of them must fit into one answer, whatever the music model could take."""
    return min(adapters.adapter(adapters.MUSIC).lyrics[1] or words.SONG_LENGTH, words.SONG_LENGTH)


def _write(universe, lyrics, style, job):
    """Fill what is empty; a word that somebody wrote meanwhile stays."""
    if is_gone(universe):
        return
    by = {"author": job.author, "job": job.type}
    stored = {song.language: song for song in universe.music_prompts.select_for_update()}
    for language in (one for one in LANGUAGES if one in lyrics):
        if not (song := stored.get(language)):
            music.create(universe, language=language, prompt=style, lyrics=lyrics[language], **by)
            continue
        filled = {
            "lyrics": _unless_written(song.lyrics, lyrics[language]),
            "prompt": _unless_written(song.prompt, style),
        }
        music.update(song, **filled, **by)


def _unless_written(stored, machines):
    return stored if (stored or "").strip() else machines


def is_gone(universe):
    """Looked up once more in the transaction that writes, and locked there."""
    return Universe.objects.select_for_update().filter(pk=universe.pk).first() is None


def _style(style):
    least, most = adapters.adapter(adapters.MUSIC).prompt
    fits = style and least <= len(style) <= (most or words.STYLE_LENGTH)
    return style if fits else prompts.MUSIC
