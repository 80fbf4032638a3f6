"""Rows and listings of Supabase that nothing can be made of: whose they are is named, and all others sync."""

import gzip
import hashlib
import html
import time
import zlib
from urllib.parse import quote

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse

from jobs import runner
from jobs.models import Job
from storage import bucket
from syncer.client import client
from universes.models import Revision, Universe
from universes.rows import BY_NAME, TABLES

from .conftest import ok, post

# Committed as in life: else those who keep a job's lease would wait for the test's own transaction.
pytestmark = pytest.mark.django_db(transaction=True)

TIMES = (
    "infinity", "-infinity", "20226-11-30T16:00:00+00:00", "0044-03-15T12:00:00+00:00 BC", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00", "2026-02-30T00:00:00+00:00", "now", "", 5, 1.5, True, [], {}, "2026\0",
)  # fmt: skip
NO_TEXTS = (5, 1.5, True, ["a"], {"a": 1}, "a\0b", "\0")
NO_NUMBERS = (10**30, 2**31, -(2**31) - 1, 1.5, 3.0, "3", "", True, [3], {})
NO_TRUTHS = ("yes", "true", 1, 0, "", [], {})
NO_UUIDS = (None, 5, "5", "", "not-a-uuid", [], {}, "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", True)

# (table, column, the values that it can't have)
COLUMNS = [
    ("univers", "updated_at", TIMES),
    ("univers", "created_at", TIMES[:3]),
    ("univers", "name", NO_TEXTS),
    ("univers", "is_public", NO_TRUTHS),
    ("univers", "owner_id", NO_UUIDS[1:5]),
    ("univers", "background_color", NO_TEXTS[:4]),
    ("univers", "thumbnail_url", NO_TEXTS[3:]),
    ("univers_prompts", "default_image_prompt", NO_TEXTS),
    ("univers_prompts", "id", NO_UUIDS),
    ("univers_prompts", "univers_id", ("5", 1.5, [], 10**30)),
    ("univers_translations", "language", (5, ["fr"], {}, True)),
    ("univers_translations", "name", NO_TEXTS[:3]),
    ("univers_music_prompts", "lyrics", NO_TEXTS),
    ("univers_assets", "id", NO_UUIDS[1:]),
    ("univers_assets", "sort_order", NO_NUMBERS),
    ("univers_assets", "image_name", NO_TEXTS[:5]),
    ("univers_assets", "updated_at", TIMES[:4]),
    ("univers_assets_prompts", "generation_count", NO_NUMBERS),
    ("univers_assets_prompts", "last_generated_at", TIMES[:2]),
    ("univers_assets_prompts", "asset_id", NO_UUIDS[1:]),
    ("univers_assets_translations", "display_name", NO_TEXTS[:5]),
    ("univers_assets_translations", "language", (5, ["fr"])),
]
# In place of a whole row, or of a listed file.
NO_OBJECTS = (None, 5, "row", [], [[]], True, {})
NO_FILES = (
    *NO_OBJECTS,
    *({"name": name, "key": None} for name in (5, None, [], "\0", "")),
    *({"metadata": about} for about in ("abc", 5, [1])),
    *({"metadata": {"size": size}} for size in ("abc", -1, 1.5, 10**30, True, [5], {"a": 1})),
    *({"metadata": {"size": 4, "eTag": etag}} for etag in (5, ["x"], {"a": 1}, True, "\0")),
)  # fmt: skip
DEEP = "[" * 200_000 + "]" * 200_000
# Whole answers to a listing: body and headers.
NO_ANSWERS = (
    (DEEP, {}),
    ("<html>Sign in</html>", {"Content-Type": "text/html"}),
    ("", {}),
    ("{}", {}),
    ("[]", {}),
    ("null", {}),
    ('{"objects": []}', {}),
    ('{"hasNext": false, "folders": [], "objects": {}}', {}),
    ('{"hasNext": true, "folders": [], "objects": []}', {}),
    ("no gzip", {"Content-Encoding": "gzip"}),
    (zlib.compress(b"{}").decode("latin-1"), {"Content-Encoding": "gzip"}),
    ("\xff\xfe", {}),
)
GOOD = ("apple", "pear")
WHEN = "2026-01-02T03:04:05+00:00"
# Rows whose universe is only known by asking for each universe's.
STRAY = {("univers_prompts", "univers_id"), ("univers_assets_prompts", "asset_id")}


