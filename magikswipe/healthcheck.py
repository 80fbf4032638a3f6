"""Whether the web server of this container answers: `python -m magikswipe.healthcheck`, exit code 0 if so.

It asks under a name that ALLOWED_HOSTS admits; the container's own address need not be one.
"""

import os
import sys
import urllib.error
import urllib.request

ADDRESS = "http://127.0.0.1:8000/health"


def host():
    names = os.environ.get("ALLOWED_HOSTS", "").split(",")
    name = names[0].strip().lstrip("*.")
    return name or "localhost"


def main():
    request = urllib.request.Request(ADDRESS, headers={"Host": host()})
    try:
        with urllib.request.urlopen(request, timeout=4):
            return 0
    except (urllib.error.URLError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
