"""Broken answers, which a web framework does not give: none at all, or half of one."""

import asyncio
from typing import Any

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_open: dict[tuple[str, int] | None, asyncio.Transport] = {}


class Protocol(H11Protocol):
    """uvicorn's protocol, remembering each connection's transport so that an application can cut it."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        _open[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        _open.pop(self.client, None)
        super().connection_lost(exc)


def given(fault: dict[str, Any]) -> Response:
    """The answer of a fault: ``action``, ``body`` and ``headers``."""
    status = int(fault["action"].partition(":")[2])
    return Response(fault.get("body", "").encode("latin-1"), status, fault.get("headers"), "application/json")


async def hang_up(scope: Scope, receive: Receive) -> None:
    """Cuts the connection without an answer."""
    _transport(scope).abort()
    await _gone(receive)


class Lost:
    """A response that never arrives."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await hang_up(scope, receive)


class Half:
    """Passes the request on, and cuts the connection half-way through the answer's body."""

    def __init__(self, app: Any):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, _half(send))
        _transport(scope).close()  # what was written still goes out
        await _gone(receive)


def _half(send: Send) -> Send:
    left = 0

    async def forward(message: Message) -> None:
        nonlocal left
        if message["type"] == "http.response.start":
            left = int(dict(message["headers"]).get(b"content-length", b"2")) // 2
            await send(message)
        elif left > 0:
            body = message.get("body", b"")[:left]
            left -= len(body)
            await send({"type": "http.response.body", "body": body, "more_body": True})

    return forward


def _transport(scope: Scope) -> asyncio.Transport:
    return _open[tuple(scope["client"])]


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
