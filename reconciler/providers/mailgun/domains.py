"""Sending domains of the account in its region; never replaced (mailgun.md §4)."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from reconciler.errors import InvalidRequest, NotFound
from reconciler.fields import Field
from reconciler.model import (
    Address,
    Kind,
    Performed,
    Provider,
    Resource,
    Statement,
    Update,
    reference,
)
from reconciler.providers.desired import host_name, located
from reconciler.providers.lookup import looked_up
from reconciler.providers.mailgun import x509
from reconciler.providers.mailgun.answers import DOMAINS, paged, path_of, section
from reconciler.providers.mailgun.domain_fields import (
    ARCHIVE,
    AUTHORITY,
    AUTOMATIC,
    DKIM_HOSTS,
    FIELDS,
    KEY_SIZE,
    MAIL_FROM,
    PASSWORD,
    PREFIX,
    SCHEME,
    SWITCH,
)
from reconciler.providers.mailgun.lineage import ancestors, registered_above, signed_for
from reconciler.providers.mailgun.records import dns_records, notes_of_records, told_by_keys
from reconciler.providers.mailgun.regions import region_of
from reconciler.providers.mailgun.session import Reading, Writing, look_at_dns
from reconciler.providers.steps import Step, take
from reconciler.providers.urls import HIDDEN_URL, said_url, sent_urls, shown_url
from reconciler.source import Node

ONE = f"{DOMAINS}/{{}}"
_MOST_READ = 20
"""Unverified domains whose records a plan tells: each costs a call more."""


class Domains(Kind[Reading, Writing]):
    name = "domains"
    guarded = True
    deletion_takes = 300.0  # in the background (mailgun.md §4.8)
    # What `mailfrom_host` asks of DNS is not documented; no recording shows other records for it.
    dns_fields = frozenset({PREFIX, AUTOMATIC, AUTHORITY})
    fields = FIELDS
    actions: ClassVar[Mapping[str, str]] = {
        "verify": "look at DNS now",
        "set-smtp-password": "set the SMTP password to the one that the YAML refers to",
        "rotate-dkim": "make a new DKIM key, under automatic sender security",
        "enable-dkim-rotation": "rotate the DKIM keys by schedule, under automatic sender security",
        "disable-dkim-rotation": "stop rotating the DKIM keys by schedule",
    }

    def declared(self, provider: Provider) -> Iterator[Resource]:
        collection = provider.address / self.name
        entries = {host_name(name): node for name, node in provider.node.entries(self.name)}
        for name, node in provider.node.entries(self.name):
            place = provider.node.children[self.name].keys[name]
            # It may sign for those below it, and cannot be deleted before them (§4.8, §7.2).
            above = [each for each in ancestors(host_name(name)) if each in entries]
            goes = [each for each in above if entries[each].text("ensure") == "absent"]
            desired = located(
                self,
                collection / host_name(name),
                node,
                place,
                needs=tuple(collection / each for each in goes),
                follows=tuple(collection / each for each in above if each not in goes),
                facts={
                    "urls": sent_urls([node.text(ARCHIVE) or ""]),
                    "region": region_of(provider),
                },
                value=_value,
            )
            yield _with_password(desired, node)

    def stated(self, live: Resource) -> Iterator[Statement]:
        for each in super().stated(live):
            if each.field == ARCHIVE and each.value:
                url = said_url(live.facts["urls"][each.value])
                yield replace(each, value=url, obstacle="" if url else HIDDEN_URL)
            else:
                yield replace(each, is_incidental=_is_incidental(each, live))

    def remark(self, live: Resource) -> str:
        facts = {
            "disabled": live.facts["is_disabled"],
            "not verified yet": live.facts["is_unverified"],
            "Mailgun keeps its DKIM keys": live.attributes.get(AUTOMATIC),
        }
        return ", ".join(each for each, is_so in facts.items() if is_so)

    def list(self, session: Reading, under: Address) -> Iterable[Resource]:
        items = {host_name(item["name"]): item for item in paged(session.client, DOMAINS)}
        if session.elsewhere:
            session.elsewhere.look_for_others(items)
        unread = 0
        for name, item in items.items():
            facts: dict[str, Any] = {"above": registered_above(name, items)}
            if name in session.absent:
                facts["signs_for"] = signed_for(session, name, items)
            if item.get("state") == "unverified" and name in session.kept:
                unread += 1
                facts["is_unread"] = unread <= _MOST_READ
            yield self._live(under / self.name / name, item, {}, facts)

    def tells_all(self, listed: Resource) -> bool:
        """A list has no records, which one that was never verified still asks for."""
        return not listed.facts.get("is_unread")

    def read(self, session: Reading, known: Resource) -> Resource | None:
        path = path_of(ONE, known.address.name)
        try:
            # `mailfrom_host` is told only when asked for.
            answer = session.client.get(path, {"h:extended": "true"})
        except NotFound:
            return None
        domain = section(answer, "domain", f"GET {path}")
        # Names are matched in lower case (mailgun.md §4.5): the answer has its own spelling.
        address = known.address.root / self.name / host_name(str(domain.get("name")))
        return self._live(address, domain, answer, self._facts(session, known, answer))

    def _facts(
        self, session: Reading, known: Resource, answer: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Return what a list told; without one, only an authority of its own needs a look above."""
        name, told = known.address.name, known.facts
        if "above" in told:
            return {key: told[key] for key in ("above", "signs_for") if key in told}
        if not told_by_keys(name, answer).get(AUTHORITY):
            return {}
        found = {each: item for each in ancestors(name) if (item := _peek(session, each))}
        return {"above": registered_above(name, found)}

    def meet(self, desired: Resource, live: Resource) -> Resource:
        """Do not compare what another host hides, nor keys where Mailgun is to keep them."""
        hidden = {
            AUTHORITY: _is_authority_hidden(desired) or _is_authority_anyway(desired, live),
            KEY_SIZE: desired.attributes.get(AUTOMATIC),
        }
        known = {name: each for name, each in desired.attributes.items() if not hidden.get(name)}
        return desired if known == desired.attributes else replace(desired, attributes=known)

    def doubts(self, desired: Resource, live: Resource) -> Iterator[tuple[str, str]]:
        if _is_authority_anyway(desired, live):
            yield (
                AUTHORITY,
                (
                    "no domain above it is in the account, so that it is its own DKIM authority "
                    "either way; take it off the YAML"
                ),
            )
        elif AUTHORITY in desired.attributes and _is_authority_hidden(desired):
            yield (
                AUTHORITY,
                "where its DKIM key stands does not tell whose it is; take it off the YAML",
            )
        if desired.attributes.get(AUTOMATIC) and KEY_SIZE in desired.attributes:
            yield KEY_SIZE, "Mailgun keeps the keys, in sizes of its own; take it off the YAML"
        for name in desired.attributes:
            if self.fields[name].write_only and not self.fields[name].implied:
                again = f"`run set-smtp-password {desired.address}` sends it again, or "
                yield (
                    name,
                    (
                        "it is sent when the domain is created, and cannot be read: whether it is "
                        f"so is not known; {again if name == PASSWORD else ''}take it off the YAML"
                    ),
                )

    def create(self, session: Writing, desired: Resource) -> Resource:
        """Create it, and then set what a creation does not take (mailgun.md §4.6, §4.7)."""
        values = {**desired.attributes, **desired.secrets}
        named = [each for each in values if values[each] != "" and each != MAIL_FROM]
        name = desired.address.name
        session.looks.want(name)
        form = {"name": name} | self._form(desired, values, named)
        answer = session.client.post(DOMAINS, form=form)
        if MAIL_FROM in values:
            steps = [Step((MAIL_FROM,), self._setter(session, desired))]
            take(steps, before=sorted(named), is_made=True)
        domain = answer.get("domain")
        # Nothing above it decides: what it declares is sent with it.
        domain = domain if isinstance(domain, dict) else {}
        return self._live(desired.address, domain, answer, {"above": ()})

    def update(self, session: Writing, change: Update) -> None:
        """Ask for a certificate before links lead to https (§15).

        The authority has a call of its own (§7.2).
        """
        name = change.desired.address.name
        if self.dns_fields & set(change.names):
            session.looks.want(name)
        put = self._setter(session, change.desired)

        def move_authority(_: tuple[str, ...]) -> None:
            form = {"self": SWITCH.write(change.desired.attributes[AUTHORITY])}
            session.client.put(path_of("/v3/domains/{}/dkim_authority", name), form=form)

        def lead_to_https(names: tuple[str, ...]) -> None:
            x509.request(session, name)
            put(names)

        late = {AUTHORITY} | ({SCHEME} if _leads_to_https(change) else set())
        calls = {AUTHORITY: move_authority, SCHEME: lead_to_https}
        settings = tuple(each for each in change.names if each not in late)
        steps = [Step(settings, put, splits=True)] if settings else []
        steps += [Step((each,), calls[each]) for each in sorted(late) if each in change.names]
        take(steps)

    def _setter(
        self, session: Writing, desired: Resource
    ) -> Callable[[tuple[str, ...]], dict[str, Any]]:
        path, values = path_of(ONE, desired.address.name), desired.attributes
        return lambda names: session.client.put(path, form=self._form(desired, values, names))

    def _form(
        self, desired: Resource, values: Mapping[str, Any], names: Iterable[str]
    ) -> dict[str, Any]:
        """Return fields as a form; an empty URL ends archiving (the sheet is silent, §4.7)."""
        form = self.fields.encode(values, names)
        if form.get(ARCHIVE):
            form[ARCHIVE] = desired.facts["urls"][form[ARCHIVE]]
        return form

    def delete(self, session: Writing, live: Resource) -> None:
        session.client.delete(path_of("/v3/domains/{}", live.address.name))

    def verify(self, session: Writing, live: Resource) -> Resource:
        """Ask for a check if the records changed since the last one (mailgun.md §4.9)."""
        name = live.address.name
        if session.looks.is_wanted(name):
            return self._looked_up(session, live)
        return (self.read(session, live) or live) if session.looks.is_taken(name) else live

    def _looked_up(self, session: Writing, live: Resource) -> Resource:
        answer = look_at_dns(session, live.address.name)
        domain = section(answer, "domain", f"PUT {DOMAINS}/{live.address.name}/verify")
        return self._live(live.address, domain, answer, live.facts)

    def perform(self, session: Writing, live: Resource, action: str) -> Performed:
        if action == "verify":
            # Its message is the same whether it passed or not (§4.9).
            after = self._looked_up(session, live)
            doubt = "; Mailgun's look may go on for minutes"
            return looked_up(after, is_verified=not after.facts["is_unverified"], doubt=doubt)
        if action == "set-smtp-password":
            _set_password(session, live)
            said, is_so = "the SMTP password is the one that the YAML refers to", True
        elif action == "rotate-dkim":
            session.client.post(_management("{}/rotate", live))
            said, is_so = "Mailgun makes a new DKIM key, and takes it into use by itself", True
        else:
            said, is_so = _set_rotation(session, live, is_on=action == "enable-dkim-rotation")
        return Performed(self.read(session, live) or live, said, succeeded=is_so)

    def is_built_in(self, live: Resource) -> bool:
        return bool(live.facts.get("is_sandbox"))

    def _live(
        self,
        address: Address,
        domain: Mapping[str, Any],
        answer: Mapping[str, Any],
        facts: Mapping[str, Any],
    ) -> Resource:
        name = address.name
        return Resource(
            address=address,
            kind=self,
            attributes=self.fields.decode({**domain, **told_by_keys(name, answer)}),
            remote_id=str(domain.get("id", name)),
            notes=(*_notes(domain), *notes_of_records(name, domain, answer)),
            records=tuple(sorted(dns_records(name, answer))),
            facts={
                **facts,
                "urls": sent_urls(each for each in [domain.get(ARCHIVE)] if isinstance(each, str)),
                "is_disabled": _is_disabled(domain),
                "is_unverified": domain.get("state") == "unverified",
                "is_sandbox": domain.get("type") == "sandbox" or _is_sandbox_name(name),
            },
        )


