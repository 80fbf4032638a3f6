"""Values from the environment and from `.env`: taken as they stand, or refused with how to write them."""

import os
from pathlib import Path
from urllib.parse import quote

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.sqlite3.base import DatabaseWrapper

from magikswipe import env

PASSWORD = "p@s:s/w#r?d% é&+"


@pytest.mark.parametrize("name", ["C#", "what?", "50%20off", "a:b", "two words", "neige ❄", "x&y=z", "50%"])
def test_the_database_lies_in_its_folder_whatever_that_is_called(db, monkeypatch, tmp_path, name):
    monkeypatch.setenv("DATABASE_URL", "")
    config = env.read_database("DATABASE_URL", tmp_path / name / "db")
    database = DatabaseWrapper(
        {**config, "TIME_ZONE": None, "OPTIONS": {}, "CONN_HEALTH_CHECKS": False, "AUTOCOMMIT": True}
    )
    with database.cursor() as cursor:
        cursor.execute("CREATE TABLE one (two)")
    database.close()
    assert (tmp_path / name / "db" / "local.db").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_database_that_earlier_versions_put_elsewhere_is_not_left_there_in_silence(monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", "")
    (tmp_path / "C").write_text("an older version's database")
    with pytest.raises(ImproperlyConfigured, match="the database of this folder lies at .*/C; move it to "):
        env.read_database("DATABASE_URL", tmp_path / "C#" / "db")


@pytest.mark.parametrize("name", ["C#", "what?", "50%20off", "two words", "neige ❄"])
def test_an_address_of_a_file_is_read_as_it_is_encoded(monkeypatch, tmp_path, name):
    (tmp_path / name).mkdir()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{quote(str(tmp_path / name / 'my.db'))}")
    assert env.read_database("DATABASE_URL", tmp_path)["NAME"] == str(tmp_path / name / "my.db")


def test_a_password_may_have_any_sign_that_is_encoded(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", f"postgres://me:{quote(PASSWORD, safe='')}@db.example:5433/studio")
    found = env.read_database("DATABASE_URL", None)
    assert (found["PASSWORD"], found["HOST"], found["PORT"], found["NAME"]) == (
        PASSWORD,
        "db.example",
        5433,
        "studio",
    )
    monkeypatch.setenv("BUCKET_URL", f"s3://key:{quote(PASSWORD, safe='')}@s3.example/media")
    assert env.read_bucket("BUCKET_URL")["secret"] == PASSWORD
    monkeypatch.setenv("REDIS_URL", given := f"redis://:{quote(PASSWORD, safe='')}@redis.example:6379/0")
    assert env.read_redis("REDIS_URL") == given
    monkeypatch.setenv("REDIS_URL", "REDIS://redis.example:6379/0")
    assert env.read_redis("REDIS_URL") == "redis://redis.example:6379/0"


def refuse(monkeypatch, name, value, read):
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured) as caught:
        read(name)
    return str(caught.value)


@pytest.mark.parametrize("sign", list("#/?"))
def test_a_password_whose_signs_mean_something_is_told_how_to_write_them(monkeypatch, sign):
    for password in (f"se{sign}cret", f"12{sign}34"):
        for name, value, read in (
            (
                "DATABASE_URL",
                f"postgres://me:{password}@db.example/studio",
                lambda name: env.read_database(name, None),
            ),
            ("REDIS_URL", f"redis://me:{password}@redis.example:6379/0", env.read_redis),
            ("BUCKET_URL", f"s3://key:{password}@s3.example/media", env.read_bucket),
        ):
            said = refuse(monkeypatch, name, value, read)
            assert said.startswith(f"{name} is senseless: write it as ") and "%2F" in said
            assert password not in said


@pytest.mark.parametrize("path", ["C#/my.db", "what?/my.db"])
def test_an_address_of_a_file_that_would_be_cut_is_refused(monkeypatch, path):
    said = refuse(monkeypatch, "DATABASE_URL", f"sqlite:////srv/{path}", lambda n: env.read_database(n, None))
    assert said == f"DATABASE_URL is senseless: {env.SQLITE_HINT}"


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("HTTP://Ref.Supabase.CO", "http://ref.supabase.co"),
        ("  https://ref.supabase.co/  ", "https://ref.supabase.co"),
        ("https://ref.supabase.co//", "https://ref.supabase.co"),
        ("https://studio.example:8443/Supabase/", "https://studio.example:8443/Supabase"),
        ("http://[::1]:54321", "http://[::1]:54321"),
        ("http://kong_1:8000", "http://kong_1:8000"),
        ("https://événement.example.", "https://événement.example."),
    ],
)
def test_the_address_of_a_service_is_taken_however_it_is_written(monkeypatch, given, taken):
    monkeypatch.setenv("SUPABASE_URL", given)
    assert env.read_url("SUPABASE_URL") == taken


def load(tmp_path, monkeypatch, text):
    """The variables that an `.env` sets, as a function of their names."""
    monkeypatch.setattr(os, "environ", dict(os.environ))
    (tmp_path / ".env").write_text(text, encoding="utf-8")
    env.load(tmp_path / ".env")
    return os.environ.get


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("pa$HOME", "pa$HOME"),
        ("pa${HOME}", "pa${HOME}"),
        ("'pa${HOME} #1'", "pa${HOME} #1"),
        ("'it is \"quoted\" # $x'", 'it is "quoted" # $x'),
        ("ab#c", "ab#c"),
        ("ab # a comment", "ab"),
        ("$$", "$$"),
        ("neige❄", "neige❄"),
    ],
)
def test_an_env_file_gives_values_as_they_stand(tmp_path, monkeypatch, written, value):
    assert load(tmp_path, monkeypatch, f"A_VALUE={written}\n")("A_VALUE") == value


def test_a_line_of_an_env_file_that_can_not_be_read_is_named_without_its_value(tmp_path, monkeypatch):
    with pytest.raises(ImproperlyConfigured, match="line 2") as caught:
        load(tmp_path, monkeypatch, "A_VALUE=1\nANOTHER='it is secret\n")
    assert "secret" not in str(caught.value)


def test_the_environment_wins_over_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("A_VALUE", "")
    assert load(tmp_path, monkeypatch, "A_VALUE=1\n")("A_VALUE") == ""


def test_a_variable_in_the_path_of_all_data_is_refused_and_no_folder_made(monkeypatch):
    said = refuse(monkeypatch, "STORAGE_PATH", "${HOME}/studio", lambda name: env.read_folder(name, "var"))
    assert "no variable is put in" in said
    assert not Path("${HOME}").exists()
