"""What an answer may look like, where a token may turn up, and what a client is able to send."""

import base64
import http.server
import inspect
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

import httpx
import pytest
from scripted import (
    ACCOUNT_TOKEN,
    MAILGUN_KEY,
    SERVER_TOKEN,
    Line,
    Script,
    call,
    connected,
    provider,
    writer,
)

from reconciler.errors import (
    AuthenticationFailed,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    ServiceError,
    Unavailable,
    UnexpectedAnswer,
)
from reconciler.model import Secret
from reconciler.providers.api import Connector, Reader, SecretHeader, SecretPassword, Writer
from reconciler.providers.postmark.session import SERVER_DIALECT

PATIENCE = 30.0
"""Seconds after which a test fails that would wait for ever."""

WRITES = ["POST", "PUT", "PATCH", "DELETE"]
NOT_OBJECTS = [
    b"",
    b"null",
    b"true",
    b"5",
    b'"Forbidden"',
    b"[]",
    b'[{"ID": 1}]',
    b"{",
    b"<html><body>Maintenance</body></html>",
    b"\x00\xff\xfe",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"ID": ' + b"9" * 5000 + b"}",
]


@pytest.mark.parametrize("body", NOT_OBJECTS)
def test_a_get_that_is_answered_with_anything_but_an_object_is_an_error(body: bytes) -> None:
    with writer(httpx.Response(200, content=body)) as (client, line):
        with pytest.raises(UnexpectedAnswer, match="GET /x: HTTP 200, but the answer is not"):
            client.get("/x")
        assert len(line.calls) == 1


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("body", [body for body in NOT_OBJECTS if body])
def test_a_write_that_is_answered_with_anything_else_leaves_doubt(method: str, body: bytes) -> None:
    with writer(httpx.Response(200, content=body)) as (client, line):
        with pytest.raises(OutcomeUnknown, match=f"{method} /x"):
            call(client, method)
        assert len(line.calls) == 1


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_a_write_may_be_answered_with_nothing(method: str, status: int) -> None:
    with writer(httpx.Response(status)) as (client, _):
        assert call(client, method) == {}


@pytest.mark.parametrize("content_type", ["text/plain", "text/html", "application/octet-stream"])
def test_an_object_counts_whatever_its_content_type_says(content_type: str) -> None:
    answer = httpx.Response(200, headers={"Content-Type": content_type}, content=b'{"ID": 1}')
    with writer(answer) as (client, _):
        assert client.get("/x") == {"ID": 1}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 415, 418, 422])
@pytest.mark.parametrize("body", NOT_OBJECTS)
@pytest.mark.parametrize("service", ["postmark", "mailgun"])
def test_a_refusal_with_any_body_is_an_error_that_names_the_request(
    status: int, body: bytes, service: str
) -> None:
    with Line(httpx.Response(status, content=body), service=service) as line:
        client = line.postmark().server if service == "postmark" else line.mailgun().client
        with pytest.raises(ServiceError) as caught:
            client.get("/x")
        assert str(caught.value).startswith(f"GET /x: HTTP {status}")
        assert len(str(caught.value)) < 1000
        assert caught.value.status == status


def test_a_403_in_html_is_told_apart_from_an_answer_of_the_api() -> None:
    page = httpx.Response(403, html="<html><h1>Access denied</h1></html>")
    with writer(page) as (client, _), pytest.raises(PermissionDenied) as caught:
        client.get("/server")
    assert str(caught.value) == (
        "GET /server: HTTP 403, without an error code. It is no answer of Postmark's API: "
        "a firewall may stand in between."
    )


def test_an_empty_404_means_that_the_object_is_missing() -> None:
    with writer(httpx.Response(404)) as (client, _), pytest.raises(NotFound):
        client.get("/domains/1")


@pytest.mark.parametrize("body", [b"<html>not found</html>", b"404 page not found", b"{}"])
def test_a_404_without_a_code_says_nothing_about_the_object(body: bytes) -> None:
    with (
        writer(httpx.Response(404, content=body)) as (client, _),
        pytest.raises(UnexpectedAnswer, match="check the base URL"),
    ):
        client.get("/domains/1")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", *WRITES])
def test_a_redirect_is_not_followed_and_the_token_goes_nowhere_else(
    status: int, method: str
) -> None:
    away = httpx.Response(status, headers={"Location": "https://evil.example/x"})
    with writer(away) as (client, line):
        with pytest.raises(UnexpectedAnswer, match=f"HTTP {status}, a redirect") as caught:
            call(client, method)
        assert [request.url.host for request in line.script.seen] == ["api.postmarkapp.com"]
    assert "evil" not in str(caught.value)


