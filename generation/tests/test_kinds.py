"""The registry of kinds: each module is in it, and each table that tells of kinds has all of them."""

import pkgutil

import pytest
from django.conf import settings

from api.roles import PERMISSIONS
from generation import adapters, kinds, spending
from generation.file_steps import FilePrediction
from jobs import types
from studio.operations import OPERATIONS


def test_each_module_of_a_kind_is_registered():
    modules = {found.name for found in pkgutil.iter_modules(kinds.__path__)} - {"kind"}
    assert set(kinds.KINDS) == modules


@pytest.mark.parametrize("kind", kinds.KINDS.values(), ids=kinds.KINDS)
def test_a_kind_says_all_that_there_is_to_know(kind):
    assert kind.setting in adapters.SETTINGS
    assert kind.setting in spending.KINDS
    assert getattr(settings, kind.setting)
    assert kind.title
    step = kind.step("subject", label="Label")
    assert (step.kind, step.subject, step.key) == (kind.key, "subject", f"{kind.step_key}:subject")
    for job_type in kind.job_types:
        assert types.find(job_type.key) == job_type
        assert job_type.scope in PERMISSIONS


@pytest.mark.parametrize("kind", kinds.GAPS.values(), ids=kinds.GAPS)
def test_a_kind_of_gap_has_its_words(kind):
    assert kind.noun and kind.reason
    assert "3" in kind.counted(3)


def test_each_kind_of_file_has_an_operation():
    files = {key for key, kind in kinds.KINDS.items() if issubclass(kind.handler, FilePrediction)}
    assert files - OPERATIONS.keys() == set()


def test_an_unknown_kind_is_an_error():
    with pytest.raises(kinds.UnknownKind, match="'voices'"):
        kinds.find("voices")
