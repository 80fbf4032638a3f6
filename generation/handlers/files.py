"""Steps whose result is a file: pictures, clips, songs."""

import zlib
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path, PurePath

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from jobs.clock import SKEW
from jobs.outcomes import Done, Drop, Passing, Permanent
from storage import archive, bucket, originals, pictures, transcoding
from storage.formats import Incomplete, Unfit
from universes.errors import Changing, NotFound
from universes.media import clip_name
from universes.models import Asset, AssetPrompts, MusicPrompt, Universe
from universes.names import music_name
from universes.services import files, revisions, universes

from .. import adapters, media, outputs, prompts
from ..errors import CannotGenerate
from .prediction import GONE, Prediction


class FilePrediction(Prediction):
    """A kind says what its steps are for (`rows`, `pick`), what their files are called (`name`), what these must be
    (`convert`), and which rows go with them (`commit`).

    `most_bytes`: how large a file may be. `params` hold `file` too, its name when the step was made.
    """

    most_bytes = 0

    def rows(self):
        """All that a step may be for, as a queryset."""
        raise TypeError(f"{type(self).__name__} does not say what its steps are for")

    def pick(self, rows, step):
        """The one that this step is for; None when it is gone."""
        raise TypeError(f"{type(self).__name__} does not say what this step is for")

    def find(self, step):
        return self.pick(self.rows(), step)

    def name(self, step, target):
        raise TypeError(f"{type(self).__name__} does not say where its file goes")

    def universe(self, target):
        return target.universe

    def convert(self, path: Path) -> Path:
        """Where the medium lies that was made of what lies at `path`, which may change.

        Raises Unfit or Incomplete for what no tool can read.
        """
        raise TypeError(f"{type(self).__name__} does not say what its file must be")

    def fit(self, path, name):
        """Rewrite the file at `path`, which is checked, as what the suffix of its name says."""

    def after(self, universe, path):
        """Put into the bucket what else is made of the file at `path`: its `{name: sha256}`."""
        return {}

    def commit(self, target):
        """Rows that go with the file, in the transaction that ends the step."""

    def kept_rows(self, step, target):
        """Which rows the revision keeps that has the file's predecessor, as `revisions.create` takes it."""
        raise TypeError(f"{type(self).__name__} does not say what its file belongs to")

    def finish(self, step, target, prediction):
        with self._fetched(step, prediction) as path:
            # Fetching takes a while.
            target = self.find(step)
            try:
                placed = target and self._place(step, target, path)
            except NotFound:
                placed = None
            except Changing as error:
                raise Passing(str(error)) from None
            if not placed:
                _keep_late(step, path)
                return Drop(GONE)
        name = self.name(step, target)
        return Done(result={"file": name}, commit=partial(self._commit, step, target, placed))

    def keep(self, step, prediction):
        """A late result goes to the archive, and a revision tells of it."""
        with self._fetched(step, prediction) as path:
            _keep_late(step, path)

    @contextmanager
    def _fetched(self, step, prediction):
        address = outputs.address_of(prediction.get("output"), self.setting)
        with outputs.fetched(step, address, self.most_bytes) as path:
            if not path:
                raise Permanent(_why_nothing(prediction), spent=True)
            try:
                made = self.convert(path)
            except Unfit as error:
                raise Permanent(_("%(error)s Generate it again.") % {"error": error}, spent=True) from None
            except Incomplete as error:
                raise _fetch_again(step, error) from None
            sha256 = bucket.digests(made)["sha256"]
            originals.link(sha256, step.memory[outputs.KEY], step.job.univers_slug, step.params["file"])
            yield made

    def _place(self, step, target, path):
        """Put the file at `path` where it belongs; `{name: sha256}` of all that lies in the bucket then."""
        universe, name = self.universe(target), self.name(step, target)
        self.fit(path, name)
        made = bucket.digests(path)["sha256"]
        files.replace_recorded(
            universe,
            name,
            path,
            partial(self._keep_replaced, step, target),
            partial(universes.lock, universe),
        )
        return {name: made, **self.after(universe, path)}

    def _keep_replaced(self, step, target, found):
        """Let a revision keep what lies there, `{name: sha256}`, unless one of before a crash does."""
        universe, known = self.universe(target), step.memory.get("replaced", [])
        new = [sha256 for sha256 in found.values() if sha256 not in known]
        if new:
            revisions.create(universe, "regenerate", step.job.author, found, **self.kept_rows(step, target))
            step.remember(replaced=[*known, *new])

    def _commit(self, step, target, placed):
        """What it was for is locked, so that it stays until the end; or it went at the last moment."""
        held = self.pick(self.rows().select_for_update(of=("self",)), step)
        if held and self.name(step, held) in placed:
            self.commit(held)
        else:
            transaction.on_commit(partial(_put_away, self.universe(target).slug, placed))


class CardPrediction(FilePrediction):
    """A file of one card. `params`: `asset`, its id."""

    def rows(self):
        return cards()

    def pick(self, rows, step):
        """The card, also when a push gave it another id since; but not one that took over its name."""
        file, its_id = step.params["file"], step.params["asset"]
        alike = Q(universe__slug=step.job.univers_slug, image_name__startswith=PurePath(file).stem)
        found = {
            str(card.pk): card for card in rows.filter(Q(pk=its_id) | alike & ~made_since(step.started_at))
        }
        named = (card for card in found.values() if self.name(step, card) == file)
        return found.get(its_id) or next(named, None)

    def kept_rows(self, step, target):
        return {"asset": target}

    def commit(self, target):
        counted = AssetPrompts.objects.filter(asset=target).update(
            generation_count=Coalesce("generation_count", 0) + 1, last_generated_at=timezone.now()
        )
        if not counted:
            AssetPrompts.objects.create(asset=target, generation_count=1, last_generated_at=timezone.now())