class Orchard:
    """Universes on both sides, each with a row in every table; Supabase tells one thing of each that can't be."""

    def __init__(self, supabase, folder, put_file):
        self.supabase, self.folder, self.put_file = supabase, folder, put_file
        self.universes, self.altered, self.files = {}, {table.name: {} for table in TABLES}, {}
        for slug in GOOD:
            self.grow(slug)

    def grow(self, slug):
        """Plan a universe; returns its rows by table."""
        number = len(self.universes) + 1
        key = f"00000000-0000-4000-8000-{number:012}"
        of_universe, of_card = {"id": key, "univers_id": number}, {"id": key, "asset_id": key}
        given = {
            "univers": {"id": number, "name": "Old", "slug": slug, "is_public": True},
            "univers_prompts": {**of_universe, "default_image_prompt": "p"},
            "univers_translations": {**of_universe, "language": "fr", "name": "nom"},
            "univers_music_prompts": {**of_universe, "language": "fr", "prompt": "p", "lyrics": "l"},
            "univers_assets": {**of_universe, "sort_order": 1, "image_name": "00_a.png", "display_name": "A"},
            "univers_assets_prompts": {**of_card, "custom_image_prompt": "p", "generation_count": 1},
            "univers_assets_translations": {**of_card, "language": "fr", "display_name": "A"},
        }
        self.universes[slug] = {
            name: {c: WHEN if c in ("created_at", "updated_at") else None for c in BY_NAME[name].columns}
            | row
            for name, row in given.items()
        }
        return self.universes[slug]

    def alter(self, slug, table, change):
        """Plan a universe with a row of a table that is something else; `change(row)`: what."""
        row = self.grow(slug)[table]
        self.altered[table][str(row["id"])] = change(row)

    def alter_file(self, slug, change):
        self.grow(slug)
        key = f"{slug}/00_a.png"
        entry = {"name": key, "key": key, "id": "x", "created_at": WHEN, "updated_at": WHEN}
        entry["metadata"] = {"size": 4, "eTag": '"x"'}
        self.files[key] = entry | change if isinstance(change, dict) and change else change

    def alter_listing(self, slug, body, headers):
        self.grow(slug)
        self.files[f"{slug}/"] = {"action": "answer:200", "body": body, "headers": headers}

    def plant(self, slugs):
        """Have these on both sides, those that are whole with another name over there, and tell what can't be."""
        for table in TABLES:
            rows = [self.universes[slug][table.name] for slug in (*slugs, *GOOD)]
            client().insert(
                table.name, [row | {"name": "New"} if row.get("slug") in GOOD else row for row in rows]
            )
            made = [{table.attribute(c): value for c, value in row.items()} for row in rows]
            more = [{"supabase_id": row["id"]} if "slug" in row else {} for row in rows]
            table.model.objects.bulk_create(table.model(**a, **b) for a, b in zip(made, more, strict=True))
        for slug in slugs:
            if f"{slug}/00_a.png" in self.files:
                client().upload(self.folder / "file", f"{slug}/00_a.png")
                self.put_file(slug, "00_a.png", b"file")
        self.supabase.sandbox.settings(altered_rows=self.altered, altered_files=self.files)

    def mend(self):
        self.supabase.sandbox.settings(altered_rows={}, altered_files={})


@pytest.fixture
def orchard(supabase, tmp_path, put_file):
    (tmp_path / "file").write_bytes(b"file")
    return Orchard(supabase, tmp_path, put_file)


def with_value(column, value):
    return lambda row: row | {column: value}


def without(column):
    return lambda row: {name: value for name, value in row.items() if name != column}


def plan_faults(orchard):
    """`{slug: what is wrong with it}` of universes with a fault each, of which all rows tell whose they are."""
    told = {}

    def next_slug(*fault):
        slug = f"u{len(told)}"
        told[slug] = fault
        return slug

    for table, column, values in COLUMNS:
        for value in values if (table, column) not in STRAY else ():
            orchard.alter(next_slug(table, column, value), table, with_value(column, value))
    for change in NO_FILES:
        orchard.alter_file(next_slug("file", change), change)
    for body, headers in NO_ANSWERS:
        orchard.alter_listing(next_slug("listing", body[:40], headers), body, headers)
    return told


