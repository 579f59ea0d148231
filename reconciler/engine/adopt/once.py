"""Say once for all entries of a collection what most of them share."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from reconciler.engine.adopt.said import Said
from reconciler.model import Account
from reconciler.model.statement import Path

Unsaid = Callable[[Path], Any]
"""What is so at a path where the YAML says nothing; UNKNOWN where nobody knows."""


def shared_path(account: Account, path: Path) -> Path | None:
    """Return where a provider says once what stands at a path of one entry, if it can."""
    keys = account.service.said_once.get(path[0], ())
    return path[2:] if len(path) > 2 and path[2] in keys else None  # noqa: PLR2004 - collection, name, key


def said_once(
    account: Account, said: Iterable[Said], unsaid: Unsaid, *, full: bool
) -> dict[Path, Any]:
    """Return, by its path at the provider, each value that makes the whole shorter if said there.

    Nothing, where entries are declared already: for them it would be new. What the provider says
    by itself stays. And no value can be shared by entries of which one has something else that
    cannot be said.
    """
    entries: dict[str, set[str]] = defaultdict(set)
    stated: dict[Path, list[Said]] = defaultdict(list)
    for each in said:
        if len(each.path) > 1 and each.path[0] in account.service.said_once:
            entries[each.path[0]].add(each.path[1])
            if path := shared_path(account, each.path):
                stated[path].append(each)
    return {
        path: value
        for path, group in stated.items()
        if len(group) == len(entries[group[0].path[0]])
        and not account.node.children.get(group[0].path[0])
        and not account.node.at(".".join(path))
        and not account.node.taken_at(path)
        for value in _worth_sharing(group, unsaid, full=full)
    }


def _worth_sharing(group: list[Said], unsaid: Unsaid, *, full: bool) -> Iterator[Any]:
    having_one = [each for each in group if not each.statement.fits_all]
    if not having_one:
        return
    value = _most_common(each.statement.value for each in having_one)
    alone = sum(full or not each.is_same(unsaid(each.path)) for each in having_one)
    exceptions = sum(not each.is_same(value) for each in having_one)
    if 1 + exceptions < alone:
        yield value


def _most_common(values: Iterable[Any]) -> Any:
    """Return the value that is there most often; of several the first in the order of texts."""
    by_text: dict[str, Any] = {}
    counted = Counter[str]()
    for value in values:
        text = json.dumps(value, sort_keys=True)
        by_text[text] = value
        counted[text] += 1
    return by_text[min(counted, key=lambda text: (-counted[text], text))]
