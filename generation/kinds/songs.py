"""The song of a language."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from api.roles import GENERATE
from jobs.handlers import StepRun
from jobs.services import Step
from jobs.types import JobType
from storage import messages, transcoding
from universes import media
from universes.models import LANGUAGES, Language, MusicPrompt, Universe
from universes.names import music_name

from .. import adapters
from ..file_steps import MB, FilePrediction
from .kind import LANGUAGE, Filling, GapKind, lyrics_of, songs_of, without_lyrics
from .lyrics import BUILT_IN_STYLE, LYRICS

LABEL = messages.gettext("Song in %(language)s")


class Song(FilePrediction[Universe]):
    """`params`: `universe`, its id; `language`; `style`, where none is stored."""

    setting = adapters.MUSIC
    most_bytes = 50 * MB

    def rows(self) -> QuerySet[Universe]:
        return Universe.objects.all()

    def pick(self, rows: QuerySet[Universe], step: StepRun) -> Universe | None:
        return rows.filter(pk=step.params["universe"]).first()

    def universe(self, target: Universe) -> Universe:
        return target

    def kept_rows(self, step: StepRun, target: Universe) -> dict[str, Any]:
        return {"language": step.params["language"]}

    def name(self, step: StepRun, target: Universe) -> str:
        return music_name(step.params["language"])

    def texts(self, step: StepRun, target: Universe) -> dict[str, Any]:
        language = step.params["language"]
        return model_input(songs_of(target).get(language), step.params["style"], language)

    def convert(self, path: Path) -> Path:
        made = path.with_name("made")
        transcoding.to_mp3(path, made)
        return made


def model_input(stored: MusicPrompt | None, style: str, language: str) -> dict[str, Any]:
    """The model's input for a song; CannotGenerate when it takes no such style or lyrics."""
    model, prompt, lyrics = adapters.adapter(adapters.MUSIC), SONGS.style(stored, style), lyrics_of(stored)
    model.check(prompt=prompt, lyrics=lyrics, label=_name(language))
    return model.build(prompt, lyrics)


def _name(language: str) -> messages.Message:
    return messages.gettext("the song in '%(code)s'") % {"code": language}


class Songs(GapKind):
    key, step_key, unit, of = "songs", "music", "songs", LANGUAGE
    title, noun = _("Songs"), _("songs")
    reason = _("they need lyrics first")
    setting, handler = adapters.MUSIC, Song
    job_types = (JobType("generate_music", _("Songs"), GENERATE),)

    def counted(self, number: int) -> str:
        return ngettext("%(number)s song", "%(number)s songs", number) % {"number": number}

    def style(self, stored: MusicPrompt | None, wanted: str = "") -> str:
        """The stored style, else the wanted one, else the built-in one."""
        own = ((stored.prompt if stored else "") or "").strip()
        return own or wanted or BUILT_IN_STYLE

    def steps(
        self,
        universe: Universe,
        languages: Iterable[str],
        *,
        style: str = "",
        translated: Collection[str] = (),
    ) -> list[Step]:
        """A song in each language; it waits for its lyrics, where the same job writes or translates them."""
        return [
            self.step(
                language,
                label=LABEL % {"language": Language(language).label},
                params={
                    "universe": universe.pk,
                    "language": language,
                    "style": style,
                    "file": music_name(language),
                },
                claim=f"{self.step_key}:{universe.pk}:{language}",
                after=_lyrics_step(universe, language, translated),
            )
            for language in languages
        ]

    def with_lyrics(
        self, universe: Universe, languages: Iterable[str], *, theme: str, style: str = ""
    ) -> list[Step]:
        """A song in each language, after the step that writes the lyrics of the languages that have none."""
        languages = list(languages)
        lacking = without_lyrics(universe, languages)
        steps = [LYRICS.written(universe, theme, lacking, style)] if lacking else []
        return steps + self.steps(universe, languages, style=style)

    def check(self, universe: Universe, steps: list[Step]) -> None:
        """Those whose words are known already."""
        unwritten = without_lyrics(universe, LANGUAGES)
        self.check_languages(universe, [step.subject for step in steps if step.subject not in unwritten])

    def check_languages(self, universe: Universe, languages: Iterable[str], style: str = "") -> None:
        """Raise CannotGenerate for stored words that the model would refuse."""
        stored = songs_of(universe)
        for language in languages:
            model_input(stored.get(language), style, language)

    def check_styles(self, universe: Universe, languages: Iterable[str], style: str) -> None:
        """Raise CannotGenerate for a style that the model would refuse, where the job writes the lyrics."""
        stored, model = songs_of(universe), adapters.adapter(adapters.MUSIC)
        for language in languages:
            model.check_prompt(self.style(stored.get(language), style), _name(language))

    def lacking(self, universe: Universe) -> list[str]:
        files = media.present(universe.slug)
        return [language for language in LANGUAGES if music_name(language) not in files]

    def fill(self, filling: Filling) -> None:
        """A song needs its lyrics: those that are there, or those that the same job writes."""
        universe, written = filling.universe, filling.steps.get(LYRICS.key, [])
        unsung = self.lacking(universe)
        unwritten = without_lyrics(universe, unsung)
        possible = [language for language in unsung if written or language not in unwritten]
        translated = {step.subject for step in written}
        filling.add(self, self.steps(universe, possible, translated=translated))
        if left := [language for language in unsung if language not in possible]:
            filling.left_out.append(_left_out(left))


def _lyrics_step(universe: Universe, language: str, translated: Collection[str]) -> str:
    """The key of the step that this song waits for; '' for none."""
    if language in translated:
        return f"{LYRICS.step_key}:{language}"
    return LYRICS.step_key if without_lyrics(universe, [language]) else ""


def _left_out(languages: list[str]) -> messages.Message:
    text = messages.ngettext(
        "%(number)s song without lyrics (%(languages)s): write them first.",
        "%(number)s songs without lyrics (%(languages)s): write them first.",
        len(languages),
    )
    return text % {"number": len(languages), "languages": [Language(one).label for one in languages]}


SONGS = Songs()
