"""`manage.py up`: the whole product on one machine, for a first look and for development."""

import socket
import sys
import time
import urllib.error
import urllib.request

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand

from magikswipe import accounts
from magikswipe.processes import Processes, end_left
from storage.files import locked
from universes.models import Universe

from . import demo

HOST = "127.0.0.1"
START_SECONDS = 60


class Command(BaseCommand):
    help = (
        "Migrates the database, then runs web server and worker, and a stand-in for each service that has no key. "
        "Ctrl-C ends all of it."
    )

    def add_arguments(self, parser):
        parser.add_argument("--port", type=int, default=8000, help="Port of the web server (8000).")
        parser.add_argument(
            "--no-demo", action="store_true", help="Start no demo universe on an empty database."
        )

    def handle(self, *, port, no_demo, **options):
        record = settings.STORAGE_PATH / "up.json"
        record.touch()
        # A second one beside it ends nothing of the first, and has a record of its own.
        with locked(record) as alone:
            if alone:
                self.end_left(record)
            self.run(port, no_demo, record if alone else record.with_name(f"up-{port}.json"))

    def end_left(self, record):
        if ended := end_left(record):
            self.stdout.write(
                f"Ended {len(ended)} processes that an earlier start had left, since it was killed."
            )

    def run(self, port, no_demo, record):
        refuse_port(port)
        call_command("migrate", verbosity=0)
        accounts.ensure_administrator()
        self.processes = Processes(record)
        self.processes.obey_signals()
        try:
            self.start_all(port)
            self.tell(port)
            # With somebody's own keys it would buy, and publish what nobody asked for.
            drafts = {"REPLICATE_BASE_URL", "SUPABASE_URL"} <= self.env.keys()
            ended = self.watch(drafts and not no_demo and demo_is_due())
        finally:
            self.processes.end()
        if ended:
            raise CommandError(f"The {ended} ended by itself; its last lines above say why.")
        self.stdout.write("Stopped.")

    def start_all(self, port):
        self.env = self.start_sandbox()
        self.processes.start(
            "web server", ["-m", "gunicorn", "magikswipe.wsgi", "-b", f"{HOST}:{port}"], self.env
        )
        self.processes.start("worker", [sys.argv[0], "qcluster"], self.env)
        wait_for(f"http://{HOST}:{port}/health", self.processes)

    def start_sandbox(self):
        """Run the stand-in when a key is missing; returns the addresses and keys that point to it."""
        replicate = not settings.REPLICATE_API_TOKEN
        supabase = not (settings.SUPABASE_URL and settings.SUPABASE_SERVICE_ROLE_KEY)
        if not (replicate or supabase):
            return {}
        arguments = [
            "-m",
            "sandbox",
            "--port",
            "0",
            "--state",
            str(settings.BASE_DIR / ".sandbox"),
            "--key",
            "sandbox",
        ]
        process = self.processes.start("sandbox", arguments, stdout=-1, text=True, cwd=settings.BASE_DIR)
        ready = process.stdout.readline().strip()
        if "http://" not in ready:
            raise CommandError("The sandbox did not start; run `make install` and try again.")
        address = ready[ready.index("http://") :]
        env = {"REPLICATE_API_TOKEN": "sandbox", "REPLICATE_BASE_URL": address} if replicate else {}
        if supabase:
            env |= {"SUPABASE_URL": address, "SUPABASE_SERVICE_ROLE_KEY": "sandbox"}
        return env

    def tell(self, port):
        services = {"Replicate": "REPLICATE_BASE_URL", "Supabase": "SUPABASE_URL"}
        real = [name for name, key in services.items() if key not in self.env]
        stand_in = self.env.get("SUPABASE_URL")
        site = f"http://localhost:{port}"
        self.stdout.write(
            "\n"
            f"  API   {site}/docs\n"
            f"  Admin {site}/{settings.ADMIN_PATH}/   {accounts.login()}\n"
            f"  AI and publishing: {'real ' + ' and '.join(real) if real else 'a local stand-in, all drafts'}\n"
            + (f"  The stand-in for Supabase listens on {stand_in}\n" if stand_in else "")
            + "  Ctrl-C ends all of it.\n"
        )
        self.stdout.flush()

    def watch(self, with_demo):
        if with_demo:
            self.stdout.write("A demo universe is being made and published.")
            self.stdout.flush()
            self.processes.start("demo", [sys.argv[0], "demo"], self.env)
        while True:
            ended = self.processes.run_until_one_ends()
            if ended != "demo":
                return ended
            self.processes.running.pop("demo")


def demo_is_due():
    """On an empty database, or when the only universe is a demo that was interrupted before it was published."""
    slugs = list(Universe.objects.values_list("slug", flat=True)[:2])
    return not slugs or (slugs == [demo.SLUG] and not Universe.objects.get().last_synced_at)


def refuse_port(port):
    if not 1 <= port <= 65535:
        raise CommandError("A port is a number from 1 to 65535: make run PORT=8000")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise CommandError(f"Port {port} is taken; choose another: make run PORT={port + 1}") from None


def wait_for(address, processes):
    """Return once the address answers; CommandError when a process ended before, or after a minute."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and not processes.stop.is_set():
        if ended := next((n for n, p in processes.running.items() if p.poll() is not None), None):
            raise CommandError(f"The {ended} could not start; its last lines above say why.")
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            processes.stop.wait(0.1)
    if not processes.stop.is_set():
        raise CommandError(f"{address} did not answer within {START_SECONDS} seconds.")
