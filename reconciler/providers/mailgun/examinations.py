"""What a check of a Mailgun provider looks at (mailgun.md §2, §2.2)."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from reconciler.errors import AuthenticationFailed, NotFound
from reconciler.model import Examination, Health, Observation, Provider, TokenKind
from reconciler.providers.desired import host_name
from reconciler.providers.mailgun.answers import DOMAINS, path_of, section
from reconciler.providers.mailgun.regions import other_region
from reconciler.providers.mailgun.session import Reading

KEY = "token"
TOKEN_KINDS = {
    KEY: TokenKind(
        "API key",
        "Mailgun → API security → API keys",
        "https://app.mailgun.com/settings/api_security",
    )
}
SENDING_KEY = (
    "A domain sending key is refused here as well; `check --send` tells whether it is one."
)


def examinations(provider: Provider, session: Reading) -> Iterator[Examination]:
    region = provider.node.text("region") or "us"
    yield Examination("API key", partial(_key, session, region), KEY)
    sender, domain = provider.node.text("sender"), provider.node.text("domain")
    if domain:
        yield Examination(f"domain {domain}", partial(_domain, session, host_name(domain), region))
    if sender:
        look = partial(_sender, session, sender, region)
        yield Examination(f"sender {sender}", look, sender=sender)


def _key(session: Reading, region: str) -> Observation:
    try:
        answer = session.client.get(DOMAINS, {"limit": 1})
    except AuthenticationFailed as error:
        return _refused_key(session, region, error)
    total = answer.get("total_count")
    held = f", {total} domain{'' if total == 1 else 's'}" if isinstance(total, int) else ""
    return Observation(Health.GOOD, f"account key, accepted in {region.upper()}{held}")


def _refused_key(session: Reading, region: str, error: AuthenticationFailed) -> Observation:
    """Ask the other region once: there a key may be good that is refused here."""
    there = other_region(region)
    if session.elsewhere and session.elsewhere.takes_key():
        fact = f"the key is accepted in {there.upper()}, and the configuration says `{region}`"
        advice = f"Set `region: {there}`, or find a key that {region.upper()} accepts."
        return Observation(Health.FAILED, fact, advice)
    where = TOKEN_KINDS[KEY].where
    return Observation(Health.FAILED, str(error), f"{SENDING_KEY} Find an account key at {where}.")


def _domain(session: Reading, name: str, region: str) -> Observation:
    path = path_of(f"{DOMAINS}/{{}}", name)
    try:
        domain = section(session.client.get(path), "domain", f"GET {path}")
    except NotFound:
        return _missing(session, name, region)
    if domain.get("state") == "disabled" or domain.get("is_disabled") is True:
        return Observation(Health.FAILED, f"disabled{_reason(domain)}", "Ask Mailgun's support.")
    if domain.get("state") != "active":
        advice = f"Publish its records (`domains records {name}`), then `domains verify {name}`."
        return Observation(Health.FAILED, "not verified: its DNS records are not found", advice)
    return Observation(Health.GOOD, "verified")


def _reason(domain: Mapping[str, Any]) -> str:
    told = domain.get("disabled")
    parts = [told.get(each) for each in ("reason", "until")] if isinstance(told, dict) else []
    said = ", until ".join(str(each) for each in parts if each)
    return f": {said}" if said else ""


def _missing(session: Reading, name: str, region: str) -> Observation:
    there = other_region(region)
    if session.elsewhere and session.elsewhere.has(name):
        fact = f"it lives in {there.upper()}, and the configuration says `{region}`"
        return Observation(Health.FAILED, fact, f"Set `region: {there}`: domains cannot be moved.")
    advice = "Declare it under `domains`, and apply."
    return Observation(Health.FAILED, f"the account has no such domain in {region.upper()}", advice)


def _sender(session: Reading, sender: str, region: str) -> Observation:
    """Any address of a domain of the account may send, once that is verified."""
    name = host_name(sender.rpartition("@")[2])
    found = _domain(session, name, region)
    if found.health is Health.GOOD:
        return Observation(Health.GOOD, f"verified by its domain {name}")
    return Observation(found.health, f"{name}: {found.fact}", found.advice)
