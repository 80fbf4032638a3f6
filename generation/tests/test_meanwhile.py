"""What others change while something is being made: their work stays, and so does what was paid for."""

import io
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import PIL.Image
import pytest
from django.db import connections, transaction
from PIL import Image

from generation import provider as replicate
from generation.kinds.pictures import Picture
from generation.kinds.songs import Song
from generation.tests.helpers import begin, bytes_of, path_of, run_out, wait_for_the_end_of
from jobs import lease
from jobs.handlers import Drop, StepRun
from jobs.models import Job, JobStep
from storage import archive, bucket
from storage.files import digests
from universes.models import LANGUAGES, Asset, Revision
from universes.services import assets as asset_services
from universes.services import universes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def start(provider, post):
    """Starts a job of one step and waits until the provider has made it: `start("winter/images", …)`."""

    def call(path, **body):
        job = Job.objects.get(pk=post(path, **body).json()["id"])
        begin(job)
        wait_for_the_end_of(provider)
        return job

    return call


def finish(job, handler):
    """What a runner does with the job's finished prediction, up to the transaction that ends the step."""
    step = StepRun(JobStep.objects.get(job=job), lease.acquire(job.pk))
    outcome = handler.finish(step, handler.find(step), replicate.get(step.external_id))
    lease.release(job.pk, step.token)
    return outcome


def commit(done):
    with transaction.atomic():
        done.commit()


def rekey(card):
    """What a push does to a card that Supabase has under another id."""
    new = uuid.uuid4()
    Asset.objects.filter(pk=card.pk).update(id=new)
    return Asset.objects.get(pk=new)


# --- Songs and pictures of before --------------------------------------------------------------------------


def test_songs_stay_when_a_universe_without_cards_is_made_whole(provider, songs, run, put_file):
    put_file("winter", "fr.mp3", b"sung by hand")
    job = run("winter/all", theme="sea", count=1, generate_videos=False)
    assert job.status == "completed"
    assert bytes_of("fr.mp3") == b"sung by hand"
    assert {f"{language}.mp3" for language in LANGUAGES} <= bucket.names("winter")
    assert provider.counters()["predictions"]["minimax/music-1.5"] == 4


def test_cards_that_somebody_makes_while_words_are_thought_up_get_pictures_and_songs_stay(
    provider, songs, post, put_file, make_asset
):
    put_file("winter", "fr.mp3", b"sung by hand")
    job = Job.objects.get(pk=post("winter/all", theme="sea", count=1, generate_videos=False).json()["id"])
    begin(job)
    mine = make_asset("My own card")
    assert run_out(job.pk).status == "completed"
    assert list(Asset.objects.all()) == [mine]
    assert bytes_of("fr.mp3") == b"sung by hand"


def test_a_regenerated_picture_keeps_its_own_cards_rows_and_no_others(provider, pictures, run):
    run("winter/images", asset_ids=[str(pictures[0].pk)], regenerate=True)
    revision = Revision.objects.get(cause="regenerate")
    assert list(revision.files) == ["00_snowflake.png"]
    assert [row["id"] for row in revision.rows["univers_assets"]] == [str(pictures[0].pk)]


def test_a_regenerated_song_keeps_its_own_words_and_no_others(provider, songs, run, put_file):
    put_file("winter", "fr.mp3", b"sung by hand")
    run("winter/music", language="fr")
    revision = Revision.objects.get(cause="regenerate")
    assert [row["language"] for row in revision.rows["univers_music_prompts"]] == ["fr"]


def test_a_picture_that_was_put_there_after_a_crash_is_kept_too(start, pictures, put_file):
    old = bytes_of("00_snowflake.png")
    job = start("winter/images", asset_ids=[str(pictures[0].pk)], regenerate=True)
    finish(job, Picture())
    put_file("winter", "00_snowflake.png", b"drawn by hand")
    run_out(job.pk)
    kept = [revision.files["00_snowflake.png"] for revision in Revision.objects.order_by("created_at")]
    for sha256, content in zip(kept, (old, b"drawn by hand"), strict=True):
        archive.restore(sha256, "winter", "kept")
        assert bytes_of("kept") == content


def test_a_crash_makes_no_second_revision(start, pictures):
    job = start("winter/images", asset_ids=[str(pictures[0].pk)], regenerate=True)
    finish(job, Picture())
    assert run_out(job.pk).status == "completed"
    assert Revision.objects.count() == 1


# --- What goes away or is renamed --------------------------------------------------------------------------


