"""`esp-reconcile send-test`"""

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.account import options_of
from reconciler.cli.checks import check_names, note
from reconciler.cli.configuration import read_config
from reconciler.cli.duration import as_seconds
from reconciler.cli.interrupts import interrupted_by
from reconciler.cli.progress import Progress
from reconciler.cli.settings import Settings
from reconciler.cli.streams import interject
from reconciler.engine.apply import Stop
from reconciler.engine.selection import did_you_mean
from reconciler.errors import Interrupted, ReconcileError, Untrusted, UsageError
from reconciler.library.sample import Sampler, draft
from reconciler.model import Account, Fate, MailOutcome, SampleMail, Sent
from reconciler.reports.sample import described, is_as_wanted, sample_as_document, sample_as_text
from reconciler.source import printable

COMMAND = "send-test"
NOT_SENT_EXIT = FAILED_EXIT = 1
NO_EVENT_EXIT = 3
_STOPPED = Fate(outcome=MailOutcome.NO_EVENT, detail="interrupted while it was waited for")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the options say."""

    to: str
    sender: str
    stream: str
    domain: str
    tags: tuple[str, ...]
    wait: float
    simulate: str
    yes: bool

    def mail(self, account: Account) -> SampleMail:
        """Raises UsageError."""
        if not self.to and not self.simulate:
            raise UsageError("say --to ADDRESS, which the mail is for")
        return draft(
            account,
            to=self.to,
            sender=self.sender,
            stream=self.stream,
            domain=self.domain,
            tags=self.tags,
            bounce=_bounce(account, self.simulate) if self.simulate else "",
        )


def _bounce(account: Account, word: str) -> str:
    """Return the service's name of a bounce, in whatever way it is written."""
    known = account.service.bounces
    if not known:
        return word  # of which the service says why there is none
    by_folded = {_folded(each): each for each in (*known, *known.values())}
    found = by_folded.get(_folded(word))
    if found is None:
        hint = did_you_mean(word, known) or f"; known: {', '.join(known)}"
        raise UsageError(f"--simulate: there is no bounce `{printable(word)}`{hint}")
    return known.get(found, found)


def _folded(word: str) -> str:
    return re.sub(r"[-_\s]", "", word).lower()


@click.command(
    "send-test",
    epilog="""\b
Examples:
  esp-reconcile send-test transactional --to ops@example.com
  esp-reconcile send-test transactional --simulate soft-bounce --yes
  esp-reconcile send-test marketing --to ops@example.com --wait 5m --format json
""",
)
@click.argument("provider")
@click.option("--to", default="", metavar="ADDRESS", help="The one address that it is sent to.")
@click.option("--from", "sender", default="", metavar="ADDRESS", help="Instead of `sender`.")
@click.option("--stream", default="", metavar="ID", help="Instead of `advanced.message_stream`.")
@click.option("--domain", default="", metavar="DOMAIN", help="Mailgun: instead of `domain`.")
@click.option(
    "--tag",
    "tags",
    multiple=True,
    metavar="TAG",
    help="A tag, behind `advanced.tag_prefix`; may be given several times where it fits.",
)
@click.option(
    "--wait",
    callback=as_seconds,
    default="2m",
    show_default=True,
    metavar="TIME",
    help="How long to look for what becomes of it; 0 does not look.",
)
@click.option(
    "--simulate",
    default="",
    metavar="BOUNCE",
    help="Postmark: send to an address that bounces so: bounce, soft-bounce, dns-error and others.",
)
@click.option("--yes", is_flag=True, help="Do not ask; needed where there is no terminal.")
@options.config_files
@options.state_dir
@options.as_format
@click.pass_obj
def send_test(
    settings: Settings,
    /,
    provider: str,
    config_files: tuple[Path, ...],
    state_dir: Path,
    format_: str,
    **said: Any,
) -> int:
    """Send a test mail through PROVIDER, as its YAML says, and tell what becomes of it.

    It is sent once, whatever happens. It counts as volume, and Mailgun bills it in test mode, too.

    \b
    Exit codes:
      0  delivered, or accepted where nothing is really delivered, or bounced as --simulate says
      1  refused, failed or bounced; or no answer came, after which it was not sent again
      3  accepted, and no event yet when the time was up
    """  # noqa: D301 - the backslash is click's mark for lines that stay as they are
    asked = _Asked(**said)
    if settings.untrusted:
        raise Untrusted("send-test sends mail, which an --untrusted run does not")
    config = read_config(config_files)
    check_names(config, [provider])
    account = config.providers[provider]
    mail = asked.mail(account)
    if not asked.yes and not _is_wanted(account, mail):
        return NOT_SENT_EXIT
    stop = Stop(threading.Event())
    how = replace(options_of(settings), pause=stop.pause)
    with Sampler.open(config, account, how) as sampler:
        with _noted_if_refused(provider, state_dir):
            sent = _sent(sampler, mail, stop)
        fate = _STOPPED if stop.event.is_set() else _waited(sampler, sent, asked.wait)
    code = _exit_code(sent, fate)
    note([(provider, code != FAILED_EXIT)], state_dir, COMMAND)
    document = sample_as_document(provider, account.service.name, sent, fate)
    with options.even_unread():
        options.show(sample_as_text(sent, fate), {**document, "exit_code": code}, format_)
    return code


def _is_wanted(account: Account, mail: SampleMail) -> bool:
    """Ask with all that is known of the mail. Raises UsageError where nobody can be asked."""
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on; say --yes to send without a question")
    what = ", ".join(f"{name} {text}" for name, text in described(mail))
    question = f"{account.address}: send a test mail, {what}. Go on?"
    if click.confirm(options.harmless(printable(question)), err=True):
        return True
    options.tell("Nothing was sent.")
    return False


def _sent(sampler: Sampler, mail: SampleMail, stop: Stop) -> Sent:
    """Send it, and let a signal end what comes after that."""

    def interrupt() -> None:
        stop.event.set()
        interject("Interrupted: finishing the sending, waiting for nothing more.")

    try:
        with Progress("Sending"), interrupted_by(interrupt):
            sent = sampler.send(mail)
            options.tell(f"Accepted as {printable(sent.message_id)}.")
    except Interrupted:
        raise click.Abort from None  # held back until then: nothing was sent
    return sent


def _waited(sampler: Sampler, sent: Sent, seconds: float) -> Fate:
    """Wait until the end is told, the time is up, or a signal comes: it was sent whatever comes."""
    try:
        with Progress("Looking for what becomes of it", silence=seconds + 60):
            return sampler.wait(sent, seconds)
    except KeyboardInterrupt:
        return _STOPPED


def _exit_code(sent: Sent, fate: Fate) -> int:
    if fate.outcome is MailOutcome.NO_EVENT:
        return NO_EVENT_EXIT
    return 0 if is_as_wanted(sent, fate) else FAILED_EXIT


@contextmanager
def _noted_if_refused(provider: str, folder: Path) -> Iterator[None]:
    try:
        yield
    except ReconcileError:
        note([(provider, False)], folder, COMMAND)
        raise
