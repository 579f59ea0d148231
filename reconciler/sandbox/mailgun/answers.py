"""How Mailgun words its answers: JSON with a closing newline, common headers, many error shapes."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

# As recorded (mailgun.md §3); the key id is added once the key is known.
COMMON_HEADERS = {
    "Cache-Control": "no-store",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Xss-Protection": "1; mode=block",
    "Access-Control-Allow-Origin": "*",
}
NO_HEADERS: Mapping[str, str] = {}


class RefusedError(Exception):
    """Ends a call with an error answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def reply(body: Any, status: int = 200, headers: Mapping[str, str] = NO_HEADERS) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":")) + "\n"
    return Response(text, status, dict(headers), media_type="application/json; charset=utf-8")


def message(text: str, **more: Any) -> Response:
    return reply({"message": text, **more})


def no_content() -> Response:
    return Response(status_code=204)


def refused(status: int, **body: Any) -> RefusedError:
    """Make an error from its body's keys: `message`, `Reason`, `Description` or `Field`.

    Which of them depends on the service that refuses (mailgun.md §3).
    """
    return RefusedError(reply(body, status))


def bad_request(text: str) -> RefusedError:
    return refused(400, message=text)


def not_found() -> Response:
    """Answer an unknown path, or a wrong method on a known one (mailgun.md §3, §4.9)."""
    return reply({"error": "not found"}, 404)


def unauthorized() -> Response:
    return reply({"message": "Invalid private key"}, 401)


def forbidden() -> Response:
    return reply({"message": "Forbidden"}, 403)


def forbidden_text() -> Response:
    """Refuse in plain text, as only the sending paths do (mailgun.md §2.1)."""
    return Response(
        "Forbidden",
        401,
        {"WWW-Authenticate": 'Basic realm="MG API"'},
        media_type="text/plain; charset=utf-8",
    )