@pytest.mark.parametrize("location", ["http://[", "//", "http://a b/", "\x7f", "x" * 70_000])
def test_a_redirect_to_nowhere_is_an_error_like_any_other(location: str) -> None:
    with (
        writer(httpx.Response(302, headers={"Location": location})) as (client, _),
        pytest.raises((UnexpectedAnswer, Unavailable), match="GET /x"),
    ):
        client.get("/x")


def test_a_401_in_plain_text_shows_the_text() -> None:
    answer = httpx.Response(
        401, headers={"Content-Type": "text/plain; charset=utf-8"}, content=b"Forbidden"
    )
    with Line(answer, service="mailgun") as line, pytest.raises(AuthenticationFailed) as caught:
        line.mailgun().client.get("/v4/domains")
    assert str(caught.value).startswith('GET /v4/domains: HTTP 401: "Forbidden". The key is not')


def echoes(token: str) -> list[httpx.Response]:
    envelope = {"ErrorCode": 403, "Message": f"bad {token} given", "message": f"bad {token}"}
    late = {"ErrorCode": 403, "Message": "x" * 280 + token, "message": "x" * 280 + token}
    upper = {"ErrorCode": 403, "Message": token.upper(), "message": token.upper()}
    plain = {"Content-Type": "text/plain"}
    return [
        *(
            httpx.Response(status, json=body)
            for body in (envelope, late, upper)
            for status in (400, 401, 403, 404, 422, 429, 500, 503)
        ),
        httpx.Response(401, headers=plain, content=token.encode()),
        httpx.Response(200, headers=plain, content=token.encode()),
        httpx.Response(302, headers={"Location": f"https://x.example/?{token}"}),
        httpx.Response(429, headers={"Retry-After": token}, json={"message": token}),
    ]


@pytest.mark.parametrize("answer", echoes(SERVER_TOKEN))
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_echoed_postmark_token_is_in_no_error(answer: httpx.Response, method: str) -> None:
    with writer(answer, retries=1) as (client, _), pytest.raises(ServiceError) as caught:
        call(client, method)
    assert_hides(caught.value, SERVER_TOKEN)


BASIC = base64.b64encode(f"api:{MAILGUN_KEY}".encode()).decode()


@pytest.mark.parametrize("answer", [*echoes(MAILGUN_KEY), *echoes(BASIC)])
def test_an_echoed_mailgun_key_is_in_no_error(answer: httpx.Response) -> None:
    with (
        Line(answer, service="mailgun", retries=1) as line,
        pytest.raises(ServiceError) as caught,
    ):
        line.mailgun().client.post("/v4/domains", form={"name": "a.example"})
    assert_hides(caught.value, MAILGUN_KEY)
    assert_hides(caught.value, BASIC)


def assert_hides(error: BaseException, token: str) -> None:
    shown = f"{error} {error!r} {error.__cause__!r} {vars(error)}".lower()
    assert token.lower() not in shown
    assert token.lower()[:12] not in shown


def test_a_token_that_a_header_cannot_hold_is_in_no_error() -> None:
    token = "abc\ndefghijklmnop"
    with (
        loopback() as (url, _),
        Connector(Reader, {"postmark": url}, pause=lambda _: None) as connector,
    ):
        session = connected(connector, "postmark", {"token": token})
        with pytest.raises(ServiceError) as caught:
            session.server.get("/server")
    assert "defghijklmnop" not in str(caught.value)


def test_nothing_that_holds_a_secret_shows_it() -> None:
    with Line() as line:
        session = line.postmark()
        parts = (session, session.server, session.server._line, session.server._line.auth)  # noqa: SLF001
        assert SERVER_TOKEN not in " ".join(f"{part!r} {part}" for part in parts)
    with pytest.raises(TypeError):
        Secret(SERVER_TOKEN).__reduce__()


@pytest.mark.parametrize(
    ("part", "header", "token"),
    [
        ("server", "X-Postmark-Server-Token", SERVER_TOKEN),
        ("account", "X-Postmark-Account-Token", ACCOUNT_TOKEN),
    ],
)
@pytest.mark.parametrize("method", ["GET", *WRITES])
def test_postmark_gets_exactly_one_token(part: str, header: str, token: str, method: str) -> None:
    with Line(httpx.Response(429), httpx.Response(200, json={})) as line:
        call(getattr(line.postmark(), part), method)
        assert len(line.script.seen) == 2
        for request in line.script.seen:
            sent = [(name, value) for name, value in request.headers.items() if "token" in name]
            assert sent == [(header.lower(), token)]
            assert "authorization" not in request.headers
            assert request.headers["accept"] == "application/json"