def here(but=()):
    """All rows that are here, and what lies in the bucket."""
    rows = {table.name: list(table.model.objects.order_by("pk").values()) for table in TABLES}
    rows["univers"] = [row for row in rows["univers"] if row["slug"] not in but]
    return rows, {slug: sorted(bucket.names(slug)) for slug in bucket.bucket().folders()}


def names_here():
    return set(Universe.objects.filter(slug__in=GOOD).values_list("name", flat=True))


@pytest.mark.parametrize(
    "every", [pytest.param(7, id="some"), pytest.param(1, id="all", marks=pytest.mark.slow)]
)
def test_each_universe_at_fault_is_named_and_all_others_sync(api, supabase, orchard, every):
    told = dict(list(plan_faults(orchard).items())[::every])
    assert every > 1 or len(told) >= 110
    orchard.plant(told)
    before, written = here(but=GOOD), supabase.written()
    body = ok(post(api, "pull-all", force=True))
    errors = {error.partition(": ")[0]: error.partition(": ")[2] for error in body["errors"]}
    assert {slug: told.get(slug) for slug in errors.keys() ^ told.keys()} == {}
    assert [error for slug, error in errors.items() if slug not in error] == []
    assert (body["success"], body["universes_synced"], names_here()) == (False, len(GOOD), {"New"})
    assert (here(but=GOOD), supabase.written()) == (before, written)


@pytest.mark.parametrize(
    ("table", "change"),
    [(table, with_value(column, value)) for table, column, values in COLUMNS for value in values
     if (table, column) in STRAY]
    + [(table.name, lambda row, value=value: value) for table in TABLES[1:] for value in NO_OBJECTS[:-1:3]]
    + [(table.name, without(table.parent)) for table in TABLES[1:]]
    + [(table.name, without("id")) for table in TABLES[1:]],
)  # fmt: skip
@pytest.mark.slow
def test_a_row_that_does_not_tell_whose_it_is(api, supabase, orchard, table, change):
    orchard.alter("slip", table, change)
    orchard.plant(["slip"])
    before, written = here(but=GOOD), supabase.written()
    body = ok(post(api, "pull-all", force=True))
    assert [error.partition(": ")[0] for error in body["errors"]] == ["slip"]
    assert (names_here(), here(but=GOOD), supabase.written()) == ({"New"}, before, written)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("univers_assets", "image_name", "../x.png"),
        ("univers_assets", "image_name", None),
        ("univers_assets_translations", "language", "pt"),
        ("univers_music_prompts", "language", "fr/../x"),
    ],
)
def test_a_row_that_is_left_alone_there_is_not_deleted_here_and_a_push_mends_it(
    api, supabase, orchard, table, column, value
):
    orchard.grow("slip")
    orchard.plant(["slip"])
    model = BY_NAME[table]
    row = orchard.universes["slip"][table]
    client().update_alike(table, [row["id"]], {column: value})
    before = here(but=(*GOOD, "slip"))
    body = ok(post(api, "pull/slip", force=True))
    assert [f"{model.name} {row['id']} is left alone" in note for note in body["reports"]].count(True) == 1
    assert here(but=(*GOOD, "slip")) == before
    ok(post(api, "push/slip", force=True))
    assert client().select(table, "id", [row["id"]])[0][column] == row[column]
    assert ok(post(api, "pull/slip", dry_run=True))["plan"]["empty"]


def mostly_slow(cases, step=6):
    """All of them in `make test-all`, and every so many in `make test`."""
    return [
        pytest.param(case, marks=[pytest.mark.slow] if number % step else [])
        for number, case in enumerate(cases)
    ]


NO_UNIVERSES = (
    with_value("slug", 5),
    *(lambda row, value=value: value for value in NO_OBJECTS),
    *(with_value("slug", value) for value in (1.5, True, [], {}, "a\0")),
    *(with_value("id", value) for value in ("5", None, 1.5, 10**30, True, [], {})),
    without("slug"),
    without("id"),
    with_value("id", 1),
    with_value("slug", GOOD[0]),
)


