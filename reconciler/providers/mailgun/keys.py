"""DKIM keys of a domain, and which calls lead from what they are to what is wanted (§7.1, §7.2)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.errors import InvalidRequest, ServiceError, UnexpectedAnswer
from reconciler.providers.mailgun.answers import listed, path_of
from reconciler.providers.mailgun.session import Reading, Writing, look_at_dns


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """A key as the list tells it; `is_active` says that it signs, `verdict` is Mailgun's on DNS."""

    selector: str
    host: str
    type: str
    value: str
    is_active: bool
    verdict: str

    @property
    def is_valid(self) -> bool:
        return self.verdict == "valid"

    @property
    def is_automatic(self) -> bool:
        """The two of automatic sender security are CNAMEs, and nobody's to switch (§7.3)."""
        return self.type == "CNAME"

    def is_above(self, domain: str) -> bool:
        """Whether its record stands at a domain above, which then is the authority (§7.2)."""
        host = self.host.lower().rstrip(".").partition("._domainkey.")[2]
        return bool(host) and domain.endswith(f".{host}")

    @property
    def record(self) -> str:
        return f"{self.host} {self.type} {self.value}"


def read_keys(session: Reading, domain: str) -> list[Key]:
    path = path_of("/v4/domains/{}/keys", domain)
    items = listed(session.client.get(path), "items", f"GET {path}")
    return sorted(_key(item, f"GET {path}") for item in items)


def _key(item: Mapping[str, Any], request: str) -> Key:
    selector, record = item.get("selector"), item.get("dns_record")
    if not isinstance(selector, str) or not selector or not isinstance(record, Mapping):
        raise UnexpectedAnswer(request, "a key of the list has no selector or no record")
    return Key(
        selector=selector.lower(),
        host=str(record.get("name", "")),
        type=str(record.get("record_type", "TXT")).upper(),
        value=str(record.get("value", "")),
        is_active=record.get("is_active") is True,
        verdict=str(record.get("valid")).lower(),
    )


def are_automatic(keys: Iterable[Key]) -> bool:
    return any(key.is_automatic for key in keys)


def without_automatic(keys: Iterable[Key]) -> tuple[Key, ...]:
    return tuple(key for key in keys if not key.is_automatic)


def switchable(keys: Sequence[Key], domain: str, *, are_hosted: bool) -> tuple[Key, ...]:
    """Return the keys that sign for a domain and that may be switched.

    None where Mailgun keeps them, and none where the domain above signs: a change of selector there
    would be one of its selector. `are_hosted` says that the domain's own stand at another one.
    """
    is_above = any(key.is_above(domain) for key in keys) and not are_hosted
    return () if is_above or are_automatic(keys) else tuple(keys)


def signing_keys(keys: Iterable[Key]) -> list[Key]:
    return [key for key in keys if key.is_active]


def renamed_key(keys: Sequence[Key]) -> Key | None:
    """Return the key that a change of selector renames: the one that signs, or the only one."""
    candidates = signing_keys(keys) or keys
    return candidates[0] if len(candidates) == 1 else None


def by_selector(keys: Iterable[Key], selector: str | None) -> Key | None:
    return next((key for key in keys if key.selector == selector), None)


@dataclass(frozen=True, slots=True)
class Course:
    """What has to be done to keys: rename one, let some sign, and let others no longer sign."""

    rename: Key | None = None
    activate: tuple[Key, ...] = ()
    deactivate: tuple[Key, ...] = ()


def course(keys: Sequence[Key], signing: bool | None, selector: str | None) -> Course:  # noqa: FBT001
    """Return what leads to `signing`, with `selector` as the one selector; None is as it is.

    Where nothing signs, a key by that selector is enough.
    """
    active = signing_keys(keys)
    named = by_selector(keys, selector)
    chosen = named or (renamed_key(keys) if selector else None)
    rename = chosen if selector and not named else None
    if not (bool(active) if signing is None else signing):
        return Course(rename, deactivate=tuple(active))
    if selector is None:
        chosen = active[0] if active else key_to_activate(keys)
    if chosen is None:
        return Course()
    others = (key for key in active if key != chosen and selector)
    return Course(rename, () if chosen.is_active else (chosen,), tuple(others))


def key_to_activate(keys: Iterable[Key]) -> Key | None:
    """Return the key that would sign if nobody says which: one that DNS has, if any."""
    return min(keys, key=lambda key: (not key.is_valid, key.selector), default=None)


def rename(session: Writing, domain: str, selector: str) -> None:
    session.looks.want(domain)
    path = path_of("/v3/domains/{}/dkim_selector", domain)
    session.client.put(path, form={"dkim_selector": selector})


def switch(session: Writing, domain: str, way: Course) -> bool:
    """First let others sign, so that mail is signed all the time.

    Mailgun may want to have seen a key's record before (sources disagree, §7.1), and looks only
    when it is asked to. Returns whether it was: then other keys may sign as well. Raises
    InvalidRequest, with the record, if it does not find it.
    """
    has_looked = False
    for key in way.activate:
        try:
            _switch(session, domain, key, "activate")
        except InvalidRequest as refusal:
            _look_and_activate(session, domain, key, refusal)
            has_looked = True
    for key in way.deactivate:
        _switch(session, domain, key, "deactivate")
    return has_looked


def _look_and_activate(session: Writing, domain: str, key: Key, refusal: InvalidRequest) -> None:
    try:
        if session.looks.is_taken(domain):
            raise refusal
        look_at_dns(session, domain)
        _switch(session, domain, key, "activate")
    except ServiceError:
        fact = str(refusal).removeprefix(f"{refusal.request}: ")
        raise InvalidRequest(
            refusal.request,
            fact,
            advice=f"Publish {key.record} and apply again; Mailgun was asked to look for it.",
            status=refusal.status,
        ) from None


def _switch(session: Writing, domain: str, key: Key, word: str) -> None:
    session.client.put(path_of("/v4/domains/{}/keys/{}/{}", domain, key.selector, word))
