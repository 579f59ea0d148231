"""`esp-reconcile domains records`"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.domains.choosing import chosen, read_domains
from reconciler.cli.settings import Settings
from reconciler.handover import (
    DEFAULT_TTL,
    FORMATS,
    LONGEST_TTL,
    SHORTEST_TTL,
    WITHHELD,
    LeftOut,
    hand_over,
    zone_finder,
)
from reconciler.model import TO_PUBLISH, Address, DnsRecord
from reconciler.reports.domains import records_as_document, records_as_text
from reconciler.source import printable

Records = Sequence[tuple[Address, Sequence[DnsRecord]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the options say of how records are handed over."""

    is_missing: bool
    has_optional: bool
    form: str
    zones: tuple[str, ...]
    ttl: int
    semicolons: Any


@click.command(
    short_help="Show the DNS records that are wanted, or hand them over.",
    epilog="""\b
Examples:
  esp-reconcile domains records mg.example.com
  esp-reconcile domains records --missing --format octodns
""",
)
@chosen
@click.option("--missing", "is_missing", is_flag=True, help="Only what a service does not find.")
@click.option(
    "--with-optional",
    "has_optional",
    is_flag=True,
    help="Hand over also what may be left out: Mailgun's MX, by which it receives all mail.",
)
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["table", "json", *FORMATS]),
    default="table",
    show_default=True,
    help="A table, data for programs, or a fragment to paste into what runs the zone.",
)
@click.option(
    "--zone",
    "zones",
    multiple=True,
    metavar="NAME",
    help="A zone that there is; else the registered domain is taken for one. May be given several "
    "times.",
)
@click.option(
    "--ttl",
    type=click.IntRange(SHORTEST_TTL, LONGEST_TTL),
    default=DEFAULT_TTL,
    show_default=True,
    metavar="SECONDS",
    help="How long resolvers may keep the records; 300 for a first set-up.",
)
@click.option(
    "--octodns-semicolons",
    "semicolons",
    type=click.Choice(["escaped", "plain"]),
    default="escaped",
    show_default=True,
    help="As octoDNS's option `escaped_semicolons` has it.",
)
@click.pass_obj
def records(
    settings: Settings,
    /,
    names: tuple[str, ...],
    providers: tuple[str, ...],
    config_files: tuple[Path, ...],
    is_all: bool,  # noqa: FBT001
    **said: Any,
) -> int:
    """Show or hand over the DNS records that each DOMAIN asks for, or all that are declared.

    It ends with 1 if one is left out because it repeats a secret of the run.
    """
    asked = _Asked(**said)
    _, domains = read_domains(settings, names, providers, config_files, is_all=is_all)
    wanted: Records = [
        (each.address, [it for it in each.records if _is_wanted(it, asked)]) for each in domains
    ]
    found = [(name, [it for it in those if not it.is_withheld]) for name, those in wanted]
    is_whole = found == wanted
    if not is_whole:
        _tell_withheld(wanted)
    if asked.form == "table":
        options.say(records_as_text(found))
    elif asked.form == "json":
        options.say_json(records_as_document(found))
    else:
        _hand_over(found, asked, is_whole=is_whole)
    return 0 if is_whole else 1


def _is_wanted(record: DnsRecord, asked: _Asked) -> bool:
    """Leave out of a fragment what must not be published by the way, such as an MX."""
    if record.is_optional and asked.has_optional:
        return True
    if asked.is_missing:
        return record.state == TO_PUBLISH
    return asked.form in {"table", "json"} or not (record.is_unused or record.is_optional)


def _tell_withheld(wanted: Records) -> None:
    """Name the domain of each, as its own name may be what repeats the secret."""
    for address, records in wanted:
        withheld = {LeftOut(each.host, each.type, WITHHELD) for each in records if each.is_withheld}
        for each in sorted(withheld):
            options.tell(f"Error: {printable(str(address))}: {each}")


def _hand_over(found: Records, asked: _Asked, *, is_whole: bool) -> None:
    """Print a fragment, which may be empty, and tell what could not be put into it."""
    every = [record for _, records in found for record in records]
    done = hand_over(
        every,
        asked.form,
        zone_of=zone_finder(asked.zones),
        ttl=asked.ttl,
        octodns_semicolons=asked.semicolons,
    )
    for each in done.left_out:
        options.tell(str(each))
    if done.text:
        options.say(done.text.rstrip("\n"))
    elif is_whole:
        options.tell("Nothing to publish.")
