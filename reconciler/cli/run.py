"""`esp-reconcile run`"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.account import options_of
from reconciler.cli.completing import actions, addresses
from reconciler.cli.configuration import read_config
from reconciler.cli.settings import Settings
from reconciler.engine.doubts import SET_UNTOLD
from reconciler.engine.selection import Selection, did_you_mean
from reconciler.errors import UsageError
from reconciler.library.reconciler import Reconciler
from reconciler.model import Config, Resource
from reconciler.reports.documents import performed_as_document
from reconciler.reports.text import performed_as_text
from reconciler.source import printable

_NAMED = 5


@click.command(
    epilog="""\b
Examples:
  esp-reconcile run rotate-dkim transactional/domains/example.com
  esp-reconcile run resend transactional/senders/ops@example.com --yes
"""
)
@click.argument("action", shell_complete=actions)
@click.argument("address", shell_complete=addresses)
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

    It says what became of it, and ends with 1 if that is not what was hoped for, such as a record
    that is still missing. `verify` sets nothing, and so it does not ask.

    \b
    Postmark domains   rotate-dkim, verify
    Postmark senders   resend
    Postmark webhooks  verify
    Mailgun domains    verify, set-smtp-password, rotate-dkim, enable-dkim-rotation,
                       disable-dkim-rotation
    anything           set-untold: what a plan says that it cannot compare

    FILE is a file or a folder of YAML files; esp.yaml by default.
    """  # noqa: D301 - the backslash is click's mark for lines that stay as they are
    config = read_config(files)
    desired = _declared(config, address)
    _check_action(desired, action)
    is_asked = not yes and action not in desired.kind.looks
    if is_asked and not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on; say --yes to run without a question")
    config = replace(config, desired={desired.address: desired})
    selection = Selection((desired.address.provider,))
    with Reconciler.open(config, options_of(settings), selection) as reconciler:
        if is_asked and not _is_wanted(desired, action):
            return 1
        done = reconciler.run(desired.address, action)
    with options.even_unread():
        options.show(performed_as_text(action, done), performed_as_document(action, done), format_)
    return 0 if done.succeeded else 1


def _is_wanted(desired: Resource, action: str) -> bool:
    question = printable(f"{desired.address}: {_actions(desired)[action]}. Go on?")
    if click.confirm(options.harmless(question), err=True):
        return True
    options.tell("Nothing was done.")
    return False


def _declared(config: Config, address: str) -> Resource:
    for each, desired in config.desired.items():
        if str(each) == address:
            return desired
    known = [str(each) for each, desired in config.desired.items() if desired.kind.actions]
    hint = did_you_mean(address, known) or f"; known here: {_named(known)}"
    raise UsageError(f"{printable(address)} is not declared{hint}")


def _named(addresses: Sequence[str]) -> str:
    if not addresses:
        return "nothing that has actions"
    more = f" and {len(addresses) - _NAMED} more" if len(addresses) > _NAMED else ""
    return ", ".join(map(printable, addresses[:_NAMED])) + more


def _actions(desired: Resource) -> dict[str, str]:
    """Return what can be asked of it; of anything, to set what no plan can compare."""
    return {**desired.kind.actions, SET_UNTOLD: "set what a plan cannot compare, as the YAML says"}


def _check_action(desired: Resource, action: str) -> None:
    if action not in _actions(desired):
        known = ", ".join(_actions(desired))
        hint = did_you_mean(action, _actions(desired)) or f"; known: {known}"
        raise UsageError(f"there is no action `{printable(action)}` for {desired.kind.name}{hint}")
