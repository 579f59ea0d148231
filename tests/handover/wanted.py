"""Records of both services, what is to be read of them in every format, and records by chance."""

import base64
import hashlib
from string import ascii_lowercase, digits

from hypothesis import strategies as st

from reconciler.handover import ZoneRecord
from reconciler.model import DnsRecord

KEY = "k=rsa; p=" + base64.b64encode(
    b"".join(hashlib.sha256(bytes([each])).digest() for each in range(10))[:294]
).decode("ascii")
"""As long as a key of 2,048 bits, which fits in no single string of a TXT."""
SPF = "v=spf1 include:mailgun.org ~all"
MACRO = "v=spf1 exists:%{i}._spf.example.org ${not} a template -all"
DMARC = "v=DMARC1; p=none; rua=mailto:dmarc@example.org,mailto:${b}@example.org"


def asked(kind: str, host: str, value: str, priority: str = "") -> DnsRecord:
    return DnsRecord("any", kind, host, value, "to publish", priority)


RECORDS = [
    asked("TXT", "20260101010101pm._domainkey.Example.com", KEY),
    asked("CNAME", "pm-bounces.example.com", "PM.mtasv.net"),
    asked("CNAME", "track.example.com.", "links.example.net."),
    asked("TXT", "mg.example.com", SPF),
    asked("TXT", "smtp10._domainkey.mg.example.com", KEY.replace("k=rsa; ", "")),
    asked("TXT", "smtp9._domainkey.mg.example.com", KEY),
    asked("CNAME", "email.mg.example.com", "eu.mailgun.org"),
    asked("MX", "mg.example.com", "mxb.mailgun.org", "10"),
    asked("MX", "mg.example.com", "mxa.mailgun.org", "10"),
    asked("TXT", "_dmarc.example.com", DMARC),
    asked("TXT", "spf.example.com", MACRO),
    asked("MX", "*.example.com", "mxa.mailgun.org", "5"),
    asked("TXT", "example.com", 'Says "so" and; more'),
    asked("TXT", "example.com", SPF),
    asked("A", "a.example.com", "192.0.2.1"),
    asked("TXT", "example.co.uk", "v=spf1 include:mailgun.org -all"),
]
NEUTRAL = {
    ZoneRecord("20260101010101pm._domainkey.example.com", "TXT", KEY),
    ZoneRecord("pm-bounces.example.com", "CNAME", "pm.mtasv.net"),
    ZoneRecord("track.example.com", "CNAME", "links.example.net"),
    ZoneRecord("mg.example.com", "TXT", "v=spf1 include:mailgun.org ~all"),
    ZoneRecord("smtp10._domainkey.mg.example.com", "TXT", KEY[7:]),
    ZoneRecord("smtp9._domainkey.mg.example.com", "TXT", KEY),
    ZoneRecord("email.mg.example.com", "CNAME", "eu.mailgun.org"),
    ZoneRecord("mg.example.com", "MX", "mxb.mailgun.org", priority=10),
    ZoneRecord("mg.example.com", "MX", "mxa.mailgun.org", priority=10),
    ZoneRecord("_dmarc.example.com", "TXT", DMARC),
    ZoneRecord("spf.example.com", "TXT", MACRO),
    ZoneRecord("*.example.com", "MX", "mxa.mailgun.org", priority=5),
    ZoneRecord("example.com", "TXT", 'Says "so" and; more'),
    ZoneRecord("example.com", "TXT", "v=spf1 include:mailgun.org ~all"),
    ZoneRecord("a.example.com", "A", "192.0.2.1"),
    ZoneRecord("example.co.uk", "TXT", "v=spf1 include:mailgun.org -all"),
}

_LABELS = st.text(ascii_lowercase + digits + "-_", min_size=1, max_size=8) | st.sampled_from(
    [
        "no",
        "0123",
        "1e3",
        "~",
        "*",
        "a10",
        "a9",
        "null",
        "x" * 63,
        "12:30",
        "ü",
        '"',
        "${a}",
        "a\nb",
    ]
)
_ZONES = st.sampled_from(["example.com", "example.co.uk", "0x10.example", "no.example"])
_HOSTS = st.builds(
    lambda labels, zone: ".".join([*labels, zone]), st.lists(_LABELS, max_size=3), _ZONES
)
_PIECES = st.sampled_from(
    [
        *(
            '"',
            "\\",
            ";",
            "'",
            "$",
            "%",
            "{",
            "}",
            "${",
            "%{",
            "$${",
            " ",
            "  ",
            "\\;",
            '" "',
            "*/",
        ),
        *("\n", "\0", "\u2028", "é", "\U0001f600", "v=spf1 ", "#", "//", "`", "<!--", "\\010", ")"),
        *("-", ": ", "? ", "&a", "!!x", "a" * 254, "b" * 5000, "\ud800", "\x85", "\u202e", "true"),
    ]
)
_TEXTS = st.lists(_PIECES | st.text(max_size=5), max_size=6).map("".join)
RECORD = (
    st.builds(asked, st.just("TXT"), _HOSTS, _TEXTS)
    | st.builds(asked, st.just("CNAME"), _HOSTS, _HOSTS | _TEXTS)
    | st.builds(
        asked, st.just("MX"), _HOSTS, _HOSTS, st.sampled_from(["0", "10", "65535", "", "x"])
    )
    | st.builds(asked, st.just("A"), _HOSTS, st.ip_addresses(v=4).map(str) | _TEXTS)
    | st.builds(asked, st.just("AAAA"), _HOSTS, st.ip_addresses(v=6).map(str))
)
DRAWN = st.lists(RECORD, max_size=25)
