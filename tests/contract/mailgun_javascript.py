"""Runs the cycles of `javascript/cycles.mjs` on a sandbox."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

from mailgun_box import Served
from program import CLEAN
from required import JAVASCRIPT

Cycle = Callable[..., dict[str, Any]]


def cycles(box: Served) -> Cycle:
    """Return a function that runs a cycle and returns what the client told about it."""
    env = {
        **CLEAN,
        "MAILGUN_US_URL": box.ports["mailgun_us"]["url"],
        "MAILGUN_EU_URL": box.ports["mailgun_eu"]["url"],
        "MAILGUN_API_KEY": box.ports["mailgun_us"]["api_key"],
    }

    def run(name: str, region: str = "us", transport: str = "built-in") -> dict[str, Any]:
        command = ["node", str(JAVASCRIPT / "cycles.mjs"), name, region, transport]
        done = subprocess.run(
            command, env=env, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    return run


def refused(status: int, details: str) -> dict[str, Any]:
    """Return how the client tells of a refusal; its message is HTTP's."""
    reasons = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}
    return {"status": status, "message": reasons[status], "details": details}
