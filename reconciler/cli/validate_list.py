"""`esp-reconcile validate-list`"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.account import options_of
from reconciler.cli.checks import check_names
from reconciler.cli.configuration import read_config
from reconciler.cli.list_options import Asked, with_list_options
from reconciler.cli.outputs import opened_output
from reconciler.cli.progress import Progress
from reconciler.cli.settings import Settings
from reconciler.errors import GuardExceeded, UsageError
from reconciler.library.options import Options
from reconciler.library.recalling import Memory
from reconciler.library.validating import Validation, combined, list_validation, new_job
from reconciler.lists.ledger import Ledger
from reconciler.lists.mail_hosts import HasMail, mail_asked_of
from reconciler.lists.merging import Tally, merge
from reconciler.lists.price import Cost, cost
from reconciler.lists.reading import AddressList, read_list
from reconciler.lists.surveying import Survey, survey
from reconciler.model import Account, Config
from reconciler.providers.mailgun.list_validation import ListValidation
from reconciler.reports.validation import (
    cost_as_document,
    cost_as_text,
    estimate_as_text,
    results_as_document,
    results_as_text,
    survey_as_document,
    survey_as_text,
)
from reconciler.source import printable

DECLINED_EXIT = 1
PARTLY_EXIT = 5
_RESUME = "The same command with --resume goes on without paying again."


@click.command(
    epilog="""\b
Examples:
  esp-reconcile validate-list news.csv --provider marketing --out results.csv
  esp-reconcile validate-list news.csv --provider marketing --preview
  esp-reconcile validate-list news.csv --provider marketing --max-cost 20 --yes
