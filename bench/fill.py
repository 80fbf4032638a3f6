"""Rows to read, many at once: what `bench.api` measures with. Each returns how many it made."""

from datetime import timedelta

from django.utils import timezone

from jobs.models import Job
from universes.models import LANGUAGES, Asset, MusicPrompt, Universe, UniversePrompts, UniverseTranslation

WHOLE, CARDS = 50, 24


def universes(number):
    """Universes beside those that there are: the first fifty whole, with 24 cards each, the rest with a card."""
    first, now = Universe.objects.count(), timezone.now()
    made = Universe.objects.bulk_create(
        Universe(name=f"Universe {n}", slug=f"u{n}", created_at=now + timedelta(seconds=n))
        for n in range(first, first + number)
    )
    UniversePrompts.objects.bulk_create(
        UniversePrompts(universe=one, default_image_prompt="A {concept}, watercolour") for one in made
    )
    for make in (_cards,) if first else (_names, _songs, _cards):
        for start in range(0, number, 500):
            rows = [row for one in made[start : start + 500] for row in make(one)]
            type(rows[0]).objects.bulk_create(rows, batch_size=5000)
    return number


def _names(universe):
    return [UniverseTranslation(universe=universe, language=code, name=universe.name) for code in LANGUAGES]


def _songs(universe):
    words = "La neige tombe doucement sur les toits et dans les champs\n" * 12
    return [
        MusicPrompt(universe=universe, language=code, prompt="piano, bells", lyrics=words)
        for code in LANGUAGES
    ]


def _cards(universe):
    return [
        Asset(universe=universe, sort_order=n, display_name=f"Card {n}", image_name=f"{n:02d}_card.png")
        for n in range(CARDS if int(universe.slug.removeprefix("u")) < WHOLE else 1)
    ]


def jobs(number):
    """Jobs that have ended."""
    now = timezone.now()
    Job.objects.bulk_create(
        (
            Job(
                type="generate_images",
                univers_slug=f"u{n % 50}",
                status="completed",
                created_at=now - timedelta(seconds=n),
            )
            for n in range(number)
        ),
        batch_size=5000,
    )
    return number
