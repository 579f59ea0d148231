"""Records of both services, what is to be read of them in every format, and records by chance."""

import base64
import hashlib

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

_LABELS = st.sampled_from(
    ["a", "a9", "a10", "a-9", "a_9", "_dmarc", "no", "0123", "1e3", "0x1f", "null", "x" * 63]
)
_HOSTILE_LABELS = st.text(max_size=8) | st.sampled_from(
    ["~", "*", "-a", "12:30", "ü", '"', "${a}", "a\nb", "a;", "", "x" * 64]
)
_ZONES = st.sampled_from(["example.com", "example.co.uk", "0x10.example", "no.example"])


def _below_zones(labels: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda labels, zone: ".".join([*labels, zone]), st.lists(labels, max_size=3), _ZONES
    )


_HOSTS = _below_zones(_LABELS)
_HOSTILE_HOSTS = _below_zones(_LABELS | _HOSTILE_LABELS)
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
        *("\u2028", "é", "\U0001f600", "v=spf1 ", "#", "//", "`", "<!--", "\\010", ")", "\u202e"),
        *("-", ": ", "? ", "&a", "!!x", "a" * 254, "b" * 5000, "true", "0o7", "~", "2001-01-01"),
    ]
)
_TEXTS = st.lists(_PIECES, min_size=1, max_size=6).map("".join)
_HOSTILE_TEXTS = st.text(max_size=5) | st.sampled_from(["\n", "a\0", "\ud800", "a\x85b", "\x7f"])
_PRIORITIES = st.sampled_from(["0", "10", "65535"])
_SOUND = (
    st.builds(asked, st.just("TXT"), _HOSTS, _TEXTS)
    | st.builds(asked, st.just("CNAME"), _HOSTS, _HOSTS)
    | st.builds(asked, st.just("MX"), _HOSTS, _HOSTS, _PRIORITIES)
    | st.builds(asked, st.just("A"), _HOSTS, st.ip_addresses(v=4).map(str))
    | st.builds(asked, st.just("AAAA"), _HOSTS, st.ip_addresses(v=6).map(str))
)
_HOSTILE = st.builds(
    asked,
    st.sampled_from(["TXT", "CNAME", "MX", "A", "AAAA", "NS", ""]),
    _HOSTILE_HOSTS,
    _HOSTILE_HOSTS | _TEXTS | _HOSTILE_TEXTS,
    _PRIORITIES | _HOSTILE_TEXTS,
)
DRAWN = st.lists(_SOUND | _HOSTILE, max_size=25)
