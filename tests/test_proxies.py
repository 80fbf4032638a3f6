"""What a browser meets behind nginx or Caddy, configured as docs/deploy.md says."""

import io
import os
import re
import select
from contextlib import closing
from http.client import HTTPConnection

import httpx
import pytest
from PIL import Image

from tests import proxies
from tests.proxies import HOST, Site, running
from tests.stack import Stack

pytestmark = pytest.mark.slow

ORIGIN = f"https://{HOST}"
PASSWORD = "a long password"
IDLE_SECONDS = 5
LOGIN = "/admin/login/"
# What the web server says of a file, and nginx would leave out where it sends the file itself.
KEPT = [
    "Cache-Control",
    "Content-Type",
    "Content-Security-Policy",
    "Cross-Origin-Opener-Policy",
    "Referrer-Policy",
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
]
PRODUCTION = {
    "SECRET_KEY": "fjE8-kd93JSlw0_2mcnVBz71qPsoTyRx" * 2,
    "DEBUG": "false",
    "API_OPEN": "false",
    "HTTPS": "true",
    "TRUST_PROXY": "1",
    # The second name is for who waits for its start.
    "ALLOWED_HOSTS": f"{HOST},127.0.0.1",
    "ADMIN_PASSWORD": PASSWORD,
}


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    """The web server, as the proxies have it behind them."""
    stack = Stack(tmp_path_factory.mktemp("web"), **PRODUCTION)
    stack.manage("ensure_admin")
    stack.start_web()
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def bearer(installation):
    """The headers of a client that may write."""
    token = installation.manage("token", "create", "tests", "--scopes", "read,write").stdout.strip()
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="module", params=[proxies.nginx, proxies.caddy], ids=["nginx", "caddy"])
def site(request, installation, tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("proxy"))
    with running(site, request.param(site, installation.port)):
        yield site


@pytest.fixture
def browser(site):
    with site.client() as client:
        yield client


def log_in(client, name, password, **headers):
    """The answer to the login's form, sent as a browser does."""
    page = client.get(LOGIN)
    (token,) = set(re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text))
    form = {"csrfmiddlewaretoken": token, "username": name, "password": password}
    sent = {"Origin": ORIGIN, "Referer": f"{ORIGIN}{LOGIN}", **headers}
    return client.post(LOGIN, data=form, headers=sent)


def noise(width, height):
    """A PNG that nothing makes smaller, about three bytes a pixel."""
    target = io.BytesIO()
    Image.frombytes("RGB", (width, height), os.urandom(width * height * 3)).save(target, "PNG")
    return target.getvalue()


def make_card(client, headers, slug):
    client.post("/api/universes", json={"name": slug, "slug": slug}, headers=headers).raise_for_status()
    made = client.post(f"/api/universes/{slug}/assets", json={"display_name": "Cat"}, headers=headers)
    return f"/api/universes/{slug}/assets/{made.raise_for_status().json()['id']}"


def give_picture(client, headers, card, picture):
    sent = {**headers, "Content-Type": "image/png"}
    return client.put(f"{card}/image", content=picture, headers=sent).raise_for_status().json()["image_url"]


def test_who_comes_without_https_is_sent_to_it(site):
    address = f"http://127.0.0.1:{site.plain}/docs?a=b"
    answer = httpx.get(address, headers={"Host": HOST})
    assert answer.status_code in (301, 308)
    assert re.fullmatch(rf"https://{re.escape(HOST)}(:{site.secure})?/docs\?a=b", answer.headers["Location"])


def test_one_logs_in_and_the_cookies_are_for_https_alone(browser):
    answer = log_in(browser, "admin", PASSWORD)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")
    cookies = answer.headers.get_list("Set-Cookie")
    assert {cookie.split("=")[0] for cookie in cookies} == {"csrftoken", "sessionid"}
    assert all("; Secure" in cookie for cookie in cookies)
    assert browser.get("/admin/").is_success
    assert "includeSubDomains" in answer.headers["Strict-Transport-Security"]


def test_another_sites_form_logs_nobody_in(browser):
    answer = log_in(browser, "admin", PASSWORD, Origin="https://evil.example")
    assert answer.status_code == 403


def test_the_pages_addresses_are_the_sites(browser):
    for forged in ({}, {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}):
        answer = browser.get("/admin/universes/universe/", headers=forged)
        assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, LOGIN)


