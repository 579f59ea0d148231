"""The account's records as the state keeps them: by ID, in the order of their creation."""

from reconciler.sandbox.postmark.calls import Json

FIRST_ID = 1000001


def new_account() -> Json:
    return {"next_id": FIRST_ID, "servers": {}, "domains": {}, "senders": {}}


def take_id(account: Json) -> int:
    taken: int = account["next_id"]
    account["next_id"] = taken + 1
    return taken


def find_domain(account: Json, name: str) -> Json | None:
    domains: list[Json] = list(account["domains"].values())
    return next((d for d in domains if d["Name"].lower() == name.lower()), None)


def find_sender(account: Json, address: str) -> Json | None:
    senders: list[Json] = list(account["senders"].values())
    return next((s for s in senders if s["EmailAddress"].lower() == address.lower()), None)
