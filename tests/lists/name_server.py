"""A name server on loopback that answers from a table, and counts what it is asked."""

import socket
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Table = Mapping[str, Mapping[str, list[str]]]
"""Records by type, by name; a name that is not in it does not exist, `silent.` never answers."""


@dataclass
class NameServer:
    port: int
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)


@contextmanager
def serving(table: Table) -> Iterator[NameServer]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        server = NameServer(listener.getsockname()[1])
        thread = threading.Thread(target=_answer_all, args=(listener, table, server), daemon=True)
        thread.start()
        yield server
        listener.sendto(b"", listener.getsockname())
        thread.join()


def _answer_all(listener: socket.socket, table: Table, server: NameServer) -> None:
    while True:
        content, client = listener.recvfrom(4096)
        if not content:
            return
        query = dns.message.from_wire(content)
        name = query.question[0].name.to_text().lower()
        kind = dns.rdatatype.to_text(query.question[0].rdtype)
        server.asked[name, kind] += 1
        if name.startswith("garbage."):
            listener.sendto(b"\xff" * 40, client)
        elif not name.startswith("silent."):
            listener.sendto(_answer(query, table, name, kind).to_wire(), client)


def _answer(query: dns.message.Message, table: Table, name: str, kind: str) -> dns.message.Message:
    answer = dns.message.make_response(query)
    answer.flags |= dns.flags.RA
    if name.startswith("broken."):
        answer.set_rcode(dns.rcode.SERVFAIL)
    elif name not in table:
        answer.set_rcode(dns.rcode.NXDOMAIN)
    elif records := table[name].get(kind):
        answer.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *records))
    return answer
