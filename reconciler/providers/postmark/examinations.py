"""What a check of a Postmark provider looks at (postmark.md §1.4, §1.6, §2.7)."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from reconciler.errors import AuthenticationFailed, ServiceError
from reconciler.model import Examination, Health, Observation, Provider, TokenKind
from reconciler.providers.api import Reader
from reconciler.providers.desired import host_name
from reconciler.providers.postmark.servers import check_name
from reconciler.providers.postmark.session import (
    ACCOUNT_DIALECT,
    SERVER_DIALECT,
    PostmarkSession,
    identified,
    paged,
)
from reconciler.source import Node

TOKEN, ACCOUNT_TOKEN = "token", "account_token"
TOKEN_KINDS = {
    TOKEN: TokenKind(
        SERVER_DIALECT.token, SERVER_DIALECT.home, "https://account.postmarkapp.com/servers"
    ),
    ACCOUNT_TOKEN: TokenKind(
        ACCOUNT_DIALECT.token, ACCOUNT_DIALECT.home, "https://account.postmarkapp.com/api_tokens"
    ),
}
_DIALECTS = {TOKEN: SERVER_DIALECT, ACCOUNT_TOKEN: ACCOUNT_DIALECT}
_OTHER = {TOKEN: ACCOUNT_TOKEN, ACCOUNT_TOKEN: TOKEN}


def examinations(provider: Provider, session: PostmarkSession[Reader]) -> Iterator[Examination]:
    given = provider.node.children
    for key, dialect in _DIALECTS.items():
        if key in given:
            look = partial(_token, session, key, provider.node.at("server"))
            yield Examination(dialect.token, look, key)
    if TOKEN not in given and "server" in given:
        yield Examination(f"server {provider.node.text('server')}", partial(_learnt, session))
    if sender := provider.node.text("sender"):
        look = partial(_sender, session, sender.lower(), has_account=ACCOUNT_TOKEN in given)
        yield Examination(f"sender {sender}", look, sender=sender)


def _token(session: PostmarkSession[Reader], key: str, server: Node | None) -> Observation:
    """Ask what only this kind of token may; one that is refused is tried as the other, once.

    Raises WrongServer when the token reaches another one than the `server` that is named.
    """
    try:
        return Observation(Health.GOOD, _proof(session.probe(key, _DIALECTS[key]), key, server))
    except AuthenticationFailed as error:
        other = _OTHER[key]
        if not _is_accepted(session.probe(key, _DIALECTS[other]), other):
            raise
        mine, theirs = _DIALECTS[key].token, _DIALECTS[other].token
        fact = f"{error.request}: Postmark takes it for the {theirs}, and `{key}` is the {mine}"
        advice = f"Move it to `{other}`, and find the {mine} at {_DIALECTS[key].home}."
        return Observation(Health.FAILED, fact, advice)


def _proof(client: Reader, key: str, server: Node | None = None) -> str:
    """Read the cheapest thing: the servers would come with the tokens of all of them (§1.3)."""
    if key == TOKEN:
        answer = identified(client.get("/server"), "GET /server")
        if server:
            check_name(server, answer)
        return _server_as_text(answer)
    total = client.get("/domains", {"count": 1, "offset": 0}).get("TotalCount")
    return f"the account has {total} domain{'' if total == 1 else 's'}"


def _is_accepted(client: Reader, key: str) -> bool:
    try:
        _proof(client, key)
    except ServiceError:
        return False
    return True


def _server_as_text(answer: Mapping[str, Any]) -> str:
    kind = str(answer.get("DeliveryType", "")).lower()
    said = f", {kind}: mail is not really delivered" if kind == "sandbox" else ""
    return f"server {answer.get('Name')} (ID {answer['ID']}){said}"


def _learnt(session: PostmarkSession[Reader]) -> Observation:
    return Observation(Health.GOOD, _server_as_text(session.own_server()))


def _sender(session: PostmarkSession[Reader], sender: str, *, has_account: bool) -> Observation:
    """A verified domain lets every address in it send, and so does a confirmed signature (§2.7)."""
    if not has_account:
        fact = "whether it is verified is told to an account token only"
        return Observation(Health.UNKNOWN, fact, f"Give an `{ACCOUNT_TOKEN}`, or send a test mail.")
    name = host_name(sender.rpartition("@")[2])
    domain = _find(session.account, "/domains", "Domains", "Name", name)
    if domain and domain.get("DKIMVerified") is True:
        return Observation(Health.GOOD, f"verified by its domain {name}")
    signature = _find(session.account, "/senders", "SenderSignatures", "EmailAddress", sender)
    if signature and signature.get("Confirmed") is True:
        return Observation(Health.GOOD, "verified by a confirmed sender signature")
    if signature:
        advice = "Click the link in the mail from Postmark, or publish the domain's DKIM record."
        return Observation(Health.FAILED, "its sender signature is not confirmed", advice)
    if domain:
        advice = (
            f"Publish the DKIM record (`domains records {name}`), then `domains verify {name}`."
        )
        return Observation(Health.FAILED, f"the DKIM record of {name} is not verified", advice)
    advice = f"Declare {name} under `domains`, or the address under `senders`, and apply."
    return Observation(Health.FAILED, "the account has neither it nor its domain", advice)


def _find(client: Reader, path: str, key: str, name_key: str, name: str) -> dict[str, Any] | None:
    items = paged(client, path, key)
    return next((each for each in items if str(each.get(name_key)).lower() == name), None)
