"""Writes the `.env` of `make run`, or completes one that came from elsewhere: `python -m magikswipe.first_env`."""

import os
import re
import secrets
import sys
from pathlib import Path

from dotenv import dotenv_values

ENV = Path(__file__).resolve().parent.parent / ".env"

TEXT = """\
# Made by the first `make run`, for this machine alone. README.md explains each setting.
DEBUG=true
SECRET_KEY={key}
ADMIN_PASSWORD={password}
TIME_ZONE=Europe/Paris

# Without these keys a local stand-in draws, sings and takes what is published.
REPLICATE_API_TOKEN=
SUPABASE_URL=
SUPABASE_SERVICE_ROLE_KEY=
"""
# Variables that a start cannot do without.
NEEDED = ("DEBUG", "SECRET_KEY", "ADMIN_PASSWORD")
ADDED = "# Added by `make run`, for this machine alone. README.md explains each setting."


def write(path: Path = ENV) -> bool:
    """Make the file with mode 600; False when there is one already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w") as file:
        file.write(_text())
    return True


def complete(path: Path = ENV) -> list[str]:
    """Append what a file without a SECRET_KEY lacks of NEEDED; returns the names of the settings.

    What it has stays as it is, and so does a file with a SECRET_KEY: who wrote that one chose what to leave out. What
    the environment gives is not added either. OSError or UnicodeDecodeError for a file that can't be read or written.
    """
    given = {name for name, value in dotenv_values(path, interpolate=False).items() if value}
    if "SECRET_KEY" in given:
        return []
    given |= {name for name, value in os.environ.items() if value}
    lacking = {name: line for name, line in _lines().items() if name not in given}
    if lacking:
        _append(path, [ADDED, *lacking.values()])
    return list(lacking)


def _append(path: Path, lines: list[str]) -> None:
    """Below an empty line, in one write, so that a kill leaves all of it or nothing."""
    ends = path.read_bytes()[-1:] in (b"\n", b"")
    with path.open("ab", buffering=0) as file:
        file.write("\n".join(["" if ends else "\n", *lines, ""]).encode())


def _text() -> str:
    return TEXT.format(key=secrets.token_urlsafe(48), password=secrets.token_urlsafe(12))


def _lines() -> dict[str, str]:
    """The lines of TEXT that give what is NEEDED, by the name of the setting."""
    return {found[1]: found[0] for found in re.finditer(rf"^({'|'.join(NEEDED)})=.+$", _text(), re.MULTILINE)}


def main() -> None:
    if write():
        print(f"Wrote {ENV.name} with a random key and a random admin password.")
        return
    try:
        added = complete()
    except (OSError, UnicodeDecodeError) as error:
        sys.exit(
            f"{ENV.name} cannot be completed ({error}); make it a text file in UTF-8 that you may write."
        )
    if added:
        print(f"Added {', '.join(added)} to {ENV.name}, which had none; what it had stays as it was.")


if __name__ == "__main__":
    main()