def test_the_two_tokens_of_one_pool_are_never_mixed_up() -> None:
    with Line(httpx.Response(200, json={})) as line:
        session = line.postmark()
        for client in (session.server, session.account, session.server):
            client.get("/x")
        sent = [
            [name for name in request.headers if "token" in name] for request in line.script.seen
        ]
    server, account = ["x-postmark-server-token"], ["x-postmark-account-token"]
    assert sent == [server, account, server]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_mailgun_gets_the_key_as_password_of_the_user_api(method: str) -> None:
    with Line(httpx.Response(200, json={}), service="mailgun") as line:
        call(line.mailgun().client, method)
        (request,) = line.script.seen
    assert request.headers["authorization"] == f"Basic {BASIC}"
    assert MAILGUN_KEY not in str(request.url)


def test_a_challenge_for_other_credentials_is_not_answered() -> None:
    challenge = httpx.Response(401, headers={"WWW-Authenticate": 'Digest realm="x", nonce="y"'})
    with Line(challenge, service="mailgun") as line, pytest.raises(AuthenticationFailed):
        line.mailgun().client.get("/v4/domains")
    assert len(line.script.seen) == 1


def test_a_reader_has_no_method_that_writes() -> None:
    def methods(client: type[Reader]) -> set[str]:
        found = inspect.getmembers(client, inspect.isfunction)
        return {name for name, _ in found if not name.startswith("_")}

    assert methods(Reader) == {"get"}
    assert methods(Writer) == {
        "get",
        "post",
        "put",
        "patch",
        "delete",
    }


@pytest.mark.parametrize("method", [*WRITES, "HEAD", "OPTIONS", "get"])
def test_the_pool_of_a_reader_refuses_everything_but_get(method: str) -> None:
    script = Script([httpx.Response(200, json={})])
    auth = SecretHeader("X-Token", Secret("t"))
    with Connector(Reader, transport=script) as connector:
        pool = connector.pool(provider("postmark"), "postmark", "https://api.postmarkapp.com")
        with pytest.raises(AssertionError, match=method):
            pool.ask(method, "/x", auth=auth, seconds=1)
        assert script.seen == []
        pool.ask("GET", "/x", auth=auth, seconds=1)
    assert [request.method for request in script.seen] == ["GET"]


@pytest.mark.parametrize(
    "path",
    ["/x/a b", "/x/\u00fc", "/x/%2e%2e/y", "/x/%zz", "/x/./y", "/x/..", "/x/a@b:c", "/x//y", "/x/"],
)
def test_a_path_is_sent_as_httpx_would_send_it(path: str) -> None:
    script, params = (
        Script([httpx.Response(200, json={})]),
        {"h:extended": "true", "n": "7 \u00fc&"},
    )
    with Connector(Reader, transport=script) as connector:
        pool = connector.pool(provider("postmark"), "postmark", "https://api.postmarkapp.com/in")
        auth = SecretHeader("X-Token", Secret("t"))
        pool.ask("GET", path, auth=auth, seconds=1)
        pool.ask("GET", path, auth=auth, seconds=1, params=params)
    expected = httpx.URL(f"https://api.postmarkapp.com/in{path}")
    wanted = [expected.raw_path, expected.copy_merge_params(params).raw_path]
    assert [request.url.raw_path for request in script.seen] == wanted


@pytest.mark.parametrize("path", ["/x\r\nHost: z", "/x\0"])
def test_a_path_that_could_not_be_one_is_not_sent(path: str) -> None:
    script = Script([httpx.Response(200, json={})])
    with Connector(Reader, transport=script) as connector:
        pool = connector.pool(provider("postmark"), "postmark", "https://api.postmarkapp.com")
        with pytest.raises(httpx.InvalidURL):
            pool.ask("GET", path, auth=SecretHeader("X-Token", Secret("t")), seconds=1)
    assert script.seen == []


def test_a_reader_that_is_made_to_write_sends_nothing() -> None:
    with Line(httpx.Response(200, json={}), client_type=Reader) as line:
        reader = line.postmark().server
        with pytest.raises(AssertionError):
            Writer(reader._line).delete("/domains/1")  # noqa: SLF001
        assert line.script.seen == []


