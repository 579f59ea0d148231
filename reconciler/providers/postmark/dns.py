"""What Postmark says of a domain's DNS: the records that it asks for, and what is wrong with them.

All of it stands in the full object only: a list tells no record, and since `DKIMVerified` never
falls back, not even whether one is to be published (postmark.md §2.2, §2.5).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.model import IN_USE, TO_PUBLISH, UNUSED, VERIFIED, VERIFIED_ONCE, DnsRecord

DKIM, RETURN_PATH, TRACKING = "DKIM", "Return-Path", "tracking"
_FORMER = "old DKIM"
_CNAMES = {
    RETURN_PATH: ("ReturnPathDomain", "ReturnPathDomainVerified"),
    TRACKING: ("CustomTrackingDomain", "CustomTrackingVerified"),
}


def records(answer: Mapping[str, Any]) -> Iterator[DnsRecord]:
    """Yield the records that a full object asks for, each with its state."""
    # During a rotation both keys must stay published; the active one was verified once.
    yield from _key(DKIM, answer, "DKIMPending", TO_PUBLISH)
    yield from _key(DKIM, answer, "DKIM", VERIFIED_ONCE)
    is_safe = answer.get("SafeToRemoveRevokedKeyFromDNS") is True
    yield from _key(_FORMER, answer, "DKIMRevoked", UNUSED if is_safe else IN_USE)
    for purpose, (key, verified) in _CNAMES.items():
        if host := answer.get(key):
            state = VERIFIED if answer.get(verified) is True else TO_PUBLISH
            target = str(answer.get(f"{key}CNAMEValue") or "")
            yield DnsRecord(purpose, "CNAME", str(host), target, state)


def _key(purpose: str, answer: Mapping[str, Any], key: str, state: str) -> Iterator[DnsRecord]:
    if host := answer.get(f"{key}Host"):
        text = str(answer.get(f"{key}TextValue") or "")
        yield DnsRecord(purpose, "TXT", str(host), text, state)


def notes(answer: Mapping[str, Any]) -> Iterator[str]:
    """Yield what people should know, each with the record that it is about."""
    found = list(records(answer))
    yield from _signing(answer, [each for each in found if each.purpose == DKIM])
    for record in found:
        if record.purpose in _CNAMES and record.state == TO_PUBLISH:
            yield f"the {record.purpose} domain is not verified yet; publish {_line(record)}"
        if record.purpose == _FORMER:
            fate = (
                "is no longer used, and can be removed from DNS"
                if record.is_unused
                else "is revoked and still in use: leave it in DNS"
            )
            yield f"the former DKIM key {fate}: {_line(record)}"
    if answer.get("WeakDKIM") is True:
        yield "the DKIM key is shorter than 1024 bits; `run rotate-dkim` makes a longer one"


def _signing(answer: Mapping[str, Any], keys: list[DnsRecord]) -> Iterator[str]:
    pending = [each for each in keys if each.state == TO_PUBLISH]
    active = [each for each in keys if each.state != TO_PUBLISH]
    to_publish = "".join(f"; publish {_line(each)}" for each in pending)
    if str(answer.get("DKIMUpdateStatus")).lower() == "failed":
        yield f"the DKIM key could not be verified{to_publish}, and then `run verify`"
    elif answer.get("DKIMVerified") is False:
        yield f"DKIM is not verified yet{to_publish}"
    elif pending:
        kept = "".join(f", and leave {each.host} in DNS until then" for each in active)
        yield f"a DKIM rotation is pending{to_publish}{kept}"


def _line(record: DnsRecord) -> str:
    return f"{record.host} {record.type} {record.value}".rstrip()
