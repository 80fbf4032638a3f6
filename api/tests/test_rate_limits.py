"""Rate limits, lockout and the size of bodies, also behind proxies."""

import re
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from api import rate_limits, tokens
from api.models import Tally
from jobs.models import Job
from studio import login

pytestmark = pytest.mark.django_db
LOGIN = reverse("admin:login")


def try_login(client, name="lea", password="wrong", **extra):  # noqa: S107 - it is wrong
    return client.post(LOGIN, {"username": name, "password": password}, **extra)


def test_who_tries_too_often_to_log_in_has_to_wait_even_with_the_right_password(client, staff):
    staff("lea", "Editor")
    for _ in range(login.MOST_PER_NAME):
        assert try_login(client).status_code == 200
    refused = try_login(Client(), password="words")
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= login.WINDOW_SECONDS
    assert "Too many tries to log in" in refused.content.decode()
    assert try_login(Client(), name="LEA", password="words").status_code == 429
    assert try_login(Client(), password="words", REMOTE_ADDR="203.0.113.7").status_code == 302


def test_a_login_that_succeeds_begins_anew(client, staff):
    staff("lea", "Editor")
    for _ in range(3):
        for _ in range(login.MOST_PER_NAME - 1):
            try_login(client)
        assert try_login(client, password="words").status_code == 302


@pytest.mark.slow
def test_logins_that_succeed_lock_no_network_out(client, staff):
    staff("lea", "Editor")
    for _ in range(login.MOST_PER_NETWORK + 5):
        assert try_login(Client(), password="words").status_code == 302


def test_a_login_of_ones_own_gives_no_further_tries_with_other_names(client, staff):
    staff("lea", "Editor")
    try_login(client, name="another")
    Tally.objects.update(count=login.MOST_PER_NETWORK - 1)
    for _ in range(3):
        assert try_login(Client(), password="words").status_code == 302
    assert try_login(client, name="a third").status_code == 200
    assert try_login(client, name="a fourth").status_code == 429


def test_one_network_can_not_try_all_names(client):
    assert try_login(client).status_code == 200
    Tally.objects.update(count=login.MOST_PER_NETWORK)
    assert try_login(client, name="another").status_code == 429


def test_a_network_that_has_to_wait_fills_no_table_with_names(client):
    try_login(client)
    Tally.objects.update(count=login.MOST_PER_NETWORK)
    before = Tally.objects.count()
    for number in range(5):
        refused = try_login(client, name=f"name {number}")
        assert refused.status_code == 429 and int(refused["Retry-After"]) > 0
    assert Tally.objects.count() == before
    assert try_login(client, REMOTE_ADDR="203.0.113.7").status_code == 200


def test_whoever_has_all_of_a_networks_addresses_is_counted_as_one(client):
    for number in range(login.MOST_PER_NAME):
        try_login(client, REMOTE_ADDR=f"2001:db8::{number}")
    assert try_login(client, REMOTE_ADDR="2001:db8::ffff").status_code == 429
    assert try_login(client, REMOTE_ADDR="2001:db8:0:1::1").status_code == 200


def test_what_is_counted_names_nobody(client):
    try_login(client)
    keys = Tally.objects.values_list("key", flat=True)
    assert len(keys) == 2 and all(re.fullmatch("[0-9a-f]{64}", key) for key in keys)


@pytest.fixture
def few(settings):
    settings.THROTTLE_WRITES, settings.THROTTLE_PAID = 4, 2


def write(client, **extra):
    return client.post("/api/universes", {"name": ""}, **extra)


def test_writes_are_throttled_and_say_when_to_come_back(api, few):
    assert [write(api).status_code for _ in range(5)] == [422] * 4 + [429]
    refused = write(api)
    assert 0 < int(refused["Retry-After"]) <= 60
    assert refused.json() == {
        "detail": f"Too many calls within a minute; try again in {refused['Retry-After']} seconds."
    }
    assert api.get("/api/universes").status_code == 200
    assert write(api, REMOTE_ADDR="203.0.113.7").status_code == 422


def test_paid_calls_have_a_limit_of_their_own(api, few):
    assert [api.post("/api/generate/x/images").status_code for _ in range(3)] == [404, 404, 429]
    assert write(api).status_code == 422


@pytest.mark.parametrize(
    ("type", "act", "statuses"),
    [
        ("generate_images", "retry", [400, 400, 429]),
        ("fill_gaps", "retry", [400, 400, 429]),
        ("generate_images", "cancel", [400, 400, 400]),
        ("sync_push", "retry", [400, 400, 400]),
    ],
)
def test_a_retry_of_what_is_paid_counts_as_paid(api, few, type, act, statuses):
    job = Job.objects.create(type=type, univers_slug="winter", status="completed", total_steps=1)
    assert [api.post(f"/api/jobs/{job.pk}/{act}").status_code for _ in range(3)] == statuses
    assert api.post(f"/api/jobs/junk/{act}").status_code == 404


