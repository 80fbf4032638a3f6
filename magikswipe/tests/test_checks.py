"""System checks: each refuses a setting by its name and says how to write it, and shows nothing that is secret."""

from decimal import Decimal

import pytest
from django.core.checks import run_checks

from magikswipe import checks, env

SERVER = {"endpoint_url": "https://s3.example", "bucket": "media", "setting": "BUCKET_URL"}
OURS = {"BUCKET_URL": SERVER}


def told(settings, **given):
    """The sentences with which a start with these settings would end."""
    for name, value in given.items():
        setattr(settings, name, value)
    return [checks.sentence(message) for message in checks.errors()]


def test_the_settings_of_the_tests_are_in_order():
    assert checks.errors() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALLOWED_HOSTS", ["https://studio.example"]),
        ("ALLOWED_HOSTS", ["localhost", "studio.example:8000"]),
        ("CSRF_TRUSTED_ORIGINS", ["https://studio.example/path"]),
        ("CORS_ALLOWED_ORIGINS", ["studio.example"]),
        ("CORS_ALLOWED_ORIGINS", ["https://*.example"]),
        ("CORS_OPEN_ORIGINS", ["null"]),
        ("ADMIN_PATH", "api/admin"),
        ("ADMIN_PATH", "../x"),
        ("ADMIN_PATH", ""),
        ("ADMIN_PATH", "énorme"),
        ("REPLICATE_IMAGE_MODEL", "recraft"),
        ("SUPABASE_BUCKET_NAME", "../elsewhere"),
        ("MODEL_PRICES", {"a/b": Decimal("NaN")}),
        ("MODEL_PRICES", {"a/b": Decimal("-1")}),
        ("MODEL_PRICES", {"a": Decimal("0.1")}),
        ("REPLICATE_MUSIC_REFERENCE", "track.mp3"),
        ("REPLICATE_BASE_URL", "http://[::1"),
        ("REPLICATE_BASE_URL", "http://host:port"),
        ("PUBLIC_URL", "https://studio.example/path"),
        ("PUBLIC_URL", "http://studio.example"),
    ],
)
def test_a_value_of_another_form_is_refused_by_name(settings, name, value):
    (said, *_more) = told(settings, **{name: value, "DEBUG": False})
    assert said.startswith(f"{name} is senseless: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CSRF_TRUSTED_ORIGINS", ["https://*.example", "http://[::1]:8000"]),
        ("ADMIN_PATH", "studio-7f3k/apis"),
        ("REPLICATE_IMAGE_MODEL", "owner/name:version"),
        ("MODEL_PRICES", {"a/b": Decimal("0.0400")}),
        ("REPLICATE_MUSIC_REFERENCE", "https://example.org/track.mp3?x=1"),
        ("PUBLIC_URL", "http://localhost:8000"),
    ],
)
def test_a_value_of_the_right_form_is_taken(settings, name, value):
    assert told(settings, DEBUG=True, ALLOWED_HOSTS=["localhost"], **{name: value}) == []


@pytest.mark.parametrize("name", ["REPLICATE_API_TOKEN", "SUPABASE_SERVICE_ROLE_KEY", "METRICS_TOKEN"])
@pytest.mark.parametrize("key", ["hidden clé", "hidden key", "hidden\nkey"])
def test_a_key_that_no_header_takes_is_refused_and_not_shown(settings, name, key):
    (said,) = told(settings, **{name: key})
    assert said == f"{name} is senseless: a key has no spaces, accents or line breaks; copy it again."


@pytest.mark.parametrize(
    "given",
    [
        "ref.supabase.co",
        "https://ref.supabase.co/rest/v1/",
        "https://ref.supabase.co/storage/v1/s3",
        "https://supabase.com/dashboard/project/ref",
        "https://ref.supabase.co?x=1",
        "https://ref.supabase.co/#",
        "https://me:secret@ref.supabase.co",
        "https://ref .supabase.co",
        "https://ref.supabase.co\\x",
        "https://ref.supabase\t.co",
        "https://ref.supabase.co:port",
        "ftp://ref.supabase.co",
        "https://",
        "https://<project>.supabase.co",
        "https://*.supabase.co",
        "https://ref..supabase.co",
        "https://ref.supabase.co,https://other.supabase.co",
        f"https://{'r' * 64}.supabase.co",
    ],
)
@pytest.mark.parametrize("name", ["SUPABASE_URL", "REPLICATE_BASE_URL"])
def test_what_is_no_address_of_a_service_is_refused(monkeypatch, settings, name, given):
    monkeypatch.setenv(name, given)
    (said,) = told(settings, **{name: env.read_url(name)})
    assert said.startswith(f"{name} is senseless: ") and "https://" in said and "secret" not in said


