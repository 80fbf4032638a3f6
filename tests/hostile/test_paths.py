"""Paths and slugs of ill will: each is refused, whoever sends it, and nothing is touched."""

import json

import pytest
from rest_framework.test import APIClient

from api import tokens

from .corpus import ARCHIVES, DEVICES, HOSTS, NAMES, SEGMENTS, SLUGS, UPLOADS, UPWARDS, URLS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("untouched")]
U, BUCKET = "/api/universes", "/storage/buckets/univers"
PATHS = (*UPWARDS, *SEGMENTS, *DEVICES)


def test_the_corpus_is_large():
    counts = [len(kind) for kind in (PATHS, SLUGS, NAMES, URLS + HOSTS, UPLOADS)]
    assert all(count >= 35 for count in counts), counts
    assert sum(counts) + len(ARCHIVES) - len(NAMES) >= 300


@pytest.mark.parametrize("caller", ["anybody", "a stranger", "a token"])
def test_a_hostile_path_leads_nowhere(settings, refused, caller):
    settings.API_OPEN = caller == "anybody"
    client = APIClient()
    if caller == "a token":
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.create('all', tokens.SCOPES, days=1)[1]}")
    for path in PATHS:
        for address in (
            f"{BUCKET}/winter/{path}",
            f"{BUCKET}/{path}/a.png",
            f"{BUCKET}/{path}",
            f"/preview/{path}",
        ):
            assert refused(client.get(address)), address


def changes(path):
    return [
        ("delete", f"{U}/{path}/assets"), ("put", f"{U}/{path}/thumbnail"), ("delete", f"{U}/{path}/music-prompts/fr"),
        ("delete", f"{U}/winter/assets/{path}"), ("patch", f"{U}/winter/music-prompts/{path}"),
        ("post", f"/api/jobs/{path}/cancel"), ("post", f"/api/sync/restore/{path}"),
    ]  # fmt: skip


def test_a_hostile_path_deletes_and_changes_nothing(client, refused):
    for path in (*UPWARDS, *SEGMENTS):
        for method, address in changes(path):
            response = getattr(client, method)(address, content_type="application/json")
            assert refused(response), (method, address)


def test_a_hostile_slug_makes_no_universe(client, refused):
    for slug in SLUGS:
        for path, body in ((U, {"name": "x", "slug": slug}), (f"{U}/winter/duplicate", {"slug": slug})):
            assert refused(client.post(path, json.dumps(body), "application/json")), slug
