"""Paths, and what stands in good answers: lists and objects of any of the service's shapes."""

from typing import Any
from urllib.parse import quote

from reconciler.errors import UnexpectedAnswer
from reconciler.providers.api import Reader, all_pages

PAGE = 1000
DOMAINS = "/v4/domains"


def path_of(template: str, *names: str) -> str:
    """Return a path with names in place of its `{}`. Raises UnexpectedAnswer for what is none.

    Whatever a service answered could otherwise lead to another thing than the one it stands for.
    """
    for name in names:
        if name.strip(".") == "":
            raise UnexpectedAnswer(template, f"{name!r} is no name of anything")
    return template.format(*(quote(name, safe="") for name in names))


def paged(client: Reader, path: str) -> list[dict[str, Any]]:
    """Return all items of a list with `limit`, `skip` and `total_count` (mailgun.md §4.4).

    Raises UnexpectedAnswer when the list ends before its declared total.
    """

    def page(skip: int) -> tuple[list[dict[str, Any]], int | None]:
        answer = client.get(path, {"limit": PAGE, "skip": skip})
        total = answer.get("total_count")
        return _items(answer, path), total if isinstance(total, int) else None

    return all_pages(f"GET {path}", page, "name")


def _items(answer: dict[str, Any], path: str) -> list[dict[str, Any]]:
    """Return the items of a page; an empty list may be null."""
    items = answer.get("items", ...)
    if items is None:
        return []
    if not isinstance(items, list) or not all(
        isinstance(item, dict) and isinstance(item.get("name"), str) and item["name"]
        for item in items
    ):
        raise UnexpectedAnswer(f"GET {path}", "the answer holds no list of items")
    return items


def listed(answer: dict[str, Any], key: str, request: str) -> list[dict[str, Any]]:
    """Return the objects in the list under `key`, which may be null. Raises UnexpectedAnswer."""
    found = answer.get(key, ...)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise UnexpectedAnswer(request, f"the answer holds no list of `{key}`")
    return found


def section(answer: dict[str, Any], key: str, request: str) -> dict[str, Any]:
    """Return the object under `key`. Raises UnexpectedAnswer when there is none."""
    found = answer.get(key)
    if not isinstance(found, dict):
        raise UnexpectedAnswer(request, f"the answer holds no `{key}`")
    return found
