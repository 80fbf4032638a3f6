"""The one module that talks to Replicate: timeouts, errors, raw answers, pages."""

import datetime
import json
import multiprocessing
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from django.utils import timezone

from generation import provider as replicate
from generation.errors import Broken, NotConfigured, Rejected, Throttled, Unknown, Unreachable

IMAGE = "recraft-ai/recraft-v3"


def bought(prompt="An owl"):
    return replicate.create(IMAGE, {"prompt": prompt})


def test_a_prediction_is_returned_as_it_came(provider):
    made = bought()
    found = replicate.get(made["id"])
    assert made["id"] == found["id"]
    assert found["input"] == {"prompt": "An owl"}
    # The client itself would drop these.
    assert {"deadline", "data_removed"} <= set(found)


def test_the_status_aborted_is_read(provider):
    provider.settings(fail_next=1, fail_as="aborted")
    prediction = bought()
    while prediction["status"] not in replicate.ENDED:
        prediction = replicate.get(prediction["id"])
    assert prediction["status"] == "aborted"


def test_a_prediction_can_be_cancelled(provider):
    provider.settings(latency={"image": 60})
    assert replicate.cancel(bought()["id"])["status"] in ("canceled", "aborted")


def test_the_list_reaches_over_pages_and_back_to_a_moment(provider):
    provider.settings(latency={"image": 60})
    bought("too old")
    since = timezone.now()
    ids = [bought(f"Owl {number}")["id"] for number in range(105)]
    found = [one["id"] for one in replicate.created_since(since)]
    assert found == ids[::-1]


def test_account_and_model_are_read(provider):
    assert replicate.account()["username"] == "sandbox"
    assert "prompt" in str(replicate.model(f"{IMAGE}:123")["latest_version"])
    replicate.ready()


def test_what_does_not_exist_is_unknown(provider):
    for call in (
        lambda: replicate.create("nobody/nothing", {}),
        lambda: replicate.create("0" * 64, {}),
        lambda: replicate.get("nothing"),
        lambda: replicate.model("nobody/nothing"),
    ):
        with pytest.raises(Unknown):
            call()


def test_a_rejected_input_says_why(provider):
    with pytest.raises(Rejected, match="prompt is required"):
        replicate.create(IMAGE, {})


def test_no_token_and_a_wrong_token_name_the_variable(provider, settings):
    for token in ("", "r8_wrong"):
        settings.REPLICATE_API_TOKEN = token
        with pytest.raises(NotConfigured, match="REPLICATE_API_TOKEN") as caught:
            replicate.account()
        assert "r8_wrong" not in str(caught.value)


@pytest.mark.parametrize("action", ["drop", "drop_after", "truncate"])
def test_a_line_that_drops_leaves_open_what_happened(provider, action):
    provider.settings(request_faults=[{"match": "POST", "action": action, "times": 1}])
    with pytest.raises(Unreachable, match="cannot be reached") as caught:
        bought()
    assert not caught.value.certain


def test_a_request_that_nobody_listened_to_bought_nothing(provider, settings, unused_address):
    settings.REPLICATE_BASE_URL = unused_address
    with pytest.raises(Unreachable) as caught:
        bought()
    assert caught.value.certain


@pytest.mark.parametrize("status", ["500", "502", "503", "504"])
def test_a_server_error_is_raised_at_once_and_not_retried_beneath(provider, status):
    provider.settings(request_faults=[{"match": "GET", "action": status}])
    with pytest.raises(Broken, match=f"told to answer {status}"):
        replicate.account()
    assert provider.counters()["by_path"]["GET /v1/account"] == 1


def test_a_busy_provider_counts_as_ready(provider):
    for action in ("429", "500"):
        provider.settings(request_faults=[{"match": "account", "action": action}])
        replicate.ready()


def test_throttling_keeps_what_it_says_and_buys_nothing_until_then(provider):
    provider.settings(throttle={"per_second": 0.001, "burst": 1, "retry_after": 600})
    bought()
    begun = time.monotonic()
    for _ in range(3):
        with pytest.raises(Throttled) as caught:
            bought()
        assert 600 - (time.monotonic() - begun) <= caught.value.retry_after <= 600
    assert provider.counters()["throttled"] == 1
    replicate.account()


