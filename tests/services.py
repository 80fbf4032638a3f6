"""PostgreSQL and Redis that last as long as one command: `python -m tests.services COMMAND…`.

The command finds them in DATABASE_URL and REDIS_URL, and its exit code is the end's. PostgreSQL refuses to run as
root (https://www.postgresql.org/docs/current/server-start.html), so that root lends it another user. Neither needs
anything outside its folder: no socket in /var/run, no configuration of the machine's.
"""

import os
import secrets
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
# Below those that Linux gives to who asks for any port, and to connections (net.ipv4.ip_local_port_range), so that
# nobody is given this one between the look at it and the start.
PORTS = range(10_000, 32_000)
TRIES = 5


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
            found = {"DATABASE_URL": database, "REDIS_URL": queue}
            return _exit_code(subprocess.Popen(command, env={**os.environ, **found}, start_new_session=True))


def _exit_code(process):
    """Wait for a command that leads a group; who is asked to end asks the group as Ctrl-C does, and waits for it.

    pytest then ends the processes that its tests have started.
    """
    try:
        return process.wait()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(PATIENCE)


@contextmanager
def postgresql(folder):
    """The address of an empty database of a new server."""
    data = folder / "postgresql"
    data.mkdir()
    user = _owner(data)
    init = ["-U", "tests", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]
    subprocess.run([program("initdb"), "-D", data, *init], check=True, stdout=subprocess.DEVNULL, **user)
    options = [word for option in FAST for word in ("-c", option)]

    def command(port):
        return [program("postgres"), "-D", data, "-p", str(port), "-k", "", *options]

    def answers(port):
        psycopg.connect(f"postgres://tests@127.0.0.1:{port}/postgres").close()
        return True

    with served(command, answers, psycopg.OperationalError, folder, user) as port:
        yield f"postgres://tests@127.0.0.1:{port}/postgres"


@contextmanager
def redis_server(folder, port=0):
    """The address of a new server, which keeps nothing; on a free port unless one is given."""
    own = ["--bind", "127.0.0.1", "--databases", str(REDIS_DATABASES), "--save", ""]

    def command(port):
        return [program("redis-server"), "--port", str(port), *own]

    def answers(port):
        return redis.from_url(f"redis://127.0.0.1:{port}/1").ping()

    with served(command, answers, redis.ConnectionError, folder, port=port) as port:
        yield f"redis://127.0.0.1:{port}/1"


@contextmanager
def served(command, answers, refusal, folder, user=None, port=0):
    """The port of a server that runs while the block does: a free one, and another when it was taken meanwhile.

    `command(port)` is its command line; `answers(port)` is true once it answers, and raises `refusal` before. What it
    says goes to a file, told by SystemExit when it does not start.
    """
    log = folder / f"{Path(command(0)[0]).name}.log"
    for _ in range(TRIES):
        found = port or free_port()
        with log.open("wb") as said:
            process = subprocess.Popen(command(found), cwd=folder, stdout=said, stderr=said, **(user or {}))
        try:
            if until(lambda: answers(found), refusal, process):  # noqa: B023 - called before the next round
                yield found
                return
        finally:
            # For PostgreSQL: without waiting for whoever is connected.
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE)
    sys.exit(f"{command(0)[0]} does not answer:\n{log.read_text()}")


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


def until(answers, refusal, process, patience=PATIENCE):
    """Whether a process came to answer: it is false when it has ended, or a minute is over."""
    ends = time.monotonic() + patience
    while process.poll() is None and time.monotonic() < ends:
        with suppress(refusal):
            if answers():
                return True
        time.sleep(0.05)
    return False


def free_port():
    """The number of a port of this machine that nobody listens on."""
    while True:
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port := secrets.choice(_own_ports())))
            return port


def _own_ports():
    """Those that no other process of the same tests chooses from: both would find one free, and start on it."""
    number, processes = (os.environ.get(f"PYTEST_XDIST_WORKER{name}") for name in ("", "_COUNT"))
    return PORTS[int(number.removeprefix("gw")) :: int(processes)] if number else PORTS


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
