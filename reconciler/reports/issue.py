"""The one issue that a repository has for drift: the same text as long as the same is seen."""

from dataclasses import replace

from reconciler.reports.fitting import fitted
from reconciler.reports.links import Links
from reconciler.reports.markdown import heading, headline, sections_of
from reconciler.reports.report import Report

_LABELLED = "This issue is kept by `esp-reconcile drift`: it is closed once the drift is gone."


def issue_title(report: Report) -> str:
    """Return what a look for drift came to in a few words."""
    return f"Email accounts: {headline(report)}"


def issue_body(report: Report, links: Links, *, since: str, most: int) -> str:
    """Return the issue's text in at most so many characters; `since` is a date, or "".

    It names no run: an issue that changed every night would be a mail every night.
    """
    first = f"First seen on {since}." if since else ""
    above = "\n\n".join(filter(None, [heading(report, replace(links, run="", head="")), first]))
    return fitted(
        above,
        sections_of(report, links),
        _LABELLED,
        most=most,
        elsewhere="the run of the job has the rest",
    )
