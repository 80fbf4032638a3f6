"""Rows of earlier versions say the same after `migrate`."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import translation

from jobs import services
from jobs.models import Job, JobStep

BEFORE, AFTER = [("jobs", "0007_one_table_of_idempotency_keys")], [("jobs", "0008_messages")]
NO_TOKEN = "Replicate is not configured: set REPLICATE_API_TOKEN."
NO_TOKEN_FR = "Replicate n’est pas configuré : renseignez REPLICATE_API_TOKEN."


@pytest.fixture
def migrated(transactional_db):
    """A function: a step and its job with these texts, as an earlier version left them, after `migrate`."""

    def migrate(label="Picture of Fox", error="", of_job=None, left_out=""):
        job = services.start("generate_images", "winter", [services.Step("a", "a", "nobody.Handler")])
        MigrationExecutor(connection).migrate(BEFORE)
        before = MigrationExecutor(connection).loader.project_state(BEFORE).apps
        before.get_model("jobs", "JobStep").objects.update(label=label, error=error)
        before.get_model("jobs", "Job").objects.update(error=of_job, left_out=left_out)
        MigrationExecutor(connection).migrate(AFTER)
        return JobStep.objects.get(job=job), Job.objects.get(pk=job.pk)

    yield migrate
    MigrationExecutor(connection).migrate(MigrationExecutor(connection).loader.graph.leaf_nodes())


def in_french(message):
    with translation.override("fr"):
        return str(message).replace("\xa0", " ")


def test_a_job_that_failed_says_so_in_french_and_in_english(migrated):
    failed = f"Picture of Fox: {NO_TOKEN} (2 more failed.)"
    left_out = (
        "Left out: 1 clip of cards without a picture: draw these first. Left out: 2 songs without lyrics "
    )
    left_out += "(French, German): write them first."
    step, job = migrated("Picture of Cards: the game", NO_TOKEN, failed, left_out)
    assert [str(one) for one in (step.label, step.error, job.error, job.left_out)] == [
        "Picture of Cards: the game", NO_TOKEN, failed, left_out,
    ]  # fmt: skip
    assert in_french(step.label) == "Image de Cards: the game"
    assert in_french(job.error).startswith(f"Image de Fox : {NO_TOKEN_FR} (2 de plus ont échoué.)")
    assert in_french(job.left_out).startswith("Laissé de côté : 1 clip ")
    assert "(français, allemand)" in in_french(job.left_out)


@pytest.mark.parametrize(
    ("error", "french"),
    [
        ("The model failed: NSFW content in picture", "Le modèle a échoué : NSFW content in picture"),
        (
            "The picture is not whole. Generate it again.",
            "L’image n’est pas entière. Relancez la génération.",
        ),
        (
            "Not started, since this was not done: Picture of Fox.",
            "Pas commencé, car ceci n’a pas été fait : Image de Fox.",
        ),
        (
            "The language model left out the lyrics in French, German, even when asked again; try again later.",
            "Le modèle de langage a omis les paroles en français, allemand, même à la deuxième demande ; "
            "réessayez plus tard.",
        ),
        (
            "Supabase cannot be reached at http://x (reading univers: timed out); check SUPABASE_URL and the "
            "network.",
            "Supabase est injoignable à http://x (lecture de univers : timed out) ; vérifiez SUPABASE_URL et le "
            "réseau.",
        ),
        ("Cancelled.", "Annulé."),
        (
            "Universe 'winter' not found; it was deleted meanwhile.",
            "Univers « winter » introuvable : supprimé entre-temps.",
        ),
        ("Something in nobody's catalogue", "Something in nobody's catalogue"),
        ("50% of %(it)s", "50% of %(it)s"),
        ('{"id": "no message"', '{"id": "no message"'),
        ("", ""),
        *[("The model failed: " + "a: b, c. D (" * times,) * 2 for times in (90, 5_000)],
    ],
)
def test_each_sentence_is_told_apart_into_what_it_was_made_of(migrated, error, french):
    step, job = migrated(error=error)
    assert (step.error.english, job.error) == (error, None)
    assert in_french(step.error) == french


def test_names_of_cards_are_counted_as_french_counts(migrated):
    step, _ = migrated("Names of 1 card", "Names of 40 cards")
    assert (in_french(step.label), in_french(step.error)) == ("Noms de 1 carte", "Noms de 40 cartes")
