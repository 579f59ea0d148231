"""How a secret gets into a request, and whether a text repeats it."""

import base64
from collections.abc import Iterator
from typing import Any

import httpx

from reconciler.model import Sealed, Secret


class SecretAuth(httpx.Auth):
    """Puts a secret into requests: with its subclasses, the only place that opens one."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret

    def identity(self) -> Sealed:
        """Return what tells this secret from others, and tells nothing of it."""
        return self._secret.sealed()

    def is_repeated_in(self, text: str) -> bool:
        """Whether a text holds the secret, in whatever letter case."""
        return any(form.lower() in text.lower() for form in self._forms())

    def _forms(self) -> Iterator[str]:
        """Yield the texts by which the secret could be known."""
        yield self._secret.reveal()


class SecretHeader(SecretAuth):
    """Sends a secret in a header of its own, and nothing else."""

    def __init__(self, header: str, secret: Secret) -> None:
        super().__init__(secret)
        self._header = header

    def auth_flow(self, request: httpx.Request) -> Any:
        request.headers[self._header] = self._secret.reveal()
        yield request


class SecretPassword(SecretAuth):
    """Sends a secret as the password of HTTP Basic authentication."""

    def __init__(self, user: str, secret: Secret) -> None:
        super().__init__(secret)
        self._user = user

    def auth_flow(self, request: httpx.Request) -> Any:
        yield from httpx.BasicAuth(self._user, self._secret.reveal()).auth_flow(request)

    def _forms(self) -> Iterator[str]:
        yield self._secret.reveal()
        yield base64.b64encode(f"{self._user}:{self._secret.reveal()}".encode()).decode()
