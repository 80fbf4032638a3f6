"""The same from a terminal: what they say and how they exit."""

import io
import json
from functools import partial

import pytest
from django.core.management import CommandError, call_command

from syncer import progress, services
from syncer.management.base import Bar
from universes.models import Universe
from universes.services import assets

from .conftest import state, when_connected, wipe

pytestmark = pytest.mark.django_db


def run(*arguments):
    """`(exit code, stdout, stderr)`"""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command(*arguments, stdout=out, stderr=err)
    except CommandError as error:
        return error.returncode, out.getvalue(), err.getvalue() + str(error)
    return 0, out.getvalue(), err.getvalue()


def test_push_wipe_init(supabase, winter):
    before = state("winter")
    code, out, err = run("sync_push", "winter")
    assert (code, out) == (0, "winter: rows: 24 create; files: 10 create\n")
    assert "winter: 34 changes" in err
    wipe()
    assert run("sync_init")[0] == 0
    assert state("winter") == before
    assert run("sync_push", "--all")[1] == "winter: nothing to do\n"
    assert run("sync_pull", "winter")[1] == "winter: nothing to do\n"
    assert run("sync_pull", "--all")[1] == "winter: nothing to do\n"


def test_a_dry_run_names_every_field_and_changes_nothing(supabase, winter):
    run("sync_push", "winter")
    written = supabase.written()
    Universe.objects.update(name="Deep winter")
    code, out, _ = run("sync_push", "winter", "--dry-run")
    assert code == 0
    assert "update univers winter name: 'Winter' -> 'Deep winter'" in out
    assert "name: 'Deep winter' -> 'Winter'" in run("sync_pull", "--all", "--dry-run")[1]
    assert supabase.written() == written


def test_json(supabase, winter):
    found = json.loads(run("sync_push", "winter", "--json")[1])
    assert (found["success"], found["universes"]["winter"]["changes"], found["errors"]) == (True, 34, {})
    plans = json.loads(run("sync_push", "winter", "--json", "--dry-run")[1])["plans"]
    assert plans[0]["empty"] is True
    assert json.loads(run("sync_status", "--json")[1])["universes"] == [{"slug": "winter", "state": "same"}]


def test_what_takes_too_much_away_is_refused_with_3(supabase, winter):
    run("sync_push", "winter")
    for asset in winter.assets.all():
        assets.delete(asset)
    code, _, err = run("sync_push", "winter")
    assert code == 3
    assert "4 of 4 cards" in err
    assert run("sync_push", "winter", "--force")[0] == 0


@pytest.mark.parametrize("command", ["sync_push", "sync_pull"])
def test_wrong_use_is_2(supabase, db, command):
    assert run(command)[0] == 2
    assert run(command, "winter", "--all")[0] == 2


def test_failures_are_1(db, supabase, settings):
    assert run("sync_push", "nobody")[0] == 1
    assert run("sync_pull", "nobody")[0] == 1
    settings.SUPABASE_URL = ""
    for command in (["sync_init"], ["sync_pull", "--all"], ["sync_push", "--all"], ["sync_status"]):
        code, _, err = run(*command)
        assert code == 1
        assert "SUPABASE_URL" in err


@pytest.mark.parametrize(
    "command, else_known", [("sync_push", "not found"), ("sync_pull", "not found in Supabase")]
)
def test_one_that_is_not_there_keeps_no_other_from_being_synced(supabase, winter, command, else_known):
    run("sync_push", "winter")
    code, out, err = run(command, "nobody", "winter", "--json")
    assert code == 1
    assert list(json.loads(out)["universes"]) == ["winter"]
    assert else_known in json.loads(out)["errors"]["nobody"]
    code, out, err = run(command, "nobody", "winter", "--dry-run")
    assert (code, out) == (1, "winter: nothing to do\n")
    assert else_known in err


def test_a_restore_is_of_a_revision(winter):
    for option in ("--force", "--dry-run"):
        code, _, err = run("sync_restore", "winter", option)
        assert code == 2
        assert "--revision" in err


def test_the_bar_grows_with_each_plan(supabase, winter):
    bar = Bar()
    with progress.heard_by(bar):
        services.finish(services.start_push(["winter"]))
    assert (bar.bar.n, bar.bar.total) == (34, 34)
    bar.bar.close()


def test_status_has_a_line_per_universe(supabase, winter):
    _, out, _ = when_connected(partial(run, "sync_status"), lambda told: told[1].startswith("connected"))
    assert out == f"connected to {supabase.sandbox.url}\nonly here      winter\n"
