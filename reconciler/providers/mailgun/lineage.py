"""Which domains of an account stand above and below one: keys are inherited (mailgun.md §7.2)."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from reconciler.providers.desired import host_name
from reconciler.providers.mailgun.answers import DOMAINS, listed
from reconciler.providers.mailgun.session import Reading

_SHORTEST = 2


def ancestors(name: str) -> Iterator[str]:
    """Yield the names above a domain that could be domains of the account, the nearest first."""
    labels = name.split(".")
    return (".".join(labels[start:]) for start in range(1, len(labels) - _SHORTEST + 1))


def registered_above(name: str, items: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Return those above that the account has, by their items; the sandbox's signs for nobody."""
    return tuple(
        each for each in ancestors(name) if each in items and items[each].get("type") != "sandbox"
    )


def signed_for(session: Reading, name: str, names: Collection[str]) -> tuple[str, ...]:
    """Return the domains below one that sign with its key, and so keep it from being deleted.

    Those that are to go as well go first (§4.8). A service that does not know the filter by
    authority answers with other domains too: then nothing is known.
    """
    below = {each for each in names if each.endswith(f".{name}")} - session.absent
    if not below:
        return ()
    answer = session.client.get(DOMAINS, {"authority": name, "limit": 1000})
    found = {host_name(str(item.get("name"))) for item in listed(answer, "items", f"GET {DOMAINS}")}
    is_filtered = all(f".{each}".endswith(f".{name}") for each in found)
    return tuple(sorted(below & found)) if is_filtered else ()
