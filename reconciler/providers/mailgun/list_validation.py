"""Whole lists: jobs that are submitted, watched and fetched (mailgun.md §12.2, §12.3).

A job's ID is chosen by who submits it and is the only one of its name, so that after a lost answer
the job can be looked for, and is never submitted twice.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import IO, Any, NamedTuple

import httpx

from reconciler.errors import (
    AlreadyExists,
    InvalidRequest,
    NotFound,
    RateLimited,
    UnexpectedAnswer,
)
from reconciler.providers.api import Files, Writer, safe_text
from reconciler.providers.mailgun.answers import path_of
from reconciler.web.download import download

_BULK = "/v4/address/validate/bulk/{}"
_PREVIEW = "/v4/address/validate/preview/{}"
_TOO_MANY = re.compile(r"too many|parallel|concurren|already running|at a time", re.IGNORECASE)
_OF_THE_FILE = re.compile(r"\bMB\b|size|large|column|row|bytes", re.IGNORECASE)
_FORMS = ("csv", "json")


class TooManyJobs(RateLimited):
    """So many jobs run in the account that the service takes no other: not yet."""


class Stage(StrEnum):
    """Where a job is. What the service calls otherwise counts as running, whatever it is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


_RESULTS = {"deliverable", "undeliverable", "do_not_send", "catch_all", "accept_all", "unknown"}
_RISKS = {"low", "medium", "high", "unknown"}
_SHARED = _RESULTS | _RISKS | {each.replace("_", "") for each in _RESULTS}
"""What a preview counts, in every spelling that a source has."""

_STAGES = {"uploaded": Stage.DONE, "failed": Stage.FAILED, "deleted": Stage.FAILED}
"""`completed` is not the end: there is no link yet."""


@dataclass(frozen=True, slots=True)
class JobState:
    """`status` and `reason` are the service's own words; `links` lead to results, by their form."""

    stage: Stage
    status: str
    processed: int = 0
    reason: str = ""
    links: Mapping[str, str] | None = None


class Preview(NamedTuple):
    """A free estimate: percentages of a list of `quantity` addresses, by result and by risk."""

    is_complete: bool
    is_valid: bool
    quantity: int
    result: Mapping[str, float]
    risk: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ListValidation:
    """Calls of one account. A `transport` replaces the network for downloads."""

    client: Writer
    transport: httpx.BaseTransport | None = None
    watch: Callable[[str], None] | None = None

    @property
    def at(self) -> str:
        """Where the jobs live: those of one region are not those of another."""
        return self.client.base_url

    def submit(self, id_: str, upload: tuple[str, bytes, str]) -> None:
        """Begin a validation, which is what costs.

        Raises TooManyJobs; AlreadyExists when there is one of that ID; OutcomeUnknown.
        """
        self._post(path_of(_BULK, id_), {"file": upload})

    def submit_preview(self, id_: str, upload: tuple[str, bytes, str]) -> None:
        """Begin an estimate, which is free. Raises as `submit` does."""
        self._post(path_of(_PREVIEW, id_), {"file": upload})

    def promote(self, id_: str) -> None:
        """Make a validation of a preview, which is what costs.

        Raises NotFound when there is no such preview (any more), and as `submit` does.
        """
        try:
            self.client.put(path_of(_PREVIEW, id_))
        except InvalidRequest as refusal:
            raise _too_many(refusal) or refusal from None

    def _post(self, path: str, files: Files) -> None:
        try:
            self.client.post(path, files=files)
        except InvalidRequest as refusal:
            raise _too_many(refusal) or refusal from None

    def job(self, id_: str) -> JobState | None:
        """Return where a job is; None if there is none of that ID, or not yet."""
        path = path_of(_BULK, id_)
        try:
            answer = self.client.get(path)
        except NotFound:
            return None
        status = answer.get("status")
        if not isinstance(status, str):
            raise UnexpectedAnswer(f"GET {path}", "the answer holds no `status`")
        return JobState(
            _STAGES.get(status.lower(), Stage.RUNNING),
            safe_text(status),
            _whole(answer.get("records_processed")),
            safe_text(str(answer.get("reason") or "")),
            _links(answer.get("download_url")),
        )

    def preview(self, id_: str) -> Preview | None:
        """Return an estimate as far as it is; None if there is none of that ID."""
        try:
            answer = self.client.get(path_of(_PREVIEW, id_))
        except NotFound:
            return None
        # One page of the documentation shows it without the wrapper.
        found = answer.get("preview")
        view: Mapping[str, Any] = found if isinstance(found, dict) else answer
        summary = view.get("summary")
        shares: Mapping[str, Any] = summary if isinstance(summary, dict) else {}
        return Preview(
            view.get("status") == "preview_complete",
            view.get("valid") is not False,
            _whole(view.get("quantity")),
            _shares(shares.get("result")),
            _shares(shares.get("risk")),
        )

    def fetch(self, job: JobState, file: IO[bytes], most: int) -> None:
        """Write the result of a job that is done to a file: its link holds for a short time.

        Raises ServiceError.
        """
        links = job.links or {}
        url = next((links[form] for form in _FORMS if form in links), None)
        if url is None:
            fact = "the job is done, and the answer holds no link to its result"
            raise UnexpectedAnswer("GET " + _BULK.format("…"), fact)
        download(
            url,
            file,
            most=most,
            by_plain_http=self.client.base_url.startswith("http:"),
            transport=self.transport,
            watch=self.watch,
        )


def _too_many(refusal: InvalidRequest) -> TooManyJobs | AlreadyExists | None:
    """Return what a 400 means that is about other jobs: its words are documented nowhere."""
    text = str(refusal)
    if refusal.status != HTTPStatus.BAD_REQUEST or _OF_THE_FILE.search(text):
        return None
    is_it = _TOO_MANY.search(text)
    return TooManyJobs(refusal.request, "too many jobs", status=refusal.status) if is_it else None


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _links(value: Any) -> Mapping[str, str]:
    items = value.items() if isinstance(value, dict) else ()
    return {form: link for form, link in items if isinstance(link, str) and link}


def _shares(value: Any) -> Mapping[str, float]:
    """Return the shares of what has a name that Mailgun is known to use (mailgun.md §12).

    Another name is none to show: an answer may hold anything.
    """
    items = value.items() if isinstance(value, dict) else ()
    return {
        name: float(share)
        for name, share in items
        if name in _SHARED and isinstance(share, int | float)
    }
