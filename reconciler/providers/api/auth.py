"""How a secret gets into a request."""

from abc import ABC, abstractmethod

import httpx

from reconciler.model import Sealed, Secret


class SecretAuth(ABC):
    """Puts a secret into requests: with its subclasses, the only place that opens one."""

    def __init__(self, secret: Secret) -> None:
        self.secret = secret

    def identity(self) -> Sealed:
        """Return what tells this secret from others, and tells nothing of it."""
        return self.secret.sealed()

    @abstractmethod
    def sign(self, request: httpx.Request) -> None:
        """Put the secret into a request."""


class SecretHeader(SecretAuth):
    """Sends a secret in a header of its own, and nothing else."""

    def __init__(self, header: str, secret: Secret) -> None:
        super().__init__(secret)
        self._header = header

    def sign(self, request: httpx.Request) -> None:
        request.headers[self._header] = self.secret.reveal()


class SecretPassword(SecretAuth):
    """Sends a secret as the password of HTTP Basic authentication."""

    def __init__(self, user: str, secret: Secret) -> None:
        super().__init__(secret)
        self._user = user

    def sign(self, request: httpx.Request) -> None:
        next(httpx.BasicAuth(self._user, self.secret.reveal()).auth_flow(request))
