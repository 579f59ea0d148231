"""The Mailgun account that a new sandbox starts with: two regions, a few things to change."""

import secrets
from collections.abc import Mapping
from typing import Any

from reconciler.sandbox.mailgun import records
from reconciler.sandbox.mailgun.account import Entry, Region
from reconciler.sandbox.mailgun.domains import add_domain, check
from reconciler.sandbox.mailgun.keys import new_key
from reconciler.sandbox.world import World

# Seeded as verified: the sandbox's DNS should know it, or verifying it again would undo that.
PUBLISHED = ("mg.example.net",)


def seed(credentials: Mapping[str, str]) -> dict[str, Any]:
    draft = World(None, lambda _: {"mailgun": _empty_account(credentials["mailgun_api_key"])})
    _fill_us(Region(draft, "us"))
    _fill_eu(Region(draft, "eu"))
    return draft.mailgun


def _empty_account(api_key: str) -> dict[str, Any]:
    owner = {"role": "admin", "description": "sandbox", "user_name": "Sandbox"}
    key = new_key(api_key, owner | {"email": "owner@example.net"})
    return {
        "account": {
            "id": secrets.token_hex(12),
            "signing_key": f"key-{secrets.token_hex(16)}",
            "public_key": f"pubkey-{secrets.token_hex(16)}",
        },
        "keys": {key["id"]: key},
        "subaccounts": {},
        "sandbox_recipients": [],
        "regions": {name: _empty_region() for name in records.MAIL_HOST},
    }


def _empty_region() -> dict[str, Any]:
    names = ("domains", "account_webhooks", "certificates", "jobs", "previews")
    return {name: {} for name in names}


def _fill_us(region: Region) -> None:
    """Every account has a sandbox domain, and has it in the US."""
    _add_verified(region, f"sandbox{secrets.token_hex(16)}.mailgun.org", {"type": "sandbox"})
    for name in PUBLISHED:
        region.world.publish(name, published=True)
        entry = _add_verified(region, name, {})
        entry["webhooks"] = {"delivered": ["https://hooks.example.net/old"]}


def _add_verified(region: Region, name: str, settings: dict[str, Any]) -> Entry:
    entry = add_domain(region, name, settings, {})
    check(region, entry)
    return entry


def _fill_eu(region: Region) -> None:
    add_domain(region, "promo.example.com", {}, {})
