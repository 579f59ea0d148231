"""Lists that are answered in pages: whole, or an error."""

from collections.abc import Callable
from typing import Any

from reconciler.errors import UnexpectedAnswer

_MOST_PAGES = 1000


def all_pages(
    request: str, page: Callable[[int], tuple[list[dict[str, Any]], int | None]], key: str
) -> list[dict[str, Any]]:
    """Return all items of a list that is answered in pages, each item once by its `key`.

    `page` returns, after so many items, the next ones and the declared total; where no total is
    declared a page with nothing new is the end. Raises UnexpectedAnswer when the list is not whole.
    """
    seen: dict[Any, dict[str, Any]] = {}
    declared = 0
    for _ in range(_MOST_PAGES):
        before = len(seen)
        items, total = page(before)
        seen |= {item[key]: item for item in items}
        if total is not None and (total < declared or total < len(seen)):
            # Items moved up: one that was not read yet may stand on a page already read.
            raise _not_whole(request, "it changed while it was read", len(seen), total)
        if len(seen) == total or (total is None and len(seen) == before):
            return list(seen.values())
        if len(seen) == before:
            raise _not_whole(request, "it ends", before, total)
        declared = total or 0
    raise _not_whole(request, "it does not end", len(seen), None)


def _not_whole(request: str, fact: str, count: int, total: int | None) -> UnexpectedAnswer:
    of_total = "" if total is None else f" of {total}"
    return UnexpectedAnswer(
        request,
        f"the list is not whole: {fact} after {count}{of_total}; nothing is planned from a part",
        advice="Run again.",
    )
