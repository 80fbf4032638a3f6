import httpx
import pytest


@pytest.fixture
def http(sandbox):
    """An HTTP client that is let in everywhere."""
    headers = {"Authorization": f"Bearer {sandbox.key}", "apikey": sandbox.key}
    with httpx.Client(base_url=sandbox.url, headers=headers, timeout=90, trust_env=False) as client:
        yield client


@pytest.fixture
def predict(http):
    """Asks for a prediction and gives the answer."""

    def ask(version="recraft-ai/recraft-v3", headers=None, **given):
        body = {"version": version, "input": given or {"prompt": "a cat"}}
        return http.post("/v1/predictions", json=body, headers={"Prefer": "wait=60", **(headers or {})})

    return ask
