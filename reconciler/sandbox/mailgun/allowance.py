"""Fixed-window limiters, with their counts in the state (mailgun.md §3.1)."""

import time
from dataclasses import dataclass

from reconciler.sandbox.mailgun.answers import RefusedError, reply
from reconciler.sandbox.world import World

LIMITED = ("/v3/domains", "/v4/domains", "/v1/webhooks")
MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a limit after this call; below zero when it was one too many."""

    limit: int
    remaining: int
    reset: float

    @property
    def is_exceeded(self) -> bool:
        return self.remaining < 0

    def headers(self, prefix: str) -> dict[str, str]:
        """Name limit, rest and end of the window; that end in epoch milliseconds."""
        return {
            f"{prefix}-Limit": str(self.limit),
            f"{prefix}-Remaining": str(max(0, self.remaining)),
            f"{prefix}-Reset": str(int(self.reset * 1000)),
        }


def take(world: World, name: str, limit: int, seconds: float, amount: int = 1) -> Allowance:
    """Count `amount` against the current window of limiter `name`."""
    windows = world.mailgun.setdefault("windows", {})
    window = windows.get(name)
    if window is None or window["end"] <= time.time():
        window = windows[name] = {"end": time.time() + seconds, "used": 0}
    window["used"] += amount
    return Allowance(limit, limit - window["used"], window["end"])


def guard_account(world: World, path: str) -> None:
    """Refuse what exceeds `mailgun_rate_limit` per minute on the domains and webhooks calls."""
    limit = world.settings.get("mailgun_rate_limit")
    if limit is None or not path.startswith(LIMITED):
        return
    allowance = take(world, "account", limit, MINUTE)
    if allowance.is_exceeded:
        wait = max(1, round(allowance.reset - time.time()))
        raise RefusedError(reply({"retry-seconds": wait}, 429))