def test_of_two_throttles_that_arrive_at_once_the_longer_counts():
    ordered = httpx.Request("POST", "http://replicate.invalid/v1/predictions")
    both_sent = threading.Barrier(2, timeout=60)
    long_told = threading.Event()

    def refuse(request):
        both_sent.wait()
        if request.headers["seconds"] == "1":
            assert long_told.wait(60)
        return httpx.Response(429, headers={"retry-after": request.headers["seconds"]}, json={})

    transport = replicate.Transport(httpx.MockTransport(refuse))

    def order(seconds):
        request = httpx.Request("POST", ordered.url, headers={"seconds": seconds})
        with pytest.raises(Throttled):
            transport.handle_request(request)
        long_told.set()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(order, ["3000", "1"]))
    with pytest.raises(Throttled) as caught:
        transport.handle_request(ordered)
    assert caught.value.retry_after > 2000


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"retry-after": "7"}, {"retry_after": 9}, 7),
        ({}, {"retry_after": 5}, 5),
        ({"retry-after": "inf"}, {"retry_after": 5}, 5),
        ({"retry-after": "nan"}, {"retry_after": 10**400}, None),
        ({"retry-after": "1e300"}, {}, 3600),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, {"retry_after": 4}, 4),
        ({"retry-after": "-3"}, {}, 0),
        ({}, {}, None),
        ({}, None, None),
        ({}, {"retry_after": "soon"}, None),
    ],
)
def test_the_time_to_wait_is_read_from_header_or_body(headers, body, seconds):
    error = replicate.refusal(429, httpx.Headers(headers), body)
    assert isinstance(error, Throttled)
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, Broken),
        (400, Rejected),
        (402, Rejected),
        (403, Rejected),
        (404, Unknown),
        (422, Rejected),
        (520, Broken),
    ],
)
def test_every_status_has_its_error(status, kind):
    assert type(replicate.refusal(status, {}, {"detail": "x" * 1000})) is kind
    assert len(str(replicate.refusal(status, {}, {"detail": "x" * 1000}))) < 400
    assert type(replicate.refusal(status, {}, ["no", "object"])) is kind


@pytest.fixture
def answers(settings):
    """A provider that answers each request with given bytes: `answers(b"HTTP/1.1 200 OK…")`."""
    server = socket.create_server(("127.0.0.1", 0))
    settings.REPLICATE_BASE_URL = f"http://127.0.0.1:{server.getsockname()[1]}"
    settings.REPLICATE_API_TOKEN = "r8_token"
    threads = []

    def serve(content):
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(content)

    def answer(content):
        thread = threading.Thread(target=serve, args=(content,))
        thread.start()
        threads.append(thread)

    yield answer
    for thread in threads:
        thread.join(5)
    server.close()


def as_response(body):
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body)


PREDICTION = {"id": "x", "status": "succeeded", "output": "https://replicate.delivery/x.png"}
GZIP = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: 20\r\n\r\n" + b"no gzip at all ......"
NONSENSE = {
    "a web page": as_response(b"<html>Welcome</html>"),
    "a list": as_response(b"[]"),
    "a text": as_response(b'"text"'),
    "null": as_response(b"null"),
    "an empty object": as_response(b"{}"),
    "an id that is a number": as_response(b'{"id": 1, "status": "succeeded"}'),
    "another's id": as_response(b'{"id": "y", "status": "succeeded"}'),
    "an id that is a path": as_response(b'{"id": "../account", "status": "succeeded"}'),
    "a status that is a list": as_response(b'{"id": "x", "status": ["succeeded"]}'),
    "no status": as_response(b'{"id": "x"}'),
    "garbage as gzip": GZIP % b"gzip",
    "garbage as deflate": GZIP % b"deflate",
    "packed twice": GZIP % b"gzip, gzip",
    "very deep": as_response(b'{"id": ' + b"[" * 200_000),
    "deep and whole": as_response(b'{"a":' * 200_000 + b"1" + b"}" * 200_000),
    "an endless number": as_response(b'{"id": "x", "status": ' + b"9" * 10_000 + b"}"),
    "another encoding": as_response('{"id": "é"}'.encode("latin-1")),
}


@pytest.mark.parametrize("answer", NONSENSE.values(), ids=NONSENSE)
def test_an_answer_that_makes_no_sense_is_broken(answers, answer):
    answers(answer)
    with pytest.raises(Broken):
        replicate.get("x")


