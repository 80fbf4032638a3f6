"""Steps whose result is a file: archived as it came, converted, and swapped in for what lies there."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path, PurePath
from typing import Any, TypeVar

from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from api.rate_limits import SKEW
from jobs.handlers import Done, Drop, Passing, Permanent, StepRun, Wait
from storage import archive, bucket
from storage.files import digests
from storage.formats import Incomplete, Unfit
from storage.messages import Message
from storage.messages import gettext as _
from universes.errors import Changing, NotFound
from universes.models import Asset, AssetPrompts, Universe
from universes.services import files, revisions, universes

from . import outputs
from .prediction import GONE, Prediction

MB = 2**20
Row = TypeVar("Row", bound=models.Model)


class FilePrediction(Prediction[Row]):
    """A kind says what its steps are for (`rows`, `pick`), what their files are called (`name`), what these must be
    (`convert`), and which rows go with them (`commit`).

    `most_bytes`: how large a file may be. `params` hold `file` too, its name when the step was made.
    """

    most_bytes = 0

    def rows(self) -> QuerySet[Row]:
        """All that a step may be for."""
        raise TypeError(f"{type(self).__name__} does not say what its steps are for")

    def pick(self, rows: QuerySet[Row], step: StepRun) -> Row | None:
        """The one that this step is for; None when it is gone."""
        raise TypeError(f"{type(self).__name__} does not say what this step is for")

    def find(self, step: StepRun) -> Row | None:
        return self.pick(self.rows(), step)

    def name(self, step: StepRun, target: Row) -> str:
        raise TypeError(f"{type(self).__name__} does not say where its file goes")

    def universe(self, target: Row) -> Universe:
        raise TypeError(f"{type(self).__name__} does not say whose its file is")

    def convert(self, path: Path) -> Path:
        """The path of the medium that was made of the file at `path`, which may change.

        Raises Unfit or Incomplete for what no tool can read.
        """
        raise TypeError(f"{type(self).__name__} does not say what its file must be")

    def fit(self, path: Path, name: str) -> None:
        """Rewrite the file at `path`, which is checked, as what the suffix of its name says."""

    def after(self, universe: Universe, path: Path) -> dict[str, str]:
        """Put into the bucket what else is made of the file at `path`: its `{name: sha256}`."""
        return {}

    def commit(self, target: Row) -> None:
        """Rows that go with the file, in the transaction that ends the step."""

    def kept_rows(self, step: StepRun, target: Row) -> dict[str, Any]:
        """The rows that are kept in a revision with the file's predecessor, as `revisions.create` takes them."""
        raise TypeError(f"{type(self).__name__} does not say what its file belongs to")

    def finish(self, step: StepRun, target: Row, prediction: dict[str, Any]) -> Done | Wait | Drop:
        with self._fetched(step, prediction) as path:
            # Fetching takes a while.
            found = self.find(step)
            try:
                placed = self._place(step, found, path) if found else None
            except NotFound:
                placed = None
            except Changing as error:
                raise Passing(error) from None
            if not found or not placed:
                _keep_late(step, path)
                return Drop(GONE)
        return Done(
            result={"file": self.name(step, found)}, commit=partial(self._commit, step, found, placed)
        )

    def keep(self, step: StepRun, prediction: dict[str, Any]) -> None:
        """A late result goes to the archive, and a revision tells of it."""
        with self._fetched(step, prediction) as path:
            _keep_late(step, path)

    @contextmanager
    def _fetched(self, step: StepRun, prediction: dict[str, Any]) -> Iterator[Path]:
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
            sha256 = digests(made)["sha256"]
            archive.link_original(
                sha256, step.memory[outputs.KEY], step.job.univers_slug, step.params["file"]
            )
            yield made

    def _place(self, step: StepRun, target: Row, path: Path) -> dict[str, str]:
        """Put the file at `path` where it belongs; `{name: sha256}` of all that lies in the bucket then."""
        universe, name = self.universe(target), self.name(step, target)
        self.fit(path, name)
        made = digests(path)["sha256"]
        files.replace_recorded(
            universe,
            name,
            path,
            partial(self._keep_replaced, step, target),
            partial(universes.lock, universe),
        )
        return {name: made, **self.after(universe, path)}

    def _keep_replaced(self, step: StepRun, target: Row, found: dict[str, str]) -> None:
        """Let a revision keep what lies there, `{name: sha256}`, unless one of before a crash does."""
        universe, known = self.universe(target), step.memory.get("replaced", [])
        new = [sha256 for sha256 in found.values() if sha256 not in known]
        if new:
            revisions.create(universe, "regenerate", step.job.author, found, **self.kept_rows(step, target))
            step.remember(replaced=[*known, *new])

    def _commit(self, step: StepRun, target: Row, placed: dict[str, str]) -> None:
        """Lock the target, so that it stays until the end; the file goes to the archive where it went meanwhile."""
        held = self.pick(self.rows().select_for_update(of=("self",)), step)
        if held and self.name(step, held) in placed:
            self.commit(held)
        else:
            transaction.on_commit(partial(_archive, self.universe(target).slug, placed))


