"""A request, what carries it, and what comes back: httpx's own objects take as long as sending.

`Connection` is where requests go, one at a time; another module has the one that leads somewhere.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from reconciler.web.answer import Answer, by_name
from reconciler.web.body import whole
from reconciler.web.deadline import deadline

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
"""What is raised before anything of a request is sent."""
RawHeaders = Sequence[tuple[bytes, bytes]]


class TunnelError(httpx.ProxyError):
    """A proxy failed, and not who is behind it: `fact` says how, and `check` what to look at."""

    def __init__(self, fact: str, check: str) -> None:
        super().__init__(fact)
        self.fact = fact
        self.check = check


def unanswered(host: str, problem: Exception) -> str:
    """Return why no answer came from a host; httpx's own words may quote the URL."""
    if isinstance(problem, TunnelError):
        return f"no way to {host}: {problem.fact}"
    return f"no answer from {host} ({type(problem).__name__})"


def check_and_retry(problem: Exception) -> str:
    """Return the way out where nothing came, and nothing was changed."""
    what = problem.check if isinstance(problem, TunnelError) else "the network"
    return f"Check {what}, and try again later."


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for. `target` is the path with its query, as they are sent.

    Any of it may hold secrets, and so it shows no more of itself than the method.
    """

    method: str
    target: bytes = field(repr=False)
    headers: RawHeaders = field(repr=False)
    content: Iterable[bytes] | None = field(default=None, repr=False)
    before: Callable[[], None] = field(default=lambda: None, repr=False)
    """Called when the way is open, and nothing is sent yet; it may raise to have nothing sent."""


def encoded(request: httpx.Request) -> Request:
    """Return a request of httpx's, which knows how contents of all kinds are sent."""
    stream: Any = request.stream
    return Request(request.method, request.url.raw_path, request.headers.raw, stream)


@dataclass(frozen=True, slots=True)
class Incoming:
    """An answer of which only the beginning has come; headers are by names in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    chunks: Iterable[bytes] = field(repr=False)


class Connection(ABC):
    """Leads to one place."""

    @abstractmethod
    def open(self, request: Request) -> AbstractContextManager[Incoming]:
        """Send a request. Raises httpx.RequestError, also while the chunks come."""

    @abstractmethod
    def close(self) -> None:
        """Leave nothing open."""

    def ask(self, request: Request, seconds: float) -> Answer:
        """Send a request and return its answer with all of its content.

        Raises httpx.RequestError, ReadTimeout among them when it takes longer than `seconds` in
        all, and TooLongError.
        """
        with deadline(seconds), self.open(request) as answer:
            return Answer(answer.status, answer.headers, whole(answer.headers, answer.chunks))


def place_of(url: httpx.URL) -> str:
    """Return the beginning of a URL, up to its path: all below it is reached by one connection."""
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


class InProcess(Connection):
    """Asks a transport of httpx's, such as the embedded sandbox, for what stands at a base URL."""

    def __init__(self, base_url: httpx.URL, transport: httpx.BaseTransport) -> None:
        self._place = place_of(base_url)
        self._transport = transport

    @contextmanager
    def open(self, request: Request) -> Iterator[Incoming]:
        request.before()
        content = None if request.content is None else b"".join(request.content)
        asked = httpx.Request(
            request.method,
            self._place + request.target.decode("ascii"),
            headers=list(request.headers),
            content=content,
        )
        response = self._transport.handle_request(asked)
        headers = by_name(response.headers.raw)
        if not response.is_stream_consumed:
            with closing(response):
                yield Incoming(response.status_code, headers, response.iter_raw())
            return
        # It was made with its content, which httpx has decompressed by now.
        headers.pop("content-encoding", None)
        yield Incoming(response.status_code, headers, [response.content])

    def close(self) -> None:
        """Leave the transport to who made it."""
