"""The documents name what there is."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = set(
    re.findall(r"read(?:_\w+)?\([^)]*?\"([A-Z_]{5,})\"", (ROOT / "magikswipe/settings.py").read_text())
)


def test_the_settings_are_found():
    assert {"SECRET_KEY", "DEBUG", "REPLICATE_API_TOKEN", "SUPABASE_URL", "SYNC_PARALLEL"} <= SETTINGS


@pytest.mark.parametrize("document", ["README.md", "README.fr.md", ".env.example"])
def test_every_setting_is_explained(document):
    text = (ROOT / document).read_text()
    assert not {name for name in SETTINGS if not re.search(rf"\b{name}\b", text)}


def test_the_two_readmes_have_the_same_commands():
    def commands(name):
        blocks = re.findall(r"```sh\n(.*?)```", (ROOT / name).read_text(), re.DOTALL)
        lines = "\n".join(blocks).splitlines()
        return [line.split("#")[0].strip() for line in lines if not line.startswith("#") and line.strip()]

    assert commands("README.md") == commands("README.fr.md")


@pytest.mark.parametrize("document", ["README.md", "README.fr.md", "syncer/README.md", "sandbox/README.md"])
def test_every_link_leads_somewhere(document):
    path = ROOT / document
    links = re.findall(r"\]\(([^)#:]+)\)", path.read_text())
    assert not [link for link in links if not (path.parent / link).exists()]