def _is_incidental(statement: Statement, live: Resource) -> bool:
    """Whether a live value is what Mailgun chooses where nobody says anything."""
    if statement.field == MAIL_FROM:
        return host_name(statement.value) in {"", live.address.name}
    # Without a domain above it, it is its own authority whether that is forced or not (§7.2).
    is_own_anyway = statement.field == AUTHORITY and not live.facts.get("above")
    return statement.field == KEY_SIZE or is_own_anyway


def _value(field: Field, found: Node) -> Any:
    return shown_url(found.data) if field.ours == ARCHIVE else found.data


def _is_authority_hidden(desired: Resource) -> bool:
    return any(desired.attributes.get(host) for host in DKIM_HOSTS)


def _is_authority_anyway(desired: Resource, live: Resource) -> bool:
    """Whether it is its own authority without being forced: nothing above it could sign (§7.2)."""
    has_another = live.facts.get("above") or desired.follows
    wanted, found = (each.attributes.get(AUTHORITY) for each in (desired, live))
    return wanted is False and found is True and not has_another


def _peek(session: Reading, name: str) -> Mapping[str, Any] | None:
    path = path_of(ONE, name)
    try:
        return section(session.client.get(path), "domain", f"GET {path}")
    except NotFound:
        return None


def _leads_to_https(change: Update) -> bool:
    return SCHEME in change.names and change.desired.attributes[SCHEME] == "https"


