"""DKIM keys that are brought along. Only the public half is kept: none is ever exported (§7.1)."""

import re

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from reconciler.sandbox.dkim_record import record_of
from reconciler.sandbox.mailgun.answers import bad_request

PEM_LABEL = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----")


def import_pem(pem: bytes) -> str:
    """Read a PKCS#1 private key. The refusals are as seen live (PYLIVE, mailgun.md §7.1)."""
    label = PEM_LABEL.search(pem)
    if label is None:
        raise bad_request("failed to import domain key: failed to parse PEM")
    if label.group(1) != b"RSA PRIVATE KEY":
        raise bad_request("failed to parse private key: key must be PKCS1 format")
    return record_of(_load(pem).public_key())


def _load(pem: bytes) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        raise bad_request("failed to import domain key: failed to parse PEM") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise bad_request("failed to parse private key: key must be PKCS1 format")
    return key
