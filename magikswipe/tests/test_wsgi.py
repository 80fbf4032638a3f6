"""A web process loads nothing that weighs much and that most of them never use."""

import json
import os
import subprocess
import sys

from tests.stack import ROOT

# Together they weigh as much as all the rest of a web process but Django.
HEAVY = {"supabase", "replicate", "redis", "boto3", "PIL", "pillow_heif"}
STARTED = """
import json, sys
from magikswipe.wsgi import application
from django.urls import reverse
reverse("health")
print(json.dumps(sorted(sys.modules)))
"""


def test_a_web_process_starts_without_what_few_requests_need(tmp_path):
    env = {
        **os.environ,
        "SECRET_KEY": "3 of the keys, made for this test alone, which nobody could guess",
        "STORAGE_PATH": str(tmp_path),
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "BUCKET_URL": "",
        "ARCHIVE_URL": "",
    }
    done = subprocess.run(
        [sys.executable, "-c", STARTED], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert "universes.views" in loaded and "syncer.client" in loaded
    assert not loaded & HEAVY
