"""DKIM key pairs. Only the public half is kept: private keys are never exported (§7.1)."""

import base64
import re

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from reconciler.sandbox.mailgun.answers import bad_request

PEM_LABEL = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----")


def generate(bits: int = 1024) -> str:
    """Make a key and return the value of its TXT record."""
    return _record_value(rsa.generate_private_key(65537, bits).public_key())


def import_pem(pem: bytes) -> str:
    """Read a PKCS#1 private key. The refusals are as seen live (PYLIVE, mailgun.md §7.1)."""
    label = PEM_LABEL.search(pem)
    if label is None:
        raise bad_request("failed to import domain key: failed to parse PEM")
    if label.group(1) != b"RSA PRIVATE KEY":
        raise bad_request("failed to parse private key: key must be PKCS1 format")
    return _record_value(_load(pem).public_key())


def _load(pem: bytes) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        raise bad_request("failed to import domain key: failed to parse PEM") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise bad_request("failed to parse private key: key must be PKCS1 format")
    return key


def _record_value(public: rsa.RSAPublicKey) -> str:
    der = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return f"k=rsa; p={base64.b64encode(der).decode()}"
