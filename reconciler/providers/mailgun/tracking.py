"""Tracking of a domain: always there with its domain, one call a section (mailgun.md §6)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from reconciler.fields import Codec, Field, FieldTable, text_or_nothing
from reconciler.model import Address, Path, Provider, Resource, Statement, Update
from reconciler.providers.desired import host_name
from reconciler.providers.mailgun.answers import path_of, section
from reconciler.providers.mailgun.domain_fields import SWITCH
from reconciler.providers.mailgun.domains import Domains
from reconciler.providers.mailgun.per_domain import PerDomain
from reconciler.providers.mailgun.session import Reading, Writing
from reconciler.providers.steps import Step, take
from reconciler.source import Location, Node

_SECTIONS = {"opens": "open", "clicks": "click", "unsubscribe": "unsubscribe"}
_SWITCHED = ("opens", "unsubscribe")
"""Those that have more to say than whether they are on; if nothing is, `true` says it all."""


def _read_clicks(value: Any) -> bool | str:
    if str(value).lower() in {"htmlonly", "html_only"}:
        return "html_only"
    flag: bool = SWITCH.read(value)
    return flag


CLICKS = Codec(
    _read_clicks,
    lambda value: "htmlonly" if value == "html_only" else SWITCH.write(value),
    # It may read back as `htmlonly` or as `true` (mailgun.md §6.2).
    same=lambda desired, live: desired == live or (desired == "html_only" and live is True),
)
FOOTER = Codec(
    text_or_nothing,
    same=lambda desired, live: bool(desired.strip() == live.strip()),
)


class Tracking(PerDomain):
    name = "tracking"
    fields = FieldTable(
        Field("opens", "open.active", SWITCH, sent_as="active"),
        Field(
            "opens.place_at_the_top", "open.place_at_the_top", SWITCH, sent_as="place_at_the_top"
        ),
        Field("clicks", "click.active", CLICKS, sent_as="active"),
        Field("unsubscribe", "unsubscribe.active", SWITCH, sent_as="active"),
        Field("unsubscribe.html_footer", "unsubscribe.html_footer", FOOTER, sent_as="html_footer"),
        Field("unsubscribe.text_footer", "unsubscribe.text_footer", FOOTER, sent_as="text_footer"),
    )

    def declared(self, provider: Provider) -> Iterator[Resource]:
        """Yield each domain's tracking: the provider's values with the domain's own exceptions."""
        defaults = dict(_leaves(provider.node.at("tracking")))
        for name, node in provider.node.entries(Domains.name):
            leaves = defaults | dict(_leaves(node.at("tracking")))
            if leaves and node.text("ensure") != "absent":
                domain = provider.address / Domains.name / host_name(name)
                place = provider.node.children[Domains.name].keys[name]
                yield self._desired(domain, leaves, place)

    def _desired(self, domain: Address, leaves: Mapping[str, Node], place: Location) -> Resource:
        return Resource(
            address=domain / self.name,
            kind=self,
            attributes={name: leaf.data for name, leaf in leaves.items()},
            parent=domain,
            locations={"": place} | {name: leaf.location for name, leaf in leaves.items()},
        )

    def keys(self, address: Address, field: str) -> Path:
        return super().keys(address, f"{field}.active" if field in _SWITCHED else field)

    def stated(self, live: Resource) -> Iterator[Statement]:
        for name, value in live.attributes.items():
            yield Statement(self.keys(live.address, name), value, name)

    def list(self, session: Reading, under: Address) -> Iterable[Resource]:
        path = _path(under)
        tracking = section(session.client.get(path), "tracking", f"GET {path}")
        yield Resource(
            address=under / self.name,
            kind=self,
            attributes=self.fields.decode(tracking),
            remote_id=under.name,
            parent=under,
        )

    def doubts(self, desired: Resource, live: Resource) -> Iterator[tuple[str, str]]:
        if desired.attributes.get("clicks") and live.attributes.get("clicks") is True:
            other = "true" if desired.attributes["clicks"] == "html_only" else "html_only"
            yield (
                "clicks",
                (
                    "Mailgun answers `true` both for `true` and for `html_only`: that it is not "
                    f"`{other}` cannot be told; `run set-untold {desired.address}` sets it"
                ),
            )

    def create(self, session: Writing, desired: Resource) -> Resource:
        """Set what is named on a domain that was created just before."""
        self._put(session, desired, tuple(desired.attributes))
        return desired

    def update(self, session: Writing, change: Update) -> None:
        self._put(session, change.desired, change.names)

    def _put(self, session: Writing, desired: Resource, names: Sequence[str]) -> None:
        path = _path(Address(desired.address.parts[:-1]))

        def put(fields: tuple[str, ...]) -> None:
            theirs = _SECTIONS[fields[0].split(".")[0]]
            form = self.fields.encode(desired.attributes, fields)
            session.client.put(f"{path}/{theirs}", form=form)

        fields_of = {ours: tuple(n for n in names if n.split(".")[0] == ours) for ours in _SECTIONS}
        take(Step(fields, put, splits=True) for fields in fields_of.values() if fields)


def _path(domain: Address) -> str:
    return path_of("/v3/domains/{}/tracking", domain.name)


def _leaves(node: Node | None) -> Iterator[tuple[str, Node]]:
    """Yield the named fields; `opens: {active: true}` says the same as `opens: true`."""
    for name, child in node.children.items() if node else ():
        if name not in _SECTIONS:
            continue
        if not isinstance(child.data, dict):
            yield name, child
        for key, leaf in child.children.items():
            yield (name if key == "active" else f"{name}.{key}"), leaf


def shortened(tracking: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping of tracking in which `{active: true}` alone is `true`."""
    return {
        name: value["active"]
        if name in _SWITCHED and isinstance(value, dict) and set(value) == {"active"}
        else value
        for name, value in tracking.items()
    }
