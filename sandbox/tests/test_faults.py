"""What the sandbox does when it is told to."""

import base64
import hashlib
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from sandbox.drawing import draw

LLM = "meta/meta-llama-3-70b-instruct"
FAST = {"llm": 0, "image": 0, "video": 0, "music": 0}


def unread(http, method, url, **more):
    # What of the request had not been read by then turns the end of the connection into a reset.
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        http.request(method, url, **more)


def test_a_setting_that_does_not_exist_is_refused(sandbox):
    with pytest.raises(ValueError, match="unknown setting colour"):
        sandbox.settings(colour="red")
    with pytest.raises(ValueError, match="unknown action"):
        sandbox.settings(request_faults=[{"match": ".", "action": "explode"}])


def test_a_reset_forgets_everything(sandbox, http, predict):
    sandbox.settings(latency=FAST, max_rows=1)
    predict(LLM, prompt="x")
    http.post("/rest/v1/univers", json={"name": "x", "slug": "x"})
    http.post("/storage/v1/object/univers/x/a.png", content=b"x")
    sandbox.reset()
    assert sandbox.predictions() == [] and sandbox.settings()["max_rows"] == 1000
    assert http.get("/rest/v1/univers").json() == []
    assert http.post("/storage/v1/object/list/univers", json={"prefix": "x"}).json() == []
    assert sandbox.counters()["created"] == 0


def test_the_next_predictions_fail(sandbox, predict):
    sandbox.settings(fail_next=2, latency=FAST)
    assert [predict(LLM, prompt="x").json()["status"] for _ in range(3)] == ["failed", "failed", "succeeded"]
    assert sandbox.counters()["failed"] == 2


@pytest.mark.parametrize("ending", ["aborted", "canceled"])
def test_predictions_end_otherwise(sandbox, predict, ending):
    sandbox.settings(fail_next=1, fail_as=ending, latency=FAST)
    assert predict(LLM, prompt="x").json()["status"] == ending


def test_a_lost_answer_leaves_a_prediction(sandbox, http):
    sandbox.settings(lose_answers=1)
    body = {"version": LLM, "input": {"prompt": "lost"}}
    unread(http, "POST", "/v1/predictions", json=body)
    assert http.post("/v1/predictions", json=body).status_code == 201
    assert [item["input"]["prompt"] for item in sandbox.predictions()] == ["lost", "lost"]


@pytest.mark.parametrize("before", [0, 1])
def test_every_second_answer_is_lost_whatever_came_before_the_reset(sandbox, http, before):
    body = {"version": LLM, "input": {"prompt": "x"}}
    for _ in range(before):
        http.post("/v1/predictions", json=body)
    sandbox.reset()
    sandbox.settings(lose_answers=0.5)
    for at in range(4):
        if at % 2:
            unread(http, "POST", "/v1/predictions", json=body)
        else:
            assert http.post("/v1/predictions", json=body).status_code == 201
    assert (sandbox.counters()["created"], sandbox.counters()["lost_answers"]) == (4, 2)


def test_throttling_says_when_to_come_back(sandbox, http):
    sandbox.settings(throttle={"per_second": 0.001, "burst": 1, "retry_after": 600})
    body = {"version": LLM, "input": {"prompt": "x"}}
    assert http.post("/v1/predictions", json=body).status_code == 201
    refused = http.post("/v1/predictions", json=body)
    assert (refused.status_code, refused.headers["retry-after"], refused.json()["retry_after"]) == (
        429,
        "600",
        600,
    )
    http.post("/v1/predictions", json=body)
    counters = sandbox.counters()
    assert (counters["created"], counters["throttled"], counters["creates_too_soon"]) == (1, 2, 1)


@pytest.mark.parametrize(
    ("output", "status", "start"),
    [("html", 200, b"<!doctype"), ("empty", 200, b""), ("wrong_type", 200, b"%PDF")],
)
def test_broken_outputs(sandbox, http, predict, output, status, start):
    sandbox.settings(output=output, latency=FAST)
    answer = http.get(predict().json()["output"])
    assert answer.status_code == status and answer.content.startswith(start)


def test_outputs_that_are_gone(sandbox, http, predict):
    sandbox.settings(output="expired", latency=FAST)
    assert http.get(predict().json()["output"]).status_code == 404
    sandbox.settings(output="null")
    assert predict().json()["output"] is None
    sandbox.settings(output=None)
    made = predict().json()
    sandbox.settings(retention=0)
    later = http.get(made["urls"]["get"]).json()
    assert (later["output"], later["data_removed"], later["status"]) == (None, True, "succeeded")
    assert http.get(made["output"]).status_code == 404


