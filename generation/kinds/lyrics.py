"""The lyrics of a song, written about the universe's cards or translated from another language."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from api.roles import GENERATE
from jobs.handlers import Done, Drop, StepRun, Wait
from jobs.models import Job
from jobs.services import Step
from jobs.types import JobType
from storage import messages
from universes.models import LANGUAGES, Language, MusicPrompt, Universe
from universes.services import music, revisions

from .. import adapters, questions
from ..errors import CannotGenerate
from ..questions import Translation
from ..word_steps import WordStep, is_gone
from .kind import LANGUAGE, Filling, GapKind, lyrics_of, songs_of, without_lyrics

# The style of a song where nobody chose one.
BUILT_IN_STYLE = (
    "cheerful song for small children, clear friendly voice, ukulele, glockenspiel, soft percussion, 100 bpm"
)
LABEL, LABEL_OF_ONE = messages.gettext("Lyrics"), messages.gettext("Lyrics in %(language)s")
NO_LYRICS = messages.gettext("Lyrics: there are none in any language; write them in one, or give a theme.")


class WrittenLyrics(WordStep):
    """Writes what is missing of a universe's songs.

    `params` also: `theme`, `languages`; `style`, stored instead of the model's where no style is stored (absent in
    steps of earlier versions).
    """

    def task(self, step: StepRun, universe: Universe) -> questions.Songs:
        found = step.memory.get("found", {"lyrics": {}, "style": ""})
        return questions.Songs(
            theme=step.params["theme"],
            names=[str(card) for card in universe.assets.all()],
            languages=without_lyrics(universe, step.params["languages"]),
            most=_most_lyrics(),
            lyrics=dict(found["lyrics"]),
            style=found["style"],
        )

    def state(self, task: questions.Songs) -> dict[str, Any]:
        return {"lyrics": task.lyrics, "style": task.style}

    def deliver(self, step: StepRun, universe: Universe, task: questions.Songs) -> Done:
        style = step.params.get("style") or _style(task.style)
        return Done(
            result={"languages": sorted(task.lyrics)},
            commit=partial(_fill, universe, task.lyrics, style, step.job),
        )


class TranslatedLyrics(WordStep):
    """The lyrics of one language in another one.

    `params` also: `source`, `language`; `seen`, the lyrics there were when it was ordered: where they are others by
    then, somebody wrote them meanwhile, and they stay.
    """

    def advance(self, step: StepRun) -> Done | Wait | Drop:
        universe = self.find(step)
        if universe and not step.intent_at and not _is_as_seen(universe, step):
            return self._done(step)
        return super().advance(step)

    def task(self, step: StepRun, universe: Universe) -> Translation:
        found = step.memory.get("found") or _to_translate(universe, step.params["source"])
        return Translation(
            found["text"], step.params["source"], step.params["language"], found["parts"], found["stuck"]
        )

    def texts(self, step: StepRun, target: Universe) -> dict[str, Any]:
        if "found" not in step.memory:
            # The batches are those of one text, whatever somebody makes of it while the model thinks.
            step.remember(found=_to_translate(target, step.params["source"]))
        return super().texts(step, target)

    def may_ask_again(self, step: StepRun, task: Translation) -> bool:
        return not (task.stuck and step.memory["found"]["stuck"])

    def state(self, task: Translation) -> dict[str, Any]:
        return {"text": "".join(task.pieces), "parts": task.parts, "stuck": task.stuck}

    def deliver(self, step: StepRun, universe: Universe, task: Translation) -> Done:
        return self._done(step, partial(_replace, step, universe, task.text()))

    def _done(self, step: StepRun, commit: partial[None] | None = None) -> Done:
        return Done(result={"languages": [step.params["language"]]}, commit=commit)


# --- Written


def _most_lyrics() -> int:
    """Characters of a song: five of them must fit into one answer, whatever the music model could take."""
    return min(adapters.adapter(adapters.MUSIC).lyrics[1] or questions.SONG_LENGTH, questions.SONG_LENGTH)


def _style(style: str) -> str:
    least, most = adapters.adapter(adapters.MUSIC).prompt
    fits = style and least <= len(style) <= (most or questions.STYLE_LENGTH)
    return style if fits else BUILT_IN_STYLE


def _fill(universe: Universe, lyrics: dict[str, str], style: str, job: Job) -> None:
    """Fill what is empty; a word that somebody wrote meanwhile stays."""
    if is_gone(universe):
        return
    by: dict[str, Any] = {"author": job.author, "job": job.type}
    stored = {song.language: song for song in universe.music_prompts.select_for_update()}
    for language in (one for one in LANGUAGES if one in lyrics):
        if not (song := stored.get(language)):
            music.create(universe, language=language, prompt=style, lyrics=lyrics[language], **by)
            continue
        filled: dict[str, Any] = {
            "lyrics": _unless_written(song.lyrics, lyrics[language]),
            "prompt": _unless_written(song.prompt, style),
        }
        music.update(song, **filled, **by)


def _unless_written(stored: str | None, machines: str) -> str:
    return stored if stored and stored.strip() else machines


# --- Translated


def _song(universe: Universe, language: str) -> MusicPrompt | None:
    return universe.music_prompts.filter(language=language).first()


def _is_as_seen(universe: Universe, step: StepRun) -> bool:
    seen: str = step.params["seen"]
    return lyrics_of(_song(universe, step.params["language"])) == seen


def _to_translate(universe: Universe, source: str) -> dict[str, Any]:
    text = lyrics_of(_song(universe, source))
    if not text:
        raise CannotGenerate(
            messages.gettext("There are no lyrics in %(language)s any more; write them first.")
            % {"language": Language(source).label}
        )
    return {"text": text, "parts": [], "stuck": False}


def _replace(step: StepRun, universe: Universe, text: str) -> None:
    """In the transaction that ends the step, with the universe locked."""
    language = step.params["language"]
    if is_gone(universe) or not _is_as_seen(universe, step):
        return
    if step.params["seen"]:
        revisions.create(universe, "translate_lyrics", step.job.author, language=language)
    by: dict[str, Any] = {"author": step.job.author, "job": step.job.type}
    style = getattr(_song(universe, step.params["source"]), "prompt", None)
    if song := _song(universe, language):
        music.update(song, lyrics=text, prompt=song.prompt or style, **by)
    else:
        music.create(universe, language=language, prompt=style, lyrics=text, **by)


class Lyrics(GapKind):
    key, step_key, unit, of = "lyrics", "lyrics", "lyrics", LANGUAGE
    title, noun = _("Lyrics"), _("lyrics")
    reason = _("say below what the songs are about")
    setting, handler = adapters.LLM, WrittenLyrics
    job_types = (
        JobType("translate_lyrics", _("Translated lyrics"), GENERATE),
        JobType("write_lyrics", _("Lyrics"), GENERATE),
    )

    def counted(self, number: int) -> str:
        text = ngettext("lyrics in %(number)s language", "lyrics in %(number)s languages", number)
        return text % {"number": number}

    def written(self, universe: Universe, theme: str, languages: list[str], style: str = "") -> Step:
        """The step that writes a song in each of these languages. Without a `style` the model chooses one."""
        return self.step(
            label=LABEL,
            params={"universe": universe.pk, "theme": theme, "languages": languages, "style": style},
            # The same languages are written by one job at a time. A song may wait for another job's lyrics, so a
            # claim must not be held by a step that writes other languages.
            claim=f"{self.step_key}:{universe.pk}:{','.join(sorted(languages))}",
        )

    def translated(self, universe: Universe, source: str, languages: Iterable[str]) -> list[Step]:
        """The lyrics of the source language in each of these; what they have already is replaced, unless somebody
        writes something else meanwhile."""
        stored = songs_of(universe)
        return [
            self.step(
                language,
                handler=TranslatedLyrics,
                label=LABEL_OF_ONE % {"language": Language(language).label},
                params={
                    "universe": universe.pk,
                    "source": source,
                    "language": language,
                    "seen": lyrics_of(stored.get(language)),
                },
                claim=f"{self.step_key}:{universe.pk}:{language}",
            )
            for language in languages
        ]

    def made_by(self, universe: Universe, subject: str, params: dict[str, Any]) -> list[tuple[str, str]]:
        return [("", language) for language in ([subject] if subject else params["languages"])]

    def lacking(self, universe: Universe) -> list[str]:
        return without_lyrics(universe, LANGUAGES)

    def fill(self, filling: Filling) -> None:
        universe = filling.universe
        lacking = self.lacking(universe)
        written = [language for language in LANGUAGES if language not in lacking]
        if not lacking:
            filling.add(self, [])
        elif written:
            filling.add(self, self.translated(universe, written[0], lacking))
        elif filling.theme:
            filling.add(self, [self.written(universe, filling.theme, lacking)], len(lacking))
        else:
            filling.add(self, [])
            filling.left_out.append(NO_LYRICS)


LYRICS = Lyrics()
