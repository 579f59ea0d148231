"""A real name server with every fault, and a resolver: each verdict is the right one."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dkim as dkimpy  # type: ignore[import-untyped]
import pytest
from faults import FAULTS, KEY, Fault
from nameserver import serving, zone_text
from wanting import of_mailgun

from reconciler.dns import Finding, Network, diagnose

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MAILGUN = zone_text("mailgun.org", '@ TXT "v=spf1 ip4:192.0.2.0/24 ~all"')


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    held = {each.zone: zone_text(each.zone, each.records) for each in FAULTS}
    seen = {
        each.zone: zone_text(each.zone, each.records if each.resolver is None else each.resolver)
        for each in FAULTS
    }
    with serving(held) as authority, serving({**seen, "mailgun.org": MAILGUN}) as resolver:
        yield Network(resolver.place, authority.place)


@pytest.fixture(scope="module")
def findings(network: Network) -> dict[str, list[Finding]]:
    """Diagnose all zones at once, as a run does."""
    wanted = [each for fault in FAULTS for each in fault.wanted]
    found = iter(diagnose(wanted, network, now=NOW))
    return {fault.name: [next(found) for _ in fault.wanted] for fault in FAULTS}


def test_there_are_enough_faults() -> None:
    assert len({each.name for each in FAULTS}) == len(FAULTS) >= 25


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_has_its_verdict(fault: Fault, findings: dict[str, list[Finding]]) -> None:
    for finding in findings[fault.name]:
        assert finding.verdict == fault.verdict, finding
        assert finding.is_fault is fault.is_fault
        told = f"{finding.fact} {finding.advice}"
        assert [each for each in fault.says if each not in told] == []


def test_a_finding_has_what_each_side_answered(findings: dict[str, list[Finding]]) -> None:
    (missing,) = findings["missing-key"]
    assert (missing.authority, missing.resolver) == ((), ())
    (old,) = findings["old-cname"]
    assert (old.authority, old.resolver) == (("pm.mtasv.net",), ("old.example.org",))
    (delegated,) = findings["delegated"]
    assert (delegated.authority, delegated.resolver) == (None, None)


def test_order_is_that_of_what_is_wanted_at_any_number_of_domains(network: Network) -> None:
    wanted = [
        each for number in range(40) for each in of_mailgun(f"d{number}.missing-key.test", KEY)
    ]
    found = diagnose(wanted, network, now=NOW)
    assert [(each.host, each.type) for each in found] == [(w.host, w.type) for w in wanted]
    assert found == diagnose(list(wanted), network, now=NOW)


KEYS = [
    each for each in FAULTS if each.verdict in {"broken-key", "mismatch"} and "key" in each.name
]


@pytest.mark.parametrize("fault", KEYS, ids=lambda fault: fault.name)
def test_dkimpy_finds_the_same_keys_broken(
    fault: Fault, findings: dict[str, list[Finding]]
) -> None:
    (finding,) = findings[fault.name]
    assert finding.authority is not None
    (text,) = finding.authority
    is_usable = fault.name == "other-key"
    assert finding.verdict == ("mismatch" if is_usable or text == "hello" else "broken-key")
    if is_usable:
        assert dkimpy.evaluate_pk("name", text.encode())[1] == 2048
    else:
        with pytest.raises((dkimpy.KeyFormatError, ValueError)):
            dkimpy.evaluate_pk("name", text.encode())
