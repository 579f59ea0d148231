"""The zone of a name: as it is told, else as it is probably registered."""

import pytest

from reconciler.errors import UsageError
from reconciler.handover import guessed_zone, hand_over, zone_finder
from reconciler.model import DnsRecord

RECORD = DnsRecord("SPF", "TXT", "mg.example.com", "v=spf1 -all", "to publish")


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("example.com", "example.com"),
        ("a.b.mg.example.com", "example.com"),
        ("*.example.com", "example.com"),
        ("mg.example.co.uk", "example.co.uk"),
        ("k._domainkey.mg.example.com.au", "example.com.au"),
        ("example.co.uk", "example.co.uk"),
        ("co.uk", "co.uk"),
        ("mg.co.example", "co.example"),
        ("*.co.uk", "co.uk"),
        ("mg.notco.uk", "notco.uk"),
    ],
)
def test_without_a_known_zone_the_registered_domain_is_guessed(name: str, zone: str) -> None:
    assert guessed_zone(name) == zone
    assert zone_finder()(name) == zone


def test_the_longest_zone_that_is_known_decides() -> None:
    find = zone_finder(["example.com", "Mail.Example.COM.", "other.example"])
    assert find("x.mail.example.com") == "mail.example.com"
    assert find("mail.example.com") == "mail.example.com"
    assert find("x.email.example.com") == "example.com"


def test_a_zone_ends_between_labels() -> None:
    assert zone_finder(["ample.com"])("mg.example.com") == "example.com"


def test_a_zone_that_is_known_overrides_the_guess_downwards_too() -> None:
    assert zone_finder(["uk"])("example.co.uk") == "uk"


@pytest.mark.parametrize("zone", ["", ".", " "])
def test_a_zone_without_a_name_is_refused(zone: str) -> None:
    with pytest.raises(UsageError, match="a zone has a name"):
        zone_finder([zone])


@pytest.mark.parametrize("zone", ["", "example.org", "ample.com", 'x"\n'])
def test_a_zone_that_is_not_around_its_name_is_refused_with_the_way_out(zone: str) -> None:
    with pytest.raises(UsageError, match=r"mg\.example\.com is not in the zone .*--zone$"):
        hand_over([RECORD], "octodns", zone_of=lambda _: zone)
