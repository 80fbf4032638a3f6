"""The health of this container: `python -m magikswipe.healthcheck [worker]`, exit code 0 if so.

The web server is asked under a name that ALLOWED_HOSTS admits; the container's own address need not be one.
A worker must have shown itself lately.
"""

import os
import sys
import urllib.error
import urllib.request

from jobs import process

ADDRESS = "http://127.0.0.1:8000/health"


def host():
    names = os.environ.get("ALLOWED_HOSTS", "").split(",")
    name = names[0].strip().lstrip("*.")
    return name or "localhost"


def main(what="web"):
    return worker() if what == "worker" else web()


def worker():
    if process.is_marked():
        return 0
    print("No worker of this container has gone round lately.", file=sys.stderr)
    return 1


def web():
    request = urllib.request.Request(ADDRESS, headers={"Host": host()})
    try:
        with urllib.request.urlopen(request, timeout=4):
            return 0
    except (urllib.error.URLError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
