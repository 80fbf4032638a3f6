"""What protects browsers is on every kind of answer: media, pages, refusals, redirects and crashes alike."""

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db
U, MEDIUM = "/api/universes", "/storage/buckets/univers/winter/a.png"
STUDIO = {"Origin": "https://studio.example", "Access-Control-Request-Method": "GET"}
PAGES = (
    "default-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
)

# By status: method, path, and headers of the request.
ANSWERS = [
    (200, "GET", "/", {}),
    (200, "GET", "/docs", {}),
    (200, "GET", "/openapi.json", {}),
    (200, "GET", "/health", {}),
    (200, "GET", "/metrics", {}),
    (200, "GET", U, {}),
    (200, "GET", U, {"Accept": "text/html"}),
    (200, "HEAD", U, {}),
    (200, "OPTIONS", U, {}),
    (200, "OPTIONS", U, STUDIO),
    (200, "GET", f"{U}/winter/export", {}),
    (200, "GET", MEDIUM, {}),
    (206, "GET", MEDIUM, {"Range": "bytes=0-1"}),
    (416, "GET", MEDIUM, {"Range": "bytes=99-"}),
    (412, "GET", MEDIUM, {"If-Match": '"x"'}),
    (304, "GET", MEDIUM, {"If-None-Match": "*"}),
    (304, "GET", U, {"If-None-Match": "*"}),
    (200, "GET", "/preview/winter", {}),
    (404, "GET", "/preview/nothing", {}),
    (200, "GET", "/admin/login/", {}),
    (302, "GET", "/admin/", {}),
    (301, "GET", "/admin", {}),
    (302, "GET", "/admin/nothing/", {}),
    (302, "POST", "/i18n/setlang/", {}),
    (200, "GET", "/static/magikswipe/icon.svg", {}),
    (404, "GET", "/static/nothing.css", {}),
    (404, "GET", "/nowhere", {}),
    (404, "GET", f"{U}/nothing", {}),
    (405, "PUT", U, {}),
    (422, "POST", U, {"Content-Type": "application/json"}),
    (400, "GET", U, {"Host": "evil.example"}),
    (400, "GET", "/admin/login/", {"Host": "evil.example"}),
    (403, "POST", U, {"Origin": "https://evil.example"}),
]


def is_protected(response, admin=False):
    policy = response["Content-Security-Policy"]
    assert all(part in policy for part in PAGES), policy
    scripts, styles = (directive(policy, name) for name in ("script-src", "style-src"))
    assert scripts == ("'self' 'unsafe-eval'" if admin else "'self'")
    assert styles == ("'self' 'unsafe-inline'" if admin else "'self'")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Request-ID"]
    return True


def directive(policy, name):
    """What is allowed of a kind: its own directive, else `default-src`."""
    found = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    return found.get(name, found["default-src"])


def ask(method, path, headers, **extra):
    kind = headers.get("Content-Type", "application/octet-stream")
    sent = {name: value for name, value in headers.items() if name != "Content-Type"}
    client = Client(raise_request_exception=False)
    return client.generic(method, path, content_type=kind, headers=sent, **extra)


@pytest.mark.parametrize(("status", "method", "path", "headers"), ANSWERS)
def test_every_kind_of_answer_is_protected(universe, put_file, status, method, path, headers):
    put_file("winter", "a.png")
    response = ask(method, path, headers)
    assert response.status_code == status
    assert is_protected(response, admin=path.startswith("/admin/"))
    response.close()


@pytest.mark.parametrize(("path", "status"), [("/api/plain/crash", 500), ("/plain/crash", 500)])
@pytest.mark.urls("magikswipe.tests.crashing_urls")
def test_a_crash_is_protected(path, status):
    response = ask("GET", path, {})
    assert response.status_code == status and is_protected(response)


def test_a_stranger_who_is_refused_is_protected(settings, universe):
    settings.API_OPEN = False
    assert (refused := ask("GET", "/api/jobs", {})).status_code == 401
    assert is_protected(refused)
    for path in (MEDIUM, f"{U}/winter/assets/x"):
        assert (missing := ask("GET", path, {})).status_code == 404 and is_protected(missing)


@pytest.mark.parametrize(
    "path", [U, MEDIUM, "/docs", "/admin/login/", "/preview/winter", "/static/magikswipe/icon.svg"]
)
def test_over_https_browsers_are_told_to_stay_there(settings, universe, put_file, path):
    put_file("winter", "a.png")
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = 31536000, True
    answer = ask("GET", path, {}, secure=True)
    b"".join(answer)  # a file is closed once it was read
    assert "max-age=31536000; includeSubDomains" in answer["Strict-Transport-Security"]
    sent_on = ask("GET", path, {})
    assert (
        sent_on.status_code == 301
        and sent_on["Location"].startswith("https://")
        and is_protected(sent_on, path.startswith("/admin/"))
    )


def test_the_cookies_are_for_our_own_pages_alone(client, staff, settings):
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    staff("lea", "Editor")
    sent = client.post(reverse("admin:login"), {"username": "lea", "password": "words"}, secure=True)
    cookies = {**client.get(reverse("admin:login"), secure=True).cookies, **sent.cookies}
    session = cookies[django_settings.SESSION_COOKIE_NAME]
    assert session["httponly"]
    for cookie in (session, cookies[django_settings.CSRF_COOKIE_NAME]):
        assert cookie["secure"] and cookie["samesite"] == "Lax" and not cookie["domain"]


STRICT = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "


@pytest.mark.parametrize("path", ["/", "/docs", "/api/universes", "/api/nothing", "/openapi.json", "/health"])
def test_outside_the_admin_the_policy_is_strict(client, path):
    response = client.get(path)
    assert response["Content-Security-Policy"] == STRICT + "frame-ancestors 'none'"


def test_pages_with_media_show_what_is_published(client, settings):
    settings.SUPABASE_URL = "https://abc.supabase.co"
    for path in ("/admin/login/", "/preview/x"):
        assert "media-src 'self' blob: https://abc.supabase.co" in client.get(path)["Content-Security-Policy"]
