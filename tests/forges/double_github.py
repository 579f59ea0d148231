"""GitHub's REST API, as far as comments and issues go, with its limits and its silence."""

import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from double_world import Item, Reply, Request, World, now

_FORK = "Resource not accessible by integration"
_DEFAULT_PAGE, _MOST_PER_PAGE = 30, 100


def github(world: World, request: Request) -> Reply:
    """Answer a request as GitHub does."""
    if not request.token:
        return _error(401, "Requires authentication")
    if request.path == "/graphql":
        return Reply(200, {"data": {"viewer": {"login": _author(world, request)}}})
    if request.method != "GET" and world.read_only:
        return _error(403, _FORK)
    if request.path == "/user":
        login = world.users.get(request.token)
        return Reply(200, {"login": login}) if login else _error(403, _FORK)
    for form, answer in _ROUTES:
        method, _, path = form.partition(" ")
        match = re.fullmatch(path, request.path)
        if match and method == request.method:
            return answer(world, request, **match.groupdict())
    return _error(404, "Not Found")


def list_comments(world: World, request: Request, repo: str, number: str) -> Reply:
    if world.numbered(repo, int(number)) is None:
        return _error(404, "Not Found")
    items = [_comment(request, repo, each) for each in world.comments(repo, int(number))]
    return _page(request, sorted(items, key=lambda each: each["id"]))


def add_comment(world: World, request: Request, repo: str, number: str) -> Reply:
    if world.numbered(repo, int(number)) is None:
        return _error(404, "Not Found")
    body = request.content.get("body")
    if problem := _too_long(world, "IssueComment", body):
        return problem
    comment = world.add_comment(repo, int(number), _author(world, request), body)
    return Reply(201, _comment(request, repo, comment))


def edit_comment(world: World, request: Request, repo: str, id: str) -> Reply:  # noqa: A002
    comment = _with_id(world, repo, int(id))
    if comment is None:
        return _error(404, "Not Found")
    body = request.content.get("body")
    if problem := _too_long(world, "IssueComment", body):
        return problem
    comment.update(body=body, edits=comment["edits"] + 1)
    return Reply(200, _comment(request, repo, comment))


def delete_comment(world: World, request: Request, repo: str, id: str) -> Reply:  # noqa: A002, ARG001
    comment = _with_id(world, repo, int(id))
    if comment is None:
        return _error(404, "Not Found")
    world.repository(repo)["comments"].remove(comment)
    return Reply(204)


def list_issues(world: World, request: Request, repo: str) -> Reply:
    """Return issues and pull requests, the latest first, as GitHub does."""
    here, asked = world.repository(repo), request.query
    labels = set(filter(None, asked.get("labels", "").split(",")))
    state = asked.get("state", "open")
    pulls = [{**_AS_ISSUE, **each, "is_pull": True} for each in here["pulls"]]
    found = [
        _issue(request, repo, each)
        for each in (*here["issues"], *pulls)
        if labels <= set(each["labels"]) and state in {each["state"], "all"}
    ]
    return _page(request, sorted(found, key=lambda each: each["number"], reverse=True))


def add_issue(world: World, request: Request, repo: str) -> Reply:
    if problem := _too_long(world, "Issue", request.content.get("body") or ""):
        return problem
    issue = world.add_issue(repo, _author(world, request), request.content)
    return Reply(201, _issue(request, repo, issue))


def edit_issue(world: World, request: Request, repo: str, number: str) -> Reply:
    """Change an issue; a body that is too long is dropped, and nothing is said of it."""
    issue = world.numbered(repo, int(number))
    if issue is None:
        return _error(404, "Not Found")
    content = {key: request.content[key] for key in _EDITABLE if key in request.content}
    if _is_too_long(world, content.get("body", "")):
        del content["body"]
    if "state" in content and content["state"] != issue["state"]:
        issue["closed_at"] = now() if content["state"] == "closed" else None
    issue.update(content, edits=issue["edits"] + 1)
    return Reply(200, _issue(request, repo, issue))


def pulls_of_commit(world: World, request: Request, repo: str, sha: str) -> Reply:
    found = [
        _pull(repo, each)
        for each in world.repository(repo)["pulls"]
        if sha in {each["head"], each["merged_as"]}
    ]
    return _page(request, found)


