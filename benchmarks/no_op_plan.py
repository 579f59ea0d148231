"""How long a plan takes that finds nothing to change, beside octoDNS, the nearest relative.

    make bench
    make bench BENCH='--domains 500 2000 --milliseconds 20 --connections 16'

Both are started as commands, one after the other, against a local stand-in for the services that
answers each call after the same time. esp-reconcile makes two calls for each Mailgun domain (its
tracking, its webhooks) and one for each thousand; octoDNS makes one for each zone, and so has about
half of the waiting. The floor is what waiting alone takes: calls * time / connections.

It prints figures and judges nothing. What we want of ourselves: at 50 ms and 32 connections
at most 1.2 of the floor, without waiting less than 10 s for 10,000 domains, ten times the domains
in at most 11 times the time, and less than 160 MB.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from resource import struct_rusage
from tempfile import TemporaryDirectory
from threading import Timer
from urllib.request import ProxyHandler, build_opener

from mock_services import domain_name

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
LONGEST = 1800
"""Seconds; then a command is stopped, and has no figures."""
PER_MEGABYTE = 2**20 if sys.platform == "darwin" else 2**10
"""The system's units of `ru_maxrss`."""


Run = tuple[str, int, int]
"""A program, how many domains it had, and the milliseconds that each call took."""


@dataclass(frozen=True)
class Load:
    domains: int
    milliseconds: int
    connections: int


@dataclass(frozen=True)
class Command:
    """What is started in a folder; `last_word` is what it prints if it finds nothing to change."""

    arguments: tuple[str, ...]
    env: Mapping[str, str]
    last_word: str


@dataclass(frozen=True)
class Figures:
    calls: int
    floor: float
    seconds: float
    cpu: float
    megabytes: float
    problem: str


def esp_reconcile(folder: Path, url: str, load: Load) -> Command:
    lines = "".join(f"      {domain_name(number)}: {{}}\n" for number in range(load.domains))
    (folder / "esp.yaml").write_text(
        "version: 1\nproviders:\n  mock:\n    service: mailgun\n    token: {env: MAILGUN_API_KEY}\n"
        "    region: us\n    tracking: {opens: true, clicks: true}\n"
        f"    webhooks: {{delivered: [https://hooks.example.com/mailgun]}}\n    domains:\n{lines}",
        encoding="utf-8",
    )
    env = {
        "MAILGUN_API_KEY": "key-of-nobody",
        "ESP_RECONCILE_MAILGUN_US_URL": url,
        "ESP_RECONCILE_MAILGUN_EU_URL": url,
        # The stand-in has no limit, which ours would start from.
        "ESP_RECONCILE_RATE": "1000000",
    }
    connections = ("--connections", str(load.connections))
    return Command((str(BIN / "esp-reconcile"), *connections, "plan"), env, "No changes.")


def octodns(folder: Path, url: str, load: Load) -> Command:
    zones = folder / "zones"
    zones.mkdir()
    for number in range(load.domains):
        (zones / f"{domain_name(number)}.yaml").write_text(
            "? ''\n: - {ttl: 300, type: MX, values: [{exchange: mx.example., preference: 10}]}\n"
            "  - {ttl: 300, type: TXT, value: v=spf1 -all}\n"
            "www: {ttl: 300, type: A, value: 192.0.2.1}\n",
            encoding="utf-8",
        )
    (folder / "octodns.yaml").write_text(
        f"manager: {{max_workers: {load.connections}}}\nproviders:\n"
        "  files: {class: octodns.provider.yaml.YamlProvider, directory: ./zones}\n"
        f"  mock: {{class: mock_octodns.MockProvider, url: '{url}', "
        f"connections: {load.connections}}}\n"
        "zones:\n  '*': {sources: [files], targets: [mock]}\n",
        encoding="utf-8",
    )
    arguments = (str(BIN / "octodns-sync"), "--config-file", "octodns.yaml")
    return Command(arguments, {"PYTHONPATH": str(HERE)}, "No changes were planned")