def test_a_universe_that_goes_at_the_last_moment_leaves_no_song_to_the_next_of_its_name(
    start, songs, universe, make_universe, put_file
):
    done = finish(start("winter/music", language="fr"), Song())
    ours = bytes_of("fr.mp3")
    universes.delete(universe)
    make_universe(slug="winter")
    # Written there when all that was over.
    put_file("winter", "fr.mp3", ours)
    commit(done)
    assert bucket.names("winter") == set()
    assert "fr.mp3" in Revision.objects.get(cause="late_result").files


def test_a_song_that_replaced_ours_since_stays(start, songs, universe, make_universe, put_file):
    done = finish(start("winter/music", language="fr"), Song())
    universes.delete(universe)
    make_universe(slug="winter")
    put_file("winter", "fr.mp3", b"sung by hand")
    commit(done)
    assert bytes_of("fr.mp3") == b"sung by hand"


def test_of_pictures_that_are_finished_at_once_one_makes_the_thumbnail(universe, tmp_path):
    together = threading.Barrier(8, timeout=60)

    def finish_one(number):
        path = tmp_path / str(number) / "output"
        path.parent.mkdir()
        PIL.Image.new("RGB", (64, 64), (number * 30, 0, 0)).save(path, "PNG")
        together.wait()
        try:
            return Picture().after(universe, path)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        (made,) = [placed for placed in pool.map(finish_one, range(8)) if placed]
    assert made == {"thumbnail.jpg": digests(path_of("thumbnail.jpg"))["sha256"]}


def test_a_picture_whose_card_goes_at_the_last_moment_leaves_no_thumbnail(start, cards):
    done = finish(start("winter/images", asset_ids=[str(cards[0].pk)]), Picture())
    assert bucket.names("winter") == {"00_snowflake.png", "thumbnail.jpg"}
    Asset.objects.filter(pk=cards[0].pk).delete()
    commit(done)
    assert bucket.names("winter") == set()
    assert set(Revision.objects.get(cause="late_result").files) == {"00_snowflake.png", "thumbnail.jpg"}


@pytest.mark.parametrize("gone", ["card", "universe"])
def test_what_goes_away_while_its_picture_is_fetched_drops_the_step_and_keeps_the_picture(
    start, cards, universe, gone
):
    job = start("winter/images", asset_ids=[str(cards[0].pk)])
    step = StepRun(JobStep.objects.get(), lease.acquire(job.pk))
    asset_services.delete(cards[0]) if gone == "card" else universes.delete(universe)
    outcome = Picture().finish(step, cards[0], replicate.get(step.external_id))
    assert isinstance(outcome, Drop)
    assert bucket.names("winter") == set()
    assert "00_snowflake.png" in Revision.objects.get(cause="late_result").files


def test_a_card_that_a_push_gives_another_id_gets_its_picture(start, cards):
    job = start("winter/images", asset_ids=[str(cards[0].pk)])
    card = rekey(cards[0])
    assert run_out(job.pk).message == "1 of 1 images"
    assert "00_snowflake.png" in bucket.names("winter")
    assert card.prompts.generation_count == 1


@pytest.mark.parametrize(
    ("name", "format"), [("00_lion.webp", "WEBP"), ("00_lion.JPG", "JPEG"), ("00_lion", "PNG")]
)
def test_so_does_one_whose_picture_came_from_elsewhere_and_is_no_png(start, cards, name, format):
    Asset.objects.filter(pk=cards[0].pk).update(image_name=name)
    job = start("winter/images", asset_ids=[str(cards[0].pk)])
    rekey(cards[0])
    assert run_out(job.pk).message == "1 of 1 images"
    assert Image.open(io.BytesIO(bytes_of(name))).format == format
    assert bucket.names("winter") == {name, "thumbnail.jpg"}


def test_a_card_that_a_push_gives_another_id_at_the_last_moment_keeps_its_picture(start, cards):
    done = finish(start("winter/images", asset_ids=[str(cards[0].pk)]), Picture())
    card = rekey(cards[0])
    commit(done)
    assert "00_snowflake.png" in bucket.names("winter")
    assert card.prompts.generation_count == 1


def test_a_card_that_took_over_anothers_name_does_not_get_its_picture(start, cards, make_asset):
    for card in cards[1:]:
        asset_services.delete(card)
    job = start("winter/images", asset_ids=[str(cards[0].pk)])
    asset_services.delete(cards[0])
    assert make_asset("Snowflake").image_name == cards[0].image_name
    assert run_out(job.pk).message == "0 of 1 images, 1 cancelled"
    assert bucket.names("winter") == set()


def test_downloads_lie_on_the_buckets_disk_and_leave_nothing_there(provider, cards, run, tmp_path):
    assert run("winter/images").status == "completed"
    assert list((tmp_path / "staging").iterdir()) == []