@pytest.mark.parametrize("change", mostly_slow(NO_UNIVERSES))
def test_a_universe_whose_row_can_not_be_told(api, supabase, orchard, change):
    orchard.alter("slip", "univers", change)
    orchard.plant(["slip"])
    before, written = here(but=GOOD), supabase.written()
    body = ok(post(api, "pull-all", force=True))
    # One without a slug is left out, as one whose slug can name no folder.
    assert body["errors"] or "left out" in body["notes"][0]
    assert (here(but=GOOD), supabase.written()) == (before, written)
    assert "New" in names_here()
    states = ok_get(api, "status?diff=true")["universes"]
    assert "unreadable" in {entry["state"] for entry in states}
    assert {"slug": "slip", "state": "only here"} not in states


def ok_get(api, path):
    answer = api.get(f"/api/sync/{path}")
    assert answer.status_code == 200, answer.json()
    return answer.json()


@pytest.fixture
def slip(orchard):
    """Three universes, of which one changed in a year of five digits."""
    orchard.alter("slip", "univers", with_value("updated_at", TIMES[2]))
    orchard.plant(["slip"])
    return orchard


def test_every_call_names_it_and_none_is_a_crash(api, supabase, slip):
    before, written = here(), supabase.written()
    for path in ("pull-all", "init"):
        body = ok(post(api, path, dry_run=True))
        assert [plan["slug"] for plan in body["plans"]] == list(GOOD)
        assert body["errors"][0].startswith("slip: 'slip' is set aside")
    for path in ("pull/slip", "push/slip", "unpublish/slip"):
        for more in ({"dry_run": True}, {"force": True}):
            answer = post(api, path, **more)
            assert (answer.status_code, "20226-11-30" in answer.json()["detail"]) == (502, True)
    (entry,) = [e for e in ok_get(api, "status?diff=true")["universes"] if e["slug"] == "slip"]
    assert (entry["state"], "20226-11-30" in entry["error"]) == ("unreadable", True)
    assert (here(), supabase.written()) == (before, written)


def test_the_commands_name_it(slip, capsys):
    call_command("sync_status")
    assert "unreadable     slip 'slip' is set aside" in capsys.readouterr().out
    for arguments in (["--all", "--dry-run"], ["--all"]):
        with pytest.raises(CommandError, match="slip: 'slip' is set aside.*20226-11-30"):
            call_command("sync_pull", *arguments)
    assert names_here() == {"New"}
    slip.mend()
    call_command("sync_pull", "--all")


def test_the_admin_names_it(admin_client, slip):
    page = admin_client.get(reverse("admin:universes_universe_sync", args=["pull_all"])).content.decode()
    assert "20226-11-30" in page


def test_the_admin_names_it_in_the_language_of_its_reader(admin_client, slip):
    address = reverse("admin:universes_universe_sync", args=["pull_all"])
    page = html.unescape(admin_client.get(address, headers={"Accept-Language": "fr"}).content.decode())
    assert "est laissé de côté" in page and "comme updated_at, ce qui n’est pas une date entre" in page
    assert "is set aside" not in page


def test_whoever_tries_again_sees_what_was_mended(api, slip):
    """The rows that the steps of a job share are read anew, however young they are."""
    assert ok(post(api, "pull-all"))["success"] is False
    job = Job.objects.get(type="sync_pull_all")
    assert job.status == "failed" and "slip" in str(job.error)
    slip.mend()
    ok(api.post(f"/api/jobs/{job.pk}/retry"))
    assert runner.run_here(job.pk).status == "completed"


@pytest.mark.parametrize("given", mostly_slow(NO_ANSWERS))
@pytest.mark.parametrize("table", ["univers", "univers_assets"])
def test_a_table_that_comes_as_something_else_is_no_empty_table(api, supabase, orchard, table, given):
    orchard.plant([])
    body, headers = given
    fault = {"match": f"GET /rest/v1/{table}[?]", "action": "answer:200", "body": body, "headers": headers}
    supabase.sandbox.settings(request_faults=[fault])
    before, written = here(), supabase.written()
    for path in ("pull-all", "pull/apple", "push/apple"):
        answer = post(api, path, force=True)
        assert answer.status_code == 502 or answer.json()["success"] is False
    assert api.get("/api/sync/status?diff=true").status_code in (200, 502)
    assert (here(), supabase.written()) == (before, written)


