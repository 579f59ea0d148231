"""Sending domains of the account in its region; never replaced (mailgun.md §4)."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from reconciler.errors import InvalidRequest, NotFound
from reconciler.fields import FLAG, HOST, NUMBER, TEXT, Codec, Field, FieldTable, text
from reconciler.model import (
    TO_PUBLISH,
    Address,
    Kind,
    Performed,
    Provider,
    Resource,
    Update,
    reference,
)
from reconciler.providers.desired import host_name, located
from reconciler.providers.lookup import looked_up
from reconciler.providers.mailgun import x509
from reconciler.providers.mailgun.records import dns_records, notes_of_records, told_by_keys
from reconciler.providers.mailgun.session import DOMAINS, Reading, Writing, paged, section
from reconciler.source import Node

_PASSWORD = "smtp_password"  # noqa: S105 - a field's name
_MAIL_FROM = "mailfrom_host"
_AUTHORITY = "force_dkim_authority"
_DKIM_HOSTS = {"force_root_dkim_host", "dkim_host_name"}
_ONCE = "support alone can change it, or a new domain; take it off the YAML to leave it as it is"

SWITCH = Codec(FLAG.read, lambda value: "true" if value else "false")
WORD = Codec(lambda value: text(value).lower())
SECONDS = Codec(NUMBER.read, str)
AUTHORITY = Codec(
    SWITCH.read,
    SWITCH.write,
    # Without a domain above it in the account, it is its own authority in any case (§7.2).
    same=lambda desired, live: not desired or bool(live),
    doubt="it is not forced, and the domain is its own DKIM authority all the same",
)


def _unread(write: Callable[[Any], Any] = lambda value: value) -> Codec:
    """Return a codec for what is only sent: were it told all the same, it would not be taken."""

    def refuse(_: Any) -> Any:
        raise ValueError("only sent, never read")

    return Codec(refuse, write)


class Domains(Kind[Reading, Writing]):
    name = "domains"
    guarded = True
    deletion_takes = 300.0  # in the background (mailgun.md §4.8)
    fields = FieldTable(
        Field("spam_action", "spam_action", WORD),
        Field("wildcard", "wildcard", SWITCH),
        Field("web_scheme", "web_scheme", WORD),
        Field("web_prefix", "web_prefix", WORD),
        Field("require_tls", "require_tls", SWITCH),
        Field("skip_verification", "skip_verification", SWITCH),
        Field("message_ttl", "message_ttl", SECONDS, absent_means=0),
        Field("archive_to", "archive_to", TEXT, absent_means=""),
        Field(_MAIL_FROM, _MAIL_FROM, HOST),
        Field("use_automatic_sender_security", "use_automatic_sender_security", SWITCH),
        Field("encrypt_incoming_message", "encrypt_incoming_message", SWITCH, immutable=_ONCE),
        # These two are read off the DKIM records (§7.2); the list does not hold those.
        Field(
            "dkim_key_size",
            "dkim_key_size",
            SECONDS,
            immutable="a key keeps its size; make a new key, publish and activate it, and delete "
            "the old one, or take `dkim_key_size` off the YAML",
        ),
        Field(_AUTHORITY, _AUTHORITY, AUTHORITY),
        # What follows is sent when the domain is created, and cannot be read afterwards (§14).
        Field("dkim.selector", "dkim_selector", _unread(), write_only=True, implied=True),
        Field(
            "force_root_dkim_host", "force_root_dkim_host", _unread(SWITCH.write), write_only=True
        ),
        Field("dkim_host_name", "dkim_host_name", _unread(), write_only=True),
        Field("ips", "ips", _unread(",".join), write_only=True),
        Field("pool_id", "pool_id", _unread(), write_only=True),
        Field(_PASSWORD, _PASSWORD, _unread(), write_only=True),
    )
    actions: ClassVar[Mapping[str, str]] = {
        "verify": "look at DNS now",
        "set-smtp-password": "set the SMTP password to the one that the YAML refers to",
        "rotate-dkim": "make a new DKIM key, under automatic sender security",
        "enable-dkim-rotation": "rotate the DKIM keys by schedule, under automatic sender security",
        "disable-dkim-rotation": "stop rotating the DKIM keys by schedule",
    }

    def declared(self, provider: Provider) -> Iterator[Resource]:
        collection = provider.address / self.name
        names = {host_name(name) for name, _ in provider.node.entries(self.name)}
        for name, node in provider.node.entries(self.name):
            place = provider.node.children[self.name].keys[name]
            desired = located(self, collection / host_name(name), node, place)
            # It may sign for those below it, and cannot be deleted before them (§4.8, §7.2).
            above = (collection / each for each in _domains_above(host_name(name)) if each in names)
            yield _with_password(replace(desired, needs=tuple(above)), node)

    def list(self, session: Reading, under: Address) -> Iterable[Resource]:
        items = paged(session.client, DOMAINS)
        if session.elsewhere:
            session.elsewhere.missing(host_name(item["name"]) for item in items)
        for item in items:
            yield self._live(under / self.name / host_name(item["name"]), item, {})

    def read(self, session: Reading, known: Resource) -> Resource | None:
        path = f"{DOMAINS}/{known.address.name}"
        try:
            # `mailfrom_host` is told only when asked for.
            answer = session.client.get(path, {"h:extended": "true"})
        except NotFound:
            return None
        domain = section(answer, "domain", f"GET {path}")
        # Names are matched in lower case (mailgun.md §4.5): the answer has its own spelling.
        address = known.address.root / self.name / host_name(str(domain.get("name")))
        return self._live(address, domain, answer)

    def meet(self, desired: Resource, live: Resource) -> Resource:  # noqa: ARG002
        """Do not compare what another host hides, nor keys where Mailgun is to keep them."""
        hidden = {
            _AUTHORITY: any(desired.attributes.get(host) for host in _DKIM_HOSTS),
            "dkim_key_size": desired.attributes.get("use_automatic_sender_security"),
        }
        known = {name: each for name, each in desired.attributes.items() if not hidden.get(name)}
        return replace(desired, attributes=known)

    def create(self, session: Writing, desired: Resource) -> Resource:
        """Create it, and then set what a creation does not take (mailgun.md §4.6, §4.7)."""
        values = {**desired.attributes, **desired.secrets}
        later = {_MAIL_FROM} & set(values)
        form = {"name": desired.address.name} | self.fields.encode(values, set(values) - later)
        answer = session.client.post(DOMAINS, form=form)
        if later:
            form = self.fields.encode(values, later)
            session.client.put(f"{DOMAINS}/{desired.address.name}", form=form)
        domain = answer.get("domain")
        return self._live(desired.address, domain if isinstance(domain, dict) else {}, answer)

    def update(self, session: Writing, change: Update) -> None:
        """Ask for a certificate before links lead to https (§15).

        The authority has a call of its own (§7.2).
        """
        name, values = change.desired.address.name, change.desired.attributes
        # With a new prefix the host that wants a certificate is there only afterwards.
        if "web_prefix" not in change.names and _leads_to_https(change):
            x509.request(session, name)
        if names := [each for each in change.names if each != _AUTHORITY]:
            session.client.put(f"{DOMAINS}/{name}", form=self.fields.encode(values, names))
        if _AUTHORITY in change.names:
            form = {"self": SWITCH.write(values[_AUTHORITY])}
            session.client.put(f"/v3/domains/{name}/dkim_authority", form=form)

    def delete(self, session: Writing, live: Resource) -> None:
        session.client.delete(f"/v3/domains/{live.address.name}")

    def verify(self, session: Writing, live: Resource) -> Resource:
        """Ask for a check of what is not verified; it may go on for minutes (mailgun.md §4.9)."""
        if not any(record.state == TO_PUBLISH for record in live.records):
            return live
        path = f"{DOMAINS}/{live.address.name}/verify"
        answer = session.client.put(path)
        return self._live(live.address, section(answer, "domain", f"PUT {path}"), answer)

    def perform(self, session: Writing, live: Resource, action: str) -> Performed:
        if action == "verify":
            return self._look(session, live)
        if action == "set-smtp-password":
            _set_password(session, live)
            said, is_so = "the SMTP password is the one that the YAML refers to", True
        elif action == "rotate-dkim":
            session.client.post(f"{_management(live)}/rotate")
            said, is_so = "Mailgun makes a new DKIM key, and takes it into use by itself", True
        else:
            said, is_so = _set_rotation(session, live, is_on=action == "enable-dkim-rotation")
        return Performed(self.read(session, live) or live, said, succeeded=is_so)

    def _look(self, session: Writing, live: Resource) -> Performed:
        """Ask for a check; its message is the same whether it passed or not (§4.9)."""
        path = f"{DOMAINS}/{live.address.name}/verify"
        answer = session.client.put(path)
        domain = section(answer, "domain", f"PUT {path}")
        return looked_up(
            self._live(live.address, domain, answer),
            is_verified=domain.get("state") != "unverified",
            doubt="; Mailgun's look may go on for minutes",
        )

    def is_built_in(self, live: Resource) -> bool:
        return live.address.name.startswith("sandbox") and live.address.name.endswith(
            ".mailgun.org"
        )

    def _live(
        self, address: Address, domain: Mapping[str, Any], answer: Mapping[str, Any]
    ) -> Resource:
        return Resource(
            address=address,
            kind=self,
            attributes=self.fields.decode({**domain, **told_by_keys(address.name, answer)}),
            remote_id=str(domain.get("id", address.name)),
            notes=(*_notes(domain), *notes_of_records(address.name, answer)),
            records=tuple(sorted(dns_records(address.name, answer))),
        )


def _domains_above(name: str) -> Iterator[str]:
    labels = name.split(".")
    return (".".join(labels[start:]) for start in range(1, len(labels)))


def _leads_to_https(change: Update) -> bool:
    is_named = "web_scheme" in change.names
    return is_named and change.desired.attributes["web_scheme"] == "https"


def _with_password(desired: Resource, node: Node) -> Resource:
    """Keep the password's reference, and nothing of it among the values."""
    found = node.at(_PASSWORD)
    if found is None or desired.absent:
        return desired
    named = {name: each for name, each in desired.attributes.items() if name != _PASSWORD}
    return replace(desired, attributes=named, references={_PASSWORD: reference(found)})


