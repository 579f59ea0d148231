"""A real name server (Knot DNS) on loopback, with the zones that a test writes.

It answers for its zones and for nothing else, and so plays a resolver as well: one that still has
the zones as they were before.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import dns.exception
import dns.message
import dns.query
import dns.rcode
from required import needs

HEAD = """\
$ORIGIN {zone}.
$TTL 3600
@ 3600 IN SOA ns1.{zone}. hostmaster.{zone}. 1 7200 3600 1209600 {minimum}
@ IN NS ns1.{zone}.
@ IN NS ns2.{zone}.
ns1 IN A 127.0.0.1
ns2 IN A 127.0.0.2
"""
NEGATIVE_TTL = 900
_PATIENCE = 20.0
"""Seconds for the server to start on a busy machine."""
_TRIES = 5
"""Another program may take a port between the moments that it is found free and used."""


@dataclass(frozen=True)
class NameServer:
    """Where it listens; `place` is as `--resolver` and `--authority` take it."""

    port: int
    host: str = "127.0.0.1"

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"


def zone_text(zone: str, records: str, *, minimum: int = NEGATIVE_TTL) -> str:
    """Return a zone file with SOA and NS records before those that a test names."""
    lines = [line.strip() for line in records.splitlines()]
    return "\n".join([HEAD.format(zone=zone, minimum=minimum), *lines, ""])


@contextmanager
def serving(
    zones: Mapping[str, str], *, hosts: Sequence[str] = ("127.0.0.1",), port: int = 0
) -> Iterator[NameServer]:
    """Serve zones, whole files by name, until the end of the block; skip the test without knotd."""
    needs("knot")
    with TemporaryDirectory(prefix="knot") as name:
        folder = Path(name)
        for zone, text in zones.items():
            (folder / f"{zone}.zone").write_text(text, encoding="utf-8")
        for _ in range(_TRIES):
            chosen = port or _free_port(hosts)
            with _running(folder, zones, hosts, chosen) as process:
                if _is_ready(process, zones, hosts[0], chosen):
                    yield NameServer(chosen, hosts[0])
                    return
        log = (folder / "log").read_text(encoding="utf-8")
        raise RuntimeError(f"knotd did not start:\n{log}")


@contextmanager
def _running(
    folder: Path, zones: Mapping[str, str], hosts: Sequence[str], port: int
) -> Iterator[subprocess.Popen[bytes]]:
    listen = ", ".join(f"{host}@{port}" for host in hosts)
    lines = [
        "server:",
        f'    rundir: "{folder}"',
        f"    listen: [ {listen} ]",
        "    udp-workers: 1",
        "    tcp-workers: 1",
        "    background-workers: 1",
        "database:",
        f'    storage: "{folder}"',
        "log:",
        "  - target: stderr",
        "    any: info",
        "template:",
        "  - id: default",
        f'    storage: "{folder}"',
        '    file: "%s.zone"',
        "    semantic-checks: off",
        "    journal-content: none",
        "zone:",
        *(f"  - domain: {zone}" for zone in zones),
    ]
    configuration = folder / "knot.conf"
    configuration.write_text("\n".join(lines) + "\n", encoding="utf-8")
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
    command = [shutil.which("knotd", path=path) or "knotd", "-c", str(configuration)]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def _is_ready(
    process: subprocess.Popen[bytes], zones: Mapping[str, str], host: str, port: int
) -> bool:
    """Wait until each zone is answered for; tell whether that is so."""
    ends = time.monotonic() + _PATIENCE
    waiting = list(zones)
    while waiting and time.monotonic() < ends and process.poll() is None:
        query = dns.message.make_query(waiting[0], "SOA")
        try:
            answer = dns.query.udp(query, host, 0.1, port)
        except (dns.exception.DNSException, OSError):
            continue
        if answer.answer:
            waiting.pop(0)
    return not waiting and process.poll() is None


def _free_port(hosts: Sequence[str]) -> int:
    """Return a port that is free for UDP and TCP on all addresses."""
    for _ in range(100):
        port = 0
        with ExitStack() as stack:
            try:
                for host in hosts:
                    family = socket.AF_INET6 if ":" in host else socket.AF_INET
                    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                        each = stack.enter_context(socket.socket(family, kind))
                        each.bind((host, port))
                        port = each.getsockname()[1]
            except OSError:
                continue
        return port
    raise RuntimeError("no port is free")
