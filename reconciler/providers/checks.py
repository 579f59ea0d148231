"""Cross-checks of the YAML that both services share."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from reconciler.model import Provider
from reconciler.providers.desired import host_name
from reconciler.source import Finding

_LISTED = 12


def may_mean(name: str, provider: Provider, collection: str) -> bool:
    """Whether a name may stand in a collection that, or an entry of which, was found wrong."""
    node = provider.node.at(collection)
    flawed = [each.lower() for each, below in provider.node.entries(collection) if below.broken]
    is_broken = node is not None and node.broken
    return is_broken or bool(get_close_matches(name.lower(), flawed, n=1, cutoff=0.8))


def duplicate_domains(provider: Provider) -> Iterator[Finding]:
    """Yield an error for a domain that is declared in two spellings."""
    seen: dict[str, str] = {}
    for name, node in provider.node.entries("domains"):
        first = seen.setdefault(host_name(name), name)
        if first != name and not node.broken:
            keys = provider.node.children["domains"].keys
            message = f"`{name}` is the same domain as `{first}` at {keys[first]}; remove one"
            yield Finding(keys[name], message)


def some(names: Iterable[str]) -> str:
    """List names as far as a message can hold them."""
    ordered = sorted(names)
    first, rest = ordered[:_LISTED], ordered[_LISTED:]
    return ", ".join(first) + (f" and {len(rest)} more" if rest else "")


def declared_domains(provider: Provider) -> set[str]:
    """Return the names of the domains that a provider declares and does not delete."""
    return _domains(provider, are_absent=False)


def absent_domains(provider: Provider) -> set[str]:
    """Return the names of the domains that a provider declares to be absent."""
    return _domains(provider, are_absent=True)


def _domains(provider: Provider, *, are_absent: bool) -> set[str]:
    return {
        host_name(name)
        for name, node in provider.node.entries("domains")
        if (node.text("ensure") == "absent") is are_absent
    }


def undeclared_sender(provider: Provider) -> Iterator[Finding]:
    """Yield a warning for a sender whose domain is not declared."""
    sender = provider.node.text("sender")
    if sender and (domain := host_name(sender.rpartition("@")[2])) not in declared_domains(
        provider
    ):
        message = f"the domain of `sender`, {domain}, is not declared under `domains`"
        yield Finding(provider.node.children["sender"].location, message)


def settings_of_absent(provider: Provider, collection: str) -> Iterator[Finding]:
    """Yield an error for settings beside `ensure: absent`: they could never be applied."""
    for name, node in provider.node.entries(collection):
        settings = [each for each, below in node.children.items() if not below.broken]
        if node.text("ensure") == "absent" and len(settings) > 1:
            message = f"`{name}` is to be absent, so it cannot have settings; remove them"
            yield Finding(node.children["ensure"].location, message)
