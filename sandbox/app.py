"""The ASGI application of the sandbox."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.control import Control
from sandbox.counters import Counters
from sandbox.database import Database
from sandbox.faults import Faults
from sandbox.predictions import Predictions
from sandbox.replicate_api import ReplicateApi
from sandbox.rest_api import RestApi
from sandbox.rest_schema import apply_schema, empty_tables
from sandbox.settings import Settings
from sandbox.storage_api import StorageApi
from sandbox.storage_store import Store
from sandbox.webhooks import Webhooks

OWN_TABLES = ("predictions", "uploads", "objects", "sequences")
# Headers that PostgREST and Storage let a page read, https://docs.postgrest.org/en/v14/references/api/cors.html
EXPOSED = (
    "Content-Encoding",
    "Content-Location",
    "Content-Range",
    "Content-Type",
    "Date",
    "ETag",
    "Location",
)
SECONDS_OF_A_PREFLIGHT = 3600


class SupabaseCors:
    """CORS: pages of any origin may call Supabase's paths, and no others; the key decides what they may do."""

    def __init__(self, app: ASGIApp):
        self.app = app
        self.open = CORSMiddleware(
            app,
            allow_origins=["*"],
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=EXPOSED,
            max_age=SECONDS_OF_A_PREFLIGHT,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_supabase = scope["type"] == "http" and scope["path"].startswith(("/rest/v1/", "/storage/v1/"))
        await (self.open if is_supabase else self.app)(scope, receive, send)


@dataclass
class World:
    """The state of the sandbox; ``folder`` outlives a restart."""

    folder: Path
    settings: Settings
    counters: Counters
    database: Database
    predictions: Predictions
    store: Store

    @property
    def settings_path(self) -> Path:
        return self.folder / "settings.json"

    async def reset(self) -> None:
        """Resets to an empty folder; the cache of rendered files stays."""
        await self.predictions.stop()
        self.settings.reset()
        self.settings.save(self.settings_path)
        self.counters.reset()
        self.predictions.forget_chance()
        apply_schema(self.database, self.settings)
        empty_tables(self.database, OWN_TABLES)
        for path in (self.predictions.inputs, self.predictions.uploads, self.store.folder):
            shutil.rmtree(path)
            path.mkdir()


def build_world(folder: Path) -> World:
    folder.mkdir(parents=True, exist_ok=True)
    settings, counters = Settings.load(folder / "settings.json"), Counters()
    database = Database(folder / "sandbox.db")
    apply_schema(database, settings)
    predictions = Predictions(database, folder, settings, counters)
    return World(folder, settings, counters, database, predictions, Store(database, folder / "objects"))


def build_app(folder: Path, key: str) -> ASGIApp:
    """The ASGI application; ``key`` is the token and the API key that it accepts."""
    world = build_world(folder)
    webhooks = Webhooks(world.settings, world.counters, key)
    replicate = ReplicateApi(world.predictions, world.settings, world.counters, webhooks, key)
    rest = RestApi(world.database, world.settings, world.counters, key)
    storage = StorageApi(world.store, world.settings, world.counters, key)
    control = Control(world, world.reset)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        world.predictions.resume()
        yield
        await world.predictions.close()
        await webhooks.stop()
        world.database.close()

    routes = [*control.routes(), *replicate.routes(), *rest.routes(), *storage.routes()]
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={404: _not_found, 405: _not_found})
    # A page may read what went wrong, too, as behind Supabase's gateway.
    return SupabaseCors(Faults(app, world.settings, world.counters))


async def _not_found(request: Request, error: Exception) -> Response:
    text = f"The sandbox has nothing at {request.method} {request.url.path}."
    return JSONResponse({"detail": text, "message": text, "error": "not_found", "statusCode": "404"}, 404)
