"""What limits cost: plans and applies behind services that refuse calls beyond so many a second.

    make bench-limits
    make bench-limits BENCH='--rates 5 --hints none --domains 40'

Each run is a process against a sandbox behind a bucket of its own that holds a second's worth of
calls. The floor is calls / rate. What we want of ourselves: exit code 0; refusals below 3 % of the
calls and one for each connection; a time within 1.2 of the floor and one second more.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import ProxyHandler, build_opener

from limited_sandbox import HINTS

HERE = Path(__file__).parent
COMMAND = str(Path(sys.executable).parent / "esp-reconcile")
CONNECTIONS = 8
WINDOW = 1.0

PROVIDERS: Mapping[str, Mapping[str, Any]] = {
    "postmark": {
        "service": "postmark",
        "token": {"env": "POSTMARK_SERVER_TOKEN"},
        "account_token": {"env": "POSTMARK_ACCOUNT_TOKEN"},
    },
    "mailgun": {
        "service": "mailgun",
        "token": {"env": "MAILGUN_API_KEY"},
        "tracking": {"opens": True, "clicks": True},
        "webhooks": {"delivered": ["https://hooks.example.com/mailgun"]},
    },
}
URLS = {"postmark": "POSTMARK", "mailgun": "MAILGUN_US"}


@contextmanager
def limited_sandbox(rate: int, hint: str) -> Iterator[Mapping[str, Any]]:
    arguments = [sys.executable, str(HERE / "limited_sandbox.py"), str(rate), hint]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        yield json.loads(process.stdout.readline())


def line(service: str, rate: int, hint: str, domains: int) -> str:
    """Apply to an empty account and plan again; return the figures of both."""
    provider = {**PROVIDERS[service]}
    provider["domains"] = {f"d{number:03}.example.com": {} for number in range(domains)}
    with TemporaryDirectory() as name, limited_sandbox(rate, hint) as there:
        folder, url = Path(name), there["urls"][URLS[service]]
        config = {"version": 1, "providers": {"limited": provider}}
        (folder / "esp.yaml").write_text(json.dumps(config), encoding="utf-8")
        env = {
            "PATH": os.environ["PATH"],
            "HOME": name,
            f"ESP_RECONCILE_{URLS[service]}_URL": url,
            **{key.upper(): value for key, value in there["credentials"].items()},
        }
        runs = [measured([*run], folder, env, url, rate) for run in (["apply", "--yes"], ["plan"])]
    return f"{service:9} {rate:4} {hint:9}" + "".join(runs)


def measured(command: list[str], folder: Path, env: Mapping[str, str], url: str, rate: int) -> str:
    before, started = counts(url), time.monotonic()
    arguments = [COMMAND, "--connections", str(CONNECTIONS), *command]
    process = subprocess.run(
        arguments, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    seconds, after = time.monotonic() - started, counts(url)
    calls, refused = (after[each] - before[each] for each in ("calls", "refused"))
    # What the bucket held at the beginning came on top of what flowed in.
    floor = (calls - refused) / rate
    ratio = (seconds - WINDOW) / floor
    spare = 0.03 * calls + CONNECTIONS
    return (
        f"  | {command[0]:5} {process.returncode} {calls:6} {refused:4} {refused / spare:6.2f}"
        f" {seconds:7.1f} {ratio:6.2f}"
    )


def counts(url: str) -> dict[str, int]:
    found: dict[str, int] = json.loads(build_opener(ProxyHandler({})).open(f"{url}/counts").read())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rates", type=int, nargs="+", default=[5, 10])
    parser.add_argument("--hints", nargs="+", choices=HINTS, default=list(HINTS))
    parser.add_argument("--services", nargs="+", choices=PROVIDERS, default=list(PROVIDERS))
    parser.add_argument("--domains", type=int, default=100)
    parser.add_argument("--at-once", type=int, default=4)
    options = parser.parse_args()
    head = "  |  exit  calls  429  /most seconds /floor"
    print(f"{CONNECTIONS} connections\n\n{'service':9} rate {'hint':9}{head}{head}", flush=True)
    runs = product(options.services, options.rates, options.hints, [options.domains])
    with ThreadPoolExecutor(options.at_once) as pool:
        for told in pool.map(lambda run: line(*run), runs):
            print(told, flush=True)


if __name__ == "__main__":
    main()