def test_an_answer_of_nothing_may_be_called_packed(api, supabase, orchard):
    orchard.plant([])
    post(api, "pull-all")
    assert api.patch("/api/universes/apple", {"name": "Newest"}, format="json").status_code == 200
    fault = {"match": "PATCH /rest/v1/univers[?]", "action": "answer:204", "body": ""}
    supabase.sandbox.settings(request_faults=[fault | {"headers": {"Content-Encoding": "gzip"}}])
    answer = post(api, "push/apple")
    assert (answer.status_code, answer.json()["success"]) == (200, True), answer.json()


def test_an_answer_that_unpacks_without_end_is_refused(api, supabase, orchard):
    orchard.plant([])
    body = gzip.compress(bytes(100 * 1024**2)).decode("latin-1")
    fault = {"match": "GET /rest/v1/univers[?]", "action": "answer:200", "body": body}
    supabase.sandbox.settings(request_faults=[fault | {"headers": {"Content-Encoding": "gzip"}}])
    answer = post(api, "pull-all")
    assert (answer.status_code, "larger than 64 MB" in answer.json()["detail"]) == (502, True)


@pytest.mark.slow
def test_an_answer_that_comes_byte_by_byte_is_given_up(api, supabase, orchard, settings):
    orchard.plant([])
    settings.SYNC_TIMEOUT = 1
    for match in ("GET /rest/v1/univers[?]", "POST /storage/v1/object/list"):
        supabase.breaks(match, "drip:0.3")
        began = time.monotonic()
        answer = post(api, "pull/apple")
        assert (answer.status_code, "takes longer than 2 s" in answer.json()["detail"]) == (502, True)
        assert time.monotonic() - began < 10


def test_rows_whose_number_is_not_told_are_not_taken_for_all(api, supabase, orchard):
    orchard.plant([])
    fault = {"match": "GET /rest/v1/univers_assets[?]", "action": "answer:200", "body": "[]"}
    for told in ({}, {"Content-Range": "*/*"}, {"Content-Range": "*/many"}, {"Content-Range": "0-0/2"}):
        supabase.sandbox.settings(request_faults=[fault | {"headers": told}])
        assert post(api, "pull/apple", force=True).status_code == 502
    assert Universe.objects.get(slug="apple").assets.count() == 1


def test_a_text_here_that_supabase_can_not_store_is_told_before_anything_goes_there(api, supabase, winter):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL holds no such text")
    winter.assets.filter(display_name="Fox").update(display_name="Fo\0x")
    answer = post(api, "push/winter")
    assert (answer.status_code, "holds a NUL" in answer.json()["detail"]) == (409, True)
    assert supabase.written() == (0, 0)


NO_SLUGS = ('a"b', "a,b", "a)", "(a", "a\\", "a'b", "100%", "a#b", "a?b", "*", "a.b", "eq.a", "\u200b")


def test_a_slug_that_is_none_reaches_no_filter(api, supabase):
    for slug in NO_SLUGS:
        for call in ("pull", "unpublish"):
            assert post(api, f"{call}/{quote(slug, safe='')}", force=True).status_code == 404
    assert supabase.sandbox.counters()["rest_requests"] == 0


ODD_NAMES = ("odd & 100?.png", "a+b=c;d,e.png", "it's (1) !*@:$.png", "deep/er?x=1&y/a b.png")


@pytest.mark.parametrize("name", mostly_slow(ODD_NAMES))
def test_a_file_of_any_name_is_kept_and_taken_out_as_that_file(api, supabase, winter, name):
    ok(post(api, "push/winter"))
    supabase.move("winter/fr.mp3", f"winter/{name}")
    body = ok(post(api, "unpublish/winter", force=True))
    assert (body["notes"], supabase.keys("winter")) == ([], [])
    revision = Revision.objects.filter(cause="unpublish").get()
    assert hashlib.sha256(b"song").hexdigest() in revision.files.values()
