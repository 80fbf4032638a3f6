"""The documents name what there is, and their commands work."""

import os
import re
import subprocess
import sys
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


@pytest.mark.parametrize(
    "document",
    [
        "README.md",
        "README.fr.md",
        "syncer/README.md",
        "sandbox/README.md",
        "docs/deploy.md",
        "docs/security.md",
        "docs/editors.md",
        "docs/editors.fr.md",
    ],
)
def test_every_link_leads_somewhere(document):
    path = ROOT / document
    links = re.findall(r"\]\(([^)#:]+)\)", path.read_text())
    assert not [link for link in links if not (path.parent / link).exists()]


def commands_of(document):
    """The lines `python manage.py …` of a document's shell blocks, in their order."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith("python manage.py ")]


@pytest.mark.slow
def test_the_commands_of_deploying_work_in_their_order(tmp_path):
    lines = [line for line in commands_of("docs/deploy.md") if "qcluster" not in line]
    assert len(lines) == 8
    env = {
        **os.environ,
        "SECRET_KEY": "fjE8-kd93JSlw0_2mcnVBz71qPsoTyRx" * 2,
        "DEBUG": "false",
        "API_OPEN": "false",
        "HTTPS": "true",
        "ADMIN_PASSWORD": "a long password",
        "STORAGE_PATH": str(tmp_path / "var"),
        "DATABASE_URL": "",
        "LOG_LEVEL": "ERROR",
    }
    for line in lines:
        arguments = line.replace("/backups", str(tmp_path)).split()[1:]
        done = subprocess.run([sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True)
        assert done.returncode == 0, (line, done.stdout, done.stderr)
