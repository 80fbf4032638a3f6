"""How much memory pictures take, measured in a process of its own."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from pillow_heif import register_heif_opener

from tests.stack import ROOT

MB = 2**20
# Reads the picture named first, as often at once as the second argument says; prints what that took and left.
READING = """
import shutil, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import django

django.setup()
from storage import pictures
from storage.formats import Unfit

def status(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))

source, times = Path(sys.argv[1]), int(sys.argv[2])
pictures.cleaned(Path(sys.argv[3]))
before = status("VmRSS")

def read(number):
    pictures.cleaned(Path(shutil.copy(source, source.with_name(str(number)))))

with ThreadPoolExecutor(times) as threads:
    list(threads.map(read, range(times)))
print(status("VmHWM") - before, status("VmRSS") - before)
"""


def saved(image, kind, **options):
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


register_heif_opener()
DEAR = {
    "lossless WebPs of 36 bytes": lambda: saved(
        Image.new("RGB", (5500, 5500)), "WEBP", lossless=True, method=0
    ),
    "PNGs of 64 megapixels": lambda: saved(Image.new("RGBA", (8000, 8000)), "PNG", compress_level=1),
    "16 bits": lambda: saved(Image.new("I;16", (8000, 8000)), "PNG", compress_level=1),
    "a phone's of 50 megapixels": lambda: saved(Image.new("RGB", (8160, 6120)), "HEIF", quality=10),
    "a camera's in several scans": lambda: saved(Image.new("RGB", (8160, 6120)), "JPEG", progressive=True),
    "AVIFs": lambda: saved(Image.new("RGBA", (5500, 5500)), "AVIF", speed=10),
    "TIFFs": lambda: saved(Image.new("CMYK", (8000, 8000)), "TIFF", compression="tiff_lzw"),
    "GIFs": lambda: saved(Image.new("P", (8000, 8000)), "GIF"),
    "with a profile, for print": lambda: saved(Image.new("CMYK", (8000, 8000)), "JPEG"),
}


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is measured as Linux tells it")
@pytest.mark.parametrize("made", DEAR.values(), ids=DEAR)
def test_many_large_pictures_at_once_take_the_memory_of_one(tmp_path, made):
    (tmp_path / "picture").write_bytes(made())
    (tmp_path / "small").write_bytes(saved(Image.new("RGB", (9, 9)), "WEBP"))
    env = {
        **os.environ,
        "SECRET_KEY": "3 of the keys, made for this test alone, which nobody could guess",
        "STORAGE_PATH": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "magikswipe.settings",
    }
    command = [sys.executable, "-c", READING, tmp_path / "picture", "3", tmp_path / "small"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    peak, left = map(int, done.stdout.split())
    assert peak < 512 * MB and left < 64 * MB, (peak // MB, left // MB)
