"""How a secret gets into a request."""

import base64
from abc import ABC, abstractmethod

from reconciler.model import Sealed, Secret


class SecretAuth(ABC):
    """Puts a secret into requests: with its subclasses, the only place that opens one."""

    def __init__(self, secret: Secret) -> None:
        self.secret = secret

    def identity(self) -> Sealed:
        """Return what tells this secret from others, and tells nothing of it."""
        return self.secret.sealed()

    @abstractmethod
    def header(self) -> tuple[bytes, bytes]:
        """Return the header that carries the secret, as it is sent."""


class SecretHeader(SecretAuth):
    """Sends a secret in a header of its own, and nothing else."""

    def __init__(self, header: str, secret: Secret) -> None:
        super().__init__(secret)
        self._header = header

    def header(self) -> tuple[bytes, bytes]:
        return self._header.encode(), self.secret.reveal().encode()


class SecretPassword(SecretAuth):
    """Sends a secret as the password of HTTP Basic authentication."""

    def __init__(self, user: str, secret: Secret) -> None:
        super().__init__(secret)
        self._user = user

    def header(self) -> tuple[bytes, bytes]:
        pair = f"{self._user}:{self.secret.reveal()}".encode()
        return b"Authorization", b"Basic " + base64.b64encode(pair)
