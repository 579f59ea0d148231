"""GitLab's REST API: merge requests have notes, and an issue's body is its description."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode

from reconciler.errors import UnexpectedAnswer
from reconciler.forges.client import PER_PAGE, Client, Query
from reconciler.forges.forge import Comment, Issue, State
from reconciler.forges.reading import author_at, day_at, items_of, number_at, object_of, text_at
from reconciler.forges.site import Site
from reconciler.web import Answer, Web

_PERMISSIONS = (
    "to be a project or group access token with the scope `api`, since CI_JOB_TOKEN cannot write "
    "notes"
)
_LONGEST_NUMBER = 9


class GitLab:
    """A project on GitLab: fills `Forge`."""

    def __init__(self, client: Client, project: str) -> None:
        self._client = client
        self._path = f"/projects/{project}"
        self._me = ""

    def me(self) -> str:
        self._me = self._me or author_at(self._client.get("/user"), "username")
        return self._me

    def comments(self, number: int) -> list[Comment]:
        path = self._notes(number)
        request = f"GET {path}"
        return sorted(
            (_note(request, each) for each in self._client.pages(path) if not each.get("system")),
            key=lambda comment: comment.id,
        )

    def add_comment(self, number: int, body: str) -> Comment:
        path = self._notes(number)
        return _note(f"POST {path}", self._client.write("POST", path, {"body": body}))

    def edit_comment(self, number: int, comment: int, body: str) -> Comment:
        path = f"{self._notes(number)}/{comment}"
        return _note(f"PUT {path}", self._client.write("PUT", path, {"body": body}))

    def delete_comment(self, number: int, comment: int) -> None:
        self._client.write("DELETE", f"{self._notes(number)}/{comment}")

    def issues(self, label: str, state: State) -> list[Issue]:
        path = f"{self._path}/issues"
        query: Query = {"labels": label, "state": "opened" if state == "open" else "all"}
        found = (_issue(f"GET {path}", each) for each in self._client.pages(path, query))
        return sorted(found, key=lambda issue: issue.number)

    def open_issue(self, title: str, body: str, labels: Sequence[str]) -> Issue:
        path = f"{self._path}/issues"
        content = {"title": title, "description": body, "labels": ",".join(labels)}
        return _issue(f"POST {path}", self._client.write("POST", path, content))

    def edit_issue(
        self,
        number: int,
        *,
        title: str | None = None,
        body: str | None = None,
        labels: Sequence[str] | None = None,
        is_open: bool | None = None,
    ) -> Issue:
        path = f"{self._path}/issues/{number}"
        content = {
            "title": title,
            "description": body,
            "labels": labels and ",".join(labels),
            "state_event": None if is_open is None else ("reopen" if is_open else "close"),
        }
        named = {name: value for name, value in content.items() if value is not None}
        return _issue(f"PUT {path}", self._client.write("PUT", path, named))

    def comment_on_issue(self, number: int, body: str) -> None:
        self._client.write("POST", f"{self._path}/issues/{number}/notes", {"body": body})

    def pull_request_of(self, commit: str) -> int | None:
        path = f"{self._path}/repository/commits/{commit}/merge_requests"
        found = items_of(f"GET {path}", self._client.get(path, {"per_page": PER_PAGE}))
        # A commit may be in several: what merged it counts first.
        for fits in (_was_merged_as, _was_merged, _is_headed_by):
            numbers = [
                number_at(f"GET {path}", each, "iid") for each in found if fits(each, commit)
            ]
            if numbers:
                return max(numbers)
        return None

    def head_of(self, number: int) -> str:
        return text_at(self._client.get(f"{self._path}/merge_requests/{number}"), "sha")

    def _notes(self, number: int) -> str:
        return f"{self._path}/merge_requests/{number}/notes"


@contextmanager
def open_gitlab(site: Site, pause: Callable[[float], None] = time.sleep) -> Iterator[GitLab]:
    with Web(headers={"Accept": "application/json", "PRIVATE-TOKEN": site.token}) as web:
        client = Client(web, site.api_url, site.token, _PERMISSIONS, next_page, pause)
        yield GitLab(client, site.repository)


def next_page(request: str, query: str, answer: Answer) -> str | None:
    """Return the query of the page that `X-Next-Page` names, which is empty on the last."""
    number = answer.headers.get("x-next-page", "").strip()
    if not number:
        return None
    if number.isdecimal() and number.isascii() and len(number) <= _LONGEST_NUMBER:
        return urlencode({**dict(parse_qsl(query)), "page": number})
    raise UnexpectedAnswer(request, "X-Next-Page is no number")


def _note(request: str, data: Any) -> Comment:
    item = object_of(request, data)
    return Comment(
        number_at(request, item, "id"), text_at(item, "author", "username"), text_at(item, "body")
    )


def _issue(request: str, data: Any) -> Issue:
    item = object_of(request, data)
    return Issue(
        number_at(request, item, "iid"),
        text_at(item, "author", "username"),
        text_at(item, "title"),
        text_at(item, "description"),
        is_open=text_at(item, "state") == "opened",
        closed_on=day_at(item, "closed_at"),
        url=text_at(item, "web_url"),
    )


def _was_merged_as(item: Mapping[str, Any], commit: str) -> bool:
    keys = ("merge_commit_sha", "squash_commit_sha", "sha")
    return _was_merged(item, commit) and commit in {text_at(item, key) for key in keys}


def _was_merged(item: Mapping[str, Any], commit: str) -> bool:  # noqa: ARG001
    return text_at(item, "state") == "merged"


def _is_headed_by(item: Mapping[str, Any], commit: str) -> bool:
    return text_at(item, "state") == "opened" and text_at(item, "sha") == commit
