"""What the tests of generation share: the real client talking to the sandbox, and jobs run to their end."""

import io
from decimal import Decimal

import pytest
from PIL import Image

from generation.tests.helpers import run_out
from universes.models import MusicPrompt


@pytest.fixture
def post(api):
    """Calls `POST /api/generate/…`: `post("winter/images", regenerate=True)`."""

    def call(path, **body):
        return api.post(f"/api/generate/{path}", body, format="json")

    return call


@pytest.fixture
def run(post):
    """The same, and runs the job that it starts to its end; returns the job."""

    def call(path, **body):
        answer = post(path, **body)
        assert answer.status_code == 200, answer.content
        return run_out(answer.json()["id"])

    return call


@pytest.fixture
def cards(make_asset):
    return [make_asset(name) for name in ("Snowflake", "Penguin", "Sledge")]


@pytest.fixture
def picture():
    target = io.BytesIO()
    Image.new("RGB", (64, 64), "#88ccee").save(target, "PNG")
    return target.getvalue()


@pytest.fixture
def pictures(cards, put_file, picture):
    """The cards, each with a picture."""
    for card in cards:
        put_file("winter", card.image_name, picture)
    return cards


@pytest.fixture
def songs(universe):
    """Lyrics in French and English."""
    lyrics = "[verse]\nLa neige tombe, la neige danse\n[chorus]\nLa la la"
    return [
        MusicPrompt.objects.create(
            universe=universe, language=language, prompt="soft lullaby with a harp", lyrics=lyrics
        )
        for language in ("fr", "en")
    ]


@pytest.fixture
def allow(settings):
    """Sets the month's limit: `allow("0.20")`; the language model costs a cent then."""

    def call(dollars):
        settings.SPEND_LIMIT_MONTHLY = Decimal(dollars)
        settings.MODEL_PRICES = {settings.REPLICATE_LLM_MODEL: Decimal("0.01")}

    return call
