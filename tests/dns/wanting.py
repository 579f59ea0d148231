"""The records that the two services ask for, and keys to publish."""

import base64
from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from reconciler.dns import Wanted

SELECTOR = "20260101010101pm"
SPF = "v=spf1 include:mailgun.org ~all"


@cache
def key(number: int = 0, bits: int = 2048) -> str:
    """Return a DKIM record; each number has a key of its own."""
    del number
    public = rsa.generate_private_key(65537, bits).public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"k=rsa; p={base64.b64encode(der).decode()}"


def in_strings(text: str) -> str:
    """Return a TXT value as a zone file takes it."""
    return " ".join(f'"{text[at : at + 255]}"' for at in range(0, len(text), 255))


def return_path(domain: str, *, is_verified: bool | None = None) -> Wanted:
    host = f"pm-bounces.{domain}"
    return Wanted(domain, "Return-Path", "CNAME", host, "pm.mtasv.net", is_verified=is_verified)


def dkim(domain: str, text: str, *, is_verified: bool | None = None) -> Wanted:
    host = f"{SELECTOR}._domainkey.{domain}"
    return Wanted(domain, "DKIM", "TXT", host, text, is_verified=is_verified)


def spf(domain: str, *, is_verified: bool | None = None) -> Wanted:
    return Wanted(domain, "SPF", "TXT", domain, SPF, is_verified=is_verified)


def tracking(domain: str, *, may_be_proxied: bool = False) -> Wanted:
    host = f"email.{domain}"
    return Wanted(domain, "tracking", "CNAME", host, "mailgun.org", may_be_proxied=may_be_proxied)


def receiving(domain: str) -> list[Wanted]:
    """Return the MX records, which are for who receives mail with Mailgun."""
    hosts = ("mxa.mailgun.org", "mxb.mailgun.org")
    return [
        Wanted(domain, "receiving", "MX", domain, host, "10", is_optional=True) for host in hosts
    ]


def of_postmark(domain: str, text: str) -> list[Wanted]:
    return [dkim(domain, text), return_path(domain)]


def of_mailgun(domain: str, text: str) -> list[Wanted]:
    host = f"smtp._domainkey.{domain}"
    signed = Wanted(domain, "DKIM", "TXT", host, text)
    return [spf(domain), signed, tracking(domain), *receiving(domain)]
