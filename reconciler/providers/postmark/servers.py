"""The server's own settings: one server a provider, always there (postmark.md §5, §6)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from reconciler.errors import InvalidRequest, UnexpectedAnswer, WrongServer
from reconciler.fields import (
    FLAG,
    HOST,
    NUMBER,
    TEXT,
    Codec,
    Field,
    FieldTable,
    text,
    text_or_nothing,
    words,
)
from reconciler.model import (
    Address,
    Kind,
    Path,
    Provider,
    Resource,
    Sealed,
    Secret,
    Statement,
    Update,
    is_sealed,
    reference,
)
from reconciler.providers.api import Reader, Writer
from reconciler.providers.checks import some
from reconciler.providers.desired import located
from reconciler.providers.postmark.session import OnServer, paged
from reconciler.providers.steps import Step, take
from reconciler.source import Node

LINKS = words(none="None", html_and_text="HtmlAndText", html_only="HtmlOnly", text_only="TextOnly")
DELIVERY = words(live="Live", sandbox="Sandbox")
_COLOUR = Codec(lambda value: text(value).lower())
_HOOK = "settings.inbound_hook"
_ITS_OWN = {"settings.name", "settings.color"}
"""What a server is told apart by: nobody wants it the same everywhere."""
_LEGACY = ("BounceHookUrl", "OpenHookUrl", "ClickHookUrl", "DeliveryHookUrl")


def _read_hook(value: Any) -> str | Sealed:
    """Read a URL; one that carries a password is a secret."""
    url = text_or_nothing(value)
    return Sealed(url) if "@" in urlsplit(url).netloc else url


class Servers(Kind[OnServer[Reader], OnServer[Writer]]):
    name = "server"
    lists_in_full = True
    fields = FieldTable(
        Field("tracking.opens", "TrackOpens", FLAG),
        Field("tracking.links", "TrackLinks", LINKS),
        Field("settings.name", "Name", TEXT),
        Field("settings.color", "Color", _COLOUR),
        Field("settings.smtp", "SmtpApiActivated", FLAG),
        Field("settings.smtp_api_error_hooks", "EnableSmtpApiErrorHooks", FLAG),
        Field("settings.raw_email", "RawEmailEnabled", FLAG),
        Field("settings.bounce_content", "IncludeBounceContentInHook", FLAG),
        Field("settings.inbound_domain", "InboundDomain", HOST),
        Field(_HOOK, "InboundHookUrl", Codec(_read_hook)),
        Field("settings.inbound_spam_threshold", "InboundSpamThreshold", NUMBER),
        Field(
            "settings.delivery_type",
            "DeliveryType",
            DELIVERY,
            immutable="a server is live or a sandbox for good; make another server",
        ),
    )

    def declared(self, provider: Provider) -> Iterator[Resource]:
        desired = located(self, provider.address / self.name, provider.node, provider.location)
        hook = provider.node.at(_HOOK)
        if hook and hook.children:
            references = {_HOOK: reference(hook)}
            named = {name: value for name, value in desired.attributes.items() if name != _HOOK}
            desired = replace(desired, attributes=named, references=references)
        if desired.attributes or desired.references:
            yield desired

    def keys(self, address: Address, field: str) -> Path:  # noqa: ARG002
        return tuple(field.split("."))

    def stated(self, live: Resource) -> Iterator[Statement]:
        for name, value in live.attributes.items():
            said, is_own = live.secrets.get(name, value), name in _ITS_OWN
            yield Statement(self.keys(live.address, name), said, name, is_incidental=is_own)

    def list(self, session: OnServer[Reader], under: Address) -> Iterable[Resource]:
        answer = session.own_server()
        attributes = self.fields.decode(answer)
        yield Resource(
            address=under / self.name,
            kind=self,
            attributes=attributes,
            remote_id=str(answer["ID"]),
            secrets={_HOOK: Secret(answer["InboundHookUrl"])}
            if is_sealed(attributes.get(_HOOK))
            else {},
            notes=tuple(_notes(answer)),
        )

    def read(self, session: OnServer[Reader], known: Resource) -> Resource | None:
        return next(iter(self.list(session, Address((known.address.provider,)))))

    def create(self, session: OnServer[Writer], desired: Resource) -> Resource:
        raise NotImplementedError(f"a server always exists: {desired.address} on {session}")

    def update(self, session: OnServer[Writer], change: Update) -> None:
        values = {**change.desired.attributes, **change.desired.secrets}

        def put(names: tuple[str, ...]) -> None:
            session.server.put("/server", json=self.fields.encode(values, names))

        take([Step(change.names, put, splits=True)])


def _notes(answer: Mapping[str, Any]) -> Iterator[str]:
    for name in _LEGACY:
        if answer.get(name):
            yield f"the legacy {name} is set and not managed here; use `webhooks` instead"


def server_token(account: Reader, named: Node) -> Secret:
    """Return the token of the server that the YAML names, learnt from the account (§1.3).

    Raises InvalidRequest when there is none, UnexpectedAnswer when it has no token.
    """
    request, name = "GET /servers", str(named.data)
    # `name` filters by part of a name.
    found = _by_name(paged(account, "/servers", "Servers", {"name": name}))
    if name not in found:
        # Not `NotFound`: that would say of whatever is being read that it does not exist.
        raise InvalidRequest(
            request,
            f"{named.location}: the account has no server named `{name}`",
            advice=_other_names(account, name),
        )
    tokens = found[name].get("ApiTokens")
    if not isinstance(tokens, list) or not tokens or not isinstance(tokens[0], str):
        raise UnexpectedAnswer(request, f"the server `{name}` has no API token")
    return Secret(tokens[0])


def server_names(account: Reader) -> list[str]:
    """Return the names of all servers of an account."""
    return sorted(_by_name(paged(account, "/servers", "Servers")))


def _other_names(account: Reader, name: str) -> str:
    """Say which servers there are; that takes the whole list, and so it is asked for only now."""
    names = server_names(account)
    by_folded = {each.casefold(): each for each in names}
    near = get_close_matches(name.casefold(), by_folded, n=1)
    guess = f"Did you mean `{by_folded[near[0]]}`? " if near else ""
    listed = f"It has {some(f'`{each}`' for each in names)}." if names else "It has none."
    return f"{guess}{listed}"


def _by_name(servers: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {str(server.get("Name")): server for server in servers}


def check_name(named: Node, answer: Mapping[str, Any]) -> None:
    """Raise WrongServer when the token's server is called otherwise than the YAML says."""
    if answer.get("Name") != named.data:
        raise WrongServer(
            f"{named.location}: `server` says `{named.data}`, and the server of `token` is called "
            f"`{answer.get('Name')}`; correct the name, or the token, or leave `server` out"
        )
