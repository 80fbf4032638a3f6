"""Replicate's predictions, through its client and below it. On a real account this costs a few cents."""

import re
import time

import httpx
import pytest
import replicate
from replicate.exceptions import ReplicateError

LLM = "meta/meta-llama-3-70b-instruct"
ENDED = ("succeeded", "failed", "canceled", "aborted")


def finish(api, prediction):
    """Polls a prediction until it has ended."""
    ends = time.monotonic() + 300
    while prediction["status"] not in ENDED:
        assert time.monotonic() < ends, "the prediction does not end"
        time.sleep(0.05)
        prediction = api.get(f"/v1/predictions/{prediction['id']}").raise_for_status().json()
    return prediction


def create(api, version=LLM, headers=None, **given):
    return api.post("/v1/predictions", json={"version": version, "input": given}, headers=headers)


def problem(call, **given):
    with pytest.raises(ReplicateError) as caught:
        call(**given)
    return caught.value.status, caught.value.detail


def test_a_prediction_goes_from_starting_to_succeeded(api):
    made = create(api, prompt="Say hello.", max_tokens=20)
    assert made.status_code == 201
    body = made.json()
    assert body["status"] in ("starting", "processing") and body["output"] is None
    assert set(body) >= {"id", "model", "version", "input", "created_at", "urls", "error", "logs"}
    assert body["input"] == {"prompt": "Say hello.", "max_tokens": 20}
    done = finish(api, body)
    assert done["status"] == "succeeded" and done["error"] is None
    assert done["output"] and all(isinstance(token, str) for token in done["output"])
    assert done["created_at"] <= done["started_at"] <= done["completed_at"]


def test_one_endpoint_takes_names_and_the_other_a_model(models):
    first = models.predictions.create(version=LLM, input={"prompt": "Hello", "max_tokens": 5})
    second = models.models.predictions.create(LLM, input={"prompt": "Hello", "max_tokens": 5})
    assert first.model == second.model == LLM


def test_waiting_gives_the_output_at_once(models):
    made = models.models.predictions.create(LLM, input={"prompt": "Hello", "max_tokens": 5}, wait=30)
    assert made.status == "succeeded" and made.output


def test_a_prediction_can_be_found_again_in_the_list(api):
    made = create(api, prompt=f"Hello {time.time()}", max_tokens=5).json()
    found = api.get("/v1/predictions", params={"created_after": made["created_at"]}).json()["results"]
    assert [item["input"] for item in found if item["id"] == made["id"]] == [made["input"]]
    older = api.get("/v1/predictions", params={"created_before": "2020-01-01T00:00:00Z"}).json()["results"]
    assert made["id"] not in [item["id"] for item in older]


def test_canceling(api, unhurried):
    made = create(api, prompt="Write a very long story.", max_tokens=500).json()
    canceled = api.post(f"/v1/predictions/{made['id']}/cancel")
    assert canceled.status_code == 200
    assert finish(api, canceled.json())["status"] in ("canceled", "aborted")


def test_input_that_the_model_does_not_take_is_refused(models):
    status, detail = problem(models.predictions.create, version="recraft-ai/recraft-v3", input={})
    assert status == 422 and "prompt" in detail
    wrong = {"prompt": "a cat", "size": "7x7"}
    assert problem(models.predictions.create, version="recraft-ai/recraft-v3", input=wrong)[0] == 422


def test_what_does_not_exist(models, api):
    assert (
        problem(models.models.predictions.create, model="wan-video/wan-2.1-i2v-480p", input={"prompt": "x"})[
            0
        ]
        == 404
    )
    with pytest.raises(ReplicateError):
        models.models.get("wan-video/wan-2.1-i2v-480p")
    assert api.get("/v1/predictions/doesnotexist").status_code == 404


def test_a_wrong_token_is_refused(replicate_service):
    with httpx.HTTPTransport(trust_env=False) as transport:
        stranger = replicate.Client(api_token="wrong", base_url=replicate_service[0], transport=transport)
        assert problem(stranger.predictions.create, version=LLM, input={"prompt": "x"})[0] == 401


def test_the_account_tells_whether_the_token_is_good(api):
    assert api.get("/v1/account").json()["username"]


@pytest.mark.parametrize(
    ("model", "expected", "required"),
    [
        (LLM, {"prompt", "max_tokens", "temperature", "prompt_template"}, set()),
        ("recraft-ai/recraft-v3", {"prompt", "size", "style"}, {"prompt"}),
        ("wavespeedai/wan-2.1-i2v-480p", {"prompt", "image"}, {"prompt", "image"}),
        ("wan-video/wan-2.2-i2v-fast", {"prompt", "image", "num_frames", "resolution"}, {"prompt", "image"}),
        ("minimax/music-01", {"lyrics", "song_file", "instrumental_file"}, set()),
        ("minimax/music-1.5", {"prompt", "lyrics", "audio_format"}, {"prompt", "lyrics"}),
    ],
)
def test_models_publish_their_input(api, model, expected, required):
    latest = api.get(f"/v1/models/{model}").json()["latest_version"]
    schema = latest["openapi_schema"]["components"]["schemas"]["Input"]
    assert expected <= set(schema["properties"])
    assert set(schema.get("required", [])) == required
    assert re.fullmatch(r"[0-9a-f]{64}", latest["id"])


def test_a_picture_is_delivered_without_a_token(api):
    done = finish(api, create(api, "recraft-ai/recraft-v3", prompt="a snowman").json())
    with httpx.Client(trust_env=False) as http:
        answer = http.get(done["output"])
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("image/")


def test_files_can_be_uploaded(models, tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    made = models.files.create(tmp_path / "a.txt")
    assert made.size == 5 and made.urls["get"].endswith(made.id)
    assert models.files.get(made.id).name == made.name


def test_a_deadline_shows_in_the_prediction(api):
    made = create(api, headers={"Cancel-After": "5m"}, prompt="Hello", max_tokens=5).json()
    assert made["deadline"] > made["created_at"]
    assert create(api, headers={"Cancel-After": "1s"}, prompt="Hello").status_code == 422


def test_the_list_has_pages_of_a_hundred_newest_first(sandbox):
    headers = {"Authorization": f"Bearer {sandbox.key}"}
    with httpx.Client(base_url=sandbox.url, headers=headers, trust_env=False) as api:
        made = [create(api, prompt=str(at)).json()["id"] for at in range(105)]
        first = api.get("/v1/predictions").json()
        second = api.get(first["next"]).json()
    assert [item["id"] for item in first["results"] + second["results"]] == made[::-1]
    assert len(first["results"]) == 100 and second["next"] is None
