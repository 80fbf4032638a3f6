"""A start with a missing or senseless setting says so in one sentence and serves nothing."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.management import get_commands
from dotenv import dotenv_values

import manage
from magikswipe import first_env, healthcheck
from tests.s3_plugin import SECRET

ROOT = Path(__file__).resolve().parent.parent


def start(tmp_path, command=("manage.py", "version"), **env):
    given = {**os.environ, "SECRET_KEY": "a key for tests", "STORAGE_PATH": str(tmp_path), **env}
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=given, capture_output=True, text=True, timeout=60
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("DEBUG", "maybe"),
        ("ALLOWED_HOSTS", "https://studio.example"),
        ("CORS_ALLOWED_ORIGINS", "studio.example"),
        ("CSRF_TRUSTED_ORIGINS", "https://studio.example/path"),
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
        ("BUCKET_PUBLIC_URL", "s3.example"),
        ("REDIS_URL", "http://localhost"),
        ("REDIS_URL", "redis://localhost:6379/words"),
        ("REPLICATE_BASE_URL", "http://[::1"),
        ("REPLICATE_BASE_URL", "http://host:port"),
        ("REPLICATE_API_TOKEN", "une clé"),
        ("REPLICATE_CONCURRENCY", "0"),
        ("REPLICATE_IMAGE_MODEL", "recraft"),
        ("SUPABASE_URL", "supabase.co"),
        ("SUPABASE_BUCKET_NAME", "../elsewhere"),
        ("LOG_LEVEL", "LOUD"),
        ("TRUST_PROXY", "perhaps"),
        ("TRUST_PROXY", "-1"),
        ("ADMIN_PATH", "api/admin"),
        ("ADMIN_PATH", "../x"),
        ("THROTTLE_WRITES", "-1"),
        ("TIME_ZONE", "Europe/Lutetia"),
        ("TIME_ZONE", "Europe"),
        ("TIME_ZONE", "../../etc/passwd"),
        ("TIME_ZONE", "+02:00"),
    ],
)
def test_a_senseless_value_is_named_in_one_sentence(tmp_path, name, value):
    done = start(tmp_path, **{name: value})
    assert (done.returncode, done.stdout) == (3, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"MagikSwipe cannot start: {name} is ")


@pytest.mark.parametrize("hosts", ["studio.example", "localhost,*", "127.0.0.1,10.0.0.2", ".example.org"])
def test_debug_is_for_this_machine_alone(tmp_path, hosts):
    done = start(tmp_path, DEBUG="true", ALLOWED_HOSTS=hosts)
    assert done.returncode == 3
    assert done.stderr.startswith("MagikSwipe cannot start: DEBUG is on while ALLOWED_HOSTS has ")


GUNICORN = ("-m", "gunicorn", "magikswipe.wsgi", "-b", "127.0.0.1:0")


@pytest.mark.parametrize(
    "command", [GUNICORN, pytest.param(("manage.py", "qcluster"), marks=pytest.mark.slow)]
)
def test_a_bucket_that_can_not_be_written_stops_web_server_and_worker(tmp_path, command):
    (tmp_path / "buckets").mkdir()
    (tmp_path / "buckets" / "univers").write_text("a file where a folder should be")
    done = start(tmp_path, command, DATABASE_URL="")
    assert done.returncode == 3
    assert "MagikSwipe cannot start: The bucket in STORAGE_PATH can't be written" in done.stderr
    assert "Traceback" not in done.stderr


ADMIN_AT = """
from django.test import Client
from django.urls import reverse
client = Client(SERVER_NAME="localhost")
print(reverse("admin:index"), client.get("/studio-7f3k/login/").status_code, client.get("/admin/login/").status_code)
"""


def test_the_admin_is_at_the_path_of_choice(tmp_path):
    done = start(tmp_path, ("manage.py", "shell", "-v", "0", "-c", ADMIN_AT), ADMIN_PATH="studio-7f3k/")
    assert done.stdout.split() == ["/studio-7f3k/", "200", "404"], done.stderr


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
        done = start(tmp_path, GUNICORN, DATABASE_URL="", **env)
        assert done.returncode == 3
        assert f"MagikSwipe cannot start: The bucket of {setting} can't be written (" in done.stderr
        assert done.stderr.endswith(f"); {advice}\n")
        assert "Traceback" not in done.stderr and "127.0.0.1" not in done.stderr and SECRET not in done.stderr


@pytest.mark.slow
def test_where_browsers_find_media_is_an_address_alone(tmp_path):
    env = {"BUCKET_URL": "s3://key:secret@s3.example/media"}
    for url in ("https://s3.example/?x=1", "https://key:secret@s3.example", "https://s3.example#x"):
        done = start(tmp_path, BUCKET_PUBLIC_URL=url, **env)
        assert done.returncode == 3
        assert done.stderr.startswith(
            "MagikSwipe cannot start: BUCKET_PUBLIC_URL is senseless: write it as https://host"
        )


@pytest.mark.slow
def test_browsers_find_media_by_https_where_pages_come_by_it(tmp_path):
    env = {"BUCKET_URL": "s3://key:secret@s3.example/media", "BUCKET_PUBLIC_URL": "http://s3.example"}
    done = start(tmp_path, DEBUG="false", HTTPS="true", **env)
    assert done.returncode == 3
    assert done.stderr.startswith(
        "MagikSwipe cannot start: BUCKET_PUBLIC_URL is senseless: pages that come by HTTPS"
    )
    assert start(tmp_path, DEBUG="false", HTTPS="false", **env).returncode == 0


@pytest.mark.slow
def test_a_secret_whose_signs_mean_something_in_an_address_is_told_how_to_write_them(tmp_path):
    done = start(tmp_path, BUCKET_URL="s3://key:sec/ret@s3.example/media")
    assert done.returncode == 3
    assert done.stderr.endswith("in key and secret, / is %2F, + is %2B and @ is %40.\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    "host",
    [
        "ref.supabase.co/storage/v1/s3",
        "ref.storage.supabase.co/storage/v1/s3",
        "custom.example/storage/v1/s3",
        "ref.supabase.co",
    ],
)
def test_the_bucket_that_is_published_to_can_not_be_ours(tmp_path, host):
    env = {"SUPABASE_URL": "https://ref.supabase.co", "SUPABASE_SERVICE_ROLE_KEY": "key"}
    done = start(tmp_path, BUCKET_URL=f"s3://key:secret@{host}/univers?region=eu-west-3", **env)
    assert done.returncode == 3
    assert "BUCKET_URL is senseless: it is 'univers' of SUPABASE_URL" in done.stderr
    assert start(tmp_path, BUCKET_URL=f"s3://key:secret@{host}/studio", **env).returncode == 0


def test_gunicorn_says_it_too_and_does_not_try_for_ever(tmp_path):
    done = start(tmp_path, ("-m", "gunicorn", "magikswipe.wsgi", "-b", "127.0.0.1:0"), SECRET_KEY="")
    assert done.returncode == 3
    assert done.stderr.splitlines() == [
        "MagikSwipe cannot start: SECRET_KEY is not set; put it into the environment or into .env."
    ]


def test_a_production_start_passes_djangos_own_deployment_check(tmp_path):
    env = {
        "DEBUG": "false",
        "HTTPS": "",
        "API_OPEN": "",
        "SECRET_KEY": "fjE8-kd93JSlw0_2mcnVBz71qPsoTyRx" * 2,
    }
    done = start(tmp_path, ("manage.py", "check", "--deploy", "--fail-level", "WARNING"), **env)
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


def test_the_first_env_is_for_its_owner_alone_and_never_overwritten(tmp_path):
    path = tmp_path / ".env"
    assert first_env.write(path)
    written = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "DEBUG=true" in written
    assert dotenv_values(path)["TIME_ZONE"] == "Europe/Paris"
    assert not first_env.write(path)
    assert path.read_text() == written


OLD_ENV = "REPLICATE_API_TOKEN=r8_key\nSUPABASE_URL=https://ref.supabase.co\nSUPABASE_SERVICE_ROLE_KEY=key"


@pytest.mark.parametrize(
    ("text", "added"),
    [
        (f"{OLD_ENV}\n", ["DEBUG", "SECRET_KEY", "ADMIN_PASSWORD"]),
        (OLD_ENV, ["DEBUG", "SECRET_KEY", "ADMIN_PASSWORD"]),
        (f"{OLD_ENV}\r\n", ["DEBUG", "SECRET_KEY", "ADMIN_PASSWORD"]),
        (f"{OLD_ENV}\nSECRET_KEY=\n# DEBUG=false\n", ["DEBUG", "SECRET_KEY", "ADMIN_PASSWORD"]),
        (f"export DEBUG='True'\n{OLD_ENV}\nADMIN_PASSWORD=\"my # own\"", ["SECRET_KEY"]),
        ("", ["DEBUG", "SECRET_KEY", "ADMIN_PASSWORD"]),
        # Such a file was written on purpose, with what it leaves out.
        (f"SECRET_KEY=mine\n{OLD_ENV}", []),
    ],
)
def test_an_env_from_elsewhere_gets_what_it_lacks_and_keeps_what_it_has(tmp_path, monkeypatch, text, added):
    for name in ("DEBUG", "SECRET_KEY", "ADMIN_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / ".env"
    path.write_bytes(text.encode())
    before = dotenv_values(path)
    assert not first_env.write(path)
    assert first_env.complete(path) == added
    written = path.read_bytes().decode()
    assert written.startswith(text)
    assert (first_env.ADDED in written) == bool(added)
    after = dotenv_values(path)
    assert all(after[name] for name in added)
    assert {name: value for name, value in after.items() if name not in added} == {
        name: value for name, value in before.items() if name not in added
    }
    assert first_env.complete(path) == []
    assert path.read_bytes().decode() == written


def test_what_the_environment_gives_is_not_added_to_an_env(tmp_path, monkeypatch):
    for name in ("DEBUG", "SECRET_KEY", "ADMIN_PASSWORD"):
        monkeypatch.setenv(name, "given")
    (tmp_path / ".env").write_text(OLD_ENV)
    assert first_env.complete(tmp_path / ".env") == []


@pytest.mark.parametrize(
    ("hosts", "asked"),
    [("", "localhost"), ("studio.example, other.example", "studio.example"), (".example.org", "example.org")],
)
def test_the_containers_health_is_asked_under_an_allowed_name(monkeypatch, hosts, asked):
    monkeypatch.setenv("ALLOWED_HOSTS", hosts)
    assert healthcheck.host() == asked


def test_every_command_of_ours_is_known_to_work_on_data_or_not():
    """None of those that do starts on the rows of a restored backup with the files from before it."""
    rooms = {"generation", "jobs", "magikswipe", "storage", "syncer", "universes"}
    others = {"check_models", "doctor", "ensure_admin", "make_buckets", "migrate", "restore"}
    others |= {"sync_status", "token", "up"}
    ours = {name for name, app in get_commands().items() if app in rooms}
    assert ours == others | set(manage.WORK_ON_DATA)
