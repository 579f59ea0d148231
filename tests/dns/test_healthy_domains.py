"""What is right is found right, however it is written: no false alarm."""

from collections.abc import Iterator, Mapping, Sequence

import pytest
from nameserver import serving, zone_text
from wanting import SELECTOR, SPF, in_strings, key, of_mailgun, of_postmark, return_path, spf

from reconciler.dns import Network, Wanted, diagnose

SHORT, LONG = key(2, 1024), key(0)
P = LONG.partition("p=")[2]
POSTMARK = f"""\
{SELECTOR}._domainkey TXT {in_strings(LONG)}
pm-bounces CNAME pm.mtasv.net."""
MAILGUN = f"""\
smtp._domainkey TXT {in_strings(LONG)}
email CNAME mailgun.org.
@ MX 10 mxa.mailgun.org.
@ MX 10 mxb.mailgun.org."""
PIECES = " ".join(f'"{LONG[at : at + 50]}"' for at in range(0, len(LONG), 50))
TEN = " ".join(f"a:ns1.ten.test include:i{n}.ten.test" for n in range(4))
ZONES: Mapping[str, str] = {
    "short.test": f"{SELECTOR}._domainkey TXT {in_strings(SHORT)}\npm-bounces CNAME pm.mtasv.net.",
    "long.test": POSTMARK,
    "mailgun.test": f'{MAILGUN}\n@ TXT "{SPF}"',
    "below.test": f"""\
        @ TXT "v=spf1 -all"
        @ MX 1 aspmx.l.google.com.
        mg TXT "{SPF}"
        smtp._domainkey.mg TXT {in_strings(LONG)}
        email.mg CNAME mailgun.org.
        mg MX 10 mxa.mailgun.org.
        mg MX 10 mxb.mailgun.org.""",
    "case.test": f"""\
        {SELECTOR.upper()}._DomainKey TXT {in_strings(SHORT)}
        PM-Bounces CNAME Pm.MtAsv.NET.""",
    "pieces.test": f"{SELECTOR}._domainkey TXT {PIECES}\npm-bounces CNAME pm.mtasv.net.",
    "spaced.test": f"""\
        {SELECTOR}._domainkey TXT "v=DKIM1; t=s; p={P[:100]} " " {P[100:250]}" "{P[250:]} ; k=rsa;"
        pm-bounces CNAME pm.mtasv.net.""",
    "merged.test": f"""\
        {MAILGUN}
        @ TXT "V=SPF1  ip4:192.0.2.1  Include:MAILGUN.org. include:i.merged.test -ALL"
        i TXT "v=spf1 ip4:192.0.2.2 -all"
        @ TXT "google-site-verification=abc; v=spf2" """,
    "nested.test": f"""\
        {MAILGUN}
        @ TXT "v=spf1 include:_spf.nested.test -all"
        _spf TXT "v=spf1 ip4:192.0.2.1 include:mailgun.org -all" """,
    "redirected.test": f"""\
        {MAILGUN}
        @ TXT "v=spf1 redirect=_spf.redirected.test"
        _spf TXT "v=spf1 include:mailgun.org -all" """,
    "ten.test": f"""\
        {MAILGUN}
        @ TXT "v=spf1 include:mailgun.org mx {TEN} ~all"
        i0 TXT "v=spf1 -all"
        i1 TXT "v=spf1 -all"
        i2 TXT "v=spf1 -all"
        i3 TXT "v=spf1 -all" """,
    "wild.test": f'{POSTMARK}\n* TXT "v=spf1 -all"\n* A 192.0.2.1\n* MX 10 mx.example.org.',
    "chained.test": f"""\
        {SELECTOR}._domainkey CNAME one.chained.test.
        one CNAME two.chained.test.
        two CNAME key.long.test.
        pm-bounces CNAME pm.mtasv.net.""",
    "parent.test": "child NS ns1.child.parent.test.\nns1.child A 127.0.0.1",
    "child.parent.test": POSTMARK,
    "secure.test": f'{MAILGUN}\n@ TXT "{SPF}"\npdk1._domainkey CNAME pdk1.x.dkim1.us.mgsend.org.',
    "rotating.test": f"{POSTMARK}\n20200101010101pm._domainkey TXT {in_strings(SHORT)}",
}
MAILGUN_ITSELF = zone_text("mailgun.org", '@ TXT "v=spf1 ip4:192.0.2.0/24 ~all"')
HELD = {
    **{zone: zone_text(zone, text) for zone, text in ZONES.items()},
    "long.test": zone_text("long.test", f"{POSTMARK}\nkey TXT {in_strings(LONG)}"),
}

