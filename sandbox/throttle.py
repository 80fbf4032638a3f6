"""Replicate's rate limit for creates: https://replicate.com/docs/topics/predictions/rate-limits"""

import time

from starlette.responses import JSONResponse, Response

from sandbox.counters import Counters
from sandbox.settings import Settings


class Throttle:
    """A token bucket, which notices callers that retry too early."""

    def __init__(self, settings: Settings, counters: Counters):
        self.settings, self.counters = settings, counters
        self.obey(None)

    def obey(self, rule: dict[str, float] | None) -> None:
        """Starts a rule with a full bucket."""
        self.rule = rule
        self.tokens, self.filled_at = (rule or {}).get("burst", 1), time.monotonic()
        self.closed_until = 0.0

    def refuse(self) -> Response | None:
        """The 429 for a create beyond the limit."""
        if not (rule := self.settings.throttle):
            return None
        if rule is not self.rule:
            self.obey(rule)
        now, burst = time.monotonic(), rule.get("burst", 1)
        self.counters.add("creates_too_soon", now < self.closed_until)
        self.tokens = min(burst, self.tokens + (now - self.filled_at) * rule["per_second"])
        if 0 < self.closed_until <= now:
            # Whoever comes back when they were told to is let in.
            self.tokens, self.closed_until = max(1, self.tokens), 0.0
        self.filled_at = now
        if self.tokens >= 1:
            self.tokens -= 1
            return None
        return self._refusal(now, rule.get("retry_after", 1 / rule["per_second"]))

    def _refusal(self, now: float, wait: float) -> Response:
        self.counters.add("throttled")
        self.closed_until = now + wait
        detail = f"Request was throttled. Your rate limit resets in ~{wait:g}s."
        body = {"detail": detail, "status": 429, "retry_after": wait}
        return JSONResponse(body, 429, {"Retry-After": f"{wait:g}"})
