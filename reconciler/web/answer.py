"""What comes back, whole."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, headers by their names in lower case, and a body, decompressed.

    It may repeat a secret, and so it shows no more of itself than the status.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)

    def json(self) -> Any:
        """Return what JSON it holds. Raises ValueError, and RecursionError when it is too deep."""
        return json.loads(self.body)


def is_redirect(status: int) -> bool:
    return HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST


def leaves_doubt(status: int) -> bool:
    """Whether it may pass, and a write may have taken effect all the same.

    A 503, too, can come from what stands in between, and a 408 from who waited for the service.
    """
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT


def by_name(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by their names in lower case; several of one name are one list."""
    found: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
