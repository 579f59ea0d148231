"""Asks name servers, over UDP, and over TCP where an answer was cut short.

Whatever keeps an answer from coming or from being understood is a reason why a server could not be
asked. It never reads as if there were no record.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from reconciler.dns.answers import Answer, canonical, not_asked, read
from reconciler.dns.once import Once
from reconciler.dns.servers import Server

_PAYLOAD = 1232
"""Octets of a UDP answer: what passes everywhere unfragmented (the DNS flag day of 2020)."""
_GIVEN_UP = 3
"""So many questions in a row a server may leave without answer before it is left alone."""

Failure = (dns.exception.DNSException, OSError, EOFError, ValueError)
"""What sending, receiving and reading may end in. dnspython has one root, sockets another."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait for one packet, and for an answer to the question in all."""

    per_try: float = 2.0
    whole: float = 6.0


class Asker:
    """Asks each question once a run, from any thread."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._once: Once[tuple[object, ...], Answer] = Once()
        self._lock = Lock()
        self._unanswered: Counter[Server] = Counter()

    def ask(self, servers: Sequence[Server], name: str, kind: str, *, flags: int = 0) -> Answer:
        """Return the first usable answer; the servers take turns, and hold the same content.

        `kind` is a record's type, as in `TXT`; `flags` is of `dns.flags`: none asks for what a
        server knows itself.
        """
        key = (tuple(servers), canonical(name), kind.upper(), flags)
        return self._once.get(key, lambda: self._ask(servers, name, kind, flags))

    def _ask(self, servers: Sequence[Server], name: str, kind: str, flags: int) -> Answer:
        try:
            query = _query(name, kind, flags)
        except Failure as error:
            return not_asked(f"`{name}` {kind} cannot be asked for: {_words(error)}")
        left = list(servers)
        last = not_asked("there is no server to ask")
        ends = time.monotonic() + self._patience.whole
        while left and (seconds := ends - time.monotonic()) > 0:
            server = left.pop(0)
            if self._is_silent(server):
                last = not_asked(f"{server} answered none of {_GIVEN_UP} questions before")
                continue
            try:
                answer = _exchange(query, server, min(seconds, self._patience.per_try))
            except dns.exception.Timeout:
                last = not_asked(f"{server} gave no answer that fits the question in time")
                left.append(server)
                continue
            except Failure as error:
                last = not_asked(f"{server} could not be asked: {_words(error)}")
                continue
            self._note(server, is_answered=True)
            if answer.was_asked or answer.referred:
                return answer
            last = not_asked(f"{server}: {answer.reason}", answer.failure)
        for server in left:
            self._note(server, is_answered=False)
        return last

    def _is_silent(self, server: Server) -> bool:
        with self._lock:
            return self._unanswered[server] >= _GIVEN_UP

    def _note(self, server: Server, *, is_answered: bool) -> None:
        with self._lock:
            self._unanswered[server] = 0 if is_answered else self._unanswered[server] + 1


def _query(name: str, kind: str, flags: int) -> dns.message.QueryMessage:
    return dns.message.make_query(name, kind, use_edns=0, payload=_PAYLOAD, flags=flags)


def _exchange(query: dns.message.QueryMessage, server: Server, seconds: float) -> Answer:
    """Ask one server once. A packet that answers another question is passed over, and waited on.

    Raises what `Failure` holds.
    """
    response = _sent(query, server, seconds)
    if response.rcode() in {dns.rcode.FORMERR, dns.rcode.NOTIMP}:
        # A server from before EDNS refuses the question for that alone.
        question = query.question[0]
        plain = dns.message.make_query(question.name, question.rdtype, flags=query.flags)
        response = _sent(plain, server, seconds)
    return read(response)


def _sent(query: dns.message.QueryMessage, server: Server, seconds: float) -> dns.message.Message:
    where, port = server.address, server.port
    try:
        return dns.query.udp(
            query,
            where,
            seconds,
            port,
            ignore_unexpected=True,
            ignore_errors=True,
            raise_on_truncation=True,
        )
    except dns.message.Truncated:
        return dns.query.tcp(query, where, seconds, port)


def _words(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
