"""Profiles: what several providers share is said once, and merged into each before anything else.

Mappings merge by key, later and own values win, lists are replaced whole, and `KEY: null` takes a
value away. A value keeps the place where it stands: what is found wrong with it, and the change
that it leads to, point into the profile.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from reconciler.source import Finding, Location, Node, shortened

_KEY = "profile"
_RULE = "profile"


@dataclass(frozen=True, slots=True)
class _Profile:
    node: Node
    place: Location


@dataclass
class Profiles:
    """Those of all files of a run."""

    _known: dict[str, _Profile] = field(default_factory=dict)
    _users: dict[str, tuple[str, Location]] = field(default_factory=dict)
    _is_one_unknown: bool = False

    def collect(self, roots: Iterable[Node]) -> Iterator[Finding]:
        """Take in the profiles of all files; yield what cannot be one."""
        for root in roots:
            for name, node in root.entries("profiles"):
                place = root.children["profiles"].keys[name]
                if name in self._known:
                    message = (
                        f"profile `{name}` is declared twice; first at {self._known[name].place}"
                    )
                    yield Finding(place, message, _RULE)
                elif not (isinstance(node.data, dict) or node.broken):
                    message = f"`{name}`: a profile is a mapping, such as a part of a provider"
                    yield Finding(node.location, message, _RULE)
                elif _KEY in node.children:
                    message = "a profile cannot use another; name both instead"
                    yield Finding(node.keys[_KEY], message, _RULE)
                self._known.setdefault(name, _Profile(node, place))

    def applied(self, root: Node, findings: list[Finding]) -> Node:
        """Return a file's tree in which each provider has what its profiles say."""
        changed: dict[str, Node] = {}
        profiles = root.children.get("profiles")
        if profiles and isinstance(profiles.data, dict):
            # What a profile says is checked as a part of those that use it.
            changed["profiles"] = _with_children(profiles, _emptied(profiles.children))
        providers = root.children.get("providers")
        if providers and any(_KEY in each.children for each in providers.children.values()):
            merged = {
                name: self._merged(name, node, findings) for name, node in root.entries("providers")
            }
            changed["providers"] = _with_children(providers, merged)
        return _with_children(root, {**root.children, **changed}) if changed else root

    def _merged(self, provider: str, own: Node, findings: list[Finding]) -> Node:
        base: Node | None = None
        for each in _named(own):
            name = each.data
            if not isinstance(name, str):
                message = "the name of a profile is wanted, or a list of names"
                findings.append(Finding(each.location, message, _RULE))
                continue
            if (found := self._known.get(name)) is None:
                findings.append(self._unknown(name, each.location))
                own, self._is_one_unknown = _without_nulls(own), True
                continue
            self._users.setdefault(name, (provider, each.location))
            base = merge(base, found.node) if base else found.node
        rest = {name: child for name, child in own.children.items() if name != _KEY}
        own = _with_children(own, rest)
        return merge(base, own) if base else own

    def _unknown(self, name: str, place: Location) -> Finding:
        near = get_close_matches(name, self._known, n=1)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        known = "" if near else f"; known are: {', '.join(sorted(self._known)) or 'none'}"
        message = f"no profile `{shortened(name)}` is declared{hint}{known}"
        return Finding(place, message, _RULE, near[0] if near else "")

    def unused(self) -> Iterator[Finding]:
        for name, profile in self._known.items():
            # It may be the one that was meant by a name that is unknown.
            if name not in self._users and not self._is_one_unknown:
                message = f"profile `{name}` is used by no provider; remove it"
                yield Finding(profile.place, message, _RULE)

    def places(self) -> dict[Location, str]:
        """Return which used profile each place is in."""
        return {
            place: name
            for name, profile in self._known.items()
            if name in self._users
            for place in _places(profile.node)
        }

    def told(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """Yield findings; one in a profile also says which provider it was found for."""
        places = self.places()
        for each in findings:
            if each.location in places:
                name = places[each.location]
                provider, user = self._users[name]
                where = f" (profile `{name}`, which `{provider}` uses at {user})"
                yield replace(each, message=each.message + where)
            else:
                yield each


def _emptied(profiles: Mapping[str, Node]) -> dict[str, Node]:
    return {name: _with_children(node, {}) for name, node in profiles.items()}


def _named(provider: Node) -> Sequence[Node]:
    """Return the nodes of the names of a provider's profiles: of one, or of a list."""
    node = provider.children.get(_KEY)
    if node is None:
        return ()
    return node.items if isinstance(node.data, list) else (node,)


def merge(under: Node, over: Node) -> Node:
    """Return what two nodes say together; `over` wins."""
    are_mappings = isinstance(under.data, dict) and isinstance(over.data, dict)
    if not are_mappings or (_is_reference(under) and _is_reference(over)):
        return over
    children, keys, taken = dict(under.children), dict(under.keys), dict(under.taken)
    for name, child in over.children.items():
        taken.pop(name, None)
        if child.data is None and name in children:
            del children[name], keys[name]
            taken[name] = child.location
            continue
        children[name] = merge(children[name], child) if name in children else child
        keys[name] = over.keys[name]
    merged = _with_children(over, children)
    return replace(merged, keys=keys, taken=taken, broken=under.broken or over.broken)


def _is_reference(node: Node) -> bool:
    """Whether it says where a secret is kept: two of that kind say it of two places."""
    return len(node.children) == 1 and set(node.children) <= {"env", "file", "sops"}


def _without_nulls(node: Node) -> Node:
    """Return a provider without what it takes away from a profile that nobody knows."""
    children = {
        name: _without_nulls(child) if isinstance(child.data, dict) else child
        for name, child in node.children.items()
        if child.data is not None
    }
    return _with_children(node, children)


def _with_children(node: Node, children: Mapping[str, Node]) -> Node:
    data = {name: child.data for name, child in children.items()}
    return replace(node, data=data, children=children)


def _places(node: Node) -> Iterator[Location]:
    yield node.location
    yield from node.keys.values()
    for child in (*node.children.values(), *node.items):
        yield from _places(child)
