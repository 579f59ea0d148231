"""What comes back, whole."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, headers whose names are found in any letter case, and a body, decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def is_redirect(self) -> bool:
        return HTTPStatus.MULTIPLE_CHOICES <= self.status < HTTPStatus.BAD_REQUEST

    def json(self) -> Any:
        """Return what JSON it holds. Raises ValueError, and RecursionError when it is too deep."""
        return json.loads(self.body)