class Image(CardPrediction):
    """The picture of a card."""

    setting = adapters.IMAGE
    most_bytes = media.MOST_PICTURE_BYTES

    def name(self, step, target):
        return target.image_name

    def texts(self, step, target):
        return image_input(target)

    def convert(self, path):
        pictures.to_png(path)
        return path

    def fit(self, path, name):
        pictures.as_named(path, name)

    def after(self, universe, path):
        return files.thumbnail_from(universe, path)


class Video(CardPrediction):
    """The clip of a card, from its own picture."""

    setting = adapters.VIDEO
    most_bytes = media.MOST_CLIP_BYTES

    def name(self, step, target):
        return clip_name(target.universe.slug, target.image_name)

    def texts(self, step, target):
        return video_input(target, _seed(step))

    def files(self, step, target):
        folder = bucket.names(target.universe.slug)
        if target.image_name not in folder:
            raise CannotGenerate(_("The card has no picture; generate that first."))
        try:
            with bucket.fetched(target.universe.slug, target.image_name) as path:
                address = media.data_uri(path)
        except (Unfit, Incomplete) as error:
            raise CannotGenerate(
                _("The card's picture can't be read: %(error)s Make it anew first.") % {"error": error}
            ) from None
        return adapters.adapter(self.setting, step.memory.get("model", "")).picture(address)

    def convert(self, path):
        made = path.with_name("made")
        transcoding.to_mp4(path, made)
        return made


class Music(FilePrediction):
    """A universe's song. `params`: `universe`, its id; `language`; `style`, where none is stored."""

    setting = adapters.MUSIC
    most_bytes = media.MOST_SONG_BYTES

    def rows(self):
        return Universe.objects.all()

    def pick(self, rows, step):
        return rows.filter(pk=step.params["universe"]).first()

    def universe(self, target):
        return target

    def kept_rows(self, step, target):
        return {"language": step.params["language"]}

    def name(self, step, target):
        return music_name(step.params["language"])

    def texts(self, step, target):
        language = step.params["language"]
        stored = target.music_prompts.filter(language=language).first()
        return song_input(stored, step.params["style"], language)

    def convert(self, path):
        made = path.with_name("made")
        transcoding.to_mp3(path, made)
        return made


def made_since(moment: datetime) -> Q:
    """Cards made since; one of a time to come was made before, by a clock that was set back."""
    return Q(created_at__gt=moment, created_at__lte=timezone.now() + SKEW)


def cards():
    """Cards with all that their prompts are made of."""
    return Asset.objects.select_related("prompts", "universe__prompts")


def image_input(card):
    """What a card's picture is asked for with; CannotGenerate when the model takes no such prompt."""
    model, prompt = adapters.adapter(adapters.IMAGE), prompts.image(card)
    model.check(prompt=prompt, label=f"'{card}'")
    return model.build(prompt)


def video_input(card, seed=0):
    """The same for its clip, but for the picture that it starts from."""
    model, prompt = adapters.adapter(adapters.VIDEO), prompts.video(card)
    model.check(prompt=prompt, label=f"'{card}'")
    return model.build(prompt, seed)


def song_input(stored, style, language):
    """What a song is asked for with. `stored`: its MusicPrompt or None."""
    model, prompt = adapters.adapter(adapters.MUSIC), prompts.music(stored, style)
    lyrics = ((stored.lyrics if stored else "") or "").strip()
    model.check(prompt=prompt, lyrics=lyrics, label=_("the song in '%(code)s'") % {"code": language})
    return model.build(prompt, lyrics)


def check_style(stored: MusicPrompt | None, style: str, language: str) -> None:
    """Raise CannotGenerate for a style that the music model would refuse; the lyrics are not looked at."""
    model, prompt = adapters.adapter(adapters.MUSIC), prompts.music(stored, style)
    model.check_prompt(prompt, _("the song in '%(code)s'") % {"code": language})


def _fetch_again(step, error):
    """What becomes of a file that breaks off: the same bytes a second time are all that the model made."""
    sha256 = step.memory[outputs.KEY]
    outputs.forget(step)
    if step.memory.get("incomplete") == sha256:
        return Permanent(_("%(error)s Generate it again.") % {"error": error}, spent=True)
    step.remember(incomplete=sha256)
    return Passing(_("%(error)s It is fetched again.") % {"error": error})


def _seed(step):
    """A number of the step's own, another one after each failure: so no two clips are asked for alike."""
    return zlib.crc32(f"{step.pk}:{len(step.memory.get('spent', []))}".encode()) >> 1


def _keep_late(step, path):
    kept = {step.params["file"]: archive.keep(path)}
    revisions.create_from(step.job.univers_slug, "late_result", step.job.author, kept)


def _put_away(slug, placed):
    """What it was for went away at the last moment: what we put there must not stay; what others did, must."""
    if ours := [name for name, sha256 in placed.items() if _lies_there(slug, name, sha256)]:
        revisions.archive_files(slug, ours, "late_result")


def _lies_there(slug, name, sha256):
    found = bucket.digests_of(slug, name)
    return bool(found) and found["sha256"] == sha256


def _why_nothing(prediction):
    if prediction.get("data_removed"):
        return _("The result is no longer at Replicate, which deletes it after an hour.")
    return _("The model succeeded without a result; generate it again.")
