"""GitLab's REST API, as far as notes of merge requests and issues go. State is shared with GitHub.

A job's token may read notes and write none.
"""

import re
from collections.abc import Callable, Sequence

from double_world import Item, Reply, Request, World, now

JOB_TOKEN = "glcbt-"  # the beginning by which GitLab's own are known
PROJECT_AUTHOR = "project_1_bot_1a2b3c"
_DEFAULT_PAGE, _MOST_PER_PAGE = 20, 100
_STATES = {"open": "opened", "closed": "closed"}


def gitlab(world: World, request: Request) -> Reply:
    """Answer a request as GitLab does."""
    is_write = request.method != "GET"
    if not request.token or (is_write and request.token.startswith(JOB_TOKEN)):
        return Reply(401, {"message": "401 Unauthorized"})
    if is_write and world.read_only:
        return Reply(403, {"message": "403 Forbidden"})
    if request.path == "/api/v4/user":
        return Reply(200, {"username": _author(world, request)})
    for form, answer in _ROUTES:
        method, _, path = form.partition(" ")
        match = re.fullmatch(path, request.path)
        if match and method == request.method:
            return answer(world, request, **match.groupdict())
    return Reply(404, {"message": "404 Not Found"})


def list_notes(world: World, request: Request, project: str, number: str) -> Reply:
    if world.numbered(project, int(number)) is None:
        return Reply(404, {"message": "404 Not found"})
    notes = [_note(each) for each in world.comments(project, int(number))]
    return _page(request, sorted(notes, key=lambda each: each["id"], reverse=True))


def add_note(world: World, request: Request, project: str, number: str) -> Reply:
    body = request.content.get("body", "")
    if world.numbered(project, int(number)) is None:
        return Reply(404, {"message": "404 Not found"})
    if len(body) > world.most_characters:
        return _too_long(world)
    return Reply(201, _note(world.add_comment(project, int(number), _author(world, request), body)))


def edit_note(world: World, request: Request, project: str, number: str, id: str) -> Reply:  # noqa: A002
    note = _with_id(world, project, number, id)
    if note is None:
        return Reply(404, {"message": "404 Not found"})
    if len(request.content["body"]) > world.most_characters:
        return _too_long(world)
    note.update(body=request.content["body"], edits=note["edits"] + 1)
    return Reply(200, _note(note))


def delete_note(world: World, request: Request, project: str, number: str, id: str) -> Reply:  # noqa: A002, ARG001
    note = _with_id(world, project, number, id)
    if note is None:
        return Reply(404, {"message": "404 Not found"})
    world.repository(project)["comments"].remove(note)
    return Reply(204)


def list_issues(world: World, request: Request, project: str) -> Reply:
    labels = set(filter(None, request.query.get("labels", "").split(",")))
    state = request.query.get("state", "all")
    found = [
        _issue(request, each)
        for each in world.repository(project)["issues"]
        if labels <= set(each["labels"]) and state in {_STATES[each["state"]], "all"}
    ]
    return _page(request, sorted(found, key=lambda each: each["iid"], reverse=True))


def add_issue(world: World, request: Request, project: str) -> Reply:
    content = request.content
    if len(content.get("description", "")) > world.most_characters:
        return _too_long(world)
    labels = content.get("labels", "").split(",")
    given = {"title": content["title"], "body": content.get("description"), "labels": labels}
    return Reply(201, _issue(request, world.add_issue(project, _author(world, request), given)))


def edit_issue(world: World, request: Request, project: str, number: str) -> Reply:
    issue, content = world.numbered(project, int(number)), request.content
    if issue is None:
        return Reply(404, {"message": "404 Not found"})
    if len(content.get("description", "")) > world.most_characters:
        return _too_long(world)
    if event := content.get("state_event"):
        issue["state"] = "closed" if event == "close" else "open"
        issue["closed_at"] = now() if event == "close" else None
    issue["title"] = content.get("title", issue["title"])
    issue["body"] = content.get("description", issue["body"])
    issue["edits"] += 1
    return Reply(200, _issue(request, issue))


def requests_of_commit(world: World, request: Request, project: str, sha: str) -> Reply:
    pulls = world.repository(project)["pulls"]
    return _page(
        request,
        [_merge_request(each) for each in pulls if sha in {each["head"], each["merged_as"]}],
    )


def get_request(world: World, request: Request, project: str, number: str) -> Reply:  # noqa: ARG001
    pulls = world.repository(project)["pulls"]
    found = next((each for each in pulls if each["number"] == int(number)), None)
    return Reply(200, _merge_request(found)) if found else Reply(404, {"message": "404 Not found"})


_PROJECT = r"/api/v4/projects/(?P<project>\d+)"
_NOTES = rf"{_PROJECT}/merge_requests/(?P<number>\d+)/notes"
_ROUTES: Sequence[tuple[str, Callable[..., Reply]]] = [
    (rf"GET {_NOTES}", list_notes),
    (rf"POST {_NOTES}", add_note),
    (rf"PUT {_NOTES}/(?P<id>\d+)", edit_note),
    (rf"DELETE {_NOTES}/(?P<id>\d+)", delete_note),
    (rf"GET {_PROJECT}/issues", list_issues),
    (rf"POST {_PROJECT}/issues", add_issue),
    (rf"PUT {_PROJECT}/issues/(?P<number>\d+)", edit_issue),
    (rf"POST {_PROJECT}/issues/(?P<number>\d+)/notes", add_note),
    (rf"GET {_PROJECT}/repository/commits/(?P<sha>[0-9a-f]+)/merge_requests", requests_of_commit),
    (rf"GET {_PROJECT}/merge_requests/(?P<number>\d+)", get_request),
]


def _author(world: World, request: Request) -> str:
    return world.users.get(request.token, PROJECT_AUTHOR)


def _with_id(world: World, project: str, number: str, id_: str) -> Item | None:
    notes = world.comments(project, int(number))
    return next((each for each in notes if each["id"] == int(id_)), None)


def _page(request: Request, items: Sequence[Item]) -> Reply:
    per_page = min(int(request.query.get("per_page", _DEFAULT_PAGE)), _MOST_PER_PAGE)
    page = int(request.query.get("page", 1))
    shown = items[(page - 1) * per_page : page * per_page]
    following = str(page + 1) if page * per_page < len(items) else ""
    return Reply(200, shown, {"X-Next-Page": following})


def _too_long(world: World) -> Reply:
    told = f"is too long (maximum is {world.most_characters} characters)"
    return Reply(400, {"message": {"note": [told]}})


def _note(note: Item) -> Item:
    return {
        "id": note["id"],
        "author": {"username": note["author"]},
        "body": note["body"],
        "system": note.get("system", False),
    }


def _issue(request: Request, issue: Item) -> Item:
    return {
        "iid": issue["number"],
        "author": {"username": issue["author"]},
        "title": issue["title"],
        "description": issue["body"],
        "state": _STATES[issue["state"]],
        "closed_at": issue["closed_at"],
        "labels": issue["labels"],
        "web_url": f"{request.base}/-/issues/{issue['number']}",
    }


def _merge_request(pull: Item) -> Item:
    is_merged = bool(pull["merged_as"])
    return {
        "iid": pull["number"],
        "state": "merged" if is_merged else _STATES[pull["state"]],
        "sha": pull["head"],
        "merge_commit_sha": pull["merged_as"] or None,
    }
