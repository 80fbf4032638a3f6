"""Which servers the protocols are tested on: the sandbox, unless the environment names others.

On a Supabase all happens in rows and files whose names start with ``conformance-``, removed at the end.
"""

import os
import secrets
from contextlib import contextmanager

import httpx
import pytest
import replicate
from supabase import ClientOptions, create_client

BUCKET = os.environ.get("SUPABASE_BUCKET_NAME") or "univers"


@contextmanager
def open_client(url, key):
    """A client as a backend uses it: HTTP/1.1, no session, no repeated requests."""
    quiet = {"auto_refresh_token": False, "persist_session": False, "postgrest_client_retry": False}
    with httpx.Client(timeout=60, follow_redirects=True, trust_env=False) as http:
        yield create_client(url, key, ClientOptions(httpx_client=http, **quiet))


@pytest.fixture(scope="session")
def service(request):
    """(address, key) of the Supabase under test."""
    url, key = os.environ.get("SUPABASE_URL"), os.environ.get("SUPABASE_SERVICE_ROLE_KEY")
    if url and key:
        return url, key
    server = request.getfixturevalue("sandbox_server")
    return server.url, server.key


@pytest.fixture(scope="session")
def client(service):
    with open_client(*service) as opened:
        yield opened


@pytest.fixture
def sandbox_client(sandbox):
    """For what may not be tried, or set, on a Supabase of somebody's own."""
    with open_client(sandbox.url, sandbox.key) as opened:
        yield opened


@pytest.fixture
def slug(client):
    """A name of this test's own; universes that start with it are removed at the end."""
    name = f"conformance-{secrets.token_hex(6)}"
    yield name
    client.table("univers").delete().like("slug", f"{name}%").execute()


@pytest.fixture
def universe(client, slug):
    return client.table("univers").insert({"name": "Conformance", "slug": slug}).execute().data[0]


@pytest.fixture
def assets(client, universe):
    """Five cards, the last without a name and an order."""
    names = ["Snow", "snail, small", 'a "quoted" one', "100%", None]
    rows = [
        {
            "univers_id": universe["id"],
            "sort_order": at if name else None,
            "display_name": name,
            "image_name": f"{at}.png",
        }
        for at, name in enumerate(names)
    ]
    return client.table("univers_assets").insert(rows).execute().data


@pytest.fixture
def bucket(client):
    return client.storage.from_(BUCKET)


@pytest.fixture
def folder(bucket):
    """A folder of this test's own; files in it and one level below are removed at the end."""
    name = f"conformance-{secrets.token_hex(6)}"
    yield name
    for path in (name, f"{name}/sub"):
        if files := [f"{path}/{item['name']}" for item in bucket.list(path, {"limit": 1000}) if item["id"]]:
            bucket.remove(files)


@pytest.fixture(scope="session")
def replicate_service(request):
    """(address, token) of the Replicate under test."""
    if os.environ.get("CONFORMANCE_REPLICATE") == "1":
        return "https://api.replicate.com", os.environ["REPLICATE_API_TOKEN"]
    server = request.getfixturevalue("sandbox_server")
    return server.url, server.key


@pytest.fixture
def unhurried(request):
    """The sandbox takes its time, as Replicate does by itself: what is to be cancelled must not be done before."""
    if os.environ.get("CONFORMANCE_REPLICATE") != "1":
        request.getfixturevalue("sandbox").settings(latency={"llm": 10})


@pytest.fixture
def models(replicate_service):
    url, token = replicate_service
    with httpx.HTTPTransport(trust_env=False) as transport:
        yield replicate.Client(api_token=token, base_url=url, transport=transport)


@pytest.fixture
def api(replicate_service):
    """Replicate's API without its client, which hides statuses and headers."""
    url, token = replicate_service
    with httpx.Client(
        base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=90, trust_env=False
    ) as http:
        yield http
