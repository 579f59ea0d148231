"""Where `drift` tells what it saw, besides its output: an issue, messages, a heartbeat."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import click

from reconciler.cli.continuous import job_from
from reconciler.cli.forge import forge_option, links_of
from reconciler.cli.options import tell
from reconciler.errors import ReconcileError
from reconciler.forges import (
    LONGEST_MARKER,
    LONGEST_TEXT,
    Sighting,
    Site,
    Tracked,
    open_forge,
    resolve,
    site_from,
    track,
)
from reconciler.forges.site import ServiceName
from reconciler.messages import (
    Hook,
    Message,
    Signal,
    beat,
    parse_heartbeat,
    parse_notify,
    send,
    signal_for,
    signing_key,
)
from reconciler.reports.issue import issue_body, issue_title
from reconciler.reports.report import Report
from reconciler.web import Web

_MOST = LONGEST_TEXT - LONGEST_MARKER
_GONE = ("in-sync", "pending")
"""States in which all was seen, and nothing left what was applied."""


def outlet_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command be told where to tell what it saw."""
    issue = forge_option(
        "--issue", help="Keep one issue there: open while there is drift, closed once it is gone."
    )
    notify = click.option(
        "--notify",
        multiple=True,
        metavar="[RECEIVER=]env:NAME",
        help="Send a message to the webhook whose address a variable holds: slack, teams, discord "
        "or json; may be given several times.",
    )
    heartbeat = click.option(
        "--heartbeat",
        metavar="env:NAME",
        help="Tell the check whose address a variable holds that this looked, whatever it saw.",
    )
    return issue(notify(heartbeat(command)))


@dataclass(frozen=True, slots=True)
class Outlets:
    """Places to tell it, resolved; that one fails never decides the exit code of a run that saw."""

    site: Site | None
    hooks: Sequence[Hook]
    check: Hook | None
    run_id: UUID = field(default_factory=uuid4)

    @classmethod
    def of(
        cls, issue: ServiceName | None, notify: Sequence[str], heartbeat: str | None
    ) -> "Outlets":
        """Raises UsageError for an address that is none, before anything is looked at."""
        return cls(
            site_from(os.environ, issue) if issue else None,
            [parse_notify(each).resolve(os.environ) for each in notify],
            parse_heartbeat(heartbeat).resolve(os.environ) if heartbeat else None,
        )

    def begin(self) -> None:
        self._beat("start")

    def end(self, report: Report) -> bool:
        """Tell what was seen; return whether the issue says it, if there is to be one."""
        self._send(report)
        self._beat(signal_for(report.state), report.state)
        try:
            self._keep_issue(report)
        except ReconcileError as error:
            tell(f"Warning: the issue: {error}")
            return False
        return True

    def _send(self, report: Report) -> None:
        if not self.hooks:
            return
        job = job_from(os.environ)
        message = Message(
            state=report.state,
            title=issue_title(report),
            config_digest=report.config,
            counts={name: int(number) for name, number in report.counts.items()},
            run_url=job.links.run or None,
            repository=job.repository or None,
            notes=[f"{each.address} could not be read" for each in report.unread],
        )
        with Web() as web:
            for hook in self.hooks:
                self._tried(partial(send, web, hook, message, key=signing_key(os.environ)))

    def _beat(self, signal: Signal, body: str = "") -> None:
        if check := self.check:
            with Web() as web:
                self._tried(lambda: beat(web, check, signal, body=body, run_id=self.run_id))

    def _tried(self, do: Callable[[], None]) -> None:
        try:
            do()
        except ReconcileError as error:
            tell(f"Warning: {error}")

    def _keep_issue(self, report: Report) -> None:
        """Open, update or close the issue; what was seen in part, or not at all, closes none."""
        site = self.site
        if site is None or report.state not in {"drift", *_GONE}:
            return
        with open_forge(site) as forge:
            if report.state in _GONE:
                comment = f"Gone since this [run]({site.run_url})."
                done = resolve(forge, "drift", comment=comment, run=site.run)
            else:
                done = track(
                    forge,
                    "drift",
                    title=issue_title(report),
                    body_of=lambda seen: _body(report, site, seen),
                    run=site.run,
                    today=datetime.now(UTC).date(),
                )
        _tell_issue(done)


def _body(report: Report, site: Site, seen: Sighting | None) -> str:
    since = seen.first_seen if seen else datetime.now(UTC).date()
    return issue_body(report, links_of(site, ""), since=since.isoformat(), most=_MOST)


def _tell_issue(done: Tracked) -> None:
    if done.number is not None:
        tell(f"Issue {done.number}: {done.what}. {done.url}".rstrip())