class CardFile(FilePrediction[Asset]):
    """A file of one card. `params`: `asset`, its id."""

    def rows(self) -> QuerySet[Asset]:
        return cards()

    def universe(self, target: Asset) -> Universe:
        found: Universe = target.universe
        return found

    def pick(self, rows: QuerySet[Asset], step: StepRun) -> Asset | None:
        """The card, also when a push gave it another id since; but not one that took over its name."""
        file, its_id = step.params["file"], step.params["asset"]
        alike = Q(universe__slug=step.job.univers_slug, image_name__startswith=PurePath(file).stem)
        found = {
            str(card.pk): card for card in rows.filter(Q(pk=its_id) | alike & ~made_since(step.started_at))
        }
        named = (card for card in found.values() if self.name(step, card) == file)
        return found.get(its_id) or next(named, None)

    def kept_rows(self, step: StepRun, target: Asset) -> dict[str, Any]:
        return {"asset": target}

    def commit(self, target: Asset) -> None:
        counted = AssetPrompts.objects.filter(asset=target).update(
            generation_count=Coalesce("generation_count", 0) + 1, last_generated_at=timezone.now()
        )
        if not counted:
            AssetPrompts.objects.create(asset=target, generation_count=1, last_generated_at=timezone.now())


def made_since(moment: datetime | None) -> Q:
    """Cards made since, none for None; one of a time to come was made before, by a clock that was set back."""
    now = timezone.now()
    return Q(created_at__gt=moment or now + SKEW, created_at__lte=now + SKEW)


def cards() -> QuerySet[Asset]:
    """Cards with all that their prompts are made of."""
    return Asset.objects.select_related("prompts", "universe__prompts")


def _fetch_again(step: StepRun, error: Incomplete) -> Permanent | Passing:
    """The outcome for a file that breaks off; the same bytes a second time are all that the model made."""
    sha256 = step.memory[outputs.KEY]
    outputs.forget(step)
    if step.memory.get("incomplete") == sha256:
        return Permanent(_("%(error)s Generate it again.") % {"error": error}, spent=True)
    step.remember(incomplete=sha256)
    return Passing(_("%(error)s It is fetched again.") % {"error": error})


def _keep_late(step: StepRun, path: Path) -> None:
    kept = {step.params["file"]: archive.add(path)}
    revisions.create_from(step.job.univers_slug, "late_result", step.job.author, kept)


def _archive(slug: str, placed: dict[str, str]) -> None:
    """Take away those of the placed files, `{name: sha256}`, that nobody replaced since."""
    if ours := [name for name, sha256 in placed.items() if _lies_there(slug, name, sha256)]:
        revisions.archive_files(slug, ours, "late_result")


def _lies_there(slug: str, name: str, sha256: str) -> bool:
    found = bucket.digests_of(slug, name)
    return found is not None and found["sha256"] == sha256


def _why_nothing(prediction: dict[str, Any]) -> Message:
    if prediction.get("data_removed"):
        return _("The result is no longer at Replicate, which deletes it after an hour.")
    return _("The model succeeded without a result; generate it again.")
