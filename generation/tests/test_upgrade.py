"""Steps that an earlier version began are finished by this one, and nothing is bought twice."""

from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from generation import adapters
from generation import provider as replicate
from generation.models import Charge
from generation.tests.helpers import run_out
from jobs.models import JobStep
from storage import bucket

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE = [("jobs", "0005_waiting_since")]
HANDLERS = "generation.handlers"


@pytest.fixture
def before():
    """The tables as they were while a step's key alone said what it makes; gives the models of that time."""
    executor = MigrationExecutor(connection)
    executor.migrate(BEFORE)
    yield executor.loader.project_state(BEFORE).apps
    call_command("migrate", verbosity=0)


def make_step(models, job, key, handler, params, *, waits_for=None, **fields):
    """A row as the version before made it."""
    return models.get_model("jobs", "JobStep").objects.create(
        job=job,
        position=job.steps.count() + 1,
        key=key,
        label=key,
        handler=f"{HANDLERS}.{handler}",
        params=params,
        slot="replicate",
        waits_for=waits_for,
        **fields,
    )


def buy(job, model, texts):
    """A prediction that is under way, and the fields of the step that waits for it."""
    now = replicate.now().isoformat()
    bought = replicate.create(model, texts)
    return {
        "status": "running",
        "holds_slot": True,
        "external_id": bought["id"],
        "intent_at": timezone.now(),
        "started_at": timezone.now(),
        "memory": {"model": model, "input": texts, "since": now, "asked": now},
    }


def reserve(step, model):
    Charge.objects.create(
        month=f"{timezone.now():%Y-%m}",
        kind="image",
        model=model,
        amount=Decimal("0.04"),
        univers_slug="winter",
        job_id=step.job_id,
        step_id=step.pk,
        prediction_id=step.external_id,
    )


def test_steps_of_each_kind_that_were_begun_before_are_finished_once(
    before, provider, universe, cards, songs, api, settings
):
    job = before.get_model("jobs", "Job").objects.create(
        type="fill_gaps", univers_slug="winter", unit="steps"
    )
    card, u = cards[0], universe.pk
    model = adapters.model(adapters.IMAGE)
    in_flight = buy(
        job, model, {"prompt": "a snowflake", "size": "1024x1024", "style": "digital_illustration"}
    )
    picture = {"asset": str(card.pk), "file": card.image_name}
    drawn = make_step(
        before, job, f"image:{card.pk}", "files.Image", picture, claim=f"image:{card.pk}", **in_flight
    )
    reserve(drawn, model)
    clip = {"asset": str(card.pk), "file": card.image_name.replace(".png", ".mp4")}
    make_step(before, job, f"video:{card.pk}", "files.Video", clip, waits_for=drawn)
    make_step(before, job, "names:1", "names.Names", {"universe": u, "cards": {card.image_name: ["de"]}})
    lyrics = {"universe": u, "theme": "snow", "languages": ["de"]}
    make_step(before, job, "lyrics", "words.Lyrics", lyrics)
    translated = {"universe": u, "source": "fr", "language": "it", "seen": ""}
    make_step(before, job, "lyrics:it", "lyrics.TranslatedLyrics", translated)
    song = {"universe": u, "language": "fr", "style": "", "file": "fr.mp3"}
    make_step(before, job, "music:fr", "files.Music", song)
    ideas = {"universe": u, "theme": "snow", "count": 2, "language": "fr"}
    make_step(before, job, "ideas", "words.Ideas", ideas)
    keys = list(job.steps.order_by("position").values_list("key", flat=True))

    call_command("migrate", verbosity=0)

    kinds = [(step.kind, step.subject) for step in JobStep.objects.filter(job_id=job.pk).order_by("position")]
    assert kinds == [
        ("pictures", str(card.pk)), ("clips", str(card.pk)), ("names", "1"), ("lyrics", ""), ("lyrics", "it"),
        ("songs", "fr"), ("ideas", ""),
    ]  # fmt: skip
    assert run_out(job.pk).status == "completed"
    assert {card.image_name, clip["file"], "fr.mp3"} <= bucket.names("winter")
    assert len(provider.predictions()) == len(keys)
    assert set(Charge.objects.values_list("status", flat=True)) == {"spent"}
    answer = api.get(f"/api/jobs/{job.pk}").json()
    assert [step["key"] for step in answer["steps"]] == keys
    assert len(answer["result"]["results"]["ideas"]["concepts"]) == 2


def test_a_universe_is_thought_up_by_a_step_of_before(before, provider, universe):
    job = before.get_model("jobs", "Job").objects.create(type="generate_all", univers_slug="winter")
    params = {
        "universe": universe.pk, "theme": "sea", "count": 2, "with_videos": False, "with_music": False,
        "regenerate": False,
    }  # fmt: skip
    make_step(before, job, "concepts", "words.Concepts", params)
    call_command("migrate", verbosity=0)
    done = run_out(job.pk)
    assert (done.status, done.total_steps) == ("completed", 3)
    assert [step.kind for step in done.steps.all()] == ["concepts", "pictures", "pictures"]
