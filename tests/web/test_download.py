"""Files from where a service says that they lie: whole, short enough, asked for without keys."""

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from reconciler.errors import ServiceError, Unavailable, UnexpectedAnswer
from reconciler.web import download as module
from reconciler.web.download import download

Answer = Callable[[BaseHTTPRequestHandler], None]
SEEN: list[dict[str, str]] = []


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            SEEN.append({name.lower(): value for name, value in self.headers.items()})
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/results.zip?token=abc"
        server.shutdown()
        thread.join()


def answering(status: int, content: bytes, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def fetched(url: str, most: int = 1000) -> bytes:
    file = io.BytesIO()
    download(url, file, most=most, by_plain_http=True)
    return file.getvalue()


def test_a_file_is_written_and_nothing_secret_is_sent() -> None:
    SEEN.clear()
    with serving(answering(200, b"PK" * 100, content_length="200")) as url:
        assert fetched(url) == b"PK" * 100
    assert set(SEEN[0]) == {"host", "user-agent", "accept-encoding"}
    assert SEEN[0]["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("answer", "fact"),
    [
        (answering(302, b"", location="http://127.0.0.1:1/", content_length="0"), "never followed"),
        (answering(403, b"<Error>Expired abc</Error>"), "HTTP 403"),
        (answering(404, b""), "such links hold for a short time only"),
        (answering(200, b"x" * 1001), "longer than the 1000 bytes"),
        (answering(200, b"x" * 10, content_encoding="gzip"), "compressed"),
    ],
    ids=["redirect", "forbidden", "gone", "long", "compressed"],
)
def test_what_is_not_the_file_is_refused(answer: Answer, fact: str) -> None:
    with serving(answer) as url, pytest.raises(UnexpectedAnswer) as refusal:
        fetched(url)
    assert fact in str(refusal.value)
    assert "abc" not in str(refusal.value)


def test_half_a_file_is_none() -> None:
    answer = answering(200, b"x" * 10, content_length="500")
    with serving(answer) as url, pytest.raises(ServiceError) as refusal:
        fetched(url)
    assert "token" not in str(refusal.value)


def test_who_trickles_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.3)
    ended = threading.Event()

    def trickle(handler: BaseHTTPRequestHandler) -> None:
        answering(200, b"")(handler)
        while not ended.wait(0.05):
            handler.wfile.write(b"x")

    with serving(trickle) as url:
        with pytest.raises(Unavailable):
            fetched(url)
        ended.set()


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/x.zip",
        "file:///etc/passwd",
        "ftp://example.com/x",
        "https://user:word@example.com/x",
        "//example.com/x",
        "/x.zip",
        "",
        "https://exa mple.com/",
        "https://" + "a" * 5000,
        "(secret)",
    ],
)
def test_only_https_is_followed(url: str) -> None:
    with pytest.raises(UnexpectedAnswer, match="no https URL"):
        fetched(url)


def test_loopback_is_asked_only_where_the_service_is_called_so() -> None:
    with pytest.raises(UnexpectedAnswer, match="no https URL"):
        download("http://127.0.0.1:1/x", io.BytesIO(), most=1)


def test_a_host_that_does_not_answer_is_told_by_name() -> None:
    with pytest.raises(Unavailable, match=r"GET 127\.0\.0\.1: no answer"):
        fetched("http://127.0.0.1:1/x")
