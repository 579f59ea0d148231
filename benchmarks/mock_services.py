"""A local stand-in for Mailgun and for a DNS host, which answers everybody after a fixed time.

    python mock_services.py DOMAINS SECONDS

It prints the port that it took on loopback, and ends when its standard input does. All domains are
there, each with the same tracking, webhooks and DNS records, so that whoever declares these has
nothing to change. `GET /calls` says how many calls there were, itself left out.
"""

import asyncio
import json
import sys
from functools import partial
from selectors import SelectSelector
from typing import Any
from urllib.parse import parse_qs, urlsplit

TRACKING = {
    "tracking": {
        "open": {"active": True, "place_at_the_top": False},
        "click": {"active": True},
        "unsubscribe": {"active": False, "html_footer": "", "text_footer": ""},
        "web_scheme": "http",
    }
}
WEBHOOKS = {"webhooks": {"delivered": {"urls": ["https://hooks.example.com/mailgun"]}}}
MX = {"preference": 10, "exchange": "mx.example."}
RECORDS = {
    "records": [
        {"name": "", "type": "MX", "ttl": 300, "values": [MX]},
        {"name": "", "type": "TXT", "ttl": 300, "value": "v=spf1 -all"},
        {"name": "www", "type": "A", "ttl": 300, "value": "192.0.2.1"},
    ]
}
END = b"\r\n\r\n"


def domain_name(number: int) -> str:
    return f"d{number:05}.example.com"


def domain(number: int) -> dict[str, Any]:
    """Return an item of Mailgun's list of domains (mailgun.md §4.1)."""
    return {
        "created_at": "Tue, 24 Nov 2026 12:00:00 GMT",
        "encrypt_incoming_message": False,
        "id": f"{number:024x}",
        "is_disabled": False,
        "message_ttl": 0,
        "name": domain_name(number),
        "require_tls": False,
        "skip_verification": False,
        "smtp_login": f"postmaster@{domain_name(number)}",
        "spam_action": "disabled",
        "state": "active",
        "type": "custom",
        "use_automatic_sender_security": False,
        "web_prefix": "email",
        "web_scheme": "http",
        "wildcard": False,
    }


def as_answer(body: Any) -> bytes:
    content = json.dumps(body).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(content)}"
    return head.encode() + END + content


class Services:
    def __init__(self, domains: int, seconds: float) -> None:
        self.seconds = seconds
        self._domains = [domain(number) for number in range(domains)]
        self._by_end = {
            "tracking": as_answer(TRACKING),
            "webhooks": as_answer(WEBHOOKS),
            "records": as_answer(RECORDS),
        }
        self._calls = 0

    def answer(self, target: str) -> bytes:
        if target == "/calls":
            return as_answer(self._calls)
        self._calls += 1
        end = target.rpartition("/")[2]
        return self._by_end.get(end) or as_answer(self._page(target))

    def _page(self, target: str) -> Any:
        query = {name: int(value) for name, (value,) in parse_qs(urlsplit(target).query).items()}
        first = query.get("skip", 0)
        items = self._domains[first : first + query.get("limit", 100)]
        return {"total_count": len(self._domains), "items": items}


class Connection(asyncio.Protocol):
    """HTTP as far as a client needs it that sends GET, waits, and sends the next."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while END in self._received:
            request, _, self._received = self._received.partition(END)
            answer = self._services.answer(request.split(maxsplit=2)[1].decode())
            if self._services.seconds:
                loop = asyncio.get_running_loop()
                loop.call_later(self._services.seconds, self._transport.write, answer)
            else:
                self._transport.write(answer)


async def serve(services: Services) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(partial(Connection, services), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def loop_that_is_on_time() -> asyncio.AbstractEventLoop:
    """Return a loop whose waits are not rounded up to whole milliseconds, as those of epoll are."""
    return asyncio.SelectorEventLoop(SelectSelector())


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_that_is_on_time) as runner:
        runner.run(serve(Services(int(sys.argv[1]), float(sys.argv[2]))))
