"""Addresses of ill will: none is kept, none is believed, and none leads a browser away."""

import json

import pytest
from django.urls import reverse

from studio.tests.forms import sent_back
from universes.models import Universe

from .corpus import HOSTS, URLS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("untouched")]


@pytest.mark.parametrize("field", ["thumbnail_url", "background_music"])
def test_a_hostile_address_is_not_kept(client, refused, field):
    for url in URLS:
        response = client.patch("/api/universes/winter", json.dumps({field: url}), "application/json")
        assert refused(response) and response.status_code == 422, url
        assert response.json()["errors"].keys() == {field}
    assert getattr(Universe.objects.get(), field) is None


def test_the_studio_keeps_none_either(admin_client, universe):
    page = reverse("admin:universes_universe_change", args=[universe.pk])
    shown = admin_client.get(page)
    for url in URLS[::5]:
        # A form has one line of text, without what surrounds it.
        if isinstance(url, str) and len(url) < 2000 and url.strip() == url:
            data = sent_back(shown, thumbnail_url=url)
            assert "thumbnail_url" in admin_client.post(page, data).context["adminform"].form.errors, url
    assert Universe.objects.get().thumbnail_url is None


@pytest.mark.parametrize(
    "url",
    [
        "https://pictures.example/w.png", "http://localhost:8000/storage/buckets/univers/winter/thumbnail.jpg",
        "/t.jpg", "t.jpg",
        "//cdn.example/t.jpg", "https://[2001:db8::1]:8443/t.jpg",
        "https://xn--nol-8ma.example/No\u00ebl et neige.jpg?a=b:c@d#e", "",
        "data:image/png;base64,iVBORw0KGgo=", "../t.jpg",
    ],
)  # fmt: skip
def test_what_may_be_an_address_is_taken(client, url, universe):
    response = client.patch("/api/universes/winter", json.dumps({"thumbnail_url": url}), "application/json")
    assert (response.status_code, response.json()["thumbnail_url"] or "") == (200, url)


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host"])
def test_a_hostile_name_of_ours_is_refused(client, settings, refused, header):
    settings.ALLOWED_HOSTS = ["localhost"]
    settings.USE_X_FORWARDED_HOST = header != "Host"
    for host in HOSTS:
        for path in (
            "/api/universes",
            "/storage/buckets/univers/winter/a.png",
            "/admin/login/",
            "/preview/winter",
            "/docs",
        ):
            response = client.get(path, headers={header: host})
            assert refused(response) and response.status_code == 400, (host, path)


AWAY = [
    "https://evil.example/", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example",
    "https:evil.example",
    "javascript:alert(1)", "data:text/html,x", "http://localhost@evil.example/", "https://localhost.evil.example",
    "\thttps://evil.example",
]  # fmt: skip


@pytest.mark.parametrize("next", AWAY)
def test_no_login_and_no_language_leads_away(client, staff, next):
    staff("lea", "Editor")
    sent = {"username": "lea", "password": "words", "next": next}
    assert client.post(reverse("admin:login"), sent)["Location"] == "/admin/"
    assert client.post(f"{reverse('admin:login')}?next={next}", sent)["Location"] == "/admin/"
    assert client.post("/i18n/setlang/", {"language": "fr", "next": next})["Location"] == "/"


@pytest.mark.parametrize(
    "path", ["//evil.example/", "//evil.example/admin", "/admin//evil.example", "/\\evil.example"]
)
def test_no_redirect_leads_away(client, settings, path):
    settings.SECURE_SSL_REDIRECT = True
    for secure in (False, True):
        where = client.get(path, secure=secure).get("Location", "/")
        assert where.startswith("/") and not where.startswith(("//", "/\\")) or "//testserver/" in where
