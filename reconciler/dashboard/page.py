"""The page: one HTML file that says all that was read, and runs nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from reconciler.dashboard import wording
from reconciler.dashboard.beside import Beside, are_alike, sorted_to
from reconciler.dashboard.document import Domain, Provider
from reconciler.dashboard.reading import status_of
from reconciler.dashboard.style import POLICY, STYLE
from reconciler.errors import InvalidReport
from reconciler.reports.reading import report_of
from reconciler.reports.report import Report
from reconciler.source import printable

COLUMNS = {"postmark": ("DKIM", "Return-Path"), "mailgun": ("SPF", "DKIM", "CNAME")}
"""What is said of a domain's DNS, in the order of the services' own pages."""
MANY_DOMAINS = 100
"""Above so many the commands for a domain are told once, for all."""
TOO_MANY_DOMAINS = 2000
"""Above so many those with problems come first, and the others are folded away without records."""

_TEMPLATES = Environment(
    autoescape=True,
    undefined=StrictUndefined,
    loader=PackageLoader("reconciler.dashboard"),
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters.update(printable=printable)
_TEMPLATES.globals.update(
    ago=wording.ago,
    are_alike=are_alike,
    command=wording.command,
    count=wording.count,
    exact=wording.exact,
    machine=wording.machine,
    service_link=wording.service_link,
    service_name=wording.service_name,
    tone=wording.tone,
    value_text=wording.value_text,
)


@dataclass(frozen=True, slots=True)
class Documents:
    """The JSON that a page is made of: of `status`, and of `plan` and `drift` if it is there."""

    status: Mapping[str, Any]
    plan: Mapping[str, Any] | None = None
    drift: Mapping[str, Any] | None = None

    def page(self, *, for_print: bool = False, notice: str = "") -> str:
        """Return the page. Raises InvalidReport."""
        return page_of(self.status, self.plan, self.drift, for_print=for_print, notice=notice)


def page_of(
    status: Mapping[str, Any],
    plan: Mapping[str, Any] | None = None,
    drift: Mapping[str, Any] | None = None,
    *,
    for_print: bool = False,
    notice: str = "",
) -> str:
    """Return the page as HTML; `for_print` opens what is folded, `notice` is told above all.

    Raises InvalidReport for a document that is not what it should be.
    """
    read = status_of(status)
    planned, drifted = _report_of("plan", plan), _report_of("drift", drift)
    beside = sorted_to([each.name for each in read.providers], planned, drifted)
    shown = [
        _Shown(each, f"provider-{number}", beside.pop(each.name))
        for number, each in enumerate(read.providers, 1)
    ]
    return _TEMPLATES.get_template("page.html").render(
        status=read,
        providers=shown,
        others=list(beside.values()),
        summary=_summary(shown),
        is_planned=plan is not None,
        is_compared=drift is not None,
        base=drifted.base,
        notices=[notice] * bool(notice) + _notices(planned) + _notices(drifted),
        accepted=drifted.accepted,
        for_print=for_print,
        style=STYLE,
        policy=POLICY,
    )


@dataclass(frozen=True, slots=True)
class _Shown:
    """A provider with what is beside its fields, as the templates take it."""

    data: Provider
    anchor: str
    beside: Beside

    @property
    def columns(self) -> Sequence[str]:
        return COLUMNS[self.data.service]

    @property
    def domains(self) -> tuple[Domain, ...]:
        """All domains, or those with problems if there are too many to look through."""
        every = self.data.domains
        return every if len(every) <= TOO_MANY_DOMAINS else tuple(e for e in every if not e.is_fine)

    @property
    def folded(self) -> tuple[Domain, ...]:
        every = self.data.domains
        return () if len(every) <= TOO_MANY_DOMAINS else tuple(e for e in every if e.is_fine)

    @property
    def has_many_domains(self) -> bool:
        return len(self.data.domains) > MANY_DOMAINS

    @property
    def tally(self) -> str:
        return wording.tally(each.state for each in self.data.domains) or "none"


def _report_of(command: str, document: Mapping[str, Any] | None) -> Report:
    """Return what a run's JSON says; without one, a report of nothing."""
    if document is None:
        return Report(command, "in-sync")
    report = report_of(document)
    if report.failure:
        return replace(report, command=command)
    if report.command != command:
        raise InvalidReport(f"the JSON of `{report.command}` where that of `{command}` belongs")
    return report


def _notices(report: Report) -> list[str]:
    """Return what must be known of a run before its differences are believed."""
    failed = [f"{report.command} failed: {report.failure.message}"] if report.failure else []
    told = chain(
        failed,
        (f"Refused: {each.as_text()}" for each in report.refused),
        (f"Not read: {each.address}: {each.text}" for each in report.unread),
    )
    return [printable(each) for each in told]


def _summary(shown: Sequence[_Shown]) -> str:
    """Return in a sentence or two how all of it stands."""
    if not shown:
        return "No provider is declared."
    connected = sum(each.data.connection.state == "connected" for each in shown)
    domains = [domain for each in shown for domain in each.data.domains]
    verified = sum(each.state == "verified" for each in domains)
    of_all = wording.count(len(shown), "provider")
    return (
        f"{connected} of {of_all} connected, "
        f"{verified:,} of {wording.count(len(domains), 'domain')} verified."
    )