@pytest.mark.parametrize(
    "hosts", [["*"], ["localhost", "studio.example"], [".example"], ["localhost.example"]]
)
def test_debug_is_for_this_machine_alone(settings, hosts):
    (said,) = told(settings, DEBUG=True, ALLOWED_HOSTS=hosts)
    assert said.startswith(f"DEBUG is on while ALLOWED_HOSTS has {hosts[-1]!r}")
    assert told(settings, DEBUG=True, ALLOWED_HOSTS=["localhost", "127.0.0.1", "[::1]", "a.localhost"]) == []
    assert told(settings, DEBUG=False, ALLOWED_HOSTS=hosts) == []


def test_a_server_in_front_can_send_media_from_folders_alone(settings):
    (said,) = told(settings, SENDFILE="nginx", **OURS)
    assert said.startswith("SENDFILE is senseless: with BUCKET_URL")


@pytest.mark.parametrize(
    "url", ["https://s3.example/?x=1", "https://key:secret@s3.example", "https://s3.example#x"]
)
def test_where_browsers_find_media_is_an_address_alone(settings, url):
    (said,) = told(settings, BUCKET_PUBLIC_URL=url, **OURS)
    assert (
        said.startswith("BUCKET_PUBLIC_URL is senseless: write it as https://host") and "secret" not in said
    )


def test_browsers_find_media_on_a_server_alone_and_by_https_where_pages_come_by_it(settings):
    (said,) = told(settings, BUCKET_PUBLIC_URL="https://s3.example", BUCKET_URL=None)
    assert said.startswith("BUCKET_PUBLIC_URL is senseless: the media lie in a folder")
    plain = {"BUCKET_PUBLIC_URL": "http://s3.example", "DEBUG": False, **OURS}
    (said,) = told(settings, HTTPS=True, **plain)
    assert said.startswith("BUCKET_PUBLIC_URL is senseless: pages that come by HTTPS")
    assert told(settings, HTTPS=False, **plain) == []


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("https://S3.example:443/media/", "https://s3.example/media"),
        ("http://s3.example:80", "http://s3.example"),
        ("https://[::1]:9000", "https://[::1]:9000"),
    ],
)
def test_where_browsers_find_media_is_written_as_they_send_it(monkeypatch, given, taken):
    monkeypatch.setenv("BUCKET_PUBLIC_URL", given)
    assert env.read_bucket_address("BUCKET_PUBLIC_URL") == taken


@pytest.mark.parametrize(
    "server",
    [
        "https://ref.supabase.co/storage/v1/s3",
        "https://ref.storage.supabase.co/storage/v1/s3",
        "https://custom.example/storage/v1/s3",
        "https://ref.supabase.co",
    ],
)
@pytest.mark.parametrize("name", ["BUCKET_URL", "ARCHIVE_URL"])
def test_the_bucket_that_is_published_to_can_not_be_ours(settings, server, name):
    ours = {"endpoint_url": server, "bucket": "univers", "secret": "hidden"}
    settings.SUPABASE_URL = "https://ref.supabase.co"
    (said,) = told(settings, **{name: ours})
    assert said.startswith(f"{name} is senseless: it is 'univers' of SUPABASE_URL")
    assert told(settings, **{name: ours | {"bucket": "studio"}}) == []


def test_an_address_that_is_none_is_told_beside_a_bucket_of_the_same_name(settings):
    (said,) = told(settings, SUPABASE_URL="https://[::1", BUCKET_URL=SERVER | {"bucket": "univers"})
    assert said.startswith("SUPABASE_URL is senseless: ")


@pytest.mark.parametrize("key", ["x", "ab" * 40, "django-insecure-" + "8fE_kd93JSlw0-2mcnVBz71qPsoTyRx" * 2])
def test_a_key_that_can_be_guessed_is_told_in_production_and_not_shown(settings, key):
    def told_of_the_key():
        return [checks.sentence(one) for one in run_checks() if one.id == "magikswipe.W001"]

    settings.SECRET_KEY, settings.DEBUG = key, False
    (said,) = told_of_the_key()
    assert "SECRET_KEY can be guessed" in said and "token_urlsafe(50)" in said and f"{key} " not in said
    settings.DEBUG = True
    assert told_of_the_key() == []
    settings.SECRET_KEY, settings.DEBUG = "8fE_kd93JSlw0-2mcnVBz71qPsoTyRx" * 2, False
    assert told_of_the_key() == []