def test_a_truncated_download(sandbox, http, predict):
    sandbox.settings(truncate_downloads=1, latency=FAST)
    url = predict().json()["output"]
    unread(http, "GET", url)
    assert http.get(url).content.startswith(b"RIFF")


def test_a_huge_clip(sandbox, http, predict):
    sandbox.settings(pad_video_to=3_000_000, latency=FAST)
    picture = "data:image/png;base64," + base64.b64encode(draw("a cat", (64, 64), "PNG")).decode()
    made = predict("wan-video/wan-2.2-i2v-fast", prompt="move", image=picture).json()
    assert http.get(made["output"]).headers["content-length"] == "3000000"
    assert http.get(made["input"]["image"]).content.startswith(b"\x89PNG")


def test_a_clip_of_no_picture_fails(sandbox, predict):
    sandbox.settings(latency=FAST)
    made = predict("wan-video/wan-2.2-i2v-fast", prompt="move", image="data:image/png;base64,eHl6").json()
    assert (made["status"], made["error"]) == ("failed", "cannot identify image file")


def test_llm_styles(sandbox, predict):
    sandbox.settings(llm_style="Sorry.", latency=FAST)
    assert "".join(predict(LLM, prompt="Theme: mer").json()["output"]) == "Sorry."


@pytest.mark.slow
def test_a_deadline_ends_a_prediction(sandbox, http):
    sandbox.settings(latency={"llm": 60})
    body = {"version": LLM, "input": {"prompt": "x"}}
    made = http.post("/v1/predictions", json=body, headers={"Cancel-After": "5s", "Prefer": "wait=50"}).json()
    assert made["status"] == "canceled"


def test_what_runs_at_once_is_counted(sandbox, http):
    sandbox.settings(latency={"llm": 30})
    for _ in range(3):
        http.post("/v1/predictions", json={"version": LLM, "input": {"prompt": "x"}})
    counters = sandbox.counters()
    assert (counters["max_running_at_once"], counters["running"], counters["predictions"]) == (3, 3, {LLM: 3})


def test_request_faults_take_their_turns(sandbox, http):
    faults = [
        {"match": "GET /rest/v1/univers", "skip": 1, "times": 1, "action": "503"},
        {"match": "GET /rest/v1/univers", "skip": 1, "times": 1, "action": "429"},
    ]
    sandbox.settings(request_faults=faults)
    assert [http.get("/rest/v1/univers").status_code for _ in range(4)] == [200, 503, 429, 200]


def test_a_dropped_request_is_not_carried_out_and_a_dropped_answer_is(sandbox, http):
    row = {"name": "x", "slug": "x"}
    for action, count in (("drop", 0), ("drop_after", 1)):
        sandbox.settings(request_faults=[{"match": "POST", "times": 1, "action": action}])
        unread(http, "POST", "/rest/v1/univers", json=row)
        assert len(http.get("/rest/v1/univers").json()) == count


def test_a_late_answer_is_to_something_that_was_done_before(sandbox, http):
    sandbox.settings(request_faults=[{"match": "POST", "times": 1, "action": "delay_after:2"}])
    wanted = {"Prefer": "return=representation"}
    (made,) = http.post("/rest/v1/univers", json={"name": "x", "slug": "x"}, headers=wanted).json()
    # Nearly two: it is delayed by another clock than rows are dated by.
    assert datetime.now(UTC) - datetime.fromisoformat(made["created_at"]) > timedelta(seconds=1.9)


def test_truncated_delayed_and_redirected_answers(sandbox, http):
    http.post("/rest/v1/univers", json={"name": "x", "slug": "x"})
    sandbox.settings(request_faults=[{"match": "GET", "times": 1, "action": "truncate"}])
    unread(http, "GET", "/rest/v1/univers")
    sandbox.settings(request_faults=[{"match": "GET", "times": 1, "action": "delay:0.2"}])
    begun = time.monotonic()
    assert http.get("/rest/v1/univers").status_code == 200 and time.monotonic() - begun >= 0.2
    sandbox.settings(request_faults=[{"match": "GET", "times": 1, "action": "redirect:http://127.0.0.1:1/"}])
    assert http.get("/rest/v1/univers").headers["location"] == "http://127.0.0.1:1/"