def test_a_name_that_is_not_ours_is_refused_whatever_a_header_says(site):
    with site.client() as client:
        client.headers["Host"] = "evil.example"
        answer = client.get("/api/universes", headers={"X-Forwarded-Host": HOST})
    # Caddy has nothing to say under it; nginx hands it on, and it is refused there.
    assert (answer.status_code, answer.content) == (200, b"") or answer.status_code == 400


def test_tries_to_log_in_are_counted_by_an_address_that_nobody_can_forge(site):
    name = f"nobody{site.secure}"
    with site.client("127.0.0.2") as one, site.client("127.0.0.3") as other:
        forged = [{"X-Forwarded-For": f"203.0.113.{n}", "X-Real-IP": f"203.0.113.{n}"} for n in range(11)]
        codes = [log_in(one, name, "wrong", **headers).status_code for headers in forged]
        assert codes == [200] * 10 + [429]
        assert log_in(other, name, "wrong").status_code == 200


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/%6detrics"])
def test_the_metrics_are_not_shown(browser, bearer, path):
    assert browser.get(path, headers=bearer).status_code == 404


def test_an_idle_connection_stays_open_for_the_next_request(installation):
    """Else the server in front might send one on a connection that is just being closed, and answer 502."""
    with closing(HTTPConnection("127.0.0.1", installation.port)) as front:
        front.request("GET", "/ready", headers={"X-Forwarded-Proto": "https"})
        assert front.getresponse().read()
        closed, _, _ = select.select([front.sock], [], [], IDLE_SECONDS)
    assert not closed


def test_a_large_picture_passes_both_ways(browser, bearer, site):
    picture = noise(3000, 2000)
    assert len(picture) > 15_000_000
    url = give_picture(browser, bearer, make_card(browser, bearer, f"large-{site.secure}"), picture)
    whole = browser.get(url)
    assert Image.open(io.BytesIO(whole.content)).size == (3000, 2000)
    part = browser.get(url, headers={"Range": "bytes=1000000-1000009"})
    assert (part.status_code, part.content) == (206, whole.content[1_000_000:1_000_010])
    assert browser.get(url, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304


def test_nginx_sends_the_media_itself(tmp_path_factory):
    """It asks the web server whether it may, and what the answer says of the file stays."""
    stack = Stack(tmp_path_factory.mktemp("web"), **PRODUCTION, SENDFILE="nginx")
    site = Site(tmp_path_factory.mktemp("proxy"))
    stack.env["CORS_ALLOWED_ORIGINS"] = "https://app.example"
    try:
        token = stack.manage("token", "create", "tests", "--scopes", "read,write").stdout.strip()
        stack.start_web()
        bucket = stack.folder / "var" / "buckets" / "univers"
        with running(site, proxies.nginx(site, stack.port, bucket)), site.client() as client:
            assert_sent_by_nginx(stack, client, {"Authorization": f"Bearer {token}"}, bucket)
    finally:
        stack.stop()


def assert_sent_by_nginx(stack, client, bearer, bucket):
    card = make_card(client, bearer, "winter")
    url = give_picture(client, bearer, card, noise(64, 64))
    content = next((bucket / "winter").glob("*.png")).read_bytes()
    direct = stack.api.get(url, headers={"X-Forwarded-Proto": "https"})
    assert (direct.content, direct.headers["X-Accel-Redirect"][:15]) == (b"", "/sent-by-nginx/")

    whole = client.get(url, headers={"Origin": "https://app.example"})
    assert (whole.status_code, whole.content) == (200, content)
    assert {name: whole.headers[name] for name in KEPT} == {name: direct.headers[name] for name in KEPT}
    assert whole.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert whole.headers["X-Request-ID"]

    part = client.get(url, headers={"Range": "bytes=5-9", "If-Range": whole.headers["ETag"]})
    assert (part.status_code, part.content) == (206, content[5:10])
    assert part.headers["Content-Range"] == f"bytes 5-9/{len(content)}"
    again = client.get(url, headers={"If-None-Match": whole.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")

    client.patch("/api/universes/winter", json={"is_public": False}, headers=bearer).raise_for_status()
    assert client.get(url).status_code == 404
    assert client.get(direct.headers["X-Accel-Redirect"]).status_code == 404
