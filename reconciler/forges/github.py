"""GitHub's REST API, which Gitea and Forgejo have as well, below another URL."""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from reconciler.errors import PermissionDenied, ServiceError, UnexpectedAnswer
from reconciler.forges.client import Client, NextPage, patiently
from reconciler.forges.forge import Comment, Issue, State
from reconciler.forges.reading import author_at, day_at, items_of, number_at, object_of, text_at
from reconciler.forges.site import Site
from reconciler.model import Secret
from reconciler.web import Answer, Web

WORKFLOW_AUTHOR = "github-actions[bot]"
_ACCEPT = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_PERMISSIONS = "`pull-requests: write` for comments and `issues: write` for issues"
_VIEWER = "query { viewer { login } }"
_NEXT = re.compile(r'<([^<>]*)>[^<>,]*;\s*rel="?next"?\s*(?:[,;]|$)')


class GitHub:
    """A repository on GitHub: fills `Forge`."""

    def __init__(self, client: Client, repository: str) -> None:
        self._client = client
        self._path = f"/repos/{repository}"
        self._repository = repository
        self._me = ""

    def me(self) -> str:
        """Return the author of what this token writes.

        The token of a workflow, and that of any other GitHub App, is refused `GET /user`: only
        GraphQL tells it. Where that is silent too the workflow's author is assumed, until something
        was written and its author is seen.
        """
        if not self._me:
            try:
                self._me = author_at(self._client.get("/user"), "login")
            except PermissionDenied:
                self._me = self._viewer() or WORKFLOW_AUTHOR
        return self._me

    def _viewer(self) -> str:
        # GitHub Enterprise Server has GraphQL beside the REST API, and not below it.
        beside = self._client.api_url.removesuffix("/v3")
        query = {"query": _VIEWER}
        with suppress(ServiceError):
            told = patiently(lambda: self._client.write("POST", "/graphql", query, api_url=beside))
            return text_at(told, "data", "viewer", "login")
        return ""

    def comments(self, number: int) -> list[Comment]:
        path = f"{self._path}/issues/{number}/comments"
        return sorted(
            (_comment(f"GET {path}", each) for each in self._client.pages(path)),
            key=lambda comment: comment.id,
        )

    def add_comment(self, number: int, body: str) -> Comment:
        path = f"{self._path}/issues/{number}/comments"
        comment = _comment(f"POST {path}", self._client.write("POST", path, {"body": body}))
        self._me = comment.author or self._me
        return comment

    def edit_comment(self, number: int, comment: int, body: str) -> Comment:  # noqa: ARG002
        path = f"{self._path}/issues/comments/{comment}"
        return _comment(f"PATCH {path}", self._client.write("PATCH", path, {"body": body}))

    def delete_comment(self, number: int, comment: int) -> None:  # noqa: ARG002
        self._client.write("DELETE", f"{self._path}/issues/comments/{comment}")

    def issues(self, label: str, state: State) -> list[Issue]:
        path = f"{self._path}/issues"
        found = self._client.pages(path, {"labels": label, "state": state})
        return sorted(
            (_issue(f"GET {path}", each) for each in found if "pull_request" not in each),
            key=lambda issue: issue.number,
        )

    def open_issue(self, title: str, body: str, labels: Sequence[str]) -> Issue:
        path = f"{self._path}/issues"
        content = {"title": title, "body": body, "labels": list(labels)}
        issue = _issue(f"POST {path}", self._client.write("POST", path, content))
        self._me = issue.author or self._me
        return issue

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
            "body": body,
            "labels": labels and list(labels),
            "state": None if is_open is None else ("open" if is_open else "closed"),
        }
        named = {name: value for name, value in content.items() if value is not None}
        return _issue(f"PATCH {path}", self._client.write("PATCH", path, named))

    def comment_on_issue(self, number: int, body: str) -> None:
        self.add_comment(number, body)

    def pull_request_of(self, commit: str) -> int | None:
        path = f"{self._path}/commits/{commit}/pulls"
        found = [
            each
            for each in items_of(f"GET {path}", self._client.get(path, {"per_page": 100}))
            if text_at(each, "base", "repo", "full_name") in {self._repository, ""}
        ]
        # A commit may be in several: what merged it counts first.
        for fits in (_was_merged_as, _was_merged, _is_headed_by):
            numbers = [
                number_at(f"GET {path}", each, "number") for each in found if fits(each, commit)
            ]
            if numbers:
                return max(numbers)
        return None

    def head_of(self, number: int) -> str:
        path = f"{self._path}/pulls/{number}"
        return text_at(self._client.get(path), "head", "sha")


@contextmanager
def open_github(site: Site, pause: Callable[[float], None] = time.sleep) -> Iterator[GitHub]:
    authorization = Secret(f"Bearer {site.token.reveal()}")
    with Web(headers={**_ACCEPT, "Authorization": authorization}) as web:
        client = Client(
            web, site.api_url, site.token, _PERMISSIONS, next_page_below(site.api_url), pause
        )
        yield GitHub(client, site.repository)


def next_page_below(api_url: str) -> NextPage:
    """Return what reads `Link: <…>; rel="next"`, and refuses one that leads out of an API."""

    def next_page(request: str, _: str, answer: Answer) -> str | None:
        match = _NEXT.search(answer.headers.get("link", ""))
        if match is None:
            return None
        # Only the query is taken: the path of the list itself stays. GitHub names it by the
        # repository's number there.
        try:
            there, here = urlsplit(match[1]), urlsplit(api_url)
            is_inside = (there.scheme, there.netloc) == (here.scheme, here.netloc)
        except ValueError:
            is_inside = False
        if is_inside and f"{there.path}/".startswith(f"{here.path}/"):
            return there.query
        raise UnexpectedAnswer(
            request,
            "the next page is said to be outside of the API, and is not asked for",
            advice="Check the API's URL, and what stands between here and there.",
        )

    return next_page


def _comment(request: str, data: Any) -> Comment:
    item = object_of(request, data)
    return Comment(
        number_at(request, item, "id"),
        text_at(item, "user", "login"),
        text_at(item, "body"),
        text_at(item, "html_url"),
    )


def _issue(request: str, data: Any) -> Issue:
    item = object_of(request, data)
    return Issue(
        number_at(request, item, "number"),
        text_at(item, "user", "login"),
        text_at(item, "title"),
        text_at(item, "body"),
        is_open=text_at(item, "state") == "open",
        closed_on=day_at(item, "closed_at"),
        url=text_at(item, "html_url"),
    )


def _was_merged_as(item: Mapping[str, Any], commit: str) -> bool:
    return bool(item.get("merged_at")) and text_at(item, "merge_commit_sha") == commit


def _was_merged(item: Mapping[str, Any], commit: str) -> bool:  # noqa: ARG001
    return bool(item.get("merged_at"))


def _is_headed_by(item: Mapping[str, Any], commit: str) -> bool:
    return text_at(item, "state") == "open" and text_at(item, "head", "sha") == commit
