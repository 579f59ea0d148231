"""What the options of `validate-list` say."""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from reconciler.cli.outputs import check_output
from reconciler.dns.servers import Server, place_of
from reconciler.errors import Untrusted, UsageError
from reconciler.lists.price import PLANS, Bands, bands_of

_LONGEST_PRICES = 2**16


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    file: Path
    provider: str
    preview: bool
    out: Path | None
    max_cost: Decimal | None
    plan: str
    prices: Path | None
    used: int | None
    yes: bool
    resume: bool
    anew: bool
    no_dns: bool
    resolver: str
    state_dir: Path

    def check(self, *, is_asked_to_trust: bool) -> None:
        """Raise UsageError for what does not go together, and Untrusted."""
        if not is_asked_to_trust:
            raise Untrusted(
                "a validation costs money and sends addresses out; --untrusted does neither"
            )
        if self.resume and self.anew:
            raise UsageError("--resume goes on with a validation, and --anew gives it up; say one")
        is_free = self.preview or self.resume
        if not (self.yes or is_free or sys.stdin.isatty()):
            raise UsageError(
                "there is no terminal to ask on; say --yes to pay without a question, or "
                "--preview for a free estimate"
            )
        if self.out:
            check_output(f"--out {self.out}", self.out)
            if self.out.resolve() == self.file.resolve():
                raise UsageError(f"--out {self.out}: this is the list itself; name another file")

    @property
    def servers(self) -> tuple[Server, ...]:
        """Return the name servers to ask instead of the system's. Raises UsageError."""
        if not self.resolver:
            return ()
        servers = place_of(self.resolver, "resolver").servers()
        if not servers:
            raise UsageError(f"--resolver {self.resolver}: the system knows no such host")
        return servers

    @property
    def bands(self) -> tuple[Bands, str]:
        """Return the price list, and what it is called. Raises UsageError."""
        if self.prices is None:
            return PLANS[self.plan], f"the {self.plan.capitalize()} plan"
        try:
            text = self.prices.read_bytes()[: _LONGEST_PRICES + 1].decode()
        except (OSError, UnicodeDecodeError):
            raise UsageError(f"--prices {self.prices}: the file cannot be read") from None
        return bands_of(text, f"--prices {self.prices}"), "your own prices"


def _amount(
    _context: click.Context, _option: click.Parameter, value: float | None
) -> Decimal | None:
    if value is not None and not math.isfinite(value):
        raise click.BadParameter("an amount of USD is wanted")
    return None if value is None else Decimal(str(value))


_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.argument("file", metavar="FILE.csv", type=click.Path(path_type=Path)),
    click.option(
        "--provider", required=True, metavar="NAME", help="The provider of the YAML that validates."
    ),
    click.option(
        "--preview", is_flag=True, help="Have the list estimated first, for free, and then ask."
    ),
    click.option(
        "-o",
        "--out",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="RESULTS.csv",
        help="Write each row with its bucket, and the service's own words.",
    ),
    click.option(
        "--max-cost",
        type=click.FloatRange(0),
        callback=_amount,
        metavar="USD",
        help="Refuse, with 4, what may cost more.",
    ),
    click.option(
        "--plan",
        type=click.Choice(list(PLANS)),
        default="foundation",
        show_default=True,
        help="The account's plan, by which validations have their price.",
    ),
    click.option(
        "--prices",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Your own prices as JSON: [[validations, USD for a hundred], ...].",
    ),
    click.option(
        "--used",
        type=click.IntRange(0),
        metavar="N",
        help="How many the account validated this month: the cost is then exact.",
    ),
    click.option("--yes", is_flag=True, help="Do not ask; needed where there is no terminal."),
    click.option("--resume", is_flag=True, help="Go on with what was begun; pay nothing again."),
    click.option("--anew", is_flag=True, help="Give up what was begun, and pay once more."),
    click.option("--no-dns", is_flag=True, help="Do not ask whether the domains take mail."),
    click.option(
        "--resolver",
        default="",
        metavar="HOST[:PORT]",
        help="The name server to ask, instead of the system's.",
    ),
)


def with_list_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
