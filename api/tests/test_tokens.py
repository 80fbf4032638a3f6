"""Tokens: made once, shown once, checked, and of no use when they are wrong, old or revoked."""

import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from api import tokens
from api.models import ApiToken
from universes.models import Revision

pytestmark = pytest.mark.django_db
JOBS = "/api/jobs"
ADD, LIST = reverse("admin:magikswipe_apitoken_add"), reverse("admin:magikswipe_apitoken_changelist")


@pytest.fixture(autouse=True)
def closed(settings):
    settings.API_OPEN = False


def client(text, **options):
    made = APIClient(**options)
    made.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return made


def make(name="front end", scopes=("read",), days=1, **options):
    return tokens.create(name, scopes, days, **options)


def refused(response, word):
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Bearer realm="MagikSwipe"'
    assert word in response.json()["detail"] and response.json().keys() == {"detail"}
    return True


def test_a_token_opens_what_its_scopes_say_without_csrf(universe):
    writer = client(make(scopes=["read", "write"])[1], enforce_csrf_checks=True)
    assert writer.get(JOBS).status_code == 200
    assert writer.delete("/api/universes/winter").status_code == 204
    assert Revision.objects.get().author == "token front end"


def test_a_scope_that_a_token_lacks_is_named():
    response = client(make()[1]).post("/api/generate/x/images")
    assert response.status_code == 403
    assert "lacks the scope generate" in response.json()["detail"]


def test_wrong_tokens_are_refused_in_one_sentence():
    _, text = make()
    wrong = [
        text[:-1],
        text[:-1] + ("A" if text[-1] != "A" else "B"),
        text + "x",
        text.upper(),
        "msk_",
        "",
        "é",
    ]
    other = text.replace(text.split("_")[1], "0" * 12)
    for given in [*wrong, other, "msk_" + "0" * 12 + "_" + "A" * 43, "x" * 5000]:
        assert refused(client(given.encode().decode("latin-1")).get(JOBS), "wrong")


def test_expired_and_revoked_tokens_are_refused():
    token, text = make()
    tokens.revoke(token)
    assert refused(client(text).get(JOBS), "revoked")
    token, text = make("other")
    ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert refused(client(text).get(JOBS), "expired")


def test_a_token_that_opens_nothing_is_refused_where_strangers_are_let_in():
    for path in ("/api/universes", "/storage/buckets/univers/x/a.png", "/openapi.json"):
        assert refused(client("msk_wrong").get(path), "wrong")


def test_another_scheme_is_none_of_ours():
    made = APIClient()
    made.credentials(HTTP_AUTHORIZATION="Basic bXNrOng=")
    assert made.get("/api/universes").status_code == 200
    assert made.get(JOBS).status_code == 401


def test_a_token_reaches_no_further_than_its_owner_does_now(staff):
    lea = staff("lea", "Editor")
    writer = client(make(scopes=["read", "write", "publish"], owner=lea)[1])
    assert writer.post("/api/universes", {"name": "Snow"}).status_code == 201
    assert writer.post("/api/sync/push/snow").status_code == 403
    lea.groups.clear()
    assert writer.post("/api/universes", {"name": "Ice"}).status_code == 403
    lea.is_active = False
    lea.save()
    assert refused(writer.get(JOBS), "account")


def test_a_token_wins_over_a_cookie(editor):
    reader = client(make()[1])
    reader.force_login(editor)
    assert reader.post("/api/universes", {"name": "Snow"}).status_code == 403


def test_an_open_api_looks_at_no_token(settings):
    settings.API_OPEN = True
    assert client("msk_wrong").get(JOBS).status_code == 200


def test_only_the_digest_is_kept():
    token, text = make()
    assert re.fullmatch(r"msk_[0-9a-f]{12}_[\w-]{43}", text)
    kept = str(list(ApiToken.objects.values()))
    assert text.split("_", 2)[2] not in kept and token.sha256 in kept


def test_the_last_use_is_written_once_a_minute(django_assert_num_queries):
    token, text = make()
    client(text).get(JOBS)
    token.refresh_from_db()
    first = token.last_used_at
    assert timezone.now() - first < timedelta(minutes=1)
    client(text).get(JOBS)
    token.refresh_from_db()
    assert token.last_used_at == first
    ApiToken.objects.update(last_used_at=first - timedelta(minutes=2))
    client(text).get(JOBS)
    token.refresh_from_db()
    assert token.last_used_at > first - timedelta(minutes=2)


