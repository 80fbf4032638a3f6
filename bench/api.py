"""How fast the API answers, against a bare view of the same bytes: `python -m bench.api`.

One web process, 8 clients in another process, nobody logged in. Each address takes turns with its bare view, and the
median of the ratios counts, so that what else the machine does weighs on both alike; so it is with how an address
grows with its table, whose ratio before is divided by the one after. Prints a line per figure with
its bound and ends with 1 when one is missed. `--quick` makes the turns short and the tables small, for a look.
"""

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

from tests.stack import Stack

from .load import measure

LIST, WHOLE = "/api/universes?limit=50", "/api/universes/u0"
MEDIA = "/storage/buckets/univers/u0/00_big.mp4"
# The bare view of the list, the first that is measured.
BARE = "/bare/answer0.json"
FILE_SIZE = 5 * 1024 * 1024


class Bench:
    def __init__(self, folder, quick, api_open):
        self.seconds, self.rounds = (0.2, 5) if quick else (0.4, 13)
        self.good, self.label = [], "open" if api_open else "closed"
        self.bare = Path(folder) / "bare"
        self.bare.mkdir(parents=True)
        self.bucket = Path(folder) / "stack" / "var" / "buckets" / "univers"
        self.stack = Stack(
            Path(folder) / "stack",
            DEBUG="false",
            API_OPEN=str(api_open).lower(),
            ALLOWED_HOSTS="127.0.0.1",
            DJANGO_SETTINGS_MODULE="bench.settings",
            BENCH_BARE=str(self.bare),
            LOG_LEVEL="WARNING",
        )

    def fill(self, what, number):
        self.stack.query(f"__import__('bench.fill').fill.{what}({number})")

    def run(self, universes, jobs):
        self.fill("universes", 50)
        self.make_thumbnails()
        self.web = self.stack.start_web()
        for name, path in (("list of 50", LIST), ("one universe, 24 cards", WHOLE)):
            self.against_bare(name, path)
        self.file()
        small = self.ratio(LIST, BARE)
        self.fill("universes", universes - 50)
        self.report(f"list at {universes} against 50", small / self.ratio(LIST, BARE), most=1.5)
        if self.label == "open":
            self.jobs(jobs)
        for clients in (64, 256):
            self.crowd(clients)
        self.report("memory of the web process, MB", self.memory(), most=110)
        return all(self.good)

    def against_bare(self, name, path):
        answer = self.stack.api.get(path, headers={"Accept": "application/json"}).raise_for_status()
        file = f"answer{len(self.good)}.json"
        (self.bare / file).write_bytes(answer.content)
        self.report(f"{name}, {len(answer.content)} bytes", self.ratio(path, f"/bare/{file}"), least=0.28)
        tagged = {"If-None-Match": answer.headers["ETag"]}
        self.report(f"{name}, 304", self.ratio(path, f"/bare/{file}?304", headers=tagged), least=0.5)

    def make_thumbnails(self):
        for number in range(50):
            folder = self.bucket / f"u{number}"
            folder.mkdir(parents=True)
            (folder / "thumbnail.jpg").write_bytes(b"any")

    def file(self):
        folder = self.bucket / "u0"
        for target in (folder / "00_big.mp4", self.bare / "big.mp4"):
            target.write_bytes(os.urandom(FILE_SIZE))
        # So large that a short turn sees but few of them.
        found = self.ratio(MEDIA, "/barefile/big.mp4", seconds=3 * self.seconds)
        self.report("a file of 5 MB", found, least=0.9)

    def jobs(self, number):
        self.fill("jobs", 100)
        few = self.ratio("/api/jobs", BARE)
        self.fill("jobs", number - 100)
        self.report(f"jobs at {number} against 100", few / self.ratio("/api/jobs", BARE), most=1.5)

    def crowd(self, clients):
        found = self.load(LIST, clients=clients, seconds=1.0)
        wrong = len(found["failures"]) + sum(n for status, n in found["statuses"].items() if status != 200)
        self.report(f"errors with {clients} clients", wrong, most=0, more=f"{found['rate']:.0f}/s")

    def load(self, path, **options):
        return measure(self.stack.port, path, **{"seconds": self.seconds} | options)

    def ratio(self, path, bare, **options):
        found = []
        for _ in range(self.rounds):
            ours, theirs = self.load(path, **options), self.load(bare, **options | {"headers": None})
            # An error would be the fastest answer of all.
            assert {*ours["statuses"], *theirs["statuses"]} <= {200, 304}, (path, ours, theirs)
            found.append(ours["rate"] / theirs["rate"])
        return statistics.median(found)

    def memory(self):
        """The most that any web process holds (VmRSS), in megabytes."""
        children = Path(f"/proc/{self.web.pid}/task/{self.web.pid}/children").read_text().split()
        return max(rss(pid) for pid in children)

    def report(self, what, figure, least=None, most=None, more=""):
        good = (least is None or figure >= least) and (most is None or figure <= most)
        bound = (
            f"at least {least}"
            if least is not None
            else f"at most {most}"
            if most is not None
            else "no bound"
        )
        print(
            f"{self.label:7} {what:44} {figure:8.2f}  ({bound}){'' if good else '  MISSED'}  {more}",
            flush=True,
        )
        self.good.append(good)


def rss(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    universes, jobs = (500, 1000) if quick else (10_000, 100_000)
    good = []
    for api_open in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(folder, quick, api_open)
            try:
                good.append(bench.run(universes, jobs))
            finally:
                bench.stack.stop()
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
