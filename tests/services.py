"""PostgreSQL and Redis that last as long as one command: `python -m tests.services COMMAND…`.

The command finds them in DATABASE_URL and REDIS_URL, and its exit code is the end's. PostgreSQL refuses to run as
root (https://www.postgresql.org/docs/current/server-start.html), so that root lends it another user.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis

PATIENCE = 60
# Where Debian puts what it does not put on the PATH.
POSTGRESQL = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
# What protects a database from a power cut costs most of the time, and nobody misses this one.
FAST = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300"]
# A number for each process of each test that has a cache and a queue of its own.
REDIS_DATABASES = 100_000


def own_database():
    """DATABASE_URL with a new and empty database in it; empty when there is none, or not on a server."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        return ""
    name = f"test_{uuid.uuid4().hex}"
    _execute(url, f'CREATE DATABASE "{name}"')
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def drop_database(url):
    """Take away what `own_database` made, whoever is still connected to it."""
    if url:
        _execute(os.environ["DATABASE_URL"], f'DROP DATABASE "{urlsplit(url).path[1:]}" WITH (FORCE)')


def _execute(url, statement):
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def own_redis():
    """REDIS_URL with the number of a database that nobody else was given; empty when there is none."""
    url = os.environ.get("REDIS_URL", "")
    if not url:
        return ""
    numbers = urlsplit(url)._replace(path="/0").geturl()
    with redis.from_url(numbers) as server:
        return urlsplit(url)._replace(path=f"/{server.incr('databases given')}").geturl()


def run(command):
    """Run a command beside both servers; returns its exit code. Who is asked to end takes them along."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory(prefix="magikswipe-services-") as folder:
        # The servers' user must pass through it.
        Path(folder).chmod(0o755)
        with postgresql(Path(folder)) as database, redis_server(Path(folder)) as queue:
            return subprocess.call(command, env={**os.environ, "DATABASE_URL": database, "REDIS_URL": queue})


@contextmanager
def postgresql(folder):
    """The address of an empty database of a new server."""
    data, port = folder / "postgresql", free_port()
    data.mkdir()
    user = _owner(data)
    init = [
        program("initdb"),
        "-D",
        data,
        "-U",
        "tests",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-locale",
        "--no-sync",
    ]
    subprocess.run(init, check=True, stdout=subprocess.DEVNULL, **user)
    options = [word for option in FAST for word in ("-c", option)]
    with served([program("postgres"), "-D", data, "-p", str(port), "-k", data, *options], folder, user):
        url = f"postgres://tests@127.0.0.1:{port}/postgres"
        until(lambda: psycopg.connect(url).close() is None, psycopg.OperationalError)
        yield url


@contextmanager
def redis_server(folder, port=0):
    """The address of a new server, which keeps nothing; on a free port unless one is given."""
    port = port or free_port()
    own = ["--bind", "127.0.0.1", "--port", str(port), "--databases", str(REDIS_DATABASES), "--save", ""]
    with served([program("redis-server"), *own], folder):
        url = f"redis://127.0.0.1:{port}/1"
        until(lambda: redis.from_url(url).ping(), redis.ConnectionError)
        yield url


@contextmanager
def served(command, folder, user=None):
    """A server's process while the block runs; what it says stands in a file, told when it does not start."""
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("wb") as said:
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said, **(user or {}))
    try:
        yield
    except TimeoutError:
        sys.exit(f"{command[0]} does not answer:\n{log.read_text()}")
    finally:
        # For PostgreSQL: without waiting for whoever is connected.
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)


def _owner(folder):
    """The arguments of subprocess that run a server as one who may own this folder."""
    if os.getuid():
        return {}
    shutil.chown(folder, "nobody", "nogroup")
    return {"user": "nobody", "group": "nogroup", "extra_groups": []}


def program(name):
    """The path of a server's program; SystemExit where it is not installed."""
    found = shutil.which(name, path=os.pathsep.join([os.environ["PATH"], *map(str, POSTGRESQL)]))
    return found or sys.exit(f"{name} is not installed; on Debian: apt-get install postgresql redis-server")


def until(answers, refusal):
    """Wait until the function returns something true; TimeoutError after a minute of refusals."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        with suppress(refusal):
            if answers():
                return
        time.sleep(0.05)
    raise TimeoutError


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
