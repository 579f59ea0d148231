"""`esp-reconcile comment`"""

import os
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.forge import (
    forge_option,
    links_of,
    pull_request_option,
    service_of,
    summarised,
)
from reconciler.cli.github_files import step_outputs
from reconciler.cli.saved import read_report_for
from reconciler.errors import PermissionDenied, ReconcileError, UsageError
from reconciler.forges import (
    LONGEST_MARKER,
    LONGEST_TEXT,
    Forge,
    Note,
    Posted,
    Site,
    open_forge,
    post,
    read,
    site_from,
)
from reconciler.reports.comment import (
    NOTHING,
    Earlier,
    comment_body,
    is_quiet,
    planning_body,
    summary_line,
)
from reconciler.reports.report import Failure, Report

_MOST = LONGEST_TEXT - LONGEST_MARKER
_LOST = Report(
    "plan",
    "error",
    failure=Failure("", "The job ended before it had a plan; its log says why.", 1),
)
_TOLD = {
    "created": "made",
    "updated": "brought up to date",
    "unchanged": "left as it is: it says this already",
    "older": "left as it is: a newer run wrote it",
    "quiet": "not made: there is nothing to say",
}


@click.command(
    epilog="""\b
Examples:
  esp-reconcile comment plan.json --to github
  esp-reconcile comment --planning --to github
  esp-reconcile comment --reviewed --to github
"""
)
@click.argument(
    "document",
    metavar="[PLAN_OR_RESULT]",
    required=False,
    type=click.Path(path_type=Path, allow_dash=True),
)
@forge_option("--to")
@pull_request_option
@click.option(
    "--key",
    default="",
    metavar="NAME",
    help="Which comment, where a repository holds several configurations.",
)
@click.option("--planning", is_flag=True, help="Say in the comment that a plan is being made.")
@click.option("--failed", is_flag=True, help="Say that the job for it ended before it had a plan.")
@click.option("--reviewed", is_flag=True, help="Tell which plan the comment shows; write nothing.")
def comment(
    document: Path | None,
    to: str | None,
    number: int | None,
    key: str,
    planning: bool,  # noqa: FBT001
    failed: bool,  # noqa: FBT001
    reviewed: bool,  # noqa: FBT001
) -> int:
    """Keep the one comment of a pull request: the plan, or what an apply made of it.

    It is found by a marker and its author, always fits, and is never older than the newest run.
    """
    if [document is not None, planning, failed, reviewed].count(True) != 1:
        raise UsageError("name the saved report, or say --planning, --failed or --reviewed")
    site = site_from(os.environ, service_of(to), pull_request=number)
    report = read_report_for(document, site) if document else _LOST if failed else None
    with open_forge(site) as forge:
        found = site.pull_request or forge.pull_request_of(site.head)
        if found is None:
            options.tell(f"{site.head[:12]} belongs to no pull request: there is none to comment.")
            return 1 if reviewed else 0
        if reviewed:
            return _reviewed(forge, found, key)
        try:
            _tell(_posted(forge, found, key, site, report), found)
        except PermissionDenied as error:
            _fall_back(error, site, report)
    return 0


def _posted(forge: Forge, number: int, key: str, site: Site, report: Report | None) -> Posted:
    if report is None:
        note = Note(site.run, site.head, "planning")
        return post(forge, number, key, note, lambda before: _planning(site, before))
    links = links_of(site, report.run.head)
    note = Note(site.run, links.head, report.state, report.digest, summary_line(report))
    newest = "" if report.command == "apply" else forge.head_of(number)

    def body_of(before: Note | None) -> str | None:
        if before is None and is_quiet(report):
            return None
        return comment_body(report, links, _earlier(before), most=_MOST, newest=newest)

    return post(forge, number, key, note, body_of)


def _planning(site: Site, before: Note | None) -> str | None:
    """Return what an announcement says; where there is no comment yet, there may be no need."""
    return planning_body(links_of(site, site.head), _earlier(before)) if before else None


def _earlier(note: Note | None) -> Earlier:
    if note is None:
        return NOTHING
    return Earlier(note.head, note.summary, note.digest, note.passed_on())


def _tell(posted: Posted, number: int) -> None:
    where = f" {posted.url}" if posted.url else ""
    options.say(f"Comment of pull request {number}: {_TOLD[posted.what]}.{where}")


def _fall_back(error: PermissionDenied, site: Site, report: Report | None) -> None:
    """Show in the step's summary what may not be commented: a fork's token can only read."""
    options.tell(f"Warning: {error}")
    links = links_of(site, report.run.head if report else site.head)
    if report and summarised(comment_body(report, links, NOTHING, most=_MOST)):
        options.tell("The comment stands in the summary of the step instead.")


def _reviewed(forge: Forge, number: int, key: str) -> int:
    """Tell the plan that the comment shows, if it is for what was merged."""
    note, head = read(forge, number, key), forge.head_of(number)
    if note is None or note.state != "changes" or not note.digest:
        raise ReconcileError(f"pull request {number}: no comment shows a plan with changes")
    if note.head != head:
        raise ReconcileError(
            f"pull request {number}: the plan in its comment is for {note.head[:12]}, and not for "
            f"{head[:12]}, which was merged"
        )
    told = {"digest": note.digest, "run-id": str(note.run.number), "head": note.head}
    options.say_json({"format_version": "1", "pull_request": number, **told})
    step_outputs(told)
    return 0
