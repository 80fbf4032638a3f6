"""Media that browsers get from the bucket's server, on pages that are sent with a policy."""

import httpx
import pytest

from sandbox import moving
from tests.browser.test_preview import picture
from tests.stack import kill_tree

pytestmark = pytest.mark.slow

DRAWN = "() => [...document.images].some(one => one.src.includes('00_snow.png') && one.naturalWidth == 96)"


@pytest.fixture
def winter(stack, s3_bucket, s3_url, tmp_path):
    """A private universe whose card's picture and clip lie on a server that speaks S3."""
    server = s3_bucket.rpartition("/")[0]
    stack.env |= {"BUCKET_URL": s3_url, "BUCKET_PUBLIC_URL": server, "API_OPEN": "false"}
    stack.env |= {"DEBUG": "false", "ADMIN_PASSWORD": "words for tests"}
    kill_tree(stack.processes[0])
    moving.animate(picture(), tmp_path / "clip.mp4")
    files = {"00_snow.png": picture(), "00_snow.mp4": (tmp_path / "clip.mp4").read_bytes()}
    for name, content in files.items():
        httpx.put(f"{s3_bucket}/univers/winter/{name}", content=content).raise_for_status()
    stack.manage("shell", "-v", "0", "-c", MAKE)
    stack.manage("ensure_admin")
    stack.start_web()
    return s3_bucket


MAKE = """
from universes.services import assets, universes
universe = universes.create(name="Winter", slug="winter", is_public=False)
assets.create(universe, display_name="Snow")
"""


def test_the_admin_and_the_preview_show_them(chromium, stack, winter):
    page = chromium.new_context(base_url=f"http://127.0.0.1:{stack.port}").new_page()
    came, refused = [], []
    page.on("response", lambda answer: answer.url.startswith(winter) and came.append(answer.status))
    page.on("console", lambda said: "Content Security" in said.text and refused.append(said.text))
    page.goto("/admin/login/")
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", stack.env["ADMIN_PASSWORD"])
    page.click("[type=submit]")
    page.wait_for_url("**/admin/")
    page.goto("/admin/universes/universe/")
    page.get_by_role("link", name="Winter").first.click()
    page.wait_for_function(DRAWN)
    assert came
    came.clear()
    page.goto("/preview/winter")
    page.locator('[data-part="begin"]').click()
    page.wait_for_function(DRAWN)
    with page.expect_response(lambda answer: answer.url.startswith(f"{winter}/univers/winter/00_snow.mp4")):
        page.locator('[data-part="picture"]').click()
    page.context.close()
    assert came and set(came) <= {200, 206, 304} and not refused
