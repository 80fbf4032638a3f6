"""Fixtures of the rooms whose work the studio shows."""

from generation.tests.conftest import *  # noqa: F403
from syncer.tests.conftest import supabase, winter  # noqa: F401
from universes.tests.conftest import *  # noqa: F403
