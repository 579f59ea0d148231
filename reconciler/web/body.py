"""The content of an answer, which has a greatest length, and comes plain or compressed in one way.

How long it may take is said by the `deadline` around it.
"""

import zlib
from collections.abc import Iterable, Mapping

import httpx

from reconciler.web.deadline import time_left

ENCODING = "gzip"
"""What may be sent compressed: no other is decompressed, and none of several layers."""
LONGEST_ANSWER = 16 * 2**20
"""Bytes, after decompression. A Mailgun list of 1,000 domains has about one million."""

_DIGITS = 20
"""Of a length that is worth reading."""


class TooLongError(Exception):
    """An answer is longer than LONGEST_ANSWER."""


def whole(headers: Mapping[str, str], chunks: Iterable[bytes]) -> bytes:
    """Return all of a content, of which `chunks` come. Raises httpx.RequestError, TooLongError.

    The headers are by names in lower case.
    """
    coding = headers.get("content-encoding", "identity").strip().lower()
    if coding not in {"identity", ENCODING, ""}:
        raise httpx.DecodingError("an encoding that was not asked for")
    if coding == ENCODING:
        try:
            return _unzipped(chunks)
        except zlib.error as problem:
            raise httpx.DecodingError(str(problem)) from None
    return b"".join(chunks) if _is_short(headers) else _plain(chunks)


def _is_short(headers: Mapping[str, str]) -> bool:
    """Whether an answer says of itself that it may be taken; of more than it says nothing is.

    In chunks its length counts for nothing, even if it is told (RFC 9112 §6.3).
    """
    said = headers.get("content-length", "")
    is_bound = "transfer-encoding" not in headers
    return is_bound and said.isdecimal() and len(said) < _DIGITS and int(said) <= LONGEST_ANSWER


def _plain(chunks: Iterable[bytes]) -> bytes:
    content = bytearray()
    for chunk in chunks:
        time_left()
        content += chunk
        if len(content) > LONGEST_ANSWER:
            raise TooLongError
    return bytes(content)


def _unzipped(chunks: Iterable[bytes]) -> bytes:
    content, unzip = bytearray(), zlib.decompressobj(zlib.MAX_WBITS | 16)
    for chunk in chunks:
        time_left()
        # No more than fits is ever decompressed: a few bytes can stand for gigabytes.
        content += unzip.decompress(chunk, LONGEST_ANSWER + 1 - len(content))
        if len(content) > LONGEST_ANSWER:
            raise TooLongError
    if not unzip.eof:
        raise zlib.error("the compressed answer ends early")
    return bytes(content)
