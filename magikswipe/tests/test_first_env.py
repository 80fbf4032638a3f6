"""The `.env` that `make run` writes or completes."""

import stat

import pytest
from dotenv import dotenv_values

from magikswipe import first_env


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