"""
)
@with_list_options
@options.config_files
@options.state_dir
@options.as_format
@click.pass_obj
def validate_list(
    settings: Settings,
    /,
    config_files: tuple[Path, ...],
    format_: str,
    **said: Any,
) -> int:
    """Have the addresses of FILE.csv validated: free checks first, then by the service, for money.

    The file has a header with a column `email` or `email_address`. Only addresses that pass the
    free checks are sent. What it costs is said and asked before. A run that is interrupted, or
    killed, is gone on with by --resume, which pays nothing again.
    """
    asked = Asked(**said)
    asked.check(is_asked_to_trust=not settings.untrusted)
    config = read_config(config_files)
    account = _account(config, asked.provider)
    file = read_list(asked.file)
    if file.is_latin:
        options.tell(f"Note: {printable(str(file.path))} is no UTF-8, and was read as Latin-1.")
    how = options_of(settings)
    with Ledger.opened() as ledger:
        found = _surveyed(file, ledger, asked, how)
        with list_validation(config, account, how) as service:
            at = "sandbox" if how.sandbox else service.at
            memory = Memory.of(asked.state_dir, account.name, at, file.path)
            with memory.state.alone(memory.key):
                run = _Run(asked, format_, file, ledger, found, service, memory, how)
                return run.go()


def _account(config: Config, name: str) -> Account:
    """Return a declared provider that validates lists. Raises UsageError."""
    check_names(config, [name])
    account = config.providers[name]
    if not account.service.validates_lists:
        able = [each.name for each in config.providers.values() if each.service.validates_lists]
        others = f"; name {' or '.join(map(printable, able))}" if able else ""
        raise UsageError(
            f"--provider {printable(name)}: {account.service.name.capitalize()} has no validation "
            f"of lists; a provider with `service: mailgun` has{others}"
        )
    return account


def _surveyed(file: AddressList, ledger: Ledger, asked: Asked, how: Options) -> Survey:
    has_mail = None if how.sandbox else _has_mail(asked)
    with Progress("Checking the list", tells_rest=True) as progress:
        found = survey(file, ledger, has_mail, progress.come_to)
    options.tell(f"Free checks of {printable(str(file.path))}:\n{survey_as_text(found)}")
    return found


def _has_mail(asked: Asked) -> HasMail | None:
    servers = asked.servers
    if asked.no_dns:
        return None
    has_mail = mail_asked_of([each.address for each in servers], servers[0].port if servers else 0)
    if has_mail is None:
        options.tell("Warning: no name server is known here; no domain is asked for its mail.")
    return has_mail


@dataclass(slots=True)
class _Run:
    """One run of the command, once the free checks are made."""

    asked: Asked
    format_: str
    file: AddressList
    ledger: Ledger
    found: Survey
    service: ListValidation
    memory: Memory
    how: Options
    document: dict[str, Any] = field(default_factory=dict)

    def go(self) -> int:
        """Return the exit code."""
        self.document = {
            "format_version": "1",
            "command": "validate-list",
            "provider": self.asked.provider,
            "checks": survey_as_document(self.found),
        }
        validation = self._begun()
        if not self.found.sendable:
            options.tell("No address is left to be validated; nothing is sent.")
            return self._end(validation)
        unpaid = self._unpaid(validation)
        if unpaid:
            self._check_cost(unpaid)
        with _hint_of_resuming():
            if unpaid and validation.job.is_preview and not self._is_more_wanted(validation):
                return 0
            if unpaid and not self._is_wanted(unpaid):
                return DECLINED_EXIT
            with Progress("Validating", self.found.sendable, tells_rest=True) as progress:
                validation.progress = progress.come_to
                validation.run()
            return self._end(validation)

    def _begun(self) -> Validation:
        """Raises NothingToResume, AlreadyBegun."""
        if self.asked.resume:
            job = self.memory.resumed(self.file.digest)
        else:
            if not self.asked.anew:
                self.memory.check_new(self.file.digest)
            job = new_job(self.file.digest, self.ledger, is_preview=self.asked.preview)
        return Validation(self.service, self.ledger, job, self.memory.keep, self.how)

    def _unpaid(self, validation: Validation) -> int:
        validation.look()
        unpaid = validation.unpaid()
        if unpaid and validation.job.may_be_paid:
            options.tell(f"{unpaid:,} addresses have no job at the service (any more).")
        return unpaid

    def _check_cost(self, addresses: int) -> None:
        """Tell what so many cost. Raises GuardExceeded when that is, or may be, too much."""
        bands, plan = self.asked.bands
        price = cost(addresses, bands, self.asked.used)
        self.document["cost"] = cost_as_document(price, plan)
        options.tell(cost_as_text(price, plan))
        most = self.asked.max_cost
        if most is None:
            return
        if not price.is_stated:
            raise GuardExceeded(
                f"--max-cost {most}: no price is stated for so many addresses; --prices FILE says "
                "your own. Nothing was sent"
            )
        if price.at_most > most:
            raise GuardExceeded(f"--max-cost {most}: {_too_much(price)}. Nothing was sent")

    def _is_more_wanted(self, validation: Validation) -> bool:
        """Make the free preview; return whether there is anything left to ask or do."""
        with Progress("Estimating"):
            previews = validation.preview()
        quantity, shares = sum(each.quantity for each in previews), combined(previews)
        self.document["preview"] = {"quantity": quantity, **shares}
        if quantity > self.found.sendable:
            self._check_cost(quantity)
        can_go_on = self.asked.yes or sys.stdin.isatty()
        text = estimate_as_text(quantity, shares)
        if can_go_on:
            options.tell(text)
            return True
        options.show(text, self.document, self.format_)
        options.tell("Nothing was paid: --resume --yes validates the list.")
        return False

    def _is_wanted(self, addresses: int) -> bool:
        if self.asked.yes:
            return True
        if not sys.stdin.isatty():
            raise UsageError(
                f"{addresses:,} addresses are still to be paid, and there is no terminal to ask "
                "on; say --yes"
            )
        if click.confirm(f"Validate {addresses:,} addresses?", err=True):
            return True
        options.tell("Nothing was paid.")
        return False

    def _end(self, validation: Validation) -> int:
        """Write and show the results; a part that the service did not validate is told."""
        tally = self._merged()
        self.document["jobs"] = [part.id for part in validation.job.parts]
        self.document["failed"] = validation.failed
        self.document["results"] = results_as_document(tally)
        for id_, why in validation.failed.items():
            options.tell(f"Warning: {id_} was not validated; the service says: {why}")
        options.show(results_as_text(tally), self.document, self.format_)
        if self.asked.out is None and self.found.sendable:
            options.tell("--resume --out FILE.csv writes each address, without paying again.")
        return PARTLY_EXIT if validation.failed or tally.unanswered else 0

    def _merged(self) -> Tally:
        if self.asked.out is None:
            return merge(self.file, self.ledger, self.found.width)
        with opened_output(f"--out {self.asked.out}", self.asked.out) as out:
            return merge(self.file, self.ledger, self.found.width, out)


def _too_much(price: Cost) -> str:
    if price.from_zero == price.at_most:
        return f"it may cost {price.at_most} USD"
    return (
        f"it may cost {price.at_most} USD, or {price.from_zero} USD if the account validated "
        "nothing this month: --used 0 says so"
    )


@contextmanager
def _hint_of_resuming() -> Iterator[None]:
    """Say what to do after an interrupt, which leaves at once."""
    try:
        yield
    except (KeyboardInterrupt, click.Abort):
        options.tell(_RESUME)
        raise
