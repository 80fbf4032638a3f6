"""What every page must be: usable by everybody as far as axe sees, and in the reader's language."""

from axe_playwright_python.sync_playwright import Axe

# https://www.w3.org/TR/WCAG22/: levels A and AA, as axe names its rules.
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
GRAVE = ("serious", "critical")


def check(page, language="fr"):
    """AssertionError for each serious violation, and for a page that is in another language."""
    found = Axe().run(page, options=RULES).response["violations"]
    grave = [describe(violation) for violation in found if violation["impact"] in GRAVE]
    assert not grave, "\n".join(grave)
    assert page.locator("html").get_attribute("lang") == language, page.url


def settle(page):
    """Wait until nothing that the page fetches is under way, and no work is left whose end would change it."""
    page.wait_for_function("() => !document.querySelector('#st-jobs .st-job, .htmx-request')")


def describe(violation):
    places = "; ".join(node["html"][:200] for node in violation["nodes"][:3])
    return f"{violation['impact']}: {violation['help']} ({violation['id']}): {places}"
