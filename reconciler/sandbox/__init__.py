"""Both services in a box: faithful to their documented behaviour, for trying out and for tests."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reconciler.sandbox import mailgun, postmark
from reconciler.sandbox.app import ServiceApp
from reconciler.sandbox.postmark.servers import mint_server
from reconciler.sandbox.transport import SandboxTransport
from reconciler.sandbox.world import Credentials, World

__all__ = ["Sandbox"]


class Sandbox:
    """A Postmark account and a Mailgun account with its two regions.

    With a `directory` the state outlives the process; without one it lives in memory. `anew` gives
    up the state that is there, except its credentials. Raises ReconcileError for an unusable one.
    """

    def __init__(self, directory: Path | None = None, *, anew: bool = False) -> None:
        self.world = World(directory, seed, anew=anew)
        self.postmark = ServiceApp(self.world, postmark.answer)
        self.mailgun_us = ServiceApp(self.world, mailgun.answer_us)
        self.mailgun_eu = ServiceApp(self.world, mailgun.answer_eu)

    @property
    def credentials(self) -> Mapping[str, str]:
        """`postmark_server_token`, `postmark_account_token` and `mailgun_api_key`."""
        return self.world.credentials

    def token_for(self, service: str, key: str, provider: str) -> str:
        """Return what a provider's token `key` is here; each Postmark one has its own server."""
        if service == "mailgun":
            return self.credentials["mailgun_api_key"]
        if key == "account_token":
            return self.credentials["postmark_account_token"]
        with self.world.lock:
            token = mint_server(self.world, provider)
            self.world.save()
        return token

    def transport(self) -> SandboxTransport:
        """Return a transport that stands in for the real hosts of the two services."""
        return SandboxTransport(
            {
                "api.postmarkapp.com": self.postmark,
                "api.mailgun.net": self.mailgun_us,
                "api.eu.mailgun.net": self.mailgun_eu,
            }
        )


def seed(kept: Credentials | None) -> dict[str, Any]:
    """Return the state that a sandbox starts from: small accounts with things to change.

    The credentials are new unless those of an earlier state are `kept`.
    """
    credentials = kept or {
        "postmark_server_token": str(uuid.uuid4()),
        "postmark_account_token": str(uuid.uuid4()),
        "mailgun_api_key": f"key-{uuid.uuid4().hex}",
    }
    return {
        "credentials": credentials,
        "postmark": postmark.seed(credentials),
        "mailgun": mailgun.seed(credentials),
        "dns": dict.fromkeys(mailgun.PUBLISHED, True),
        "settings": {},
    }
