"""Writes the first `.env` of a machine: `python -m magikswipe.first_env`. An existing one is left alone."""

import os
import secrets
from pathlib import Path

ENV = Path(__file__).resolve().parent.parent / ".env"

TEXT = """\
# Made by the first `make run`, for this machine alone. README.md explains each setting.
DEBUG=true
SECRET_KEY={key}
ADMIN_PASSWORD={password}

# Without these keys a local stand-in draws, sings and takes what is published.
REPLICATE_API_TOKEN=
SUPABASE_URL=
SUPABASE_SERVICE_ROLE_KEY=
"""


def write(path=ENV):
    """Make the file with mode 600; False when there is one already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w") as file:
        file.write(TEXT.format(key=secrets.token_urlsafe(48), password=secrets.token_urlsafe(12)))
    return True


if __name__ == "__main__" and write():
    print(f"Wrote {ENV.name} with a random key and a random admin password.")
