"""A fresh Postmark account in the sandbox, with a client for each of its two tokens."""

from typing import Any

import httpx

from reconciler.sandbox import postmark
from reconciler.sandbox.app import ServiceApp
from reconciler.sandbox.transport import SandboxTransport
from reconciler.sandbox.world import World

CREDENTIALS = {
    "postmark_server_token": "0b7c3f0e-5a0b-4f3a-9a53-6a5f5cbe3d11",
    "postmark_account_token": "c1a7fd0a-52a9-49a7-8a8c-3a3a4a3c0f55",
    "mailgun_api_key": "key-0",
}


def seed(_: object = None) -> dict[str, Any]:
    return {
        "credentials": CREDENTIALS,
        "postmark": postmark.seed(CREDENTIALS),
        "mailgun": {},
        "dns": {},
        "settings": {},
    }


class PostmarkAccount:
    def __init__(self) -> None:
        self.world = World(None, seed)
        self.app = ServiceApp(self.world, postmark.answer)
        self.account = self.client(account=CREDENTIALS["postmark_account_token"])
        self.server = self.client(server=CREDENTIALS["postmark_server_token"])

    def client(self, **tokens: str) -> httpx.Client:
        """Return a client that sends the given `account` and `server` tokens."""
        headers = {f"X-Postmark-{kind}-Token": token for kind, token in tokens.items()}
        return httpx.Client(
            transport=SandboxTransport({"api.postmarkapp.com": self.app}),
            base_url="https://api.postmarkapp.com",
            headers={"Accept": "application/json"} | headers,
        )

    def set(self, **settings: Any) -> None:
        self.world.settings.update(settings)


def error_code(response: httpx.Response, status: int = 422) -> int:
    """Return the refusal's code after checking its status and its repetition in the header."""
    assert response.status_code == status, response.text
    code: int = response.json()["ErrorCode"]
    assert response.headers["X-PM-ApiErrorCode"] == str(code)
    return code


def content(response: httpx.Response) -> Any:
    """Return the body after checking that the call succeeded the way all calls do."""
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    return response.json()
