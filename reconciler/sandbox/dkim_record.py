"""The TXT records of DKIM keys: of given ones, and of new ones."""

import base64
import secrets

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def record_of(key: RSAPublicKey) -> str:
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"k=rsa; p={base64.b64encode(der).decode()}"


def new_record(bits: int = 1024) -> str:
    """Return the record of a key that looks like any other, and to which there is no private half.

    Nobody signs with it, and to look for primes takes longer than everything else in the sandbox.
    """
    modulus = secrets.randbits(bits) | 1 << (bits - 1) | 1
    return record_of(RSAPublicNumbers(65537, modulus).public_key())