WANTED: Mapping[str, Sequence[Wanted]] = {
    "short.test": of_postmark("short.test", SHORT),
    "long.test": of_postmark("long.test", LONG),
    "mailgun.test": of_mailgun("mailgun.test", LONG),
    "below.test": of_mailgun("mg.below.test", LONG),
    "case.test": [
        *of_postmark("Case.TEST.", SHORT.replace("; ", ";")),
        Wanted("case.test", "Return-Path", "cname", "PM-BOUNCES.case.test.", "PM.mtasv.net."),
    ],
    "pieces.test": of_postmark("pieces.test", LONG),
    "spaced.test": of_postmark("spaced.test", f"k=rsa; t=s; p={P}"),
    "merged.test": of_mailgun("merged.test", LONG),
    "nested.test": of_mailgun("nested.test", LONG),
    "redirected.test": of_mailgun("redirected.test", LONG),
    "ten.test": of_mailgun("ten.test", LONG),
    "wild.test": of_postmark("wild.test", LONG),
    "chained.test": of_postmark("chained.test", LONG),
    "child.parent.test": of_postmark("child.parent.test", LONG),
    "secure.test": [
        *of_mailgun("secure.test", LONG),
        Wanted("secure.test", "DKIM", "CNAME", "pdk1._domainkey.secure.test",
               "pdk1.x.dkim1.us.mgsend.org", is_verified=True),
    ],
    "rotating.test": [
        *of_postmark("rotating.test", LONG),
        Wanted("rotating.test", "old DKIM", "TXT", "20200101010101pm._domainkey.rotating.test",
               SHORT),
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    hosts = ("127.0.0.1", "::1")
    with (
        serving(HELD, hosts=hosts) as authority,
        serving({**HELD, "mailgun.org": MAILGUN_ITSELF}) as resolver,
    ):
        yield Network(resolver.place, authority.place)


@pytest.mark.parametrize("name", WANTED)
def test_a_healthy_domain_is_found_so(name: str, network: Network) -> None:
    found = diagnose(WANTED[name], network)
    assert [each for each in found if each.verdict != "ok" or each.is_fault] == []
    assert all(each.authority == each.resolver for each in found)


def test_ipv6_sees_the_same(network: Network) -> None:
    wanted = [each for several in WANTED.values() for each in several]
    port = (network.authority or "").rpartition(":")[2]
    by_ipv6 = Network(network.resolver, f"[::1]:{port}")
    by_name = Network(network.resolver, f"localhost:{port}")
    assert diagnose(wanted, by_ipv6) == diagnose(wanted, network) == diagnose(wanted, by_name)


def test_long_keys_come_whole_over_udp_and_tcp(network: Network) -> None:
    """Ten keys at one name fit into no UDP packet: the server cuts its answer short."""
    crowd = "\n".join(f'@ TXT "{n} {LONG[:200]}"' for n in range(20)) + f'\n@ TXT "{SPF}"'
    with serving({"crowd.test": zone_text("crowd.test", crowd)}) as server:
        (found,) = diagnose([spf("crowd.test")], Network(network.resolver, server.place))
    assert found.verdict == "ok" or found.resolver is None
    assert len(found.authority or ()) == 21


def test_what_mailgun_says_of_itself_need_not_be_seen(network: Network) -> None:
    """Where only our own zones can be asked, its include is nobody's mistake."""
    alone = Network(network.authority, network.authority)
    assert {each.verdict for each in diagnose(WANTED["mailgun.test"], alone)} == {"ok"}


def test_a_domain_without_return_path_wants_no_more(network: Network) -> None:
    (found,) = diagnose([return_path("long.test", is_verified=True)], network)
    assert (found.verdict, found.advice, found.is_fault) == ("ok", "", False)
