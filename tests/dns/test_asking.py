"""A name server that lies, cuts short or is mute was not asked, and so nothing is missing there."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from liar import Liar, Reply, lying, response_to, silence
from nameserver import NEGATIVE_TTL, NameServer, serving, zone_text
from wanting import dkim, key, spf

from reconciler.dns import Network, diagnose
from reconciler.dns.answers import Answer, Outcome, canonical
from reconciler.dns.asking import Asker, Patience
from reconciler.dns.once import Once
from reconciler.dns.servers import Server

QUICK = Patience(0.1, 0.25)
NAME = "host.liar.test"


def ask(place: Liar | NameServer, name: str = NAME, kind: str = "TXT") -> Answer:
    return Asker(QUICK).ask([Server("127.0.0.1", place.port)], name, kind)


def answering(value: str, name: str = NAME) -> Reply:
    """Answer each question with one TXT record of a name."""

    def reply(wire: bytes) -> list[bytes]:
        response = response_to(wire)
        response.flags |= dns.flags.AA
        response.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "TXT", f'"{value}"'))
        return [response.to_wire()]

    return reply


def failing(code: dns.rcode.Rcode) -> Reply:
    def reply(wire: bytes) -> list[bytes]:
        response = response_to(wire)
        response.set_rcode(code)
        return [response.to_wire()]

    return reply


def another_id(wire: bytes) -> list[bytes]:
    (told,) = answering("forged")(wire)
    return [bytes([told[0] ^ 1]) + told[1:]]


def another_question(wire: bytes) -> list[bytes]:
    response = response_to(wire)
    response.question = dns.message.make_query("else.liar.test", "TXT").question
    return [response.to_wire()]


def denying_what_it_tells(wire: bytes) -> list[bytes]:
    (told,) = answering("forged")(wire)
    response = dns.message.from_wire(told)
    response.set_rcode(dns.rcode.NXDOMAIN)
    return [response.to_wire()]


def cut_short(wire: bytes) -> list[bytes]:
    response = response_to(wire)
    response.flags |= dns.flags.TC
    return [response.to_wire()]


def in_circles(wire: bytes) -> list[bytes]:
    response = response_to(wire)
    for one, other in (("host", "else"), ("else", "host")):
        names = f"{one}.liar.test.", f"{other}.liar.test."
        response.answer.append(dns.rrset.from_text(names[0], 60, "IN", "CNAME", names[1]))
    return [response.to_wire()]


def echo(wire: bytes) -> list[bytes]:
    return [wire]


def garbage(wire: bytes) -> list[bytes]:
    return [wire[:2] + b"\x84\x00" + b"\xff" * 300, b"", b"\x00" * 12, wire[:7]]


LIES: dict[str, tuple[Reply, Reply]] = {
    "mute": (silence, silence),
    "another id": (another_id, silence),
    "another question": (another_question, silence),
    "echo": (echo, silence),
    "garbage": (garbage, silence),
    "contradiction": (denying_what_it_tells, silence),
    "circles": (in_circles, silence),
    "mute over TCP": (cut_short, silence),
    "cut short over TCP": (cut_short, lambda wire: [cut_short(wire)[0][:20]]),
    "garbage over TCP": (cut_short, garbage),
    "another id over TCP": (cut_short, another_id),
    "SERVFAIL": (failing(dns.rcode.SERVFAIL), silence),
    "REFUSED": (failing(dns.rcode.REFUSED), silence),
    "FORMERR": (failing(dns.rcode.FORMERR), silence),
    "NOTAUTH": (failing(dns.rcode.NOTAUTH), silence),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_no_answer(lie: str) -> None:
    with lying(*LIES[lie]) as liar:
        answer = ask(liar)
    assert (answer.outcome, answer.values) == (Outcome.NOT_ASKED, ())
    assert f"127.0.0.1:{liar.port}" in answer.reason


@pytest.mark.parametrize("lie", LIES)
def test_a_liar_leaves_everything_unknown(lie: str) -> None:
    with lying(*LIES[lie]) as liar:
        network = Network(liar.place, liar.place, timeout=0.1, lifetime=0.25)
        (found,) = diagnose([spf(NAME)], network)
    assert (found.verdict, found.authority, found.resolver) == ("unknown", None, None)


def test_a_true_answer_behind_forged_ones_is_waited_for() -> None:
    with lying(lambda wire: [*another_id(wire), *garbage(wire), *answering("true")(wire)]) as liar:
        assert ask(liar).values == ("true",)


def test_records_of_other_names_are_not_those_of_the_name() -> None:
    with lying(answering("forged", "else.liar.test")) as liar:
        assert ask(liar).values == ()


def test_what_is_cut_short_is_asked_for_over_tcp() -> None:
    with lying(cut_short, answering("long")) as liar:
        assert ask(liar).values == ("long",)


def test_a_server_from_before_edns_is_asked_without_it() -> None:
    def old(wire: bytes) -> list[bytes]:
        knows = dns.message.from_wire(wire).edns < 0
        return answering("old")(wire) if knows else failing(dns.rcode.FORMERR)(wire)

    with lying(old) as liar:
        assert ask(liar).values == ("old",)


def test_a_server_that_never_answers_is_left_alone_soon() -> None:
    with lying(silence) as liar:
        asker, server = Asker(Patience(0.05, 0.1)), Server("127.0.0.1", liar.port)
        begun = time.monotonic()
        reasons = [asker.ask([server], f"n{n}.liar.test", "TXT").reason for n in range(200)]
    assert time.monotonic() - begun < 10
    assert len(liar.asked) < 15
    assert "answered none of 3 questions" in reasons[-1]


def test_silence_is_waited_for_no_longer_than_told() -> None:
    with lying(silence) as liar:
        network = Network(liar.place, liar.place, timeout=0.1, lifetime=0.3)
        begun = time.monotonic()
        found = diagnose([spf(f"d{n}.test") for n in range(300)], network)
    assert {each.verdict for each in found} == {"unknown"}
    assert time.monotonic() - begun < 20


def test_another_server_answers_in_place_of_a_mute_one() -> None:
    with lying(silence) as mute, lying(answering("here")) as liar:
        servers = [Server("127.0.0.1", mute.port), Server("127.0.0.1", liar.port)]
        assert Asker(QUICK).ask(servers, NAME, "TXT").values == ("here",)


def test_a_name_that_is_none_was_not_asked_for(server: NameServer) -> None:
    for name in ("a..b", f"{'x' * 64}.test", "x." * 200, "\udcff.test"):
        assert ask(server, name).outcome is Outcome.NOT_ASKED
    assert ask(server, NAME, "NONSENSE").outcome is Outcome.NOT_ASKED


def test_each_question_is_asked_once_from_any_thread() -> None:
    with lying(answering("once")) as liar, ThreadPoolExecutor(16) as threads:
        asker, servers = Asker(Patience(5, 5)), [Server("127.0.0.1", liar.port)]
        names = [NAME, NAME.upper(), f"{NAME}."] * 30
        answers = list(threads.map(lambda name: asker.ask(servers, name, "txt"), names))
    assert {each.values for each in answers} == {("once",)}
    assert len(liar.asked) == 1


def test_what_fails_to_be_found_fails_for_everybody() -> None:
    once: Once[str, int] = Once()
    calls: list[int] = []
    ready = threading.Barrier(4)

    def fail() -> int:
        calls.append(1)
        raise LookupError("broken")

    def want(_: int) -> str:
        ready.wait()
        with pytest.raises(LookupError, match="broken"):
            once.get("key", fail)
        return "failed"

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(want, range(4))) == ["failed"] * 4
    assert len(calls) == 1


@pytest.fixture(scope="module")
def server() -> Iterator[NameServer]:
    records = r"""
        two TXT "one " "text; \"quoted\"" "\\\195\188\255"
        empty.below A 192.0.2.1
        chain CNAME two
        lost CNAME nowhere
        mx MX 5 Mail.Example.ORG.
        deep NS ns.else.example.
    """
    with serving({"asked.test": zone_text("asked.test", records)}) as running:
        yield running


def test_strings_of_a_text_are_one(server: NameServer) -> None:
    answer = ask(server, "two.asked.test")
    assert answer.values == ('one text; "quoted"\\\u00fc\\xff',)
    assert (answer.ttl, answer.is_authoritative) == (3600, True)


def test_a_name_without_the_type_is_no_data(server: NameServer) -> None:
    answer = ask(server, "below.asked.test")
    assert (answer.outcome, answer.ttl, answer.apex) == (
        Outcome.NO_DATA,
        NEGATIVE_TTL,
        "asked.test",
    )


def test_no_such_name_is_told_so(server: NameServer) -> None:
    answer = ask(server, "none.asked.test")
    assert (answer.outcome, answer.is_name_there) == (Outcome.NO_NAME, False)


def test_the_way_by_cnames_is_told(server: NameServer) -> None:
    answer = ask(server, "chain.asked.test")
    assert (answer.chain, answer.outcome) == (("two.asked.test",), Outcome.FOUND)
    lost = ask(server, "lost.asked.test")
    assert (lost.outcome, lost.chain) == (Outcome.NO_NAME, ("nowhere.asked.test",))
    assert lost.is_name_there
    assert ask(server, "chain.asked.test", "CNAME").values == ("two.asked.test",)


def test_mail_servers_have_their_preference(server: NameServer) -> None:
    assert ask(server, "mx.asked.test", "MX").values == ("5 mail.example.org",)


def test_a_referral_names_who_holds_the_zone(server: NameServer) -> None:
    answer = ask(server, "a.deep.asked.test")
    assert (answer.outcome, answer.referred, answer.servers) == (
        Outcome.NOT_ASKED,
        "deep.asked.test",
        ("ns.else.example",),
    )


def test_nobody_at_the_port_is_no_answer() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        answer = Asker(QUICK).ask([Server("127.0.0.1", free.getsockname()[1])], NAME, "TXT")
    assert answer.outcome is Outcome.NOT_ASKED


def test_names_are_compared_in_one_writing() -> None:
    assert canonical(" Host.Example.ORG. ") == "host.example.org"
    assert canonical("b\u00fccher.example") == "xn--bcher-kva.example"
    assert canonical(".") == ""
    assert canonical("a..B.") == "a..b"


def test_a_resolver_that_fails_while_the_zone_answers_points_to_dnssec() -> None:
    text = key(0)
    zone = zone_text("d.test", f'20260101010101pm._domainkey TXT "{text[:255]}" "{text[255:]}"')
    with serving({"d.test": zone}) as server, lying(failing(dns.rcode.SERVFAIL)) as resolver:
        (found,) = diagnose([dkim("d.test", text)], Network(resolver.place, server.place))
    assert found.verdict == "unknown"
    assert "DNSSEC may be broken" in found.fact
    assert found.authority == (text,)


def test_a_mute_resolver_makes_nothing_of_what_the_zone_says() -> None:
    text = key(0)
    zone = zone_text("d.test", f'20260101010101pm._domainkey TXT "{text[:255]}" "{text[255:]}"')
    with serving({"d.test": zone}) as server, lying(silence) as resolver:
        network = Network(resolver.place, server.place, timeout=0.2, lifetime=0.3)
        (found, missing) = diagnose([dkim("d.test", text), spf("d.test")], network)
    assert (found.verdict, found.resolver) == ("ok", None)
    assert "the resolver could not be asked" in found.fact
    assert (missing.verdict, missing.authority, missing.resolver) == ("missing", (), None)
