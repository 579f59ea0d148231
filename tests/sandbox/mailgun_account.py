"""A fresh Mailgun account in the sandbox, with a client for each of its two regions."""

from typing import Any

import httpx

from reconciler.sandbox import mailgun
from reconciler.sandbox.app import ServiceApp
from reconciler.sandbox.transport import SandboxTransport
from reconciler.sandbox.world import World

KEY = "key-0123456789abcdef0123456789abcdef"
DOMAIN = "d.example.org"
# A delay that no test outlives.
NEVER = 1e9

URLS = {"us": "https://api.mailgun.net", "eu": "https://api.eu.mailgun.net"}


def seed(_: object = None) -> dict[str, Any]:
    return {"mailgun": mailgun.seed({"mailgun_api_key": KEY}), "dns": {}, "settings": {}}


class MailgunAccount:
    def __init__(self, **settings: Any) -> None:
        self.world = World(None, seed)
        self.set(mailgun_delete_delay=0, mailgun_x509_delay=0, mailgun_bulk_step=0, **settings)
        self._transport = SandboxTransport(
            {
                "api.mailgun.net": ServiceApp(self.world, mailgun.answer_us),
                "api.eu.mailgun.net": ServiceApp(self.world, mailgun.answer_eu),
            }
        )
        self.us = self.client()
        self.eu = self.client(region="eu")

    def client(self, key: str = KEY, *, region: str = "us", user: str = "api") -> httpx.Client:
        return httpx.Client(transport=self._transport, base_url=URLS[region], auth=(user, key))

    def set(self, **settings: Any) -> None:
        self.world.settings.update(settings)

    def publish(self, domain: str = DOMAIN, *, published: bool = True) -> None:
        self.world.publish(domain, published=published)

    def create(self, name: str = DOMAIN, **fields: Any) -> dict[str, Any]:
        return content(self.us.post("/v4/domains", data={"name": name, **fields}))

    def create_active(self, name: str = DOMAIN, **fields: Any) -> dict[str, Any]:
        self.create(name, **fields)
        self.publish(name)
        return self.verify(name)

    def verify(self, name: str = DOMAIN) -> dict[str, Any]:
        return content(self.us.put(f"/v4/domains/{name}/verify"))

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return content(self.us.get(path, params=query))

    def key(self, role: str, **fields: Any) -> httpx.Client:
        """Return a client with a new key of that role."""
        made = content(self.us.post("/v1/keys", data={"role": role, **fields}))
        return self.client(made["key"]["secret"])


def content(response: httpx.Response, status: int = 200) -> dict[str, Any]:
    """Return the body after checking what all JSON answers have in common (mailgun.md §3)."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.text.endswith("}\n")
    body: dict[str, Any] = response.json()
    return body


def refusal(response: httpx.Response, status: int = 400) -> str:
    """Return the `message` of an error answer."""
    body = content(response, status)
    assert list(body) == ["message"]
    return str(body["message"])
