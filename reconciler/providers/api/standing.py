"""Whether a token is still good: once it was refused, nobody sends it again."""

from collections.abc import Callable
from threading import Lock

from reconciler.errors import AuthenticationFailed, ServiceError


class Standing:
    """Shared by all who send one token, or all that belong to one provider."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._refusal: AuthenticationFailed | None = None

    def check(self, request: str) -> None:
        """Raise AuthenticationFailed, with the first refusal, when there was one."""
        with self._lock:
            refusal = self._refusal
        if refusal:
            raise AuthenticationFailed(
                request, f"not sent, since the token was refused: {refusal}", status=refusal.status
            )

    def judge(self, judge: Callable[[], ServiceError]) -> ServiceError:
        """Return what an answer means. Until that is known nobody else passes `check`.

        It may take a while: of a refused key Mailgun's other region is asked.
        """
        with self._lock:
            error = judge()
            if isinstance(error, AuthenticationFailed):
                self._refusal = self._refusal or error
            return error
