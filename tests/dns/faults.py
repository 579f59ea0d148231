"""Zones with one fault each, what a service wants of them, and the verdict that is right."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from wanting import (
    SELECTOR,
    SPF,
    dkim,
    in_strings,
    key,
    receiving,
    return_path,
    spf,
    tracking,
)

from reconciler.dns import Wanted

CLOUDFLARE = "A 104.16.1.2\nemail AAAA 2606:4700::6810:102"


@dataclass(frozen=True)
class Fault:
    """A zone named after the fault: `{zone}` in its text stands for that name.

    `resolver` is what a resolver has of it, where that is not the same. `says` are parts of the
    sentences.
    """

    name: str
    records: str
    wants: Callable[[str], Iterable[Wanted]]
    verdict: str
    resolver: str | None = None
    says: tuple[str, ...] = ()
    is_fault: bool = True

    @property
    def zone(self) -> str:
        return f"{self.name}.test"

    @property
    def wanted(self) -> list[Wanted]:
        return list(self.wants(self.zone))


def one(make: Callable[..., Wanted], *extra: str, **more: bool) -> Callable[[str], list[Wanted]]:
    return lambda zone: [make(zone, *extra, **more)]


def key_at(text: str, name: str = f"{SELECTOR}._domainkey") -> str:
    return f"{name} TXT {in_strings(text)}"


KEY, OTHER, SHORT = key(0), key(1), key(2, 1024)
MANY = "\n".join(f'i{n} TXT "v=spf1 ip4:192.0.2.{n} -all"' for n in range(12))
INCLUDES = " ".join(f"include:i{n}.{{zone}}" for n in range(12))

ABSENT = [
    Fault(
        "missing-key",
        "",
        one(dkim, KEY),
        "missing",
        says=(
            f"Add `{SELECTOR}._domainkey.missing-key.test. 3600 IN TXT",
            '" "',
            "to the zone missing-key.test at 127.0.0.1",
        ),
    ),
    Fault("missing-cname", "", one(return_path), "missing", says=("IN CNAME pm.mtasv.net.`",)),
    Fault(
        "missing-spf",
        '@ TXT "google-site-verification=abc"',
        one(spf),
        "missing",
        says=(f'missing-spf.test. 3600 IN TXT "{SPF}"',),
    ),
    Fault("missing-mx", "", receiving, "missing", is_fault=False, says=("only to receive mail",)),
    Fault("name-only", f"a.{SELECTOR}._domainkey A 192.0.2.1", one(dkim, KEY), "missing"),
    Fault("stale-key", "", one(dkim, KEY, is_verified=True), "stale", says=("the service says",)),
    Fault("stale-cname", "", one(return_path, is_verified=True), "stale"),
    Fault(
        "doubled-key",
        key_at(KEY, f"{SELECTOR}._domainkey.doubled-key.test"),
        one(dkim, KEY),
        "doubled-name",
        says=(f"Enter the name as `{SELECTOR}._domainkey` in the zone doubled-key.test",),
    ),
    Fault(
        "doubled-cname",
        "pm-bounces.doubled-cname.test CNAME pm.mtasv.net.",
        one(return_path),
        "doubled-name",
        says=("`pm-bounces`",),
    ),
    Fault(
        "doubled-apex", f'doubled-apex.test TXT "{SPF}"', one(spf), "doubled-name", says=("`@`",)
    ),
    Fault(
        "doubled-below",
        key_at(KEY, f"{SELECTOR}._domainkey.mail.doubled-below.test"),
        lambda zone: [dkim(f"mail.{zone}", KEY)],
        "doubled-name",
        says=(f"`{SELECTOR}._domainkey.mail`",),
    ),
]

OTHERS = [
    Fault(
        "other-key",
        key_at(OTHER),
        one(dkim, KEY),
        "mismatch",
        says=(OTHER, KEY, "differ from character"),
    ),
    Fault(
        "other-cname",
        "pm-bounces CNAME pm.mtasv.com.",
        one(return_path),
        "mismatch",
        says=(
            "`pm.mtasv.com` instead of `pm.mtasv.net`",
            "from character 10 on",
            "`net` is wanted",
        ),
    ),
    Fault(
        "unended",
        "pm-bounces CNAME pm.mtasv.net",
        one(return_path),
        "mismatch",
        says=("final dot, `pm.mtasv.net.`",),
    ),
    Fault(
        "wrong-preference",
        "@ MX 20 mxa.mailgun.org.",
        lambda zone: receiving(zone)[:1],
        "mismatch",
        says=("`20 mxa.mailgun.org` instead of `10 mxa.mailgun.org`",),
    ),
    Fault("quoted-spf", r'@ TXT "\"v=spf1 include:mailgun.org ~all\""', one(spf), "mismatch"),
    Fault("no-key-at-all", f'{SELECTOR}._domainkey TXT "hello"', one(dkim, KEY), "mismatch"),
    Fault(
        "wildcard-cname",
        "* CNAME parked.example.org.",
        one(return_path),
        "mismatch",
        says=("a wildcard answers", "add `pm-bounces.wildcard-cname.test."),
    ),
    Fault("wildcard-hides-key", "* CNAME parked.example.org.", one(dkim, KEY), "missing"),
    Fault("wildcard-address", "* A 192.0.2.1", one(return_path), "missing"),
    Fault(
        "other-mx",
        "@ MX 1 aspmx.l.google.com.",
        receiving,
        "other-mx",
        is_fault=False,
        says=("`1 aspmx.l.google.com`", "Leave it so unless"),
    ),
    Fault(
        "mixed-mx",
        "@ MX 10 mxa.mailgun.org.\n@ MX 10 mxb.mailgun.org.\n@ MX 5 mx.example.org.",
        receiving,
        "other-mx",
        is_fault=False,
    ),
    Fault("null-mx", "@ MX 0 .", receiving, "other-mx", is_fault=False),
]

KEYS = [
    Fault(
        "cut-key",
        key_at(KEY[:255]),
        one(dkim, KEY),
        "broken-key",
        says=("cut off after 255 of 401 characters", "several quoted strings"),
    ),
    Fault("cut-inside", key_at(KEY[:-9]), one(dkim, KEY), "broken-key"),
    Fault(
        "escaped-key", rf'{SELECTOR}._domainkey TXT "k=rsa\\; p=MIGf"', one(dkim, KEY), "broken-key"
    ),
    Fault(
        "quotes-in-key", rf'{SELECTOR}._domainkey TXT "\"{SHORT}\""', one(dkim, SHORT), "broken-key"
    ),
    Fault(
        "revoked-key",
        f'{SELECTOR}._domainkey TXT "k=rsa; p="',
        one(dkim, KEY),
        "broken-key",
        says=("revoked",),
    ),
    Fault("unquoted-key", f"{SELECTOR}._domainkey TXT k=rsa; p=MIGf", one(dkim, KEY), "broken-key"),
    Fault(
        "two-keys",
        f"{key_at(KEY)}\n{key_at(OTHER)}",
        one(dkim, KEY),
        "two-keys",
        says=("2 TXT records",),
    ),
    Fault(
        "split-key",
        f'{SELECTOR}._domainkey TXT "{KEY[:200]}"\n{SELECTOR}._domainkey TXT "{KEY[200:]}"',
        one(dkim, KEY),
        "two-keys",
    ),
]

POLICIES = [
    Fault(
        "foreign-spf",
        '@ TXT "v=spf1 mx include:mailgun.example -all"',
        one(spf),
        "merge-spf",
        says=("`v=spf1 mx include:mailgun.example include:mailgun.org -all`", "look-ups:"),
    ),
    Fault(
        "two-spf",
        f'@ TXT "v=spf1 ip4:192.0.2.1 -all"\n@ TXT "{SPF}"',
        one(spf),
        "merge-spf",
        says=("`v=spf1 ip4:192.0.2.1 include:mailgun.org -all`",),
    ),
    Fault("spf-after-all", '@ TXT "v=spf1 -all include:mailgun.org"', one(spf), "merge-spf"),
    Fault("forbidding-spf", '@ TXT "v=spf1 -include:mailgun.org ~all"', one(spf), "merge-spf"),
    Fault(
        "eleven",
        MANY + f'\n@ TXT "v=spf1 include:mailgun.org {INCLUDES.format(zone="eleven.test")} ~all"',
        one(spf),
        "too-many-lookups",
        says=("13 DNS look-ups",),
    ),
    Fault(
        "voids",
        '@ TXT "v=spf1 include:mailgun.org a:x.voids.test a:y.voids.test a:z.voids.test ~all"',
        one(spf),
        "too-many-lookups",
        says=("3 of its DNS look-ups find nothing",),
    ),
]

CONFLICTS = [
    Fault("txt-in-the-way", 'pm-bounces TXT "v=spf1 -all"', one(return_path), "cname-conflict",
          says=("TXT `v=spf1 -all`",)),
    Fault("mx-in-the-way", "pm-bounces MX 10 mx.example.org.", one(return_path), "cname-conflict"),
    Fault("address-in-the-way", "email A 192.0.2.1", one(tracking), "cname-conflict"),
    Fault("cname-at-key", f"{SELECTOR}._domainkey CNAME else.example.org.", one(dkim, KEY),
          "cname-conflict", says=("a CNAME to else.example.org",)),
    Fault("cname-at-spf", "mail CNAME www.example.org.", lambda zone: [spf(f"mail.{zone}")],
          "cname-conflict"),
    Fault("proxied", f"email {CLOUDFLARE}", one(tracking), "proxied", says=('"DNS only"',)),
    Fault("proxied-links", f"email {CLOUDFLARE}", one(tracking, may_be_proxied=True), "proxied",
          is_fault=False),
    Fault("proxied-outside", "email CNAME mailgun.org.", one(tracking), "proxied",
          resolver=f"email {CLOUDFLARE}"),
]  # fmt: skip

TIMES = [
    Fault("new-key", key_at(KEY), one(dkim, KEY), "not-propagated", resolver="",
          says=("still has no such record", "in 15 minutes", "2026-01-01 00:15 UTC")),
    Fault("old-key", key_at(KEY), one(dkim, KEY), "not-propagated",
          resolver=f"$TTL 7200\n{key_at(OTHER)}", says=("2026-01-01 02:00 UTC", OTHER)),
    Fault("old-cname", "pm-bounces CNAME pm.mtasv.net.", one(return_path), "not-propagated",
          resolver="pm-bounces CNAME old.example.org."),
    Fault("old-spf", f'@ TXT "{SPF}"', one(spf), "not-propagated",
          resolver='@ TXT "v=spf1 -all"'),
    Fault("unverified-key", key_at(KEY), one(dkim, KEY, is_verified=False), "unverified"),
    Fault("unverified-cname", "pm-bounces CNAME pm.mtasv.net.",
          one(return_path, is_verified=False), "unverified"),
    Fault("delegated", "mail NS ns.elsewhere.example.", lambda zone: [dkim(f"mail.{zone}", KEY)],
          "unknown", says=("ns.elsewhere.example", "mail.delegated.test")),
    Fault("delegated-key", "_domainkey NS ns.elsewhere.example.", one(dkim, KEY), "unknown",
          says=("The record belongs to the zone _domainkey.delegated-key.test at ns.elsewhere",)),
]  # fmt: skip

FAULTS = [*ABSENT, *OTHERS, *KEYS, *POLICIES, *CONFLICTS, *TIMES]