def test_a_page_of_an_allowed_origin_may_send_a_token(settings, api):
    settings.CORS_ALLOWED_ORIGINS = ["https://studio.example"]
    headers = {
        "Origin": "https://studio.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    allowed = api.options("/api/universes", headers=headers)
    assert allowed["Access-Control-Allow-Origin"] == "https://studio.example"
    assert "authorization" in allowed["Access-Control-Allow-Headers"]
    other = api.options("/api/universes", headers={**headers, "Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in other


def command(*words):
    out, err = StringIO(), StringIO()
    call_command("token", *words, stdout=out, stderr=err)
    return out.getvalue()


def test_the_command_makes_lists_and_revokes(staff):
    staff("lea", "Editor")
    text = command("create", "ci", "--scopes", "write,read", "--days", "30", "--owner", "lea").strip()
    assert client(text).get(JOBS).status_code == 200
    listed = command("list")
    assert "ci" in listed and "read,write" in listed and "valid" in listed and text not in listed
    command("revoke", "ci")
    assert refused(client(text).get(JOBS), "revoked")
    assert "revoked" in command("list")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("create", "ci", "--scopes", "admin"), "no scope 'admin'"),
        (("create", "ci", "--scopes", ","), "at least one scope"),
        (("create", "ci", "--days", "0"), "1 to 3650 days"),
        (("create", " "), "1 to 100 characters"),
        (("create", "taken"), "already"),
        (("create", "ci", "--owner", "nobody"), "no account 'nobody'"),
        (("revoke", "nothing"), "no token 'nothing'"),
    ],
)
def test_the_command_says_what_is_wrong(words, said):
    make("taken")
    with pytest.raises(CommandError, match=said):
        command(*words)
    assert ApiToken.objects.count() == 1


def test_an_administrator_makes_a_token_that_is_shown_once(admin_client, admin_user):
    data = {"name": "front end", "scopes": ["read", "generate"], "days": 30}
    shown = admin_client.post(ADD, data)
    assert shown.status_code == 200 and "no-store" in shown["Cache-Control"]
    (text,) = re.findall(r'value="(msk_[^"]+)"', shown.content.decode())
    assert client(text).get(JOBS).status_code == 200
    token = ApiToken.objects.get()
    assert (token.scopes, token.owner) == (["read", "generate"], admin_user)
    for page in (LIST, reverse("admin:magikswipe_apitoken_change", args=[token.pk])):
        looked = admin_client.get(page).content.decode()
        assert token.key in looked and text not in looked and token.sha256 not in looked


@pytest.mark.parametrize(
    "wrong", [{"days": 0}, {"days": ""}, {"scopes": ["admin"]}, {"scopes": []}, {"name": "taken"}]
)
def test_the_admin_says_what_is_wrong(admin_client, wrong):
    make("taken")
    shown = admin_client.post(ADD, {"name": "front end", "scopes": ["read"], "days": 30} | wrong)
    assert shown.context["adminform"].form.errors.keys() == wrong.keys()
    assert ApiToken.objects.count() == 1


def test_an_administrator_revokes_tokens(admin_client):
    token, text = make()
    admin_client.post(LIST, {"action": "revoke_selected", "_selected_action": [token.pk]})
    assert refused(client(text).get(JOBS), "revoked")
    assert "revoked" in admin_client.get(LIST).content.decode()


def test_no_token_is_deleted_in_the_admin(admin_client):
    """A backup would bring it back, valid."""
    token, _ = make()
    assert admin_client.post(f"{LIST}{token.pk}/delete/", {"post": "yes"}).status_code == 403
    admin_client.post(LIST, {"action": "delete_selected", "_selected_action": [token.pk], "post": "yes"})
    assert ApiToken.objects.get() == token


def test_who_goes_takes_their_tokens_along(admin_client, staff):
    lea = staff("lea", "Editor")
    _, text = make(owner=lea)
    lea.delete()
    assert refused(client(text).get(JOBS), "wrong")
