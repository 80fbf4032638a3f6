"""The documents name what there is; tests/test_commands.py runs their commands."""

import argparse
import configparser
import re
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from magikswipe import __version__

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


@pytest.mark.parametrize(
    ("english", "french"), [("README.md", "README.fr.md"), ("docs/moving.md", "docs/moving.fr.md")]
)
def test_both_languages_have_the_same_commands(english, french):
    def commands(name):
        blocks = re.findall(r"```sh\n(.*?)```", (ROOT / name).read_text(), re.DOTALL)
        lines = "\n".join(blocks).splitlines()
        return [line.split("#")[0].strip() for line in lines if not line.startswith("#") and line.strip()]

    assert commands(english) == commands(french)


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
        "docs/moving.md",
        "docs/moving.fr.md",
        "docs/architecture.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
    ],
)
def test_every_link_leads_somewhere(document):
    path = ROOT / document
    links = re.findall(r"\]\(([^)#:]+)\)", path.read_text())
    assert not [link for link in links if not (path.parent / link).exists()]


def test_every_promise_names_tests_that_exist():
    named = set(re.findall(r"`((?:[a-z_]+/)*tests/[\w./]*)`", (ROOT / "docs/security.md").read_text()))
    assert len(named) > 20
    assert not [path for path in named if not (ROOT / path).exists()]


def test_every_file_that_contributors_are_sent_to_exists():
    for document in ("CONTRIBUTING.md", "docs/architecture.md"):
        named = set(re.findall(r"`((?:[a-z_]+/)+[\w.]*)`", (ROOT / document).read_text()))
        assert named
        assert not [path for path in named if not (ROOT / path).exists()], document


def test_the_changelog_has_the_version_that_the_package_says():
    versions = re.findall(r"^## \[(\d.*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions[0] == __version__


def test_the_unit_runs_what_the_document_says():
    text = (ROOT / "docs" / "deploy.md").read_text()
    (unit,) = re.findall(r"```ini\n(.*?)```", text, re.DOTALL)
    parsed = configparser.ConfigParser()
    parsed.optionxform = str
    parsed.read_string(unit)
    started = parsed["Service"]["ExecStart"].removeprefix("/srv/magikswipe/venv/bin/")
    assert f"```sh\n{started}\npython manage.py qcluster\n```" in text


OPTION = re.compile(r"--[a-z][a-z-]+")


def rows_of_commands():
    """`(commands, options)` of each row of the README's table of commands."""
    lines = [
        line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("| `manage.py ")
    ]
    return [
        (re.findall(r"`(?:manage\.py )?([a-z_]+)", line.split("|")[1]), set(OPTION.findall(line)))
        for line in lines
    ]


def parser_of(name):
    return load_command_class(get_commands()[name], name).create_parser("manage.py", name)


def options_of(parser):
    """All options of a parser and of its subcommands."""
    found = set()
    for action in parser._actions:
        found |= set(action.option_strings)
        below = action.choices if isinstance(action, argparse._SubParsersAction) else {}
        found = found.union(*map(options_of, below.values()))
    return found


def test_every_command_of_ours_is_in_the_table():
    ours = {name for name, app in get_commands().items() if (ROOT / app).is_dir()}
    # `make run` is the one, and the other Django's, which every document calls by name.
    assert ours - {"up", "migrate"} == {name for names, _options in rows_of_commands() for name in names}


@pytest.mark.parametrize(("names", "options"), rows_of_commands())
def test_commands_have_the_options_that_the_table_names(names, options):
    assert not options.difference(*[options_of(parser_of(name)) for name in names])


@pytest.mark.parametrize("names", [names for names, _options in rows_of_commands()])
def test_commands_say_what_they_do(names):
    assert all(parser_of(name).description for name in names)
