"""Who holds a zone is found, and asked: two of them, as they may differ."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest
from liar import lying, response_to, silence
from nameserver import NameServer, serving, zone_text
from wanting import SELECTOR, dkim, in_strings, key, return_path

from reconciler.dns import Finding, Network, Wanted, diagnose
from reconciler.dns.judging import Judge
from reconciler.dns.view import View

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = key(0)
ZONES = {
    "same.test": f"{SELECTOR}._domainkey TXT {in_strings(KEY)}",
    "split.test": "mail NS ns.mail.split.test.\nns.mail A 127.0.0.1",
    "mail.split.test": "",
    "stuck.test": f"{SELECTOR}._domainkey TXT {in_strings(KEY)}",
    "lame.test": f"{SELECTOR}._domainkey TXT {in_strings(KEY)}",
}
BEHIND = {**ZONES, "stuck.test": ""}
"""What the second name server has: it does not hold `lame.test`, and has an old `stuck.test`."""
del BEHIND["lame.test"]


@dataclass(frozen=True)
class World:
    """Two name servers at one port, and a resolver that knows their addresses."""

    first: NameServer
    second: NameServer
    resolver: NameServer

    def find(self, wanted: Wanted, resolver: str | None = None) -> Finding:
        """Diagnose one record as it is done on the internet, where name servers have port 53."""
        network = Network(resolver or self.resolver.place, timeout=0.5, lifetime=1.0)
        return Judge(View(network, port=self.first.port), NOW).find(wanted, [wanted])


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    texts = {zone: zone_text(zone, text) for zone, text in ZONES.items()}
    behind = {zone: zone_text(zone, text) for zone, text in BEHIND.items()}
    with (
        serving(texts) as first,
        serving(behind, hosts=("127.0.0.2",), port=first.port) as second,
        serving({**texts, "nowhere.test": NOWHERE}) as resolver,
    ):
        yield World(first, second, resolver)


NOWHERE = """\
$ORIGIN nowhere.test.
$TTL 60
@ SOA ns1 hostmaster 1 2 3 4 5
@ NS ns.else.example.
"""


def test_a_record_that_both_have_is_there(world: World) -> None:
    found = world.find(dkim("same.test", KEY))
    assert (found.verdict, found.authority, found.resolver) == ("ok", (KEY,), (KEY,))


def test_a_missing_record_names_zone_and_name_servers(world: World) -> None:
    found = world.find(return_path("same.test"))
    assert found.verdict == "missing"
    assert "the zone same.test at ns1.same.test, ns2.same.test" in found.advice


def test_name_servers_that_differ_are_told(world: World) -> None:
    found = world.find(dkim("stuck.test", KEY))
    assert found.verdict == "not-propagated"
    assert "ns1.stuck.test has it, and ns2.stuck.test, of the same zone, not yet" in found.fact
    assert found.authority == (KEY,)


def test_a_name_server_that_does_not_hold_the_zone_is_passed_over(world: World) -> None:
    assert world.find(dkim("lame.test", KEY)).verdict == "ok"


def test_a_record_below_a_cut_belongs_to_the_zone_there(world: World) -> None:
    wanted = dkim("split.test", KEY)
    below = Wanted("split.test", "tracking", "CNAME", "email.mail.split.test", "mailgun.org")
    assert world.find(wanted).verdict == "missing"
    found = world.find(below)
    assert found.verdict == "missing"
    assert "to the zone mail.split.test at ns1.mail.split.test" in found.advice
    assert "it is delegated there" in found.advice


def test_name_servers_without_address_leave_it_unknown(world: World) -> None:
    found = world.find(return_path("nowhere.test"))
    assert (found.verdict, found.authority) == ("unknown", None)
    assert "no address of ns.else.example" in found.fact


def test_a_zone_that_the_resolver_does_not_know_is_unknown(world: World) -> None:
    found = world.find(return_path("elsewhere.test"))
    assert (found.verdict, found.resolver) == ("unknown", None)
    assert "REFUSED" in found.fact


def test_an_answer_without_authority_is_none_of_the_zone(world: World) -> None:
    """A box on the way that answers every question itself is not the zone's name server."""

    def resolver(wire: bytes) -> list[bytes]:
        response = _asked(world.resolver, wire)
        response.flags &= ~dns.flags.AA
        return [response.to_wire()]

    with lying(resolver) as box:
        network = Network(world.resolver.place, timeout=0.5, lifetime=1.0)
        judge = Judge(View(network, port=box.port), NOW)
        wanted = dkim("same.test", KEY)
        found = judge.find(wanted, [wanted])
        (given,) = diagnose([wanted], Network(world.resolver.place, box.place))
    assert (found.verdict, found.authority) == ("unknown", None)
    assert "without authority" in found.fact
    assert given.verdict == "ok"
    assert "told so without authority (no AA flag)" in given.fact


def test_a_zone_with_broken_dnssec_is_found_and_told(world: World) -> None:
    """A resolver that checks signatures fails unless it is asked not to."""

    def resolver(wire: bytes) -> list[bytes]:
        if dns.message.from_wire(wire).flags & dns.flags.CD:
            return [_asked(world.resolver, wire).to_wire()]
        response = response_to(wire)
        response.set_rcode(dns.rcode.SERVFAIL)
        return [response.to_wire()]

    with lying(resolver) as checking:
        found = world.find(dkim("same.test", KEY), checking.place)
    assert (found.verdict, found.authority, found.resolver) == ("unknown", (KEY,), None)
    assert "DNSSEC may be broken" in found.fact


def test_where_nobody_who_holds_the_zone_answers_it_is_unknown(world: World) -> None:
    """As on a machine that may reach its resolver only."""
    with lying(silence) as blocked:
        network = Network(world.resolver.place, timeout=0.1, lifetime=0.2)
        wanted = dkim("same.test", KEY)
        found = Judge(View(network, port=blocked.port), NOW).find(wanted, [wanted])
    assert (found.verdict, found.authority, found.resolver) == ("unknown", None, (KEY,))
    assert "the resolver has the record" in found.fact
    assert "port 53" in found.advice


def test_an_authority_that_is_no_host_leaves_it_unknown(world: World) -> None:
    network = Network(world.resolver.place, "nowhere.invalid")
    (found,) = diagnose([dkim("same.test", KEY)], network)
    assert found.verdict == "unknown"
    assert "nowhere.invalid is no host" in found.fact


def test_a_record_without_host_or_value_is_unknown(world: World) -> None:
    for wanted in (return_path("same.test"), dkim("same.test", "")):
        broken = Wanted(wanted.domain, wanted.purpose, wanted.type, "", wanted.value)
        assert world.find(broken).verdict == "unknown"
    for host in ("a..b", f"{'x' * 64}.same.test", "\udcff.test"):
        assert world.find(Wanted("same.test", "DKIM", "TXT", host, KEY)).verdict == "unknown"


def _asked(server: NameServer, wire: bytes) -> dns.message.Message:
    return dns.query.udp(dns.message.from_wire(wire), server.host, 5, server.port)