def _management(live: Resource) -> str:
    """Only automatic sender security has it; what is set there cannot be read (mailgun.md §7.3)."""
    return f"/v1/dkim_management/domains/{live.address.name}"


def _set_rotation(session: Writing, live: Resource, *, is_on: bool) -> tuple[str, bool]:
    """Return what is so afterwards, and whether it was asked for: the answer alone tells."""
    form = {"rotation_enabled": SWITCH.write(is_on)}
    answer = session.client.put(f"{_management(live)}/rotation", form=form)
    domain = answer.get("domain")
    told = domain if isinstance(domain, dict) else {}
    is_told_on = str(told.get("rotation_enabled", is_on)).lower() == "true"
    interval = re.fullmatch(r"[0-9]{1,4}[smhd]", str(told.get("rotation_interval")))
    every = f", every {interval[0]}" if interval else ""
    said = f"rotated by schedule{every}" if is_told_on else "not rotated by schedule"
    return f"the DKIM keys are {said}", is_told_on == is_on


def _set_password(session: Writing, live: Resource) -> None:
    """Raises InvalidRequest when the YAML refers to no password."""
    path = f"{DOMAINS}/{live.address.name}"
    if _PASSWORD not in live.secrets:
        fact = f"no `{_PASSWORD}` is declared for {live.address}"
        raise InvalidRequest(f"PUT {path}", fact, advice="Declare it as {env: NAME}.")
    session.client.put(path, form={_PASSWORD: live.secrets[_PASSWORD]})


def _notes(domain: Mapping[str, Any]) -> Iterator[str]:
    if domain.get("state") == "unverified":
        yield "the domain is not verified yet"
    if domain.get("state") == "disabled" or domain.get("is_disabled") is True:
        disabled = domain.get("disabled")
        told = disabled if isinstance(disabled, dict) else {}
        code = f" (code {told['code']})" if told.get("code") else ""
        reason = f": {told['reason']}" if told.get("reason") else ""
        until = f", until {told['until']}" if told.get("until") else ""
        yield f"the domain is disabled{reason}{code}{until}"
