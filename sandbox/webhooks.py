"""Webhooks of predictions.

Source: https://replicate.com/docs/topics/webhooks/verify-webhook. Unlike Replicate it also calls plain HTTP addresses.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import Any

import httpx

from sandbox.counters import Counters
from sandbox.settings import Settings

PAUSES = (0.2, 1.0)  # seconds before the second and the third attempt
PATIENCE = 60


class Webhooks:
    def __init__(self, settings: Settings, counters: Counters, key: str):
        self.settings, self.counters = settings, counters
        self.secret = hashlib.sha256(f"webhooks of {key}".encode()).digest()
        self.tasks: set[asyncio.Task[None]] = set()

    @property
    def shown_secret(self) -> str:
        return "whsec_" + base64.b64encode(self.secret).decode()

    def send(self, url: str, prediction: dict[str, Any]) -> None:
        """Delivers a prediction in the background, as often as the settings say, with one id."""
        body, message = json.dumps(prediction).encode(), f"msg_{secrets.token_hex(12)}"
        for _ in range(self.settings.webhook_copies):
            task = asyncio.get_running_loop().create_task(self._deliver(url, body, message))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _deliver(self, url: str, body: bytes, message: str) -> None:
        async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client:
            for pause in (*PAUSES, 0):
                if await self._attempt(client, url, body, message):
                    return
                await asyncio.sleep(pause)

    async def _attempt(self, client: httpx.AsyncClient, url: str, body: bytes, message: str) -> bool:
        self.counters.add("webhooks_sent")
        try:
            answer = await client.post(url, content=body, headers=self._headers(body, message))
        except (httpx.HTTPError, httpx.InvalidURL):
            return False
        return answer.is_success

    def _headers(self, body: bytes, message: str) -> dict[str, str]:
        moment = str(int(time.time()))
        signed = hmac.new(self.secret, f"{message}.{moment}.".encode() + body, hashlib.sha256).digest()
        signature = "v1," + base64.b64encode(signed).decode()
        names = {"webhook-id": message, "webhook-timestamp": moment, "webhook-signature": signature}
        return names | {"content-type": "application/json"}

    async def stop(self) -> None:
        tasks = list(self.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