class _Recorder(http.server.BaseHTTPRequestHandler):
    paths: list[str]

    def do_GET(self) -> None:
        self.paths.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def loopback() -> Iterator[tuple[str, list[str]]]:
    paths: list[str] = []
    with served(type("Recorder", (_Recorder,), {"paths": paths})) as url:
        yield url, paths


@contextmanager
def served(handler: type[_Recorder]) -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def connections_to(at_once: int = 1) -> Iterator[tuple[str, SimpleQueue[list[str]]]]:
    """Yield a URL, and what was asked for on each connection to it that has ended.

    The first answer on each comes once there are so many connections at once.
    """
    ended, all_there = SimpleQueue[list[str]](), threading.Barrier(at_once, timeout=PATIENCE)

    class Kept(_Recorder):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            self.paths = []

        def do_GET(self) -> None:
            if not self.paths:
                all_there.wait()
            super().do_GET()

        def finish(self) -> None:
            super().finish()
            ended.put(self.paths)

    with served(Kept) as url:
        yield url, ended


@pytest.mark.parametrize("scheme", ["http", "HTTP"])
def test_proxies_of_the_environment_are_not_used_on_loopback(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with loopback() as (proxy, asked_of_proxy), loopback() as (url, paths):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        base = url.replace("http", scheme, 1)
        with Connector(Reader, base_urls={"postmark": base}) as connector:
            session = connected(connector, "postmark", {"token": SERVER_TOKEN})
            assert session.server.get("/server") == {}
    assert paths == ["/server"]
    assert asked_of_proxy == []


def test_a_base_url_may_have_a_path_of_its_own() -> None:
    with loopback() as (url, paths), Connector(Reader, {"postmark": url + "/pm"}) as connector:
        connected(connector, "postmark", {"token": SERVER_TOKEN}).server.get("/server")
    assert paths == ["/pm/server"]


def test_a_closed_port_is_no_answer_and_even_a_write_may_be_repeated() -> None:
    with loopback() as (url, _):
        pass
    pauses: list[float] = []
    with Connector(Writer, {"postmark": url}, pause=pauses.append) as connector:
        session = connected(connector, "postmark", {"token": SERVER_TOKEN})
        with pytest.raises(
            Unavailable, match=r"POST /x: no answer from 127.0.0.1:\d+ \(ConnectError"
        ):
            session.server.post("/x", json={})
    assert len(pauses) == 3


def test_connections_are_closed_with_the_connector() -> None:
    with connections_to() as (url, ended):
        with Connector(Reader, {"postmark": url}) as connector:
            session = connected(connector, "postmark", {"token": SERVER_TOKEN})
            session.server.get("/server")
            session.server.get("/server")
            assert ended.empty()
        assert ended.get(timeout=PATIENCE) == ["/server", "/server"]


def test_a_connection_that_is_free_is_used_before_a_new_one_is_opened() -> None:
    with connections_to(at_once=3) as (url, ended):
        with Connector(Reader, {"postmark": url}) as connector:
            reader = connected(connector, "postmark", {"token": SERVER_TOKEN}).server
            with ThreadPoolExecutor(3) as threads:
                for path in ("/a", "/b", "/c"):
                    threads.submit(reader.get, path)
            for _ in range(5):
                reader.get("/d")
        asked = [ended.get(timeout=PATIENCE) for _ in range(3)]
        assert ended.empty()
    assert sorted(paths[0] for paths in asked) == ["/a", "/b", "/c"]
    assert sorted(paths[1:] for paths in asked) == [[], [], ["/d"] * 5]


def test_no_cookie_is_kept() -> None:
    script = Script([httpx.Response(200, json={}, headers={"Set-Cookie": "a=b"})] * 2)
    with Connector(Reader, transport=script) as connector:
        reader = connected(connector, "postmark", {"token": SERVER_TOKEN}).server
        reader.get("/server")
        reader.get("/server")
    assert ["cookie" in request.headers for request in script.seen] == [False, False]


def test_a_secret_is_one_header_and_nothing_else() -> None:
    secret = Secret("t\u00fc")
    assert SecretHeader(SERVER_DIALECT.header, secret).header() == (
        b"X-Postmark-Server-Token",
        b"t\xc3\xbc",
    )
    assert SecretPassword("api", secret).header() == (b"Authorization", b"Basic YXBpOnTDvA==")
