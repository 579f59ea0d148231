"""Forges: the one comment of a pull request, and the one issue for drift, on GitHub and GitLab."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from time import sleep

from reconciler.forges.forge import Comment, Forge, Issue
from reconciler.forges.github import open_github
from reconciler.forges.gitlab import open_gitlab
from reconciler.forges.issue import LABEL, Sighting, Tracked, check_label, resolve, track
from reconciler.forges.marker import LONGEST_MARKER, LONGEST_TEXT, Run
from reconciler.forges.note import Note
from reconciler.forges.site import Site, detect, site_from
from reconciler.forges.sticky import Posted, post, read

__all__ = [
    "LABEL",
    "LONGEST_MARKER",
    "LONGEST_TEXT",
    "Comment",
    "Forge",
    "Issue",
    "Note",
    "Posted",
    "Run",
    "Sighting",
    "Site",
    "Tracked",
    "check_label",
    "detect",
    "open_forge",
    "post",
    "read",
    "resolve",
    "site_from",
    "track",
]


def open_forge(site: Site, pause: Callable[[float], None] = sleep) -> AbstractContextManager[Forge]:
    """Return the forge that a site is at, whose connections are open while a `with` lasts.

    `pause` waits for limits, in seconds. Raises UsageError for a proxy that is none.
    """
    return open_github(site, pause) if site.service == "github" else open_gitlab(site, pause)
