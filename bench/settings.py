"""The product's settings, with the bare views among its addresses: for `bench.api` alone."""

from magikswipe.settings import *  # noqa: F403 - they are these, but for one

ROOT_URLCONF = "bench.urls"
