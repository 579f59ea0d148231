"""The forge that a command writes to, as its options and the CI's environment say."""

import os
from collections.abc import Callable
from typing import Any

import click

from reconciler.cli.github_files import SUMMARY, append
from reconciler.errors import UsageError
from reconciler.forges import Site, detect
from reconciler.forges.site import ServiceName
from reconciler.reports.links import Links

_SERVICES: tuple[ServiceName, ...] = ("github", "gitlab")

pull_request_option = click.option(
    "--pr",
    "number",
    type=click.IntRange(1),
    metavar="N",
    help="Which pull or merge request; by default the one that the CI job is for.",
)


def forge_option(name: str, **more: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a command be told a forge."""
    help_ = more.pop("help", "Where; by default the forge whose CI this runs in.")
    return click.option(name, type=click.Choice(_SERVICES), help=help_, **more)


def service_of(named: str | None) -> ServiceName:
    """Return the forge that was named, or else the one whose CI this is. Raises UsageError."""
    for each in _SERVICES:
        if each == (named or detect(os.environ)):
            return each
    raise UsageError("--to: this runs in nobody's CI; say --to github or --to gitlab")


def links_of(site: Site, head: str) -> Links:
    """Return the links of a report that is for a commit, by default that of the job."""
    head = head or site.head
    return Links(
        run=site.run_url,
        commit=site.commit_url.replace(site.head, head),
        blob=site.blob_url.replace(site.head, head),
        head=head,
    )


def summarised(text: str) -> bool:
    """Add a text to the summary of the step; return whether there is one."""
    return append(SUMMARY, f"{text}\n")
