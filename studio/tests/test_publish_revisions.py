"""Revisions in the admin: listed where one publishes, looked at, and restored after their plan."""

import pytest
from django.urls import reverse

from jobs.models import Job
from studio.tests.pages import confirm, files, messages, publish_page, run, text
from syncer.tests.conftest import state
from universes.models import Revision, Universe
from universes.services import assets, universes

pytestmark = pytest.mark.django_db


@pytest.fixture
def fox(supabase, winter):
    return winter.assets.get(display_name="Fox")


def restore_page(revision):
    return reverse("admin:universes_revision_restore", args=[revision.pk])


def test_the_page_lists_what_was_kept(admin_client, winter, fox):
    assets.delete(fox, "lea")
    revision = Revision.objects.get(cause="delete_card")
    page = text(admin_client.get(publish_page(winter)))
    assert "card deleted" in page
    assert "1 card, 2 files · lea" in page
    assert restore_page(revision) in page


def test_a_kept_picture_can_be_seen_by_those_who_may_look(admin_client, client, staff, winter, fox):
    assets.delete(fox)
    revision = Revision.objects.get(cause="delete_card")
    (row,) = admin_client.get(publish_page(winter)).context["revisions"]
    ((name, url),) = row["pictures"]
    answer = admin_client.get(url)
    assert (name, answer["Content-Type"]) == ("02_fox.png", "image/png")
    assert b"".join(answer.streaming_content) == b"picture 2" * 100
    part = admin_client.get(url, headers={"Range": "bytes=8-9"})
    assert (part.status_code, b"".join(part.streaming_content)) == (206, b"2p")
    other = url.replace(revision.files["02_fox.png"], "0" * 64)
    assert admin_client.get(other).status_code == 404
    assert client.get(url).status_code == 302
    client.force_login(staff("newcomer"))
    assert client.get(url).status_code == 403


def test_a_revision_is_restored_after_its_plan(admin_client, winter, fox):
    before = state("winter")
    assets.delete(fox)
    revision = Revision.objects.get(cause="delete_card")
    answer = admin_client.get(restore_page(revision))
    (block,) = answer.context["preview"].cards
    assert (block.title, block.action) == ("Fox", "create")
    restored = files(answer)["02_fox.png"]
    assert b"".join(admin_client.get(restored.after).streaming_content) == b"picture 2" * 100
    assert not Job.objects.exists()
    assert run(confirm(admin_client, restore_page(revision))).status == "completed"
    assert state("winter") == before


def test_a_deleted_universe_is_restored(admin_client, winter, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        universes.delete(winter, "lea")
    revision = Revision.objects.get(cause="delete")
    answer = admin_client.get(restore_page(revision))
    assert len(answer.context["preview"].cards) == 4
    assert run(confirm(admin_client, restore_page(revision))).status == "completed"
    assert Universe.objects.get().assets.count() == 4


def test_what_the_archive_lost_is_one_sentence(admin_client, winter, fox, empty_storage):
    assets.delete(fox)
    revision = Revision.objects.get(cause="delete_card")
    for path in (empty_storage / "archive").rglob("*"):
        if path.is_file():
            path.unlink()
    answer = admin_client.get(restore_page(revision), follow=True)
    assert "02_fox" in messages(answer)[0]
    assert "is gone" in messages(answer)[0]
    assert admin_client.get(publish_page(winter)).status_code == 200


def test_a_revision_leads_to_its_restoring(admin_client, winter, fox):
    assets.delete(fox)
    revision = Revision.objects.get(cause="delete_card")
    page = text(admin_client.get(reverse("admin:universes_revision_change", args=[revision.pk])))
    assert restore_page(revision) in page
