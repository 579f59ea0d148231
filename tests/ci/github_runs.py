"""A repository with the workflows of the examples, and act, which runs them on this machine.

What `uses` names is replaced: our own action by that of this tree, GitHub's by those below
`actions/`. The program that they run is this tree's, too.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from program import Served
from repository import REPO, Repository

HERE = Path(__file__).parent
OURS = "OWNER/esp-reconcile@" + "0" * 40
NAME = "example/mail"
SECRETS = ("POSTMARK_SERVER_TOKEN", "POSTMARK_ACCOUNT_TOKEN", "MAILGUN_API_KEY")


@dataclass(frozen=True)
class Ran:
    """What a run of a workflow left behind."""

    code: int
    log: str
    run_id: int
    artifacts: Path

    @property
    def jobs(self) -> dict[str, str]:
        """Return how each job ended: "succeeded" or "failed"."""
        ended = re.findall(r"^\[[^/]+/(.+?) *\] 🏁  Job (\w+)$", self.log, re.MULTILINE)
        return dict(ended)

    def text(self, artifact: str, file: str) -> str:
        return (self.artifacts / artifact / file).read_text(encoding="utf-8")

    def report(self, artifact: str) -> Any:
        return json.loads(self.text(artifact, "report.json"))


@dataclass
class Hub:
    """GitHub, as far as workflows see it; `forge` is the URL of the double."""

    root: Path
    box: Served
    forge: str
    repository: Repository
    last_run: int = field(default=100)

    def pull_request(
        self, number: int, branch: str, *, whose: str = NAME, author: str = "somebody"
    ) -> Ran:
        """Open a pull request, or push to it, and run what then runs."""
        head = self.repository.commit_of(branch)
        self._double("PUT", f"/_pulls/{NAME}/{number}", {"head": head, "state": "open"})
        told = {
            "number": number,
            "user": {"login": author},
            "head": {"sha": head, "ref": branch, "repo": {"full_name": whose}},
            "base": {"ref": "main"},
        }
        event = {"action": "synchronize", "number": number, "pull_request": told}
        tried = self.repository.clone(self._folder(), merging=branch)
        trusted = whose == NAME and author != "dependabot[bot]"
        return self._act("pull_request", "pull-request", event, tried, has_secrets=trusted)

    def merge(self, number: int, branch: str) -> Ran:
        """Merge a pull request, and run what then runs."""
        commit = self.repository.merge(branch)
        facts = {"state": "closed", "merged_as": commit}
        self._double("PUT", f"/_pulls/{NAME}/{number}", facts)
        event = {"ref": "refs/heads/main", "after": commit}
        return self._act("push", "apply", event, self.repository.clone(self._folder()))

    def apply_by_hand(self, branch: str) -> Ran:
        """Start the workflow that applies on a branch, as people may who can write."""
        folder = self.repository.clone(self._folder(), branch=branch)
        return self._act("workflow_dispatch", "apply", {"ref": f"refs/heads/{branch}"}, folder)

    def night(self) -> Ran:
        return self._act("schedule", "drift", {}, self.repository.clone(self._folder()))

    def comments(self) -> Sequence[Mapping[str, Any]]:
        comments: Sequence[Mapping[str, Any]] = self._here()["comments"]
        return comments

    def issues(self) -> Sequence[Mapping[str, Any]]:
        issues: Sequence[Mapping[str, Any]] = self._here()["issues"]
        return issues

    def _here(self) -> Any:
        return self._double("GET", "/_state")["repositories"][NAME]

    def _double(self, method: str, path: str, content: Any = None) -> Any:
        answer = httpx.request(method, self.forge + path, json=content, trust_env=False)
        return answer.raise_for_status().json()

    def _folder(self) -> Path:
        self.last_run += 1
        return self.root / "runs" / str(self.last_run)

    def _act(
        self, event: str, workflow: str, payload: Any, folder: Path, *, has_secrets: bool = True
    ) -> Ran:
        path = self.root / f"event-{self.last_run}.json"
        repository = {"full_name": NAME, "default_branch": "main"}
        path.write_text(json.dumps({**payload, "repository": repository}), encoding="utf-8")
        artifacts = self.root / "artifacts"
        settings = {
            **{name: url for name, url in self.box.env.items() if name not in SECRETS},
            "GITHUB_REPOSITORY": NAME,
            "GITHUB_RUN_ID": str(self.last_run),
            "GITHUB_API_URL": self.forge,
            "STAND_IN_PYTHON": sys.executable,
            "STAND_IN_ARTIFACTS": str(artifacts),
        }
        secrets = {name: self.box.env[name] for name in SECRETS} if has_secrets else {}
        arguments = ["act", event, "--workflows", f".github/workflows/esp-{workflow}.yml"]
        arguments += ["--eventpath", str(path), "--action-cache-path", str(self.root / "cache")]
        arguments += ["--platform", "ubuntu-24.04=-self-hosted", "--action-offline-mode"]
        arguments += ["--no-cache-server", *self._replaced(folder)]
        for option, values in ("--env", settings), ("--secret", {"GITHUB_TOKEN": "t1", **secrets}):
            arguments += [each for name in values for each in (option, f"{name}={values[name]}")]
        done = subprocess.run(
            arguments,
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self.root)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=100,
            check=False,
        )
        assert "Traceback" not in done.stdout, done.stdout
        run = artifacts / str(self.last_run)
        return Ran(done.returncode, done.stdout, self.last_run, run)

    def _replaced(self, folder: Path) -> Sequence[str]:
        """Return the options that lead `uses` to folders of this machine."""
        ours = self.root / "ours"
        if not ours.exists():
            shutil.copytree(REPO / "action", ours / "action")
            shutil.copy(REPO / "action.yml", ours)
        places = {OURS: ours}
        for workflow in (folder / ".github" / "workflows").iterdir():
            for line in workflow.read_text(encoding="utf-8").splitlines():
                used = line.partition("uses: ")[2].partition(" #")[0]
                stand_in = HERE / "actions" / used.partition("@")[0].removeprefix("actions/")
                if used and stand_in.is_dir():
                    places[used] = stand_in
        return [
            each
            for used, place in places.items()
            for each in ("--local-repository", f"{used}={place}")
        ]
