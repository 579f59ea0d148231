"""Who may call: account tokens, server tokens and the media-type headers (postmark.md §1.2-1.5)."""

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from reconciler.sandbox.app import Call, Routes
from reconciler.sandbox.postmark.answers import Refused, success
from reconciler.sandbox.postmark.calls import Json
from reconciler.sandbox.world import World

ACCOUNT_HEADER = "x-postmark-account-token"
SERVER_HEADER = "x-postmark-server-token"
TEST_TOKEN = "POSTMARK_API_TEST"  # noqa: S105 - a documented literal that opens nothing
ACCEPTABLE = {"application/json", "application/*", "*/*"}

AccountHandler = Callable[[Call], Any]
ServerHandler = Callable[[Call, Json], Any]
SendingHandler = Callable[[Call, Json | None], Any]
Endpoint = Callable[[Callable[..., Any]], Callable[..., Any]]


def api_tokens(world: World, server: Json) -> list[str]:
    """Return a server's tokens; the seeded server's is among the world's credentials."""
    credential = server["Credential"]
    return [world.credentials[credential]] if credential else list(server["ApiTokens"])


def account_endpoint(routes: Routes, method: str, path: str) -> Endpoint:
    """Register a handler of a call that wants the account token."""

    def register(handler: AccountHandler) -> AccountHandler:
        def answer(call: Call) -> Response:
            _check_account(call)
            _check_media_types(call)
            return success(handler(call))

        routes.route(method, path)(answer)
        return handler

    return register


def server_endpoint(routes: Routes, method: str, path: str) -> Endpoint:
    """Register a handler of a call that wants a server token; it is handed that server."""

    def register(handler: ServerHandler) -> ServerHandler:
        def answer(call: Call) -> Response:
            server = _find_server(call)
            _check_media_types(call)
            return success(handler(call, server))

        routes.route(method, path)(answer)
        return handler

    return register


def sending_endpoint(routes: Routes, method: str, path: str) -> Endpoint:
    """Register a handler that is handed no server when the test token came."""

    def register(handler: SendingHandler) -> SendingHandler:
        def answer(call: Call) -> Response:
            server = None if _is_test(call) else _find_server(call)
            _check_media_types(call)
            return success(handler(call, server))

        routes.route(method, path)(answer)
        return handler

    return register


def _is_test(call: Call) -> bool:
    return not call.headers.get(ACCOUNT_HEADER) and call.headers.get(SERVER_HEADER) == TEST_TOKEN


def _check_account(call: Call) -> None:
    expected = call.world.credentials["postmark_account_token"]
    given = call.headers.get(ACCOUNT_HEADER, "")
    # Two tokens in one call were refused live (postmark.md §1.2).
    if call.headers.get(SERVER_HEADER) or given.lower() != expected.lower():
        raise Refused(10, kind="Account")


def _find_server(call: Call) -> Json:
    given = call.headers.get(SERVER_HEADER, "").lower()
    if not call.headers.get(ACCOUNT_HEADER):
        for server in call.world.postmark["servers"].values():
            if given in (token.lower() for token in api_tokens(call.world, server)):
                found: Json = server
                return found
    raise Refused(10, kind="Server")


def _check_media_types(call: Call) -> None:
    wanted = {part.split(";")[0].strip().lower() for part in _accept(call).split(",")}
    sent = call.headers.get("content-type", "").split(";")[0].strip().lower()
    if not wanted & ACCEPTABLE or (call.body and sent != "application/json"):
        raise Refused(409)


def _accept(call: Call) -> str:
    return ",".join(call.headers.getlist("accept"))
