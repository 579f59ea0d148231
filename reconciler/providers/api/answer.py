"""One request and its whole answer, which has a deadline and a greatest length."""

from typing import Any

import httpx

from reconciler.providers.api.auth import SecretAuth
from reconciler.providers.api.pool import Pool
from reconciler.web.body import LONGEST_ANSWER, TooLongError, whole
from reconciler.web.deadline import deadline


def ask(
    pool: Pool, method: str, path: str, *, auth: SecretAuth, seconds: float, **content: Any
) -> httpx.Response:
    """Send a request and return its answer with all of its content.

    Raises httpx.RequestError, ReadTimeout among them when it takes longer than `seconds` in all,
    and TooLongError.
    """
    with deadline(seconds), pool.stream(method, path, auth, **content) as response:
        if not response.is_stream_consumed:
            return whole(response)
        # It came from a transport in this process.
        if len(response.content) > LONGEST_ANSWER:
            raise TooLongError
        return response
