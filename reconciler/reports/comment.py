"""The body of the one comment that a pull request has: what was planned, or applied, last.

It says for which commit it is, and keeps a line of each that stood there before.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.reports.escaping import markdown_code, markdown_text
from reconciler.reports.fitting import fitted
from reconciler.reports.links import Links
from reconciler.reports.markdown import digest_line, heading, sections_of
from reconciler.reports.report import Report

_LINE, _HEAD = 200, 12


@dataclass(frozen=True, slots=True)
class Earlier:
    """What another run wrote before: for which commit, what it came to, and the lines to keep.

    It was in a forge's hands, so that all of it is foreign.
    """

    head: str = ""
    summary: str = ""
    digest: str = ""
    history: tuple[str, ...] = ()


NOTHING = Earlier()


def is_quiet(report: Report) -> bool:
    """Whether a report is none that a comment is made for: there is nothing to do or to know."""
    return report.state in {"in-sync", "valid"} and not (report.entries or report.findings)


def summary_line(report: Report) -> str:
    """Return what a report comes to in plain text, for the line that is kept of it."""
    if report.failure:
        return f"could not {report.command or 'run'}"
    counts = ", ".join(f"{value} {name}" for name, value in report.counts.items() if value)
    return f"{report.command}: {counts or report.state}"[:_LINE]


def comment_body(
    report: Report, links: Links, earlier: Earlier, *, most: int, newest: str = ""
) -> str:
    """Return what a comment says of a report, in at most so many characters.

    `newest` is the commit that the pull request has come to, if that is known.
    """
    below = "\n\n".join(filter(None, [digest_line(report), _history(earlier.history)]))
    above = "\n\n".join(
        filter(None, [heading(report, links), *_remarks(report, links, earlier, newest)])
    )
    if is_quiet(report):
        return "\n\n".join(filter(None, [above, _history(earlier.history)]))
    return fitted(
        above,
        sections_of(report, links),
        below,
        most=most,
        elsewhere=f"the rest is in the summary of the [run]({links.run})" if links.run else "",
    )


def planning_body(links: Links, earlier: Earlier) -> str:
    """Return what a comment says while a plan is being made."""
    run = f" in this [run]({links.run})" if links.run else ""
    blocks = [
        f"### esp-reconcile: planning {_commit(links.head)}",
        f"The plan will stand here{run}.",
        _stood_here(earlier),
        _history(earlier.history),
    ]
    return "\n\n".join(block for block in blocks if block)


def _remarks(report: Report, links: Links, earlier: Earlier, newest: str) -> Iterable[str]:
    if report.failure:
        yield f"Could not {report.command or 'run'} for {_commit(links.head)}."
        yield _stood_here(earlier)
    if newest and links.head and newest != links.head:
        yield f"This is for {_commit(links.head)}; the pull request is at {_commit(newest)} by now."
    if report.command == "apply" and report.digest and earlier.digest:
        if report.digest == earlier.digest:
            yield "Applied is the plan that was reviewed here."
        else:
            yield (
                f"Applied is another plan than was reviewed here, which had the digest "
                f"{markdown_code(earlier.digest)}."
            )


def _stood_here(earlier: Earlier) -> str:
    if not earlier.summary:
        return ""
    return f"What stood here was for {_commit(earlier.head)}: {markdown_text(earlier.summary)}."


def _commit(head: str) -> str:
    return markdown_code(head[:_HEAD]) if head else "this commit"


def _history(lines: Sequence[str]) -> str:
    if not lines:
        return ""
    told = "\n".join(f"- {markdown_text(line[:_LINE])}" for line in lines)
    return f"<details><summary>Earlier ({len(lines)})</summary>\n\n{told}\n\n</details>"