def test_wrong_bytes_of_the_right_length(sandbox, http):
    http.post("/storage/v1/object/univers/x/a.png", content=b"0123456789")
    sandbox.settings(request_faults=[{"match": "GET", "times": 1, "action": "garble"}])
    came = http.get("/storage/v1/object/univers/x/a.png").content
    assert len(came) == 10 and came != b"0123456789"
    assert http.get("/storage/v1/object/univers/x/a.png").content == b"0123456789"


def test_wrong_bytes_that_arrive(sandbox, http):
    sandbox.settings(request_faults=[{"match": "POST /storage", "times": 1, "action": "garble_request"}])
    files = {"": ("a.png", bytes(20_000), "image/png")}
    assert http.post("/storage/v1/object/univers/x/a.png", files=files).status_code == 200
    came = http.get("/storage/v1/object/univers/x/a.png").content
    assert len(came) == 20_000 and came != bytes(20_000)


def test_a_throttle_says_how_long(sandbox, http):
    sandbox.settings(request_faults=[{"match": "GET", "action": "429:7"}])
    answer = http.get("/rest/v1/univers")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")


def test_a_file_that_came_in_parts_has_an_etag_that_is_not_its_md5(sandbox, http):
    sandbox.settings(part_size=4)
    tags = {}
    for content in (b"", b"0123", b"01234", b"0123456789"):
        http.post("/storage/v1/object/univers/x/a.png", content=content, headers={"x-upsert": "true"})
        assert http.get("/storage/v1/object/univers/x/a.png").content == content
        tags[content] = http.get("/storage/v1/object/info/univers/x/a.png").json()["etag"].strip('"')
    whole, parts = hashlib.md5(b"0123", usedforsecurity=False), hashlib.md5(usedforsecurity=False)
    for part in (b"0123", b"4567", b"89"):
        parts.update(hashlib.md5(part, usedforsecurity=False).digest())
    assert tags[b""] == hashlib.md5(b"", usedforsecurity=False).hexdigest()
    assert tags[b"0123"] == whole.hexdigest()
    assert tags[b"01234"].endswith("-2")
    assert tags[b"0123456789"] == f"{parts.hexdigest()}-3"


def test_the_schema_can_be_another_one(sandbox, http):
    sandbox.settings(
        missing_tables=["univers_music_prompts"],
        missing_columns={"univers_assets": ["sort_order"]},
        extra_columns={"univers": {"likes": "integer"}},
        unique={"univers_prompts": [["univers_id"]]},
    )
    row = {"name": "x", "slug": "x", "likes": 3}
    made = http.post("/rest/v1/univers", json=row, headers={"Prefer": "return=representation"}).json()[0]
    assert made["likes"] == 3
    assert http.get("/rest/v1/univers_music_prompts").json()["code"] == "PGRST205"
    assert http.get("/rest/v1/univers_assets?select=sort_order").json()["code"] == "42703"
    prompts = {"univers_id": made["id"]}
    assert [http.post("/rest/v1/univers_prompts", json=prompts).status_code for _ in "ab"] == [201, 409]
    embedded = http.get("/rest/v1/univers?select=univers_prompts(univers_id)").json()
    assert embedded == [{"univers_prompts": prompts}]
    sandbox.reset()
    assert (
        "likes"
        not in http.post(
            "/rest/v1/univers?select=*",
            json={"name": "x", "slug": "x"},
            headers={"Prefer": "return=representation"},
        ).json()[0]
    )


def test_counters_of_rows_and_files(sandbox, http):
    http.post("/rest/v1/univers", json=[{"name": "x", "slug": slug} for slug in "abc"])
    http.patch("/rest/v1/univers?slug=eq.a", json={"name": "y"})
    http.delete("/rest/v1/univers?slug=in.(a,b)")
    http.post("/storage/v1/object/univers/x/a.png", content=b"x")
    http.get("/storage/v1/object/univers/x/a.png")
    http.post("/storage/v1/object/list/univers", json={"prefix": "x"})
    counters = sandbox.counters()
    assert (counters["rest_requests"], counters["rest_writes"]) == (3, 3)
    assert (counters["rows_written"], counters["rows_deleted"]) == (4, 2)
    assert (counters["storage_writes"], counters["storage_reads"], counters["storage_lists"]) == (1, 1, 1)
    assert counters["by_path"]["PATCH /rest/v1/univers"] == 1
