"""`esp-reconcile run`"""

import sys
from dataclasses import replace
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.account import options_of
from reconciler.cli.configuration import read_config
from reconciler.cli.settings import Settings
from reconciler.engine.selection import Selection
from reconciler.errors import UsageError
from reconciler.model import Config, Resource
from reconciler.reconciler import Reconciler
from reconciler.reports.documents import facts_as_document
from reconciler.reports.text import facts_as_text
from reconciler.source import printable


@click.command(
    epilog="""\b
Examples:
  esp-reconcile run rotate-dkim transactional/domains/example.com
  esp-reconcile run resend transactional/senders/ops@example.com --yes
"""
)
@click.argument("action")
@click.argument("address")
@options.files
@click.option("--yes", is_flag=True, help="Do not ask; needed where there is no terminal.")
@options.as_format
@click.pass_obj
def run(
    settings: Settings,
    action: str,
    address: str,
    files: tuple[Path, ...],
    yes: bool,  # noqa: FBT001
    format_: str,
) -> int:
    """Carry out a one-off ACTION on what stands at ADDRESS: no desired value, never in a plan.

    \b
    Postmark domains   rotate-dkim, verify
    Postmark senders   resend
    Postmark webhooks  verify
    Mailgun domains    verify, set-smtp-password, rotate-dkim, enable-dkim-rotation,
                       disable-dkim-rotation

    FILE is a file or a folder of YAML files; esp.yaml by default.
    """  # noqa: D301 - the backslash is click's mark for lines that stay as they are
    if not yes and not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on; say --yes to run without a question")
    config = read_config(files)
    desired = _declared(config, address)
    _check_action(desired, action)
    config = replace(config, desired={desired.address: desired})
    selection = Selection((desired.address.provider,))
    with Reconciler.open(config, options_of(settings), selection) as reconciler:
        if not yes and not click.confirm(f"{desired.kind.actions[action]}. Go on?", err=True):
            options.tell("Nothing was done.")
            return 1
        after = reconciler.run(desired.address, action)
    options.show(facts_as_text(after), facts_as_document(after), format_)
    return 0


def _declared(config: Config, address: str) -> Resource:
    for each, desired in config.desired.items():
        if str(each) == address:
            return desired
    known = ", ".join(str(each) for each, desired in config.desired.items() if desired.kind.actions)
    raise UsageError(f"{printable(address)} is not declared; known here: {known or 'nothing'}")


def _check_action(desired: Resource, action: str) -> None:
    if action not in desired.kind.actions:
        known = ", ".join(desired.kind.actions) or "none"
        raise UsageError(f"{desired.kind.name} have no action {action!r}; known: {known}")
