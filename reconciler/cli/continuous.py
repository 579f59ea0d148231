"""The CI job that a command runs in: for which commit, and where in its repository."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from reconciler.reports.links import NO_LINKS, Links

_LONGEST_EVENT = 32 * 2**20


@dataclass(frozen=True, slots=True)
class Job:
    """What is known of the job; outside of CI all of it is "".

    `folder` is where in the repository the command runs; `root` is the top of its working tree.
    """

    repository: str = ""
    head: str = ""
    folder: str = ""
    root: Path | None = None
    links: Links = NO_LINKS

    def place(self, file: str) -> str:
        """Return a file, named from where the command runs, as the repository names it."""
        if self.root is None or file.startswith("<"):
            return file
        absolute = Path(os.path.abspath(file))  # noqa: PTH100 - resolve() would follow links in it
        if absolute.is_relative_to(self.root):
            return absolute.relative_to(self.root).as_posix()
        return file


def job_from(environment: Mapping[str, str]) -> Job:
    """Return the job that variables of GitHub Actions or GitLab CI tell of; nothing of it fails."""
    root = _root(environment)
    folder = Path.cwd().relative_to(root).as_posix() if root else ""
    folder = "" if folder == "." else folder
    if environment.get("GITHUB_ACTIONS") == "true":
        return _github(environment, folder, root)
    if environment.get("GITLAB_CI") == "true":
        return _gitlab(environment, folder, root)
    return Job(folder=folder, root=root)


def _root(environment: Mapping[str, str]) -> Path | None:
    """Return the top of the working tree: as CI names it, or where `.git` is."""
    here = Path.cwd()
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        named = environment.get(name)
        if named and here.is_relative_to(named):
            return Path(named)
    return next((each for each in (here, *here.parents) if (each / ".git").exists()), None)


def _github(environment: Mapping[str, str], folder: str, root: Path | None) -> Job:
    head = _head_of_pull_request(environment) or environment.get("GITHUB_SHA", "")
    repository = environment.get("GITHUB_REPOSITORY", "")
    url = f"{environment.get('GITHUB_SERVER_URL', '')}/{repository}"
    run = environment.get("GITHUB_RUN_ID", "")
    return Job(
        repository,
        head,
        folder,
        root,
        Links(
            run=_web(f"{url}/actions/runs/{run}") if run else "",
            commit=_web(f"{url}/commit/{head}"),
            blob=_web(f"{url}/blob/{head}/"),
            head=head,
        ),
    )


def _head_of_pull_request(environment: Mapping[str, str]) -> str:
    """Return the head of the pull request: GITHUB_SHA is that of a merge that is only tried."""
    try:
        path = Path(environment.get("GITHUB_EVENT_PATH", ""))
        with path.open("rb") as file:
            event = json.loads(file.read(_LONGEST_EVENT))
        head = event["pull_request"]["head"]["sha"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return ""
    return head if isinstance(head, str) and _is_name(head) else ""


def _gitlab(environment: Mapping[str, str], folder: str, root: Path | None) -> Job:
    head = environment.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or environment.get(
        "CI_COMMIT_SHA", ""
    )
    url = environment.get("CI_PROJECT_URL", "")
    return Job(
        environment.get("CI_PROJECT_ID", ""),
        head,
        folder,
        root,
        Links(
            run=_web(environment.get("CI_PIPELINE_URL", "")),
            commit=_web(f"{url}/-/commit/{head}"),
            blob=_web(f"{url}/-/blob/{head}/"),
            head=head,
        ),
    )


def _is_name(commit: str) -> bool:
    return PurePosixPath(commit).name == commit and commit.isalnum()


def _web(url: str) -> str:
    """Return a URL that a link may lead to; "" for what is none."""
    is_good = url.startswith(("https://", "http://")) and not set(url) & set(" <>()[]`\\\"'\n\r")
    return url if is_good else ""
