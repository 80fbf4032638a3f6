"""Faults on demand, and the count of all requests.

``action`` of a fault: ``drop`` (not carried out, no answer), ``drop_after`` (carried out, no answer),
``truncate`` (half an answer), ``garble`` (an answer of the right length with wrong bytes), ``garble_request``
(wrong bytes arrive here), ``delay:SECONDS``, ``delay_after:SECONDS`` (carried out, answered late), ``drip:SECONDS``
(a byte of the answer each so many), ``redirect:URL``, ``answer:STATUS`` (with the fault's ``body``, each byte as the
character of that number, and its ``headers``), or an HTTP status such as ``503``; a ``429:SECONDS`` says in
Retry-After when to come back, a ``429`` after one second.
"""

import asyncio
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.counters import Counters
from sandbox.settings import Settings
from sandbox.wire import Half, given, hang_up

ACTIONS = (
    r"drop|drop_after|truncate|garble(?:_request)?|(?:delay|delay_after|drip):[\d.]+|redirect:.+"
    r"|answer:\d+|429:\d+|[345]\d\d"
)
OPTIONS = ("skip", "times", "body", "headers")


class Faults:
    """Middleware: counts a request, then passes it on or applies a fault."""

    def __init__(self, app: ASGIApp, settings: Settings, counters: Counters):
        self.app, self.settings, self.counters = app, settings, counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_sandbox/"):
            return await self.app(scope, receive, send)
        self.counters.request(scope["method"], scope["path"])
        fault = self._due(Request(scope))
        if fault:
            self.counters.add("faults")
        if fault and fault["action"].startswith("answer:"):
            return await given(fault)(scope, receive, send)
        return await self._act(fault["action"] if fault else "", scope, receive, send)

    def _due(self, request: Request) -> dict[str, Any] | None:
        line = f"{request.method} {request.url.path}" + (f"?{request.url.query}" if request.url.query else "")
        for fault in self.settings.request_faults:
            if re.search(fault["match"], line) and _takes_its_turn(fault):
                return fault
        return None

    async def _act(self, action: str, scope: Scope, receive: Receive, send: Send) -> None:
        verb, _, value = action.partition(":")
        if verb == "drop":
            await hang_up(scope, receive)
        elif verb == "drop_after":
            await self.app(scope, receive, _nowhere)
            await hang_up(scope, receive)
        elif verb == "delay_after":
            await self.app(scope, receive, _late(send, float(value)))
        elif verb == "drip":
            await self.app(scope, receive, _dripping(send, float(value)))
        elif verb == "truncate":
            await Half(self.app)(scope, receive, send)
        elif verb == "garble":
            await self.app(scope, receive, _wrong(send))
        elif verb == "garble_request":
            await self.app(scope, await _wrong_body(receive), send)
        elif verb == "redirect":
            await RedirectResponse(value, 302)(scope, receive, send)
        elif verb.isdigit():
            await _error(int(verb), value)(scope, receive, send)
        else:
            await asyncio.sleep(float(value or 0))
            await self.app(scope, receive, send)


def check(faults: list[dict[str, Any]]) -> None:
    """Raises ValueError for invalid faults."""
    for fault in faults:
        if not {"match", "action"} <= set(fault) <= {"match", "action", *OPTIONS}:
            raise ValueError(f"a request fault takes match and action, and may take {', '.join(OPTIONS)}")
        re.compile(fault["match"])
        if not re.fullmatch(ACTIONS, fault["action"]):
            raise ValueError(f"unknown action {fault['action']!r} of a request fault")


def _takes_its_turn(fault: dict[str, Any]) -> bool:
    """Counts a matching request: the fault's ``skip`` and ``times`` go down."""
    if fault.get("skip", 0) > 0:
        fault["skip"] -= 1
        return False
    if fault.get("times") is None:
        return True
    fault["times"] -= 1
    return fault["times"] >= 0


def _error(status: int, seconds: str) -> JSONResponse:
    text = f"The sandbox was told to answer {status}."
    body = {"detail": text, "message": text, "status": status, "code": str(status), "error": text}
    headers = {"Retry-After": seconds or "1"} if status == 429 else {}
    return JSONResponse(body | {"statusCode": str(status)}, status, headers)


def _wrong(send: Send) -> Send:
    async def alter(message: Message) -> None:
        await send(_altered(message, at=0))

    return alter


async def _wrong_body(receive: Receive) -> Receive:
    """Sends the whole body at once, with wrong bytes in the middle: the ends of a multipart form must stay intact."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    whole = _altered({"type": "http.request", "body": body, "more_body": False}, at=len(body) // 2)
    waiting = [whole]

    async def give() -> Message:
        return waiting.pop() if waiting else await receive()

    return give


def _altered(message: Message, at: int) -> Message:
    """The message with one byte of its body inverted; a message without a body stays as it is."""
    body = message.get("body")
    return {**message, "body": body[:at] + bytes([body[at] ^ 0xFF]) + body[at + 1 :]} if body else message


def _late(send: Send, seconds: float) -> Send:
    async def wait(message: Message) -> None:
        if message["type"] == "http.response.start":
            await asyncio.sleep(seconds)
        await send(message)

    return wait


def _dripping(send: Send, seconds: float) -> Send:
    async def drip(message: Message) -> None:
        for byte in message.get("body", b""):
            await send({**message, "body": bytes([byte]), "more_body": True})
            await asyncio.sleep(seconds)
        await send({**message, "body": b""} if "body" in message else message)

    return drip


async def _nowhere(message: Message) -> None:
    """Discards a response."""
