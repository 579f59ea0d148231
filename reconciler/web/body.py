"""The content of an answer, which has a greatest length, and comes plain or compressed in one way.

How long it may take is said by the `deadline` around it.
"""

import zlib
from collections.abc import Iterable
from typing import Any

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


def whole(response: httpx.Response, request: httpx.Request) -> bytes:
    """Return all of an answer's content. Raises httpx.RequestError and TooLongError."""
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding not in {"identity", ENCODING, ""}:
        raise httpx.DecodingError("an encoding that was not asked for", request=request)
    if response.is_stream_consumed:  # it came from a transport in this process, decompressed
        return _short(response.content)
    if coding == ENCODING:
        try:
            return _unzipped(response)
        except zlib.error as problem:
            raise httpx.DecodingError(str(problem), request=request) from None
    return b"".join(_chunks(response)) if _is_short(response) else _plain(response)


def _short(content: bytes) -> bytes:
    if len(content) > LONGEST_ANSWER:
        raise TooLongError
    return content


def _chunks(response: httpx.Response) -> Iterable[bytes]:
    """Return what comes as it comes; httpx's own ways there take as long as a request does."""
    stream: Any = response.stream
    chunks: Iterable[bytes] = stream
    return chunks


def _is_short(response: httpx.Response) -> bool:
    """Whether an answer says of itself that it may be taken; of more than it says nothing is.

    In chunks its length counts for nothing, even if it is told (RFC 9112 §6.3).
    """
    said = response.headers.get("content-length", "")
    is_bound = "transfer-encoding" not in response.headers
    return is_bound and said.isdecimal() and len(said) < _DIGITS and int(said) <= LONGEST_ANSWER


def _plain(response: httpx.Response) -> bytes:
    content = bytearray()
    for chunk in _chunks(response):
        time_left()
        content += chunk
        if len(content) > LONGEST_ANSWER:
            raise TooLongError
    return bytes(content)


def _unzipped(response: httpx.Response) -> bytes:
    content, unzip = bytearray(), zlib.decompressobj(zlib.MAX_WBITS | 16)
    for chunk in _chunks(response):
        time_left()
        # No more than fits is ever decompressed: a few bytes can stand for gigabytes.
        content += unzip.decompress(chunk, LONGEST_ANSWER + 1 - len(content))
        if len(content) > LONGEST_ANSWER:
            raise TooLongError
    if not unzip.eof:
        raise zlib.error("the compressed answer ends early")
    return bytes(content)
