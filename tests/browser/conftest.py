"""A headless Chromium before the whole product, as an editor has it."""

import os
import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.stack import ROOT

NAMES = ("chromium", "chromium-browser", "google-chrome")
PASSWORD = "words for tests"
LOCALES = {"fr": "fr-FR", "en": "en-GB"}
PICTURES = ROOT / "docs" / "images" / "editors"
# With SCREENSHOTS=1 the pictures of the editors' handbook are taken anew, with HANDBOOK=en those in English.
LANGUAGE = os.environ.get("HANDBOOK", "fr")
PATIENCE = 30_000  # milliseconds

# What a page shows follows what happened a moment later, so it is waited for and not merely looked at.
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def chromium():
    """A running browser; where there is none, CI fails and a developer's run leaves these tests out."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        if os.environ.get("CI"):
            raise RuntimeError("These tests need Chromium: apt-get install chromium")
        pytest.skip("These tests need Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def studio(stack):
    """The product with web, worker and sandbox, and `lea`, who may do everything but administer."""
    stack.start_worker()
    make_user(stack, "lea", "Editor", "Generator", "Publisher")
    return stack


MAKE_USER = """
from django.contrib.auth.models import Group, User
user = User.objects.create_user({name!r}, password={password!r}, is_staff=True)
user.groups.set(Group.objects.filter(name__in={groups!r}))
"""


def make_user(stack, name, *groups):
    stack.manage("shell", "-v", "0", "-c", MAKE_USER.format(name=name, password=PASSWORD, groups=groups))


class Editor:
    """Somebody at the studio: a page of the browser, logged in."""

    def __init__(self, context, stack, sandbox, name="lea"):
        self.context, self.stack, self.sandbox = context, stack, sandbox
        self.base = f"http://127.0.0.1:{stack.port}"
        self.page = context.new_page()
        self.problems = []
        self.page.on("pageerror", lambda error: self.problems.append(f"{self.page.url}: {error.stack}"))
        self.log_in(name)

    def log_in(self, name):
        self.page.goto(f"{self.base}/admin/login/")
        self.page.fill("[name=username]", name)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("[type=submit]")
        self.page.wait_for_url(f"{self.base}/admin/")

    def shows(self, name):
        """Take a picture for the handbook, where it is asked for."""
        if os.environ.get("SCREENSHOTS"):
            path = PICTURES / LANGUAGE / f"{name}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=path, type="jpeg", quality=80)


@pytest.fixture
def editor(chromium, studio, sandbox):
    context = chromium.new_context(locale=LOCALES[LANGUAGE], viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    made = Editor(context, studio, sandbox)
    yield made
    context.close()
    assert made.problems == []
