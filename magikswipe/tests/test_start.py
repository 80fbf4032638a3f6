"""A start with a missing or senseless setting ends in one sentence with exit code 3, in each of the three commands."""

import os
import secrets
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.management import get_commands

import manage
from tests.s3_plugin import SECRET
from tests.services import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
GUNICORN = ("-m", "gunicorn", "magikswipe.wsgi")
COMMANDS = (GUNICORN, ("manage.py", "qcluster"), ("manage.py", "migrate", "--noinput"))
NAMES = ("gunicorn", "qcluster", "migrate")
VERSION = ("manage.py", "version")


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
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "maybe"),
        ("DEBUG", '"true"'),
        ("API_OPEN", "truee"),
        ("HTTPS", "-1"),
        ("ALLOWED_HOSTS", '"studio.example"'),
        ("CORS_ALLOWED_ORIGINS", "studio.example"),
        ("STORAGE_PATH", "/proc/nothing"),
        ("DATABASE_URL", "mysql://root@localhost/x"),
        ("DATABASE_URL", "sqlite:////nowhere/local.db"),
        ("BUCKET_URL", "https://key:secret@localhost/bucket"),
        ("BUCKET_URL", "s3://localhost/bucket"),
        ("BUCKET_URL", "s3://key:secret@localhost"),
        ("BUCKET_URL", "s3://key:secret@localhost/bucket?sheme=http"),
        ("BUCKET_URL", "s3://key:secret@localhost/bucket?region=eu%20west"),
        ("BUCKET_URL", "s3://key:secret@s3_server/bucket"),
        ("ARCHIVE_URL", "s3://key:secret@localhost:port/bucket"),
        ("BUCKET_PUBLIC_URL", "https://s3.example"),
        ("REDIS_URL", "http://localhost"),
        ("REDIS_URL", "redis://localhost:6379/words"),
        ("REPLICATE_API_TOKEN", "une clé"),
        ("REPLICATE_CONCURRENCY", "0"),
        ("SUPABASE_URL", "supabase.co"),
        ("LOG_LEVEL", "LOUD"),
        ("TRUST_PROXY", "perhaps"),
        ("TRUST_PROXY", "-1"),
        ("ADMIN_PATH", "api/admin"),
        ("THROTTLE_WRITES", "-1"),
        ("TIME_ZONE", "Europe/Lutetia"),
        ("TIME_ZONE", "Europe"),
        ("TIME_ZONE", "../../etc/passwd"),
        ("TIME_ZONE", "+02:00"),
    ],
)
def test_a_senseless_value_is_named_in_one_sentence(tmp_path, name, value):
    said = refusal(start(tmp_path, VERSION, **{name: value}))
    assert said.startswith(f"{name} is senseless: ")


@pytest.mark.slow
@pytest.mark.parametrize("debug", ["TRUE", "1", "yes", "on"])
def test_debug_however_it_is_written_is_for_this_machine_alone(tmp_path, debug):
    said = refusal(start(tmp_path, VERSION, DEBUG=debug))
    assert said.startswith("DEBUG is on while ALLOWED_HOSTS has 'studio.example'")


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_no_command_starts_with_debug_under_a_public_name(tmp_path, command):
    said = refusal(start(tmp_path, command, DEBUG="true"))
    assert said.startswith("DEBUG is on while ALLOWED_HOSTS has 'studio.example'")


@pytest.mark.slow
def test_a_warning_is_told_and_stops_nothing(tmp_path):
    done = start(tmp_path, ("manage.py", "check"), SECRET_KEY="x")
    assert done.returncode == 0 and "SECRET_KEY can be guessed" in done.stderr


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
FileRecord.objects.create(key=f".{bucket().staging_key(RESTORING)}/", size=0, mtime_ns=0)
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


@pytest.mark.slow
def test_a_bucket_on_a_server_that_can_not_be_written_is_told_with_its_setting(
    tmp_path, s3_url, unused_address
):
    silent = s3_url.replace(urlsplit(s3_url).netloc.split("@")[1], unused_address.removeprefix("http://"))
    missing = s3_url.replace("/test-", "/none-")
    for env, setting, advice in (
        ({"BUCKET_URL": silent}, "BUCKET_URL", "look at its address, key and rights."),
        (
            {"BUCKET_URL": s3_url, "ARCHIVE_URL": silent},
            "ARCHIVE_URL",
            "look at its address, key and rights.",
        ),
        ({"BUCKET_URL": s3_url, "ARCHIVE_URL": missing}, "ARCHIVE_URL", "run: manage.py make_buckets"),
    ):
        said = refusal(start(tmp_path, GUNICORN, **env))
        assert said.startswith(f"The bucket of {setting} can't be written (") and said.endswith(
            f"); {advice}"
        )
        assert "127.0.0.1" not in said and SECRET not in said


ADMIN_AT = """
from django.test import Client
from django.urls import reverse
client = Client(SERVER_NAME="localhost")
print(reverse("admin:index"), client.get("/studio-7f3k/login/").status_code, client.get("/admin/login/").status_code)
"""


def test_the_admin_is_at_the_path_of_choice(tmp_path):
    done = start(
        tmp_path,
        ("manage.py", "shell", "-v", "0", "-c", ADMIN_AT),
        ADMIN_PATH="studio-7f3k/",
        HTTPS="false",
        ALLOWED_HOSTS="localhost",
    )
    assert done.stdout.split() == ["/studio-7f3k/", "200", "404"], done.stderr


def test_a_production_start_passes_djangos_own_deployment_check(tmp_path):
    done = start(tmp_path, ("manage.py", "check", "--deploy", "--fail-level", "WARNING"))
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_of_several_that_migrate_at_once_one_does_and_the_others_find_it_done(tmp_path):
    env = {**os.environ, "SECRET_KEY": "a key for tests", "STORAGE_PATH": str(tmp_path), "DATABASE_URL": ""}
    command = [sys.executable, "manage.py", "migrate", "--noinput"]
    running = [
        subprocess.Popen(
            command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _ in range(3)
    ]
    told = [process.communicate(timeout=120)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], told
    assert sorted("No migrations to apply" in text for text in told) == [False, True, True]


def test_every_command_of_ours_is_known_to_work_on_data_or_not():
    """None of those that do starts on the rows of a restored backup with the files from before it."""
    rooms = {"generation", "jobs", "magikswipe", "storage", "syncer", "universes"}
    others = {"check_models", "doctor", "ensure_admin", "make_buckets", "migrate", "restore"}
    others |= {"sync_status", "token", "up"}
    ours = {name for name, app in get_commands().items() if app in rooms}
    assert ours == others | set(manage.WORK_ON_DATA)
