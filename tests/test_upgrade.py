"""An installation of version 0.1.0 upgrades with `migrate` alone, and loses nothing.

`upgrade/installation.json` has the rows that it wrote, the names of its files, what its API answered and its French
labels: universes, revisions, jobs in every state, a prediction in flight, a token, charges, a pull that broke off and
idempotency keys.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stack import ROOT, Stack

pytestmark = [pytest.mark.slow, pytest.mark.servers]

INSTALLATION = Path(__file__).parent / "upgrade" / "installation.json"
# Every file's content: the answers tell of names and hashes in rows alone.
CONTENT, PULLED = b"x", b"pulled"
IMAGE_MODEL = "recraft-ai/recraft-v3"


@pytest.fixture(scope="module")
def old():
    return json.loads(INSTALLATION.read_text("utf-8"))


def of(old, model):
    return {str(row["pk"]): row["fields"] for row in old["rows"] if row["model"] == model}


@pytest.fixture
def upgraded(old, sandbox, tmp_path):
    """The installation after `migrate`, with a web process and without a worker."""
    sandbox.settings(latency={"llm": 0, "image": 0, "video": 0, "music": 0}, llm_style="clean")
    stack = Stack(tmp_path, migrated=False, REPLICATE_SETTLE_SECONDS="0")
    stack.use(sandbox)
    place_files(old, Path(stack.env["STORAGE_PATH"]))
    (rows := tmp_path / "rows.json").write_text(with_prediction(old, sandbox))
    subprocess.run(
        [sys.executable, "-m", "tests.upgrade.load", str(rows)],
        cwd=ROOT,
        env={**stack.env, "DJANGO_SETTINGS_MODULE": "magikswipe.settings"},
        check=True,
    )
    stack.manage("migrate")
    stack.start_web()
    yield stack
    stack.stop()


def place_files(old, storage):
    for name in old["files"]:
        (storage / name).parent.mkdir(parents=True, exist_ok=True)
        (storage / name).write_bytes(CONTENT)
    (pulled := storage / "pending" / "pull-winter").mkdir(parents=True)
    (pulled / "00_snowflake.png").write_bytes(PULLED)
    (storage / "db").mkdir()


def with_prediction(old, sandbox):
    """The rows, with the prediction in flight under the id that this provider gave it, and a token for today."""
    answer = sandbox.http.post(
        f"{sandbox.url}/v1/models/{IMAGE_MODEL}/predictions",
        json={"input": {"prompt": "Camel"}},
        headers={"Authorization": f"Bearer {sandbox.key}"},
    )
    flying = of(old, "jobs.jobstep")
    [former] = [step["external_id"] for step in flying.values() if step["status"] == "running"]
    rows = json.loads(json.dumps(old["rows"]).replace(former, answer.raise_for_status().json()["id"]))
    for row in rows:
        if row["model"] == "magikswipe.apitoken":
            row["fields"]["expires_at"] = "2999-01-01T00:00:00Z"
    return json.dumps({"migrations": old["migrations"], "rows": rows})


def test_the_api_answers_as_before(upgraded, old):
    for address, before in old["answers"].items():
        assert comparable(upgraded.api.get(address).json()) == comparable(before), address


def comparable(answer):
    """An answer with times in milliseconds, as the rows were dumped, and without those of files, which are new."""
    read = json.loads(re.sub(r"(\.\d{3})\d*Z", r"\1Z", json.dumps(answer)))
    return [drop_time(item) for item in read] if isinstance(read, list) else read


def drop_time(item):
    return {**item, "created_at": None} if item.get("present") else item


def test_a_token_opens_what_it_opened(upgraded, old):
    upgraded.api.headers["Authorization"] = f"Bearer {old['token']}"
    assert upgraded.api.get("/api/universes/desert").json()["name"] == "Désert"


def test_a_call_that_comes_again_gets_the_first_ones_answer(upgraded, old):
    started = upgraded.api.post("/api/generate/winter/images", headers={"Idempotency-Key": "draw-once"})
    assert started.json()["id"] == old["jobs"]["images"]
    copy = upgraded.api.post(
        "/api/universes/winter/duplicate", json={}, headers={"Idempotency-Key": "copy-once"}
    )
    assert copy.json()["slug"] == "copy-of-winter"
    other = upgraded.api.post("/api/generate/winter/videos", headers={"Idempotency-Key": "draw-once"})
    assert other.status_code == 400


def test_no_charge_is_lost(upgraded, old):
    charges = of(old, "generation.charge")
    columns = ("pk", "kind", "amount", "status", "month")
    asked = f'__import__("generation.models", fromlist=["x"]).Charge.objects.values(*{columns})'
    found = {row["pk"]: row for row in upgraded.query(f"json.loads(json.dumps(list({asked}), default=str))")}
    assert found.keys() == charges.keys()
    for key, charge in charges.items():
        assert [str(found[key][name]) for name in columns[1:]] == [str(charge[name]) for name in columns[1:]]


def test_editors_read_old_labels_and_errors_in_french(upgraded, old):
    upgraded.manage("ensure_admin", check=False)
    steps = of(old, "jobs.jobstep")
    pages = {job: studio_page(upgraded, f"/admin/jobs/job/{job}/change/") for job in of(old, "jobs.job")}
    for key, step in steps.items():
        for said in old["french"][key]:
            assert said in pages[step["job"]], said


def studio_page(stack, address):
    """A page of the admin in French, for the administrator of the installation."""
    if not stack.api.cookies.get("sessionid"):
        code = 'from django.contrib.auth.models import User; u = User.objects.get(); u.set_password("words"); u.save()'
        stack.manage("shell", "-v", "0", "-c", code)
        stack.api.get("/admin/login/")
        form = {
            "username": "admin",
            "password": "words",
            "csrfmiddlewaretoken": stack.api.cookies["csrftoken"],
        }
        stack.api.post("/admin/login/", data=form)
    return stack.api.get(address, headers={"Accept-Language": "fr"}).text.replace("&#x27;", "'")


def test_what_was_under_way_ends_and_nothing_is_bought_twice(upgraded, old, sandbox):
    upgraded.start_worker()
    assert upgraded.ended_job(old["jobs"]["flight"])["message"] == "1 of 1 images"
    song = upgraded.ended_job(old["jobs"]["pending"])
    assert song["message"] == "1 of 1 songs. 1 song without lyrics (German): write them first."
    assert len(sandbox.predictions()) == 2
    bucket = Path(upgraded.env["STORAGE_PATH"]) / "buckets" / "univers"
    assert (bucket / "desert" / "00_camel.png").stat().st_size > 1
    # The pull that broke off is completed, and what it replaced is archived.
    upgraded.until(lambda: (bucket / "winter" / "00_snowflake.png").read_bytes() == PULLED)


def test_what_failed_can_be_retried(upgraded, old):
    upgraded.start_worker()
    retried = upgraded.api.post(f"/api/jobs/{old['jobs']['failed']}/retry")
    assert retried.is_success, retried.text
    assert upgraded.ended_job(old["jobs"]["failed"])["status"] == "completed"
