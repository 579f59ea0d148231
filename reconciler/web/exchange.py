"""One request and its whole answer, which has a deadline and a greatest length."""

import httpx

from reconciler.web.answer import Answer
from reconciler.web.body import whole
from reconciler.web.deadline import deadline


def ask(transport: httpx.BaseTransport, request: httpx.Request, seconds: float) -> Answer:
    """Send a request and return its answer with all of its content.

    Raises httpx.RequestError, ReadTimeout among them when it takes longer than `seconds` in all,
    and TooLongError.
    """
    with deadline(seconds):
        response = transport.handle_request(request)
        try:
            return Answer(response.status_code, response.headers, whole(response, request))
        finally:
            response.close()