@pytest.mark.parametrize(
    "odd",
    [
        {"metrics": "none"}, {"urls": 7}, {"logs": "x" * 10**6}, {"error": {"code": [1]}}, {"created_at": 1e300},
        {"version": ["a"]}, {"input": "no object"}, {"model": None}, {"webhook": {}}, {"deadline": True},
        {"started_at": "yesterday", "completed_at": -1}, {"output": {"deep": [[[None]]]}}, {"stream": "\ud83d"},
        {"webhook_completed": float("nan")}, {"source": 10**400},
    ],
    ids=lambda odd: next(iter(odd)),
)  # fmt: skip
def test_what_nobody_asks_for_may_be_of_any_type(answers, odd):
    answers(as_response(json.dumps(PREDICTION | odd).encode()))
    assert replicate.get("x")["status"] == "succeeded"


@pytest.mark.parametrize(
    "reason",
    [{"code": 1}, ["a", "b"], 7, True, "NUL \0 and \ud83d", "x" * 10**6, {"deep": [[["end"]]]}],
)
def test_whatever_reason_a_failure_has_is_one_short_line(answers, reason):
    answers(as_response(json.dumps({"id": "x", "status": "failed", "error": reason}).encode()))
    said = str(replicate.why(replicate.get("x")))
    assert said.startswith("The model failed: ")
    assert said.isprintable()
    assert len(said) < 400


@pytest.mark.parametrize(
    "page",
    [{}, {"results": 5}, {"results": None}, {"results": [], "next": 7}, {"results": [], "next": "http://[::1"}],
    ids=str,
)  # fmt: skip
def test_a_list_that_is_none_is_no_empty_list(answers, page):
    answers(as_response(json.dumps(page).encode()))
    with pytest.raises(Broken):
        list(replicate.created_since(timezone.now()))


def test_of_a_list_what_is_no_prediction_is_left_out(answers):
    others = [None, 7, [], {}, {"id": 1, "status": "x"}, {"id": "y", "status": None}]
    answers(as_response(json.dumps({"results": [*others, PREDICTION], "next": None}).encode()))
    assert list(replicate.created_since(timezone.now())) == [PREDICTION]


def test_a_list_without_an_end_is_given_up(answers, monkeypatch):
    monkeypatch.setattr(replicate, "MOST_PAGES", 3)
    for _ in range(3):
        answers(as_response(b'{"results": [], "next": "/v1/predictions?cursor=same"}'))
    with pytest.raises(Broken):
        list(replicate.created_since(timezone.now()))


def test_an_answer_is_read_up_to_a_size_and_a_time(answers, monkeypatch):
    monkeypatch.setattr(replicate, "MOST_ANSWER_BYTES", 1000)
    answers(as_response(b" " * 1001))
    with pytest.raises(Broken, match="too long"):
        replicate.get("x")
    monkeypatch.setattr(replicate, "LONGEST_ANSWER_SECONDS", 0)
    answers(as_response(json.dumps(PREDICTION).encode()))
    with pytest.raises(Broken, match="takes too long"):
        replicate.get("x")


def test_the_providers_time_is_told_by_its_answers_and_not_by_our_clock(answers, monkeypatch):
    replicate.close()
    answers(as_response(b"{}").replace(b"\r\n", b"\r\nDate: Sat, 01 Feb 2020 10:00:00 GMT\r\n", 1))
    there = datetime.datetime(2020, 2, 1, 10, tzinfo=datetime.UTC)
    assert abs(replicate.now() - there) < datetime.timedelta(seconds=5)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert abs(replicate.now() - there) < datetime.timedelta(seconds=5)


def test_every_call_has_finite_timeouts():
    assert set(replicate.TIMEOUT) == {"connect", "read", "write", "pool"}
    assert all(0 < seconds <= 30 for seconds in replicate.TIMEOUT.values())


def test_a_forked_process_makes_a_client_of_its_own(provider):
    replicate.account()
    parent = replicate._client()[0]
    context = multiprocessing.get_context("fork")
    with context.Pool(1) as pool:
        assert pool.apply(_has_another_client, (id(parent),))


def _has_another_client(parents):
    return id(replicate._client()[0]) != parents and bool(replicate.account())


def test_a_moment_without_predictions_lists_none(provider):
    assert list(replicate.created_since(timezone.now() + datetime.timedelta(hours=1))) == []
