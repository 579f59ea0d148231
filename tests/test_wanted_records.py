"""Which of the records that a service tells are looked for in DNS, and how sternly."""

from unittest.mock import Mock

import pytest

from reconciler.engine.overview import Overview
from reconciler.library.diagnosing import wanted_of
from reconciler.library.domains import Domain
from reconciler.model import IN_USE, TO_PUBLISH, UNUSED, VERIFIED, Address, DnsRecord, Resource
from reconciler.providers.mailgun.records import OPTIONAL
from reconciler.providers.postmark.domains import Domains

ADDRESS = Address(("p", "domains", "example.com"))


def domain(*records: DnsRecord) -> Domain:
    live = Resource(address=ADDRESS, kind=Domains(), records=records)
    overview = Overview(
        account=Mock(), live={ADDRESS: live}, desired={}, managed=frozenset(), unread=()
    )
    return Domain(ADDRESS, overview)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (TO_PUBLISH, (False, False)),
        (VERIFIED, (True, False)),
        ("verified once", (True, False)),
        (IN_USE, (None, False)),
        (OPTIONAL, (None, True)),
    ],
)
def test_a_record_is_looked_for_as_its_state_says(
    state: str, expected: tuple[bool | None, bool]
) -> None:
    record = DnsRecord("old DKIM", "TXT", "a._domainkey.example.com", "k=rsa; p=MII", state)
    (wanted,) = wanted_of(domain(record))
    assert (wanted.is_verified, wanted.is_optional) == expected


def test_what_may_go_is_not_looked_for() -> None:
    record = DnsRecord("old DKIM", "TXT", "a._domainkey.example.com", "k=rsa; p=MII", UNUSED)
    assert list(wanted_of(domain(record))) == []