PROGRAMS: Mapping[str, Callable[[Path, str, Load], Command]] = {
    "esp-reconcile": esp_reconcile,
    "octoDNS": octodns,
}


@contextmanager
def services(load: Load) -> Iterator[str]:
    """Yield the base URL of a stand-in of its own."""
    arguments = [str(load.domains), str(load.milliseconds / 1000)]
    with subprocess.Popen(
        [sys.executable, str(HERE / "mock_services.py"), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"


def measured(program: str, load: Load) -> Figures:
    with TemporaryDirectory() as name, services(load) as url:
        folder = Path(name)
        command = PROGRAMS[program](folder, url, load)
        seconds, usage, problem = run(command, folder)
        opener = build_opener(ProxyHandler({}))
        calls = int(opener.open(f"{url}/calls").read())
    floor = calls * load.milliseconds / 1000 / load.connections
    cpu, megabytes = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / PER_MEGABYTE
    return Figures(calls, floor, seconds, cpu, megabytes, problem)


def run(command: Command, folder: Path) -> tuple[float, struct_rusage, str]:
    """Return the seconds it took, what it used, and what went wrong."""
    output = folder / "output"
    env = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    started = time.monotonic()
    with output.open("wb") as file:
        process = subprocess.Popen(
            command.arguments,
            cwd=folder,
            env={**env, **command.env},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        usage = waited_for(process)
    seconds = time.monotonic() - started
    told = output.read_text(encoding="utf-8", errors="replace").strip()
    problem = "" if command.last_word in told else told[-300:] or f"nothing in {LONGEST} s"
    return seconds, usage, problem


def waited_for(process: subprocess.Popen[bytes]) -> struct_rusage:
    """Return what the process used, as soon as it has ended."""
    too_long = Timer(LONGEST, process.kill)
    too_long.start()
    try:
        _, _, usage = os.wait4(process.pid, 0)
    finally:
        too_long.cancel()
    process.returncode = 0  # else Popen looks for a process that is no more
    return usage


def say(text: str) -> None:
    print(text, flush=True)


def table(options: argparse.Namespace) -> dict[Run, Figures]:
    """Measure everything, and print each line as it is known."""
    say(f"{options.connections} connections, Python {sys.version.split()[0]}\n")
    say(f"{'':14} domains  wait ms   calls  floor s  seconds  / floor   CPU s      MB")
    found = {}
    for milliseconds, domains, program in product(options.milliseconds, options.domains, PROGRAMS):
        figures = measured(program, Load(domains, milliseconds, options.connections))
        ratio = f"{figures.seconds / figures.floor:.2f}" if figures.floor else ""
        say(
            f"{program:14} {domains:7,} {milliseconds:8} {figures.calls:7,} {figures.floor:8.2f} "
            f"{figures.seconds:8.2f} {ratio:>8} {figures.cpu:7.2f} {figures.megabytes:7.0f}"
        )
        if figures.problem:
            say(f"  {program} did not find that there is nothing to change: {figures.problem}")
        else:
            found[program, domains, milliseconds] = figures
    return found


def ratios(found: Mapping[Run, Figures], options: argparse.Namespace) -> Iterator[str]:
    ours, theirs = PROGRAMS
    for milliseconds in options.milliseconds:
        at = f"at {milliseconds} ms"
        for domains in options.domains:
            one, two = (found.get((each, domains, milliseconds)) for each in (ours, theirs))
            if one and two:
                whole = one.seconds / two.seconds
                call = whole * two.calls / one.calls
                yield f"{ours} / {theirs}, {domains:,} {at}: {whole:.2f}, and {call:.2f} a call"
        for program, (few, many) in product(PROGRAMS, pairwise(options.domains)):
            one, two = (found.get((program, each, milliseconds)) for each in (few, many))
            if one and two:
                growth = two.seconds / one.seconds
                yield f"{program}, {few:,} to {many:,} {at}: {growth:.1f} times the time"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--domains", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--milliseconds", type=int, nargs="+", default=[0, 50])
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    found = table(options)
    say("")
    for line in ratios(found, options):
        say(line)


if __name__ == "__main__":
    main()
