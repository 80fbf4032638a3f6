"""The README's eight steps, uploads, an archive and errors, with the client that openapi-python-client generates."""

import io
import os
import sys
import time
from http import HTTPStatus
from pathlib import Path

import httpx

sys.path.insert(0, os.environ["CLIENT"])
from magik_swipe_client import AuthenticatedClient, Client
from magik_swipe_client.api.generate import (
    generate_concepts,
    generate_concepts_apply,
    generate_gaps,
    generate_images,
    generate_music,
    generate_translate_text,
    generate_videos,
)
from magik_swipe_client.api.jobs import jobs_retrieve
from magik_swipe_client.api.sync import sync_push, sync_unpublish
from magik_swipe_client.api.universes import (
    universes_assets_image_upload,
    universes_assets_list,
    universes_assets_video_upload,
    universes_create,
    universes_export,
    universes_import_load,
    universes_list,
    universes_music_prompts_create,
    universes_music_upload,
    universes_partial_update,
    universes_retrieve,
    universes_thumbnail_upload,
)
from magik_swipe_client.models import (
    ApiError,
    ApplyRequest,
    CardsRequest,
    ConceptsRequest,
    GapsEstimate,
    GapsRequest,
    JobStarted,
    JobStatus,
    Language,
    MusicPromptCreateRequest,
    MusicRequest,
    SyncReport,
    SyncRequest,
    TranslateRequest,
    UniverseCreateRequest,
    UniversePatchRequest,
    UnpublishRequest,
)
from magik_swipe_client.types import File

BASE, FILES, SANDBOX = os.environ["BASE"], Path(os.environ["FILES"]), os.environ["SANDBOX"]
timeout = httpx.Timeout(60)
client = AuthenticatedClient(BASE, os.environ["TOKEN"], timeout=timeout)
reader = AuthenticatedClient(BASE, os.environ["READ_TOKEN"], timeout=timeout)
stranger = Client(BASE, timeout=timeout)


def file(name):
    return File(io.BytesIO((FILES / name).read_bytes()))


def ended(job):
    assert isinstance(job, JobStarted), job
    end = time.monotonic() + 120
    while time.monotonic() < end:
        found = jobs_retrieve.sync(job.id, client=client)
        if found.status not in (JobStatus.PENDING, JobStatus.RUNNING):
            assert found.status is JobStatus.COMPLETED, found.error
            return found
        time.sleep(0.2)
    raise AssertionError("the job did not end")


def refused(answer, status):
    assert answer.status_code == status, (answer.status_code, answer.content)
    assert isinstance(answer.parsed, ApiError) or answer.parsed.detail, answer
    return answer.parsed.detail


def told(action):
    fault = {"match": "POST /v1/predictions", "action": action}
    httpx.patch(
        f"{SANDBOX}/_sandbox/settings", json={"request_faults": [fault] if action else []}
    ).raise_for_status()


slug = "python"
made = universes_create.sync(client=client, body=UniverseCreateRequest(name="L'hiver", slug=slug))
assert made.slug == slug and made.is_public
song = MusicPromptCreateRequest(
    language=Language.FR, prompt="Happy children song, piano", lyrics="[verse]\nLa neige"
)
assert universes_music_prompts_create.sync(slug, client=client, body=song).language is Language.FR
concepts = generate_concepts.sync(slug, client=client, body=ConceptsRequest(theme="hiver", count=2))
assert len(concepts.translations.de) == len(concepts.concepts) == 2
applied = generate_concepts_apply.sync(slug, client=client, body=ApplyRequest.from_dict(concepts.to_dict()))
assert applied.asset_count == 2
estimate = generate_gaps.sync(slug, client=client, body=GapsRequest(dry_run=True))
assert isinstance(estimate, GapsEstimate) and estimate.kinds
ended(generate_images.sync(slug, client=client, body=CardsRequest()))
ended(generate_videos.sync(slug, client=client, body=CardsRequest()))
ended(generate_music.sync(slug, client=client, body=MusicRequest(language=Language.FR)))
report = sync_push.sync(slug, client=client, body=SyncRequest())
assert isinstance(report, SyncReport) and report.success, report

card = universes_assets_list.sync(slug, client=client)[0]
assert universes_assets_image_upload.sync(slug, card.id, client=client, body=file("picture.png")).image_url
assert universes_assets_video_upload.sync(slug, card.id, client=client, body=file("clip.mp4")).video_url
assert universes_music_upload.sync(slug, Language.FR, client=client, body=file("song.mp3")).music_url
assert universes_thumbnail_upload.sync(slug, client=client, body=file("picture.png")).thumbnail_url
archive = universes_export.sync(slug, client=client)
content = archive.payload.read()
assert content[:2] == b"PK"
again = universes_import_load.sync(client=client, body=File(io.BytesIO(content)), slug=f"{slug}-again")
assert len(again.assets) == 2

refused(universes_create.sync_detailed(client=client, body=UniverseCreateRequest(name="x", slug=slug)), 400)
refused(universes_create.sync_detailed(client=stranger, body=UniverseCreateRequest(name="x")), 401)
refused(universes_create.sync_detailed(client=reader, body=UniverseCreateRequest(name="x")), 403)
refused(universes_retrieve.sync_detailed("nothing", client=client), 404)
refused(sync_unpublish.sync_detailed(slug, client=client, body=UnpublishRequest()), 409)
huge = File(io.BytesIO(b"\0" * (2 * 2**20)))
refused(universes_thumbnail_upload.sync_detailed(slug, client=client, body=huge), 413)
hooks = {"request": [lambda request: request.headers.update({"content-type": "text/plain"})]}
plain = AuthenticatedClient(BASE, os.environ["TOKEN"], timeout=timeout, httpx_args={"event_hooks": hooks})
refused(universes_create.sync_detailed(client=plain, body=UniverseCreateRequest(name="x")), 415)
colour = UniversePatchRequest(background_color="red")
assert "background_color" in refused(
    universes_partial_update.sync_detailed(slug, client=client, body=colour), 422
)
text = TranslateRequest(text="La neige", source=Language.FR, target=Language.EN)
told("500")
refused(generate_translate_text.sync_detailed(client=client, body=text), 502)
told("drop")
refused(generate_translate_text.sync_detailed(client=client, body=text), 503)
told("")
for _ in range(100):
    answer = universes_partial_update.sync_detailed(slug, client=client, body=UniversePatchRequest())
    if answer.status_code != HTTPStatus.OK:
        break
refused(answer, 429)
assert universes_list.sync(client=client).total >= 2