def test_each_token_and_each_account_is_counted_by_itself(few, settings, staff):
    settings.API_OPEN = False
    clients = [APIClient() for _ in range(3)]
    for client, name in zip(clients, ("one", "two"), strict=False):
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.create(name, ['write'], days=1)[1]}")
    clients[2].force_login(staff("lea", "Editor"))
    for client in clients:
        assert [write(client).status_code for _ in range(5)] == [422] * 4 + [429]


def test_a_refusal_comes_before_the_counting(few, settings, api):
    settings.API_OPEN = False
    assert {write(api).status_code for _ in range(9)} == {401}
    assert not Tally.objects.exists()


def test_replicates_own_calls_are_not_counted(api, few):
    assert {api.post("/api/generate/webhook").status_code for _ in range(9)} == {503}
    assert not Tally.objects.exists()


def test_a_count_ends_and_goes(api, few):
    write(api)
    Tally.objects.update(ends_at="2020-01-01T00:00:00Z", count=99)
    assert write(api).status_code == 422
    assert Tally.objects.get().count == 1


@pytest.mark.parametrize("path", ["/api/universes", "/api/generate/translate-text", "/api/generate/webhook"])
def test_a_body_that_is_too_large_is_413_in_one_sentence(api, path):
    body = b'{"name": "' + b"x" * django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE + b'"}'
    response = api.generic("POST", path, body, "application/json")
    assert (response.status_code, response.json()) == (
        413, {"detail": "The body is too large; send 5 MB at most."},
    )  # fmt: skip


@pytest.fixture
def proxied(settings):
    settings.TRUST_PROXY = 1
    settings.USE_X_FORWARDED_HOST = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


def test_without_a_proxy_nobody_chooses_an_address(api, few):
    got = [write(api, headers={"X-Forwarded-For": f"203.0.113.{n}"}).status_code for n in range(5)]
    assert got == [422] * 4 + [429]


def test_behind_one_the_address_that_it_saw_counts(api, few, proxied):
    got = [write(api, headers={"X-Forwarded-For": f"10.0.0.{n}, 203.0.113.1"}).status_code for n in range(5)]
    assert got == [422] * 4 + [429]
    assert write(api, headers={"X-Forwarded-For": "203.0.113.1, 203.0.113.2"}).status_code == 422
    for rubbish in ("", "junk", "a, b", "[", "1.2.3.4.5:80"):
        assert write(api, headers={"X-Forwarded-For": rubbish}).status_code in (422, 429)


@pytest.mark.parametrize(
    ("one", "same", "other"),
    [
        (
            "203.0.113.1",
            ["203.0.113.1:5678", "::ffff:203.0.113.1", "[::ffff:203.0.113.1]:80"],
            "203.0.113.2:5678",
        ),
        ("::ffff:203.0.113.1", ["::ffff:cb00:7101"], "::ffff:203.0.113.2"),
        ("2001:db8::1", ["2001:db8::2", "[2001:db8::3]:5678", "[2001:db8::4]"], "2001:db8:0:1::1"),
    ],
)
def test_an_address_is_the_same_however_it_is_written(api, few, proxied, one, same, other):
    for text in [one, *same, *[one] * (4 - len(same))]:
        last = write(api, headers={"X-Forwarded-For": text}).status_code
    assert last == 429
    assert write(api, headers={"X-Forwarded-For": other}).status_code == 422


def test_each_ipv4_client_of_a_dual_stack_socket_counts_by_itself(api, few):
    assert [write(api, REMOTE_ADDR="::ffff:203.0.113.1").status_code for _ in range(5)] == [422] * 4 + [429]
    assert write(api, REMOTE_ADDR="::ffff:203.0.113.2").status_code == 422
    assert write(api, REMOTE_ADDR="203.0.113.1").status_code == 429


def test_scheme_and_host_are_believed_of_a_proxy_alone(api, settings):
    settings.SECURE_SSL_REDIRECT = True
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    assert api.get("/api/universes", headers=headers)["Location"] == "https://testserver/api/universes"


def test_behind_a_proxy_https_is_not_redirected(api, settings, proxied):
    settings.SECURE_SSL_REDIRECT = True
    assert api.get("/api/universes", headers={"X-Forwarded-Proto": "https"}).status_code == 200
    assert api.get("/api/universes", headers={"X-Forwarded-Proto": "http"}).status_code == 301
    refused = api.get(
        "/api/universes", headers={"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    )
    assert refused.status_code == 400


def test_what_was_counted_lasts_as_long_as_its_time():
    assert [rate_limits.count("kind", "who", 60)[0] for _ in range(3)] == [1, 2, 3]
    assert rate_limits.look("kind", "who", 60)[0] == 3


def test_a_time_that_ends_later_than_it_may_has_ended():
    """A lockout from before the clock was set back by an hour does not last for that hour, too."""
    rate_limits.count("kind", "who", 60)
    Tally.objects.update(count=100, ends_at=timezone.now() + timedelta(hours=1))
    assert rate_limits.look("kind", "who", 60) == (0, 0)
    count, seconds = rate_limits.count("kind", "who", 60)
    assert (count, seconds <= 60) == (1, True)
