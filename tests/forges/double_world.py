"""What a forge remembers: repositories with comments, issues and pull requests, as plain data."""

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Item = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """`path` is without the query, and `base` the URL that the client reached the forge by."""

    method: str
    path: str
    query: Mapping[str, str]
    token: str
    content: Any
    base: str


@dataclass(frozen=True)
class Reply:
    """`data` is sent as JSON, bytes as they are."""

    status: int
    data: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Refusal:
    """An answer that takes the place of the next one to a request of one of these methods.

    "QUERY" is a query of GraphQL. What was asked for may be done all the same: `is_late`.
    """

    status: int
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)
    methods: Sequence[str] = ("GET", "POST", "PATCH", "PUT", "DELETE")
    is_late: bool = False


def do_nothing(_: str) -> None:
    """Stand for latency where there is none."""


@dataclass
class World:
    """Guarded by `lock`; `users` are the logins of personal tokens, others are those of an `app`.

    `latency` is called with "read" after an answer was found and before it is sent, with "write"
    before a change is made, and with "written" after it was. In `requests` a query of GraphQL is
    the GET that it is.
    """

    lock: threading.RLock = field(default_factory=threading.RLock)
    repositories: dict[str, Item] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    refusals: deque[Refusal] = field(default_factory=deque)
    requests: list[str] = field(default_factory=list)
    read_only: bool = False
    app: str = "github-actions"
    most_bytes: int = 262_144
    most_characters: int = 1_000_000
    latency: Callable[[str], None] = do_nothing
    last_id: int = 1000
    state_file: Path | None = None

    def repository(self, name: str) -> Item:
        return self.repositories.setdefault(name, {"comments": [], "issues": [], "pulls": []})

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def add_pull(self, name: str, number: int, **facts: Any) -> None:
        """Add or change a pull request: its `head`, `state`, and `merged_as` (a commit)."""
        pulls = self.repository(name)["pulls"]
        known = next((each for each in pulls if each["number"] == number), None)
        if known is None:
            known = {"number": number, "head": "", "state": "open", "merged_as": ""}
            pulls.append(known)
        known.update(facts)

    def add_comment(self, name: str, number: int, author: str, body: str, **more: Any) -> Item:
        comment = {
            "id": self.next_id(),
            "number": number,
            "author": author,
            "body": body,
            "edits": 0,
            **more,
        }
        self.repository(name)["comments"].append(comment)
        return comment

    def add_issue(self, name: str, author: str, content: Mapping[str, Any]) -> Item:
        here = self.repository(name)
        taken = [each["number"] for each in (*here["issues"], *here["pulls"])]
        issue = {
            "number": max(taken, default=0) + 1,
            "author": author,
            "title": content.get("title") or "",
            "body": content.get("body") or "",
            "labels": list(content.get("labels") or []),
            "state": "open",
            "closed_at": None,
            "edits": 0,
        }
        here["issues"].append(issue)
        return issue

    def comments(self, name: str, number: int) -> list[Item]:
        return [each for each in self.repository(name)["comments"] if each["number"] == number]

    def numbered(self, name: str, number: int) -> Item | None:
        """Return an issue or a pull request."""
        here = self.repository(name)
        found = (each for each in (*here["issues"], *here["pulls"]) if each["number"] == number)
        return next(found, None)

    def refusal_of(self, method: str) -> Refusal | None:
        """Take the next refusal that is for a method."""
        with self.lock:
            found = next((each for each in self.refusals if method in each.methods), None)
            if found:
                self.refusals.remove(found)
            return found

    def as_data(self) -> Item:
        return {
            "repositories": self.repositories,
            "last_id": self.last_id,
            "requests": self.requests,
        }

    def save(self) -> None:
        """Keep the state where a program was told to; another reader never sees half of it."""
        if self.state_file:
            new = self.state_file.with_name(f".{self.state_file.name}.new")
            new.write_text(json.dumps(self.as_data(), indent=1), encoding="utf-8")
            new.replace(self.state_file)

    def load(self, path: Path) -> None:
        self.state_file = path
        if path.exists():
            data = json.loads(path.read_text(encoding="utf-8"))
            self.repositories, self.last_id = data["repositories"], data["last_id"]
            self.requests = data["requests"]


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
