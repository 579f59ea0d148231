"""Whether domains take mail, asked of a real name server."""

import threading

import pytest
from name_server import serving

from reconciler.lists import mail_hosts
from reconciler.lists.mail_hosts import mail_asked_of, without_mail

TABLE = {
    "mx.example.com.": {"MX": ["10 mail.example.com."]},
    "null.example.com.": {"MX": ["0 ."], "A": ["192.0.2.1"]},
    "a.example.com.": {"A": ["192.0.2.1"]},
    "aaaa.example.com.": {"AAAA": ["2001:db8::1"]},
    "empty.example.com.": {},
    "xn--bcher-kva.example.com.": {"MX": ["10 mail.example.com."]},
}


@pytest.mark.parametrize(
    ("domain", "verdict"),
    [
        ("mx.example.com", True),
        ("a.example.com", True),
        ("aaaa.example.com", True),
        ("xn--bcher-kva.example.com", True),
        ("null.example.com", False),
        ("empty.example.com", False),
        ("none.example.com", False),
        ("broken.example.com", None),
        ("silent.example.com", None),
        ("garbage.example.com", None),
        ("a" * 64 + ".com", None),
    ],
)
def test_only_an_answer_says_that_a_domain_takes_no_mail(
    monkeypatch: pytest.MonkeyPatch,
    domain: str,
    verdict: bool | None,  # noqa: FBT001
) -> None:
    monkeypatch.setattr(mail_hosts, "SECONDS", 0.3)
    with serving(TABLE) as server:
        has_mail = mail_asked_of(["127.0.0.1"], server.port)
        assert has_mail is not None
        assert has_mail(domain) is verdict


def test_a_domain_with_mail_servers_is_asked_once() -> None:
    with serving(TABLE) as server:
        has_mail = mail_asked_of(["127.0.0.1"], server.port)
        assert has_mail is not None
        assert list(without_mail(["mx.example.com"], has_mail)) == [("mx.example.com", False)]
    assert server.asked == {("mx.example.com.", "MX"): 1}


def test_many_domains_are_asked_side_by_side_and_told_in_order() -> None:
    others_are_asked = threading.Event()

    def has_mail(domain: str) -> bool | None:
        if domain == "0":
            return others_are_asked.wait(30)
        others_are_asked.set()
        return int(domain) % 2 == 0

    names = [str(number) for number in range(800)]
    found = list(without_mail(names, has_mail))
    assert found == [(name, int(name) % 2 == 1) for name in names]


def test_who_stops_listening_waits_for_nobody() -> None:
    never = threading.Event()
    asked = without_mail(
        (str(number) for number in range(1_000)), lambda name: name != "0" and never.wait(60)
    )
    assert next(asked) == ("0", True)
    asked.close()
    never.set()
