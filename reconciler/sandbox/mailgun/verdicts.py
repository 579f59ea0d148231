"""What the sandbox says about an address: recognisable by the address itself, and always the same.

The fields and their values are those of mailgun.md §12.1; which address gets which is ours.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

Verdict = dict[str, Any]

ADDRESS = re.compile(r"[^@\s\"(),:;<>\[\]\\]+@([A-Za-z0-9_-]+\.)+[A-Za-z0-9-]{2,}")
ROLES = {"abuse", "admin", "billing", "info", "postmaster", "sales", "support", "webmaster"}
DISPOSABLE = {"guerrillamail.com", "mailinator.com", "trashmail.com", "yopmail.com"}
MISSPELT = {"gamil.com": "gmail.com", "gmial.com": "gmail.com", "hotmial.com": "hotmail.com"}
RESULTS = ("deliverable", "undeliverable", "do_not_send", "catch_all", "unknown")
RISKS = ("high", "medium", "low", "unknown")

# The first pattern that the address matches decides; `.invalid` never resolves (RFC 2606).
_REMARKABLE = re.compile("invalid|bounce|nobody|missing|catch-?all|unknown|risky", re.IGNORECASE)
"""An address without any of these words matches no pattern: most of a long list do not."""
PATTERNS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    (r".*@(.*\.)?invalid", "undeliverable", "high", ("no_mx",)),
    (r"(bounce|nobody|missing).*@.*", "undeliverable", "high", ("mailbox_does_not_exist",)),
    (r"(catch-?all).*@.*|.*@catch-?all\..*", "catch_all", "medium", ("catch_all",)),
    (r"unknown.*@.*", "unknown", "unknown", ("unknown_provider",)),
    (r"risky.*@.*", "deliverable", "high", ("high_risk_domain",)),
)


def judge(address: str, *, has_lookup: bool = True) -> Verdict:
    local, _, domain = address.lower().rpartition("@")
    is_disposable, is_role = domain in DISPOSABLE, local.partition("+")[0] in ROLES
    result, risk, reason = _outcome(
        address, is_disposable=is_disposable, is_role=is_role, has_lookup=has_lookup
    )
    return {
        "address": address,
        "is_disposable_address": is_disposable,
        "is_role_address": is_role,
        "reason": list(reason),
        "result": result,
        "risk": risk,
        **_hints(address, local, domain),
    }


def _outcome(
    address: str, *, is_disposable: bool, is_role: bool, has_lookup: bool
) -> tuple[str, str, tuple[str, ...]]:
    if not ADDRESS.fullmatch(address):
        return "undeliverable", "high", ("failed custom grammar check",)
    if is_disposable:
        return "do_not_send", "high", ("mailbox_is_disposable_address",)
    if not has_lookup:
        return "unknown", "unknown", ("no_data",)
    for pattern, result, risk, reason in PATTERNS if _REMARKABLE.search(address) else ():
        if re.fullmatch(pattern, address.lower()):
            return result, risk, reason
    return ("deliverable", "medium", ("mailbox_is_role_address",)) if is_role else _FINE


_FINE: tuple[str, str, tuple[str, ...]] = ("deliverable", "low", ())


def _hints(address: str, local: str, domain: str) -> dict[str, str]:
    hints = {}
    if domain in MISSPELT:
        hints["did_you_mean"] = f"{local}@{MISSPELT[domain]}"
    if "+" in local and ADDRESS.fullmatch(address):
        hints["root_address"] = f"{local.partition('+')[0]}@{domain}"
    return hints


def summary(addresses: Iterable[str]) -> dict[str, Mapping[str, int]]:
    """Count the results and risks of a list; buckets are spelled with underscores (§12.2)."""
    verdicts = [judge(address) for address in addresses]
    results = Counter(verdict["result"] for verdict in verdicts)
    risks = Counter(verdict["risk"] for verdict in verdicts)
    return {
        "result": {name: results[name] for name in RESULTS},
        "risk": {name: risks[name] for name in RISKS},
    }
