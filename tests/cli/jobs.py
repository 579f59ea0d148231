"""What stands for CI jobs at a forge: variables, an event, and files that GitHub names."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from double import answer, serving
from double_world import World
from program import Run, run

HEAD, OTHER_HEAD, MERGE = "a" * 40, "b" * 40, "c" * 40
TOKEN = "ghs_canaryT0kenThatNobodyMaySee0000000"
REPOSITORY, PULL = "octo/mail", 5


@dataclass
class Actions:
    """GitHub Actions, as a job of repository octo/mail sees it from a folder."""

    world: World
    url: str
    folder: Path

    def env(self, *, number: int = 1, head: str = HEAD, event: Any = None) -> dict[str, str]:
        """Return the variables of a job for pull request 5, or of another `event`."""
        payload = {"pull_request": {"number": PULL, "head": {"sha": head}}}
        path = self.folder / f"event-{number}.json"
        path.write_text(json.dumps(payload if event is None else event))
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.url,
            "GITHUB_SERVER_URL": "https://github.example.com",
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_EVENT_PATH": str(path),
            "GITHUB_SHA": MERGE,
            "GITHUB_RUN_ID": str(number),
            "GITHUB_WORKSPACE": str(self.folder),
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_OUTPUT": str(self.folder / "outputs"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
        }

    def run(self, *arguments: str, **job: Any) -> Run:
        return run(*arguments, cwd=self.folder, env=self.env(**job))

    def saved(
        self, *arguments: str, env: Mapping[str, str] = {}, number: int = 1, head: str = HEAD
    ) -> Run:
        """Run a command that saves its report in `report.json`, as a job would."""
        job = {**self.env(number=number, head=head), **env}
        return run(*arguments, "--report", "json=report.json", cwd=self.folder, env=job)

    @property
    def comments(self) -> list[str]:
        return [each["body"] for each in self.world.repository(REPOSITORY)["comments"]]

    @property
    def issues(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.world.repository(REPOSITORY)["issues"]
        return found

    @property
    def outputs(self) -> dict[str, str]:
        lines = (self.folder / "outputs").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    @property
    def summary(self) -> str:
        return (self.folder / "summary").read_text()


@contextmanager
def github_actions(folder: Path) -> Iterator[Actions]:
    world = World()
    world.add_pull(REPOSITORY, PULL, head=HEAD)
    with serving(partial(answer, world)) as url:
        yield Actions(world, url, folder)
