"""What a start in production refuses: each of the three commands, in one sentence, with exit code 3."""

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import free_port

ROOT = Path(__file__).resolve().parent.parent
GUNICORN = ("-m", "gunicorn", "magikswipe.wsgi")
COMMANDS = (GUNICORN, ("manage.py", "qcluster"), ("manage.py", "migrate", "--noinput"))
NAMES = ("gunicorn", "qcluster", "migrate")
ONE_LETTER, REPEATED, DJANGOS = "x", "ab" * 40, "django-insecure-" + secrets.token_urlsafe(50)


def start(folder, command, **env):
    """Run a command to its end in production, on a folder of its own; returns the finished process."""
    given = {
        **os.environ,
        "SECRET_KEY": secrets.token_urlsafe(50),
        "DEBUG": "",
        "API_OPEN": "",
        "HTTPS": "",
        "ALLOWED_HOSTS": "studio.example",
        "STORAGE_PATH": str(folder),
        "DATABASE_URL": "",
        "REDIS_URL": "",
        **env,
    }
    bound = ("-b", f"127.0.0.1:{free_port()}") if command is GUNICORN else ()
    return subprocess.run(
        [sys.executable, *command, *bound], cwd=ROOT, env=given, capture_output=True, text=True, timeout=60
    )


def refusal(done):
    """The sentence with which a start ended; nothing else may have been said."""
    assert done.returncode == 3, done.stdout + done.stderr
    (line,) = done.stderr.splitlines()
    return line.removeprefix("MagikSwipe cannot start: ")


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_no_command_starts_without_a_key(tmp_path, command):
    said = refusal(start(tmp_path / "var", command, SECRET_KEY=""))
    assert said == "SECRET_KEY is not set; put it into the environment or into .env."
    assert not (tmp_path / "var").exists()


@pytest.mark.slow
@pytest.mark.parametrize("key", [ONE_LETTER, REPEATED, DJANGOS], ids=["one letter", "repeated", "of Django"])
def test_a_key_that_can_be_guessed_is_told_at_each_start_in_production(tmp_path, key):
    done = start(tmp_path, ("manage.py", "check"), SECRET_KEY=key)
    assert done.returncode == 0
    assert "SECRET_KEY can be guessed" in done.stderr and "token_urlsafe(50)" in done.stderr
    assert REPEATED not in done.stderr and DJANGOS not in done.stderr


@pytest.mark.slow
def test_the_key_that_is_advised_is_not_and_a_developer_may_have_any(tmp_path):
    for key, debug in ((secrets.token_urlsafe(50), ""), (ONE_LETTER, "true")):
        done = start(tmp_path, ("manage.py", "check"), SECRET_KEY=key, DEBUG=debug, ALLOWED_HOSTS="")
        assert done.returncode == 0 and "SECRET_KEY" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("debug", "hosts"),
    [
        ("true", "*"),
        ("TRUE", ".example"),
        ("1", "0.0.0.0"),
        ("yes", " localhost , studio.example "),
        ("on", "localhost.example"),
    ],
)
def test_debug_however_it_is_written_is_for_this_machine_alone(tmp_path, debug, hosts):
    said = refusal(start(tmp_path, ("manage.py", "version"), DEBUG=debug, ALLOWED_HOSTS=hosts))
    assert said.startswith("DEBUG is on while ALLOWED_HOSTS has ")


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_no_command_starts_with_debug_under_a_public_name(tmp_path, command):
    said = refusal(start(tmp_path, command, DEBUG="true"))
    assert said.startswith("DEBUG is on while ALLOWED_HOSTS has 'studio.example'")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value"), [("DEBUG", '"true"'), ("DEBUG", " true "), ("API_OPEN", "truee"), ("HTTPS", "-1")]
)
def test_what_is_no_clear_yes_or_no_is_taken_for_neither(tmp_path, name, value):
    said = refusal(start(tmp_path, ("manage.py", "version"), **{name: value}))
    assert said.startswith(f"{name} is senseless: ")


@pytest.mark.slow
@pytest.mark.parametrize("value", ["studio example", "studio.example:8000", '"studio.example"'])
def test_a_host_that_is_no_name_is_refused(tmp_path, value):
    said = refusal(start(tmp_path, ("manage.py", "version"), ALLOWED_HOSTS=value))
    assert said.startswith("ALLOWED_HOSTS is senseless: ")


@pytest.mark.slow
@pytest.mark.parametrize(
    "value", ["*", "null", "https://*.example", "https://studio.example/", "studio.example"]
)
def test_pages_that_may_call_with_cookies_are_named_one_by_one(tmp_path, value):
    said = refusal(start(tmp_path, ("manage.py", "version"), CORS_ALLOWED_ORIGINS=value))
    assert said.startswith("CORS_ALLOWED_ORIGINS is senseless: ")


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_no_command_starts_on_a_bucket_that_can_not_be_written(tmp_path, command):
    (tmp_path / "buckets").mkdir()
    (tmp_path / "buckets" / "univers").write_text("a file where a folder should be")
    said = refusal(start(tmp_path, command))
    assert said.startswith("The bucket in STORAGE_PATH can't be written")
    assert not list(tmp_path.glob("db/local.db"))


PROMISE = """
from storage.bucket import bucket
from storage.models import FileRecord
from storage.names import RESTORING
FileRecord.objects.create(key=f".{bucket().hidden(RESTORING)}/", size=0, mtime_ns=0)
"""


FOLDER_PROMISE = """
from magikswipe.backups import places, restoring
from storage.models import FileRecord
places.folders()[0].promised("x").new.mkdir(parents=True)
FileRecord.objects.create(key=f"{restoring.MARK}x", size=0, mtime_ns=0)
"""


@pytest.mark.slow
def test_nothing_works_on_data_while_a_restore_has_not_renamed_all_folders(tmp_path):
    for command in (("manage.py", "migrate", "--noinput"), ("manage.py", "shell", "-c", FOLDER_PROMISE)):
        assert start(tmp_path, command).returncode == 0
    prune = ("manage.py", "prune")
    for command in (GUNICORN, ("manage.py", "qcluster"), prune, ("manage.py", "sync_pull", "--all")):
        said = refusal(start(tmp_path, command))
        assert said.startswith("A restore has put in the rows and not all files") and "doctor --fix" in said
    assert "unfinished-restore" in start(tmp_path, ("manage.py", "doctor", "--fix")).stdout
    assert start(tmp_path, prune).returncode == 0


@pytest.mark.slow
def test_nothing_serves_or_works_while_a_restore_has_not_put_in_all_files(tmp_path, s3_url):
    """One that was killed right after its rows were in: there was nobody left to say so."""
    on_s3 = {"BUCKET_URL": s3_url}
    for command in (("manage.py", "migrate", "--noinput"), ("manage.py", "shell", "-c", PROMISE)):
        assert start(tmp_path, command, **on_s3).returncode == 0
    for command in (GUNICORN, ("manage.py", "qcluster")):
        said = refusal(start(tmp_path, command, **on_s3))
        assert said.startswith("A restore has put in the rows and not all files") and "doctor --fix" in said
    assert start(tmp_path, ("manage.py", "migrate", "--noinput"), **on_s3).returncode == 0
