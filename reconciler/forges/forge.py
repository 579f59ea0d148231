"""What every forge has: comments of a pull request, and issues. GitLab's words are translated."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

State = Literal["open", "all"]


@dataclass(frozen=True, slots=True)
class Comment:
    """`author` is "" for an account that is no more; `url` is where people see it."""

    id: int
    author: str
    body: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Issue:
    """`closed_on` is the day (UTC) of a closed one, None while it is open."""

    number: int
    author: str
    title: str
    body: str
    is_open: bool
    closed_on: date | None = None
    url: str = ""


class Forge(Protocol):
    """One repository at a forge, as the holder of one token sees it.

    `number` is that of a pull request, a merge request or an issue. Every method raises
    ServiceError: PermissionDenied for what the token may not do (a fork's may not write), NotFound,
    RateLimited for a limit that ends in more than two minutes. Those that write raise Waited when a
    limit was waited for instead: what was read before is old by then.
    """

    def me(self) -> str:
        """Return the author of what this token writes, as far as it is known."""

    def comments(self, number: int) -> list[Comment]:
        """Return all comments that people or programs wrote, the oldest first."""

    def add_comment(self, number: int, body: str) -> Comment: ...

    def edit_comment(self, number: int, comment: int, body: str) -> Comment: ...

    def delete_comment(self, number: int, comment: int) -> None: ...

    def issues(self, label: str, state: State) -> list[Issue]:
        """Return all issues with a label, the oldest first; pull requests are none."""

    def open_issue(self, title: str, body: str, labels: Sequence[str]) -> Issue: ...

    def edit_issue(
        self,
        number: int,
        *,
        title: str | None = None,
        body: str | None = None,
        labels: Sequence[str] | None = None,
        is_open: bool | None = None,
    ) -> Issue:
        """Change what is named, and return the issue as the forge then has it.

        GitHub answers 200 and keeps the old body when the new one is too long for it.
        """

    def comment_on_issue(self, number: int, body: str) -> None: ...

    def pull_request_of(self, commit: str) -> int | None:
        """Return the pull request that a commit was merged by, or else is the head of."""

    def head_of(self, number: int) -> str:
        """Return the commit that a pull request has come to."""
