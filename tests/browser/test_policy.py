"""Nothing that our pages do is against the policy that they are sent with."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser import looking
from tests.stack import kill_tree

pytestmark = pytest.mark.slow

PAGES = (
    "/preview/winter",
    "/admin/",
    "/admin/universes/universe/",
    "/admin/universes/universe/add/",
    "/admin/jobs/job/",
    "/admin/generation/charge/",
)


@pytest.fixture
def page(chromium, stack):
    """A page whose `violations` are what the browser would not do, and what a script stumbled over."""
    stack.env |= {"DEBUG": "false", "ADMIN_PASSWORD": "words for tests"}
    kill_tree(stack.processes[0])
    stack.start_web()
    stack.api.post("/api/universes", json={"name": "Winter", "slug": "winter"}).raise_for_status()
    made = chromium.new_context(base_url=f"http://127.0.0.1:{stack.port}").new_page()
    made.violations = []
    made.on("pageerror", lambda error: made.violations.append(str(error)))
    made.on(
        "console",
        lambda said: "Content Security" in said.text and made.violations.append(f"{made.url} {said.text}"),
    )
    yield made
    made.context.close()


def test_the_documentation_works_under_the_strict_policy(page):
    page.goto("/docs")
    page.locator("#operations-system-info .opblock-summary").click()
    page.locator("button.try-out__btn").click()
    page.locator("button.execute").click()
    page.locator(".live-responses-table .response-col_status", has_text="200").wait_for()
    assert not page.violations


def test_the_documentation_has_contrast_and_fits_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/docs")
    assert not page.locator("#servers").is_visible()
    for operation in ("universes_create", "universes_destroy", "sync_push"):
        page.locator(f"[id$=-{operation}] .opblock-summary-control").click()
    page.locator("[id$=-universes_create] .try-out__btn").click()
    page.locator("[id$=-universes_create] button.execute").click()
    page.locator(".live-responses-table .response-col_status").first.wait_for()
    pale = Axe().run(page, options={"runOnly": ["color-contrast"]}).response["violations"]
    assert not pale, "\n".join(map(looking.describe, pale))
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert not page.violations


def test_the_admin_and_the_preview_work_under_theirs(page, stack):
    stack.manage("ensure_admin")
    page.goto("/admin/login/")
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", stack.env["ADMIN_PASSWORD"])
    page.click("[type=submit]")
    page.wait_for_url("**/admin/")
    for path in PAGES:
        page.goto(path, wait_until="networkidle")
    assert not page.violations