def get_pull(world: World, request: Request, repo: str, number: str) -> Reply:  # noqa: ARG001
    pulls = world.repository(repo)["pulls"]
    found = next((each for each in pulls if each["number"] == int(number)), None)
    return Reply(200, _pull(repo, found)) if found else _error(404, "Not Found")


_REPO = r"/repos/(?P<repo>[^/]+/[^/]+)"
_ROUTES: Sequence[tuple[str, Callable[..., Reply]]] = [
    (rf"GET {_REPO}/issues/(?P<number>\d+)/comments", list_comments),
    (rf"POST {_REPO}/issues/(?P<number>\d+)/comments", add_comment),
    (rf"PATCH {_REPO}/issues/comments/(?P<id>\d+)", edit_comment),
    (rf"DELETE {_REPO}/issues/comments/(?P<id>\d+)", delete_comment),
    (rf"GET {_REPO}/issues", list_issues),
    (rf"POST {_REPO}/issues", add_issue),
    (rf"PATCH {_REPO}/issues/(?P<number>\d+)", edit_issue),
    (rf"GET {_REPO}/commits/(?P<sha>[0-9a-f]+)/pulls", pulls_of_commit),
    (rf"GET {_REPO}/pulls/(?P<number>\d+)", get_pull),
]
_EDITABLE = ("title", "body", "state", "labels")
_AS_ISSUE: Item = {"author": "somebody", "title": "", "body": "", "labels": [], "closed_at": None}


def _author(world: World, request: Request) -> str:
    return world.users.get(request.token, f"{world.app}[bot]")


def _with_id(world: World, repo: str, id_: int) -> Item | None:
    found = (each for each in world.repository(repo)["comments"] if each["id"] == id_)
    return next(found, None)


def _page(request: Request, items: Sequence[Item]) -> Reply:
    """Return one page; the next one is named by the repository's number, as GitHub does."""
    per_page = min(int(request.query.get("per_page", _DEFAULT_PAGE)), _MOST_PER_PAGE)
    page = int(request.query.get("page", 1))
    shown = items[(page - 1) * per_page : page * per_page]
    headers = {"x-ratelimit-remaining": "999"}
    if page * per_page < len(items):
        path = re.sub(r"^/repos/[^/]+/[^/]+", "/repositories/1", request.path)
        query = urlencode({**request.query, "page": page + 1})
        last = f'<{request.base}{path}?page=9>; rel="last"'
        prev = f'<{request.base}{path}?page={page - 1}>; rel="prev", ' if page > 1 else ""
        headers["Link"] = f'{prev}<{request.base}{path}?{query}>; rel="next", {last}'
    return Reply(200, shown, headers)


def _is_too_long(world: World, body: str) -> bool:
    return len(body.encode()) > world.most_bytes


def _too_long(world: World, resource: str, body: str) -> Reply | None:
    if not _is_too_long(world, body):
        return None
    message = "Body is too long (maximum is 65536 characters)"
    error = {"resource": resource, "code": "unprocessable", "field": "data", "message": message}
    return Reply(422, {"message": "Validation Failed", "errors": [error], "status": "422"})


def _error(status: int, message: str) -> Reply:
    documented = "https://docs.github.com/rest"
    data = {"message": message, "documentation_url": documented, "status": str(status)}
    return Reply(status, data)


def _comment(request: Request, repo: str, comment: Item) -> Item:
    return {
        "id": comment["id"],
        "user": {"login": comment["author"]} if comment["author"] else None,
        "body": comment["body"],
        "html_url": f"{request.base}/{repo}/pull/{comment['number']}#comment-{comment['id']}",
    }


def _issue(request: Request, repo: str, issue: Item) -> Item:
    data: dict[str, Any] = {
        "number": issue["number"],
        "user": {"login": issue["author"]},
        "title": issue["title"],
        "body": issue["body"] or None,
        "state": issue["state"],
        "closed_at": issue["closed_at"],
        "labels": [{"name": each} for each in issue["labels"]],
        "html_url": f"{request.base}/{repo}/issues/{issue['number']}",
    }
    return {**data, "pull_request": {"url": ""}} if issue.get("is_pull") else data


def _pull(repo: str, pull: Item) -> Item:
    return {
        "number": pull["number"],
        "state": pull["state"],
        "merged_at": now() if pull["merged_as"] else None,
        "merge_commit_sha": pull["merged_as"] or None,
        "head": {"sha": pull["head"]},
        "base": {"repo": {"full_name": pull.get("repository", repo)}},
    }
