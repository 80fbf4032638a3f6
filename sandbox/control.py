"""The sandbox's own interface for tests: settings, counters, recorded requests, reset."""

import dataclasses
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.faults import check
from sandbox.predictions import status_of
from sandbox.rest_schema import apply_schema

ALL = 100_000


class Control:
    def __init__(self, world: Any, reset: Callable[[], Awaitable[None]]):
        self.world, self.reset_world = world, reset

    def routes(self) -> list[Route]:
        return [
            Route("/_sandbox/reset", self.reset, methods=["POST"]),
            Route("/_sandbox/settings", self.settings, methods=["GET"]),
            Route("/_sandbox/settings", self.change, methods=["PATCH"]),
            Route("/_sandbox/counters", self.counters),
            Route("/_sandbox/predictions", self.predictions),
        ]

    async def reset(self, request: Request) -> Response:
        await self.reset_world()
        return JSONResponse({"reset": True})

    async def settings(self, request: Request) -> Response:
        return JSONResponse(dataclasses.asdict(self.world.settings))

    async def change(self, request: Request) -> Response:
        try:
            changes = await request.json()
            check(changes.get("request_faults", []))
            self.world.settings.update(changes)
            apply_schema(self.world.database, self.world.settings)
        except (ValueError, TypeError, AttributeError) as error:
            return JSONResponse({"detail": str(error)}, 422)
        self.world.settings.save(self.world.settings_path)
        return await self.settings(request)

    async def counters(self, request: Request) -> Response:
        return JSONResponse(self.world.predictions.counts() | self.world.counters.as_dict())

    async def predictions(self, request: Request) -> Response:
        rows = self.world.predictions.page(0, 2**40, None, ALL)
        kept = ("id", "model", "version", "error", "created_at", "completed_at", "fault")
        return JSONResponse(
            [
                {name: row[name] for name in kept}
                | {"status": status_of(row), "input": json.loads(row["input"])}
                for row in reversed(rows)
            ]
        )
