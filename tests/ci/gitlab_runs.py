"""GitLab, as far as pipelines see it: gitlab-ci-local runs their jobs on this machine."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from program import Served
from repository import Repository, git

PROJECT, REQUEST = "7", 3
TOKEN = {"ESP_RECONCILE_GITLAB_TOKEN": "t1"}


@dataclass(frozen=True)
class Pipeline:
    """What a pipeline left behind: `jobs` ended in PASS, WARN or FAIL."""

    code: int
    log: str
    folder: Path

    @property
    def jobs(self) -> dict[str, str]:
        ended = re.findall(r"^ (PASS|WARN|FAIL) +([a-z-]+)", self.log, re.MULTILINE)
        return {job: how for how, job in ended}

    def written(self, job: str, file: str) -> str:
        """Return what a job wrote; reports, as a widget reads them, are not kept elsewhere."""
        path = self.folder / ".gitlab-ci-local" / "builds" / job / file
        return path.read_text(encoding="utf-8")


@dataclass
class Project:
    """A project; `variables` are those of its settings, and `forge` is the URL of the double."""

    root: Path
    box: Served
    forge: str
    repository: Repository
    variables: Mapping[str, str] = field(default_factory=dict)
    last_pipeline: int = 0

    def merge_request(self, branch: str, *, project: str = PROJECT) -> Pipeline:
        """Open a merge request, and run its pipeline; with secrets if it is of this project."""
        head = self.repository.commit_of(branch)
        self._double("PUT", f"/_pulls/{PROJECT}/{REQUEST}", {"head": head, "state": "open"})
        told = {
            "CI_PIPELINE_SOURCE": "merge_request_event",
            "CI_MERGE_REQUEST_IID": str(REQUEST),
            "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": project,
        }
        return self._run(self._checked_out(branch), told, is_trusted=project == PROJECT)

    def merge(self, branch: str, *started: str) -> Pipeline:
        """Merge a branch, and run the pipeline with the manual jobs that somebody starts."""
        self.repository.merge(branch)
        told = {"CI_PIPELINE_SOURCE": "push"}
        return self._run(self._checked_out("main"), told, started=started)

    def night(self) -> Pipeline:
        return self._run(self._checked_out("main"), {"CI_PIPELINE_SOURCE": "schedule"})

    def remembered(self, what: str) -> Sequence[Mapping[str, Any]]:
        """Return the `comments` or the `issues` of the project."""
        repositories = self._double("GET", "/_state")["repositories"]
        return repositories[PROJECT][what] if PROJECT in repositories else []

    def _double(self, method: str, path: str, content: Any = None) -> Any:
        answer = httpx.request(method, self.forge + path, json=content, trust_env=False)
        return answer.raise_for_status().json()

    def _checked_out(self, branch: str) -> Path:
        self.last_pipeline += 1
        folder = self.repository.clone(self.root / "pipelines" / str(self.last_pipeline))
        git(folder, "switch", "--quiet", branch)
        # What the server is called is read from it.
        git(folder, "remote", "set-url", "origin", "https://gitlab.example.com/example/mail.git")
        return folder

    def _run(
        self,
        folder: Path,
        told: Mapping[str, str],
        *,
        is_trusted: bool = True,
        started: Sequence[str] = (),
    ) -> Pipeline:
        secrets = self.box.env if is_trusted else {}
        variables = {
            "GITLAB_CI": "true",
            "CI_API_V4_URL": f"{self.forge}/api/v4",
            "CI_PROJECT_ID": PROJECT,
            "CI_PIPELINE_ID": str(self.last_pipeline),
            "CI_DEFAULT_BRANCH": "main",
            **told,
            **secrets,
            **(self.variables if is_trusted else {}),
        }
        arguments = ["gitlab-ci-local", "--force-shell-executor", "--shell-isolation", "--no-color"]
        for name, value in variables.items():
            arguments += ["--variable", f"{name}={value}"]
        for job in started:
            arguments += ["--manual", job]
        # The program is there: nothing is installed.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            arguments,
            cwd=folder,
            env={"PATH": path, "HOME": str(self.root), "GIT_CONFIG_GLOBAL": "/dev/null"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=100,
            check=False,
        )
        assert "Traceback" not in done.stdout, done.stdout
        return Pipeline(done.returncode, done.stdout, folder)
