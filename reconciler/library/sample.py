"""Send a sample mail through a provider, and wait for what becomes of it.

account = config.providers["transactional"]
mail = draft(account, to="ops@example.com")
with Sampler.open(config, account, options) as sampler:
    fate = sampler.wait(sampler.send(mail), seconds=120)
"""

import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import getaddresses
from itertools import chain, repeat
from typing import Any, Self

from reconciler.errors import (
    AuthenticationFailed,
    Interrupted,
    OutcomeUnknown,
    PermissionDenied,
    ServiceError,
    Untrusted,
    UsageError,
)
from reconciler.library.options import Options
from reconciler.library.reconciler import writing_session
from reconciler.model import Account, Config, Fate, MailOutcome, SampleMail, Sent
from reconciler.source import printable, shortened

INTERVALS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds between two looks; the last of them again and again."""
SEEKING = 7.0
"""Seconds for which a mail is sought whose answer was lost."""
_ATOM = r"[^\s@<>,;:\"()\[\]\\]+"
_ADDRESS = re.compile(rf"{_ATOM}@{_ATOM}\.{_ATOM}")
_LONGEST_ADDRESS = 254
_LONGEST_TAG = 128
_NOTHING_YET = Fate(outcome=MailOutcome.NO_EVENT, detail="the service tells nothing of it yet")
NOT_WAITED = Fate(outcome=MailOutcome.NO_EVENT, detail="it was not waited for")


def draft(
    account: Account,
    *,
    to: str = "",
    sender: str = "",
    stream: str = "",
    domain: str = "",
    tags: Sequence[str] = (),
    bounce: str = "",
) -> SampleMail:
    """Return the mail that a provider would send, with what is not said as its YAML says it.

    Raises UsageError for what its service has not, and for what is no address or no tag.
    """
    sender = sender or account.node.text("sender") or ""
    if not sender:
        raise UsageError(
            f"{account.address}: nobody to send from; name one with --from, or as `sender`"
        )
    _check_sender(sender)
    if to or not bounce:
        _check_recipient(to)
    for each in tags:
        _check_tag(each)
    run = secrets.token_hex(6)
    text = f"This is a test mail, sent by `esp-reconcile send-test {account.name}`.\n\nRun: {run}\n"
    mail = SampleMail(
        sender=sender,
        to=to,
        subject=f"esp-reconcile test {run}",
        text=text,
        run=run,
        stream=stream,
        domain=domain,
        tags=tuple(tags),
        bounce=bounce,
    )
    return account.service.prepare_sample(account, mail)


def _check_recipient(to: str) -> None:
    """Refuse all but one plain address: line breaks and lists could reach others than was said."""
    if not _is_address(to):
        raise UsageError(
            f"--to: one address such as ops@example.com is wanted, not `{_quoted(to)}`"
        )


def _check_sender(sender: str) -> None:
    """Let an address have a name before it."""
    addresses = [address for _, address in getaddresses([sender])]
    if not sender.isprintable() or len(addresses) != 1 or not _is_address(addresses[0]):
        raise UsageError(
            f"--from: one address such as `Ops <ops@example.com>` is wanted, not "
            f"`{_quoted(sender)}`"
        )


def _is_address(text: str) -> bool:
    is_one_line = text.isprintable() and len(text) <= _LONGEST_ADDRESS
    return is_one_line and bool(_ADDRESS.fullmatch(text))


def _check_tag(tag: str) -> None:
    if not (tag.strip() and tag.isascii() and tag.isprintable() and len(tag) <= _LONGEST_TAG):
        raise UsageError(
            f"--tag: up to {_LONGEST_TAG} ASCII characters are wanted, not `{_quoted(tag)}`"
        )


def _quoted(text: str) -> str:
    return printable(shortened(text))


@dataclass(frozen=True, slots=True)
class Sampler:
    """Sends through one provider. What it talks to the service with can write."""

    account: Account
    session: Any
    options: Options

    @classmethod
    @contextmanager
    def open(cls, config: Config, account: Account, options: Options) -> Iterator[Self]:
        """Resolve the tokens of one provider; nothing is sent yet.

        Raises Untrusted, SecretError, and UsageError for a bad base URL.
        """
        if options.untrusted:
            raise Untrusted("an --untrusted run sends no mail: its YAML may be a stranger's")
        with writing_session(config, account, options) as session:
            yield cls(account, session, options)

    def send(self, mail: SampleMail) -> Sent:
        """Send it once. Raises ServiceError, with the way out.

        After a lost answer the mail is sought, and not sent again: OutcomeUnknown tells whether the
        service has it.
        """
        try:
            return self.account.service.send_sample(self.account, self.session, mail)
        except OutcomeUnknown as error:
            raise OutcomeUnknown(
                error.request,
                error.fact,
                advice=f"It was not sent again{self._whether_taken(mail)}",
                status=error.status,
                code=error.code,
            ) from None

    def _whether_taken(self, mail: SampleMail) -> str:
        try:
            found = self._found(mail)
        except (ServiceError, Interrupted) as trouble:
            return f", and could not be looked for ({trouble})."
        if found is None:
            return f"; by now the service knows nothing of it (run {mail.run})."
        return f": the service took it all the same, as {found.message_id}."

    def _found(self, mail: SampleMail) -> Sent | None:
        for _ in self._looks(SEEKING):
            if found := self.account.service.find_sample(self.account, self.session, mail):
                return found
        return None

    def wait(self, sent: Sent, seconds: float) -> Fate:
        """Look until the end is told, for so long; `NO_EVENT` says in its detail why it was not.

        What may pass, such as no answer, is waited out; a token that may not look ends it.
        """
        fate = NOT_WAITED
        try:
            for _ in self._looks(seconds) if seconds > 0 else ():
                fate = self._look(sent)
                if fate.outcome is not MailOutcome.NO_EVENT:
                    break
        except (AuthenticationFailed, PermissionDenied) as error:
            return Fate(outcome=MailOutcome.NO_EVENT, detail=f"not told: {error}")
        return fate

    def _look(self, sent: Sent) -> Fate:
        try:
            return self.account.service.fate_of(self.account, self.session, sent) or _NOTHING_YET
        except (AuthenticationFailed, PermissionDenied):
            raise
        except ServiceError as error:
            return Fate(outcome=MailOutcome.NO_EVENT, detail=str(error))

    def _looks(self, seconds: float) -> Iterator[None]:
        """Yield at each time to look: at once, after growing pauses, and when the time is up."""
        deadline = self.options.clock() + seconds
        for interval in chain(INTERVALS, repeat(INTERVALS[-1])):
            yield
            left = deadline - self.options.clock()
            if left <= 0:
                return
            self.options.pause(min(interval, left))
