"""The one table of idempotency keys, and the two that it came from."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from api import idempotency
from api.models import IdempotencyKey
from jobs import services
from jobs.models import Job
from universes.models import Universe

BEFORE = [("jobs", "0006_kind_and_subject_of_steps"), ("universes", "0007_name_keys")]


def migrate(targets):
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    return MigrationExecutor(connection).loader.project_state(targets).apps


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_migration_carries_the_keys_of_jobs_and_copies_over():
    after = MigrationExecutor(connection).loader.graph.leaf_nodes()
    job = Job.objects.create(type="generate_images", univers_slug="winter")
    copy = Universe.objects.create(name="Copy", slug="copy")
    ordered = timezone.now() - timedelta(hours=1)
    former = ContentType.objects.create(app_label="jobs", model="idempotencykey")
    right = Permission.objects.create(content_type=former, codename="add_idempotencykey", name="Can add")
    Group.objects.create(name="Former").permissions.add(right)
    try:
        old = migrate(BEFORE)
        start = {"type": "generate_images", "univers_slug": "winter", "job_id": job.pk}
        for key in ("start", "both"):
            old.get_model("jobs", "IdempotencyKey").objects.create(key=key, **start)
        for key in ("copy", "both"):
            old.get_model("universes", "CopyOrder").objects.create(
                key=key, original="winter", universe_id=copy.pk, created_at=ordered
            )
    finally:
        migrate(after)
    assert not Permission.objects.filter(codename="add_idempotencykey").exists()
    assert services.started("start", "generate_images", "winter") == job
    assert services.started("both", "generate_images", "winter") == job
    assert idempotency.find("copy", "copy:winter", Universe) == copy
    assert IdempotencyKey.objects.get(key="copy").expires_at == ordered + timedelta(days=1)
    with pytest.raises(idempotency.KeyRefused, match="something else"):
        services.started("start", "generate_videos", "winter")


def test_a_key_whose_answer_went_without_a_word_is_free(universe):
    idempotency.record("key", "order", universe)
    IdempotencyKey.objects.update(answer_id="99999")
    assert idempotency.find("key", "another order", Universe) is None
    idempotency.record("key", "another order", universe)
    assert idempotency.find("key", "another order", Universe) == universe


def test_the_empty_key_is_none(universe):
    idempotency.record("", "order", universe)
    assert idempotency.find("", "order", Universe) is None and not idempotency.is_used("")
