"""Steps that translate a song's words."""

from functools import partial

from django.utils.translation import gettext as _

from jobs.outcomes import Done
from universes.models import Language
from universes.services import music, revisions

from ..errors import CannotGenerate
from ..translating import Translation
from .words import Words, is_gone


class TranslatedLyrics(Words):
    """The lyrics of one language in another one.

    `params` also: `source`, `language`; `seen`, the lyrics there were when it was ordered: where they are others by
    then, somebody wrote them meanwhile, and they stay.
    """

    def advance(self, step):
        universe = self.find(step)
        if (
            universe
            and not step.intent_at
            and _lyrics(universe, step.params["language"]) != step.params["seen"]
        ):
            return self._done(step)
        return super().advance(step)

    def task(self, step, universe):
        found = step.memory.get("found") or _to_translate(universe, step.params["source"])
        return Translation(
            found["text"], step.params["source"], step.params["language"], found["parts"], found["stuck"]
        )

    def texts(self, step, target):
        if "found" not in step.memory:
            # The batches are those of one text, whatever somebody makes of it while the model thinks.
            step.remember(found=_to_translate(target, step.params["source"]))
        return super().texts(step, target)

    def may_ask_again(self, step, task):
        return not (task.stuck and step.memory["found"]["stuck"])

    def state(self, task):
        return {"text": "".join(task.pieces), "parts": task.parts, "stuck": task.stuck}

    def deliver(self, step, universe, task):
        return self._done(step, partial(_write, step, universe, task.text()))

    def _done(self, step, commit=None):
        return Done(result={"languages": [step.params["language"]]}, commit=commit)


def _song(universe, language):
    return universe.music_prompts.filter(language=language).first()


def _lyrics(universe, language):
    song = _song(universe, language)
    return ((song.lyrics if song else "") or "").strip()


def _to_translate(universe, source):
    text = _lyrics(universe, source)
    if not text:
        raise CannotGenerate(
            _("There are no lyrics in %(language)s any more; write them first.")
            % {"language": Language(source).label}
        )
    return {"text": text, "parts": [], "stuck": False}


def _write(step, universe, text):
    """In the transaction that ends the step, with the universe locked."""
    language, seen = step.params["language"], step.params["seen"]
    if is_gone(universe) or _lyrics(universe, language) != seen:
        return
    if seen:
        revisions.create(universe, "translate_lyrics", step.job.author, language=language)
    by = {"author": step.job.author, "job": step.job.type}
    style = getattr(_song(universe, step.params["source"]), "prompt", None)
    if song := _song(universe, language):
        music.update(song, lyrics=text, prompt=song.prompt or style, **by)
    else:
        music.create(universe, language=language, prompt=style, lyrics=text, **by)
