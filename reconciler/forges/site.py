"""Where a CI job runs: the repository, the pull request, the run and the commit, told by variables.

Whoever opens a pull request chooses some of what they hold, so each is checked for its form.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reconciler.errors import UsageError
from reconciler.forges.event import COMMIT, Event, read_event
from reconciler.forges.marker import Run
from reconciler.model import Secret
from reconciler.web import check_address

ServiceName = Literal["github", "gitlab"]
GITHUB_TOKEN, GITLAB_TOKEN = "GITHUB_TOKEN", "ESP_RECONCILE_GITLAB_TOKEN"
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
_REPOSITORY = re.compile(r"(?!\.)[\w.-]+/(?!\.{1,2}$)[\w.-]+", re.ASCII)
_REF = re.compile(r"refs/pull/([1-9][0-9]{0,17})/")
_NOTES_NEED = (
    "CI_JOB_TOKEN cannot write notes; put a project or group access token with the scope `api` "
    "into this variable, masked, and not protected if merge requests of unprotected branches are "
    "to have comments"
)
_WAYS_OUT = {
    GITHUB_TOKEN: "give it to the step by `env: GITHUB_TOKEN: ${{ github.token }}`",
    GITLAB_TOKEN: _NOTES_NEED,
}


@dataclass(frozen=True, slots=True)
class Site:
    """Where a job runs. `repository` is `owner/name`, at GitLab the project's number.

    `head` is the commit that a report is for: of a pull request that of its branch, and not the
    merge that CI tries. `pull_request` is None where only the forge knows it: by the commit.
    `blob_url` is what the URL of each file in that commit begins with.
    """

    service: ServiceName
    api_url: str
    repository: str
    pull_request: int | None
    head: str
    run: Run
    run_url: str
    commit_url: str
    blob_url: str
    workspace: Path
    token: Secret


def detect(environ: Mapping[str, str]) -> ServiceName | None:
    """Return whose CI this runs in; Gitea and Forgejo say that they are GitHub."""
    if environ.get("GITHUB_ACTIONS") == "true":
        return "github"
    return "gitlab" if environ.get("GITLAB_CI") == "true" else None


def site_from(
    environ: Mapping[str, str], service: ServiceName, *, pull_request: int | None = None
) -> Site:
    """Return where a job runs; `pull_request` is what a person says, which counts most.

    Raises UsageError, which names the variable, for what is missing or of a wrong form.
    """
    return _SITES[service](_Variables(environ), pull_request)


@dataclass(frozen=True, slots=True)
class _Variables:
    environ: Mapping[str, str]

    def text(self, name: str, form: re.Pattern[str] | None = None, what: str = "") -> str:
        """Return what a variable holds, if that is of a form."""
        value = self.environ.get(name, "")
        if not value:
            way_out = _WAYS_OUT.get(name, "run this where CI sets it, or set it")
            raise UsageError(f"{name}: the variable is not set, or empty; {way_out}")
        if form and not form.fullmatch(value):
            raise UsageError(f"{name}: {what} is wanted; correct or unset it")
        return value

    def number(self, name: str) -> int:
        return int(self.text(name, _NUMBER, "a whole number from 1 on"))

    def commit(self, name: str) -> str:
        return self.text(name, COMMIT, "the full name of a commit")

    def url(self, name: str) -> str:
        url = check_address(self.text(name), name).rstrip("/")
        if "?" in url:
            raise UsageError(f"{name}: a URL without a query is wanted; correct it")
        return url

    def token(self, name: str) -> Secret:
        token = Secret(self.text(name))
        if not (token.is_one_line() and token.reveal().isascii()):
            raise UsageError(
                f"{name}: a token is one line of ASCII without blanks around; correct it"
            )
        return token


def _github(variables: _Variables, asked: int | None) -> Site:
    repository = variables.text("GITHUB_REPOSITORY", _REPOSITORY, "owner/name")
    event = read_event("GITHUB_EVENT_PATH", Path(variables.text("GITHUB_EVENT_PATH")))
    # It may be missing where it is not GitHub that runs this.
    has_attempt = variables.environ.get("GITHUB_RUN_ATTEMPT")
    attempt = variables.number("GITHUB_RUN_ATTEMPT") if has_attempt else 1
    run = Run(variables.number("GITHUB_RUN_ID"), attempt)
    page = f"{variables.url('GITHUB_SERVER_URL')}/{repository}"
    again = f"/attempts/{run.attempt}" if run.attempt > 1 else ""
    head = _head(event, asked) or variables.commit("GITHUB_SHA")
    return Site(
        service="github",
        api_url=variables.url("GITHUB_API_URL"),
        repository=repository,
        pull_request=asked or event.pull_request or _of_ref(variables.environ),
        head=head,
        run=run,
        run_url=f"{page}/actions/runs/{run.number}{again}",
        commit_url=f"{page}/commit/{head}",
        blob_url=f"{page}/blob/{head}/",
        workspace=Path(variables.text("GITHUB_WORKSPACE")),
        token=variables.token(GITHUB_TOKEN),
    )


def _head(event: Event, asked: int | None) -> str:
    """Return the commit that an event is about; of another pull request it knows none."""
    return event.head if asked in {None, event.pull_request} else ""


def _of_ref(environ: Mapping[str, str]) -> int | None:
    match = _REF.match(environ.get("GITHUB_REF", ""))
    return int(match[1]) if match else None


def _gitlab(variables: _Variables, asked: int | None) -> Site:
    page = variables.url("CI_PROJECT_URL")
    # It is empty but where GitLab tries the result of a merge.
    has_branch = variables.environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA")
    head = variables.commit("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA" if has_branch else "CI_COMMIT_SHA")
    has_request = variables.environ.get("CI_MERGE_REQUEST_IID")
    request = variables.number("CI_MERGE_REQUEST_IID") if has_request else None
    return Site(
        service="gitlab",
        api_url=variables.url("CI_API_V4_URL"),
        repository=str(variables.number("CI_PROJECT_ID")),
        pull_request=asked or request,
        head=head,
        # A job that is tried again stays in its pipeline.
        run=Run(variables.number("CI_PIPELINE_ID"), 1),
        run_url=variables.url("CI_PIPELINE_URL"),
        commit_url=f"{page}/-/commit/{head}",
        blob_url=f"{page}/-/blob/{head}/",
        workspace=Path(variables.text("CI_PROJECT_DIR")),
        token=variables.token(GITLAB_TOKEN),
    )


_SITES: Mapping[str, Callable[[_Variables, int | None], Site]] = {
    "github": _github,
    "gitlab": _gitlab,
}