def _with_password(desired: Resource, node: Node) -> Resource:
    """Keep the password's reference, and nothing of it among the values."""
    found = node.at(PASSWORD)
    if found is None or desired.absent:
        return desired
    named = {name: each for name, each in desired.attributes.items() if name != PASSWORD}
    return replace(desired, attributes=named, references={PASSWORD: reference(found)})


def _management(template: str, live: Resource) -> str:
    """Only automatic sender security has it; what is set there cannot be read (mailgun.md §7.3)."""
    return path_of(f"/v1/dkim_management/domains/{template}", live.address.name)


def _set_rotation(session: Writing, live: Resource, *, is_on: bool) -> tuple[str, bool]:
    """Return what is so afterwards, and whether it was asked for: the answer alone tells."""
    form = {"rotation_enabled": SWITCH.write(is_on)}
    answer = session.client.put(_management("{}/rotation", live), form=form)
    domain = answer.get("domain")
    told = domain if isinstance(domain, dict) else {}
    is_told_on = str(told.get("rotation_enabled", is_on)).lower() == "true"
    interval = re.fullmatch(r"[0-9]{1,4}[smhd]", str(told.get("rotation_interval")))
    every = f", every {interval[0]}" if interval else ""
    said = f"rotated by schedule{every}" if is_told_on else "not rotated by schedule"
    return f"the DKIM keys are {said}", is_told_on == is_on


def _set_password(session: Writing, live: Resource) -> None:
    """Raises InvalidRequest when the YAML refers to no password."""
    path = path_of(ONE, live.address.name)
    if PASSWORD not in live.secrets:
        fact = f"no `{PASSWORD}` is declared for {live.address}"
        raise InvalidRequest(f"PUT {path}", fact, advice="Declare it as {env: NAME}.")
    session.client.put(path, form={PASSWORD: live.secrets[PASSWORD]})


def _is_sandbox_name(name: str) -> bool:
    return name.startswith("sandbox") and name.endswith(".mailgun.org")


def _is_disabled(domain: Mapping[str, Any]) -> bool:
    return domain.get("state") == "disabled" or domain.get("is_disabled") is True


def _notes(domain: Mapping[str, Any]) -> Iterator[str]:
    if domain.get("state") == "unverified":
        yield "the domain is not verified yet"
    if _is_disabled(domain):
        disabled = domain.get("disabled")
        told = disabled if isinstance(disabled, dict) else {}
        code = f" (code {told['code']})" if told.get("code") else ""
        reason = f": {told['reason']}" if told.get("reason") else ""
        until = f", until {told['until']}" if told.get("until") else ""
        yield f"the domain is disabled{reason}{code}{until}"
