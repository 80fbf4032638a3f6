"""How complete a universe is: what it should have, what is there."""

from dataclasses import dataclass

from storage import bucket
from universes.models import LANGUAGES
from universes.names import clip_of, music_name


@dataclass(frozen=True)
class Progress:
    """Numbers of cards, of their pictures and clips, of songs (one for each language), of pictures without a clip."""

    cards: int
    pictures: int
    clips: int
    songs: int
    waiting_for_clips: int

    @property
    def missing_pictures(self):
        return self.cards - self.pictures


def files(universe):
    """Its files, `{name: os.stat_result}`; its folder is listed once for each instance."""
    if "present_files" not in universe.__dict__:
        universe.present_files = bucket.bucket().files(universe.slug)
    return universe.present_files


def progress(universe):
    present, names = files(universe), [asset.image_name for asset in universe.assets.all()]
    return Progress(
        cards=len(names),
        pictures=sum(name in present for name in names),
        clips=sum(clip_of(name, present) is not None for name in names),
        songs=sum(music_name(language) in present for language in LANGUAGES),
        waiting_for_clips=sum(name in present and not clip_of(name, present) for name in names),
    )
