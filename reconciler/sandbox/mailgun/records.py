"""The DNS records that a domain asks for, and which of them were last seen published."""

from collections.abc import Iterator
from typing import Any

from reconciler.sandbox.mailgun.account import Entry, Region, Visit

Record = dict[str, Any]

# mailgun.md §1. Both spellings of the European SPF include occur in public material.
MAIL_HOST = {"us": "mailgun.org", "eu": "eu.mailgun.org"}
# The targets that users' zones show for automatic sender security (§4.3).
SENDER_HOST = {"us": "dkim{n}.us.mgsend.org", "eu": "dkim{n}.eu.mgsend.org"}
PRIORITY = "10"


def record_lists(visit: Visit, entry: Entry) -> dict[str, list[Record]]:
    """Return both lists, each turned on by one with every call: their order is not stable (§4.3).

    `settings["shuffle"] = False` keeps them as they are.
    """
    turn = _next_turn(visit) if visit.world.settings.get("shuffle", True) else 0
    return {
        "receiving_dns_records": _turned(receiving(visit.region, entry), turn),
        "sending_dns_records": _turned(sending(visit.region, entry), turn),
    }


def _next_turn(visit: Visit) -> int:
    visit.world.mailgun["turn"] = turn = visit.world.mailgun.get("turn", 0) + 1
    return int(turn)


def _turned(records: list[Record], turn: int) -> list[Record]:
    start = turn % len(records)
    return records[start:] + records[:start]


def receiving(region: Region, entry: Entry) -> list[Record]:
    """MX records have a priority and no name (§4.3)."""
    host = MAIL_HOST[region.name]
    servers = [f"mxa.{host}", f"mxb.{host}"]
    seen = [f"{PRIORITY} {server}" for server in servers]
    return [
        {
            "is_active": True,
            "cached": seen if is_seen else [],
            "priority": PRIORITY,
            "record_type": "MX",
            "valid": "valid" if is_seen else "unknown",
            "value": server,
        }
        for server in servers
        for is_seen in [_identity("MX", entry["domain"]["name"], server) in entry["seen"]]
    ]


def sending(region: Region, entry: Entry) -> list[Record]:
    return [*dkim(region, entry), spf(region, entry), tracking(region, entry)]


def spf(region: Region, entry: Entry) -> Record:
    value = f"v=spf1 include:{MAIL_HOST[region.name]} ~all"
    return named_record(entry, "TXT", entry["domain"]["name"], value)


def tracking(region: Region, entry: Entry) -> Record:
    return named_record(entry, "CNAME", tracking_host(entry), MAIL_HOST[region.name])


def tracking_host(entry: Entry) -> str:
    return f"{entry['domain']['web_prefix']}.{entry['domain']['name']}".lower()


def dkim(region: Region, entry: Entry) -> list[Record]:
    """One row per key of the authority, or two CNAMEs under automatic sender security."""
    if entry["domain"]["use_automatic_sender_security"]:
        return sender_security(region, entry)
    return [key_record(entry, key) for key in authority(region, entry)["keys"]]


def authority(region: Region, entry: Entry) -> Entry:
    return region.domains.get(entry["authority"], entry)


def key_record(entry: Entry, key: dict[str, Any]) -> Record:
    name = f"{key['selector']}._domainkey.{entry['dkim_host']}"
    return named_record(entry, "TXT", name, key["value"], is_active=key["is_active"])


def sender_security(region: Region, entry: Entry) -> list[Record]:
    """Nothing tells when these rows count as active; like other DKIM keys, not from the start."""
    return [_sender_row(region, entry, number) for number in (1, 2)]


def _sender_row(region: Region, entry: Entry, number: int) -> Record:
    target = SENDER_HOST[region.name].format(n=number)
    name = f"pdk{number}._domainkey.{entry['dkim_host']}"
    value = f"pdk{number}._domainkey.{entry['sender_id']}.{target}"
    is_seen = _identity("CNAME", name, value) in entry["seen"]
    return named_record(entry, "CNAME", name, value, is_active=is_seen)


def named_record(
    entry: Entry, kind: str, name: str, value: str, *, is_active: bool = True
) -> Record:
    is_seen = _identity(kind, name, value) in entry["seen"]
    return {
        "is_active": is_active,
        "cached": [value] if is_seen else [],
        "name": name,
        "record_type": kind,
        "valid": "valid" if is_seen else "unknown",
        "value": value,
    }


def _identity(kind: str, name: str, value: str) -> str:
    """Tell records apart: one that changes name or value has not been seen any more."""
    return f"{kind} {name} {value}"


def look_up(region: Region, entry: Entry) -> None:
    """Remember which records the sandbox's DNS has, as a verification does (§4.9)."""
    entry["seen"] = [
        _identity(record["record_type"], host, record["value"])
        for host, record in _hosts(region, entry)
        if _is_published(region, entry, host)
    ]


def _hosts(region: Region, entry: Entry) -> Iterator[tuple[str, Record]]:
    for record in [*receiving(region, entry), *sending(region, entry)]:
        yield record.get("name", entry["domain"]["name"]), record


def _is_published(region: Region, entry: Entry, host: str) -> bool:
    """Count a sandbox domain as published: it lies in Mailgun's own zone."""
    return entry["domain"]["type"] == "sandbox" or region.world.is_published(host)


def can_send(region: Region, entry: Entry) -> bool:
    """SPF and DKIM decide: one seen key, or both CNAMEs of automatic sender security (§4.3)."""
    rows = [row["valid"] == "valid" for row in dkim(region, entry)]
    enough = all if entry["domain"]["use_automatic_sender_security"] else any
    return spf(region, entry)["valid"] == "valid" and enough(rows)
