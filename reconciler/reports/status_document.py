"""How providers stand, as data: what `status` prints and the page is made of."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from reconciler.engine.examining import Checked
from reconciler.engine.overview import DOMAINS, Look, Overview
from reconciler.engine.plandocument import record_fields
from reconciler.fields import UNKNOWN
from reconciler.model import Address, Health, Resource, is_sealed
from reconciler.state import LastTest

Tested = Callable[[str], LastTest | None]
_TOKEN_STATES = {Health.GOOD: "accepted", Health.FAILED: "refused", Health.UNKNOWN: "unknown"}
_SENDER_STATES = {Health.GOOD: "verified", Health.FAILED: "unverified", Health.UNKNOWN: "unknown"}
_SECRET = "(secret)"  # noqa: S105 - what is shown in its place


def status_as_document(
    looks: Iterable[Look], at: datetime, tested: Tested, commit: str | None = None
) -> dict[str, Any]:
    """Return what was found at a time (UTC), with when each provider was tested.

    `commit` is that of the configuration, where it is known.
    """
    return {
        "format_version": "1",
        "command": "status",
        "at": _as_text(at),
        "commit": commit,
        "providers": [_provider(each, tested(each.account.name)) for each in looks],
    }


def _as_text(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _provider(look: Look, tested: LastTest | None) -> dict[str, Any]:
    account, overview = look.account, look.overview
    return {
        "name": account.name,
        "service": account.service.name,
        "connection": _connection(look.checks, tested),
        "tokens": [_token(look, key) for key in account.tokens],
        "sender": _sender(look),
        "region": account.service.region(account),
        "default_domain": account.service.default_domain(account),
        "tracking": list(_tracking(look)),
        "streams": list(_streams(overview)) if overview else [],
        "domains": [domain_as_document(overview, each) for each in overview.of_kind(DOMAINS)]
        if overview
        else [],
        "webhooks": list(_webhooks(overview)) if overview else [],
        "advanced": [{"name": key, "value": value} for key, value in look.advanced.items()],
        "error": _error(overview),
    }


def _connection(checks: Sequence[Checked], tested: LastTest | None) -> dict[str, Any]:
    tokens = [each for each in checks if each.key]
    failed = next((each for each in tokens if each.has_failed), None)
    said = failed or next(iter(tokens), None)
    return {
        "state": "unknown" if said is None else "failed" if failed else "connected",
        "fact": said.observation.fact if said else "",
        "milliseconds": _milliseconds(said),
        "tested": {"at": _as_text(tested.at), "by": tested.by, "passed": tested.passed}
        if tested
        else None,
    }


def _milliseconds(checked: Checked | None) -> int | None:
    return None if checked is None or checked.seconds is None else round(checked.seconds * 1000)


def _token(look: Look, key: str) -> dict[str, Any]:
    kind = look.account.service.token_kinds[key]
    seen = next((each for each in look.checks if each.key == key), None)
    return {
        "key": key,
        "kind": kind.name,
        "reference": str(look.account.tokens[key]),
        "state": _TOKEN_STATES[seen.observation.health] if seen else "unknown",
        "fact": seen.observation.fact if seen else "",
        "where": kind.where,
        "link": kind.link,
    }


def _sender(look: Look) -> dict[str, Any] | None:
    address = look.account.node.text("sender")
    if not address:
        return None
    seen = next((each for each in look.checks if each.sender), None)
    return {
        "address": address,
        "state": _SENDER_STATES[seen.observation.health] if seen else "unknown",
        "fact": seen.observation.fact if seen else "",
    }


def _tracking(look: Look) -> Iterator[dict[str, Any]]:
    """Yield each flag as it is declared and as it is live, null where that is not known."""
    flags = look.account.service.tracking_flags(look.account)
    for name, (address, field) in flags.items():
        found = look.overview
        yield {
            "field": name,
            "declared": _value(found.desired.get(address) if found else None, field),
            "live": _value(found.live.get(address) if found else None, field),
            "address": str(address),
            "path": field,
        }


def _value(resource: Resource | None, field: str) -> Any:
    value = resource.attributes.get(field) if resource else None
    return None if value is UNKNOWN else value


def _managed(overview: Overview, address: Address) -> str:
    return "declared" if overview.is_declared(address) else "unmanaged"


def _streams(overview: Overview) -> Iterator[dict[str, Any]]:
    for address in overview.of_kind("streams"):
        live = overview.live.get(address)
        known = live or overview.desired[address]
        is_gone = live is not None and live.kind.is_gone(live)
        yield {
            "name": address.name,
            "type": str(known.attributes.get("type", "")),
            "managed": _stream_managed(overview, address, live),
            "state": "missing" if live is None else "archived" if is_gone else "live",
        }


def _stream_managed(overview: Overview, address: Address, live: Resource | None) -> str:
    if live is not None and live.kind.is_built_in(live) and not overview.is_declared(address):
        return "built-in"
    return _managed(overview, address)


def domain_as_document(overview: Overview, address: Address) -> dict[str, Any]:
    """Return how a domain stands, with the records that its service asks for."""
    live = overview.live.get(address)
    records = live.records if live else ()
    return {
        "name": address.name,
        "managed": _managed(overview, address),
        "state": str(overview.domain_state(address)),
        "checks": overview.account.service.domain_checks.of(records),
        "records": [record_fields(each) for each in records],
        "notes": list(live.notes) if live else [],
    }


def _webhooks(overview: Overview) -> Iterator[dict[str, Any]]:
    """Yield each webhook; of a service that has them below domains, those of the default one."""
    default = overview.account.service.default_domain(overview.account)
    below = overview.account.address / DOMAINS / default / "webhooks" if default else None
    addresses = [*overview.of_kind("webhooks"), *overview.of_kind("account_webhooks")]
    if below is not None and below in {*overview.live, *overview.desired}:
        addresses.append(below)
    for address in addresses:
        live = overview.live.get(address)
        known = live or overview.desired[address]
        yield {
            "name": "/".join(address.parts[2:]) or address.name,
            "managed": _managed(overview, address),
            "state": "missing" if live is None else "live",
            "fields": {name: _shown(value) for name, value in sorted(known.attributes.items())},
        }


def _shown(value: Any) -> Any:
    """Return a value as it may be shown, whatever of it is secret left out."""
    if is_sealed(value):
        return _SECRET
    if isinstance(value, Mapping):
        return {str(key): _shown(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(each) for each in value]
    return value if isinstance(value, bool | int | float | str) or value is None else str(value)


def _error(overview: Overview | None) -> str | None:
    if overview is None:
        return "not looked at: a token is missing"
    told = [f"{each.address}: {each.error}" for each in overview.unread]
    return "\n".join(told) or None
