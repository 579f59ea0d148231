"""What a sending application has to know of a provider, as one value that knows no framework."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.errors import UsageError
from reconciler.model import Account, Reference
from reconciler.source import Location, Node, nothing

POSTMARK, MAILGUN = "postmark", "mailgun"
HOSTS = {
    (POSTMARK, ""): "api.postmarkapp.com",
    (MAILGUN, "us"): "api.mailgun.net",
    (MAILGUN, "eu"): "api.eu.mailgun.net",
}
"""The host of a service's API, by its region where it has some."""
STREAM, REGION = "outbound", "us"
BATCH_SIZES = {POSTMARK: 50, MAILGUN: 100}
"""What holds where the YAML says nothing, as the schemas have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """How an application sends through a provider.

    `token` says where the token is kept that it sends with; None where the YAML names none.
    `stream` is Postmark's, `domain`, `region`, `tag_prefix` and `testmode` are Mailgun's; "" where
    there is none. `timeout` is in seconds. `tracking` is as declared, for the sending domain.
    """

    name: str
    service: str
    location: Location = field(compare=False)
    token: Reference | None
    host: str
    sender: str = ""
    sender_name: str = ""
    stream: str = ""
    domain: str = ""
    region: str = ""
    batch_size: int
    retry_attempts: int
    timeout: float
    tag_prefix: str = ""
    testmode: bool = False
    tracking: Mapping[str, Any] = field(default_factory=nothing)

    @property
    def is_postmark(self) -> bool:
        return self.service == POSTMARK

    @property
    def url(self) -> str:
        return f"https://{self.host}"

    @property
    def seconds(self) -> int | float:
        """The timeout, as a whole number where it is one: it is written into sources."""
        return int(self.timeout) if float(self.timeout).is_integer() else float(self.timeout)

    @property
    def milliseconds(self) -> int:
        return round(self.timeout * 1000)

    @property
    def token_variable(self) -> str:
        """The environment variable that the application finds its token in."""
        if self.token is not None and self.token.source == "env":
            return self.token.target
        return "POSTMARK_SERVER_TOKEN" if self.is_postmark else "MAILGUN_API_KEY"

    def sending_domain(self, target: str) -> str:
        """Return Mailgun's domain, for a target that does not work without. Raises UsageError."""
        if not self.domain:
            raise UsageError(
                f"{self.location}: {self.name} says no `domain`, and {target} needs the one that "
                "the application sends from; add `domain: NAME`, one of its `domains`"
            )
        return self.domain

    def mailbox(self) -> str:
        """Return the sender as the header From has it: `"Name" <address>`. Raises UsageError."""
        if not self.sender_name:
            return self.sender
        if not self.sender_name.isprintable():
            raise UsageError(
                f"{self.location}: the name of the sender {self.sender} holds a line break or "
                "another character that no header may have; change it under `senders`"
            )
        quoted = self.sender_name.replace("\\", r"\\").replace('"', r"\"")
        return f'"{quoted}" <{self.sender}>'


def application_of(account: Account) -> Application:
    """Return what the (valid) YAML of a provider says to the application that sends through it."""
    service, node = account.service.name, account.node
    is_postmark = service == POSTMARK
    region = "" if is_postmark else node.text("region") or REGION
    sender, domain = node.text("sender") or "", "" if is_postmark else _domain(node)
    return Application(
        name=account.name,
        service=service,
        location=account.location,
        token=account.tokens.get("token"),
        host=HOSTS[service, region],
        sender=sender,
        sender_name=_name_of(node, sender),
        stream=_said(node, "advanced.message_stream", STREAM) if is_postmark else "",
        domain=domain,
        region=region,
        batch_size=_said(node, "advanced.batch_size", BATCH_SIZES[service]),
        retry_attempts=account.retry_attempts,
        timeout=account.timeout,
        tag_prefix=_said(node, "advanced.tag_prefix", ""),
        testmode=_said(node, "advanced.testmode", default=False),
        tracking={**_said(node, "tracking", {}), **_exceptions(node, domain)},
    )


def _said(node: Node, path: str, default: Any) -> Any:
    found = node.at(path)
    return default if found is None else found.data


def _name_of(node: Node, sender: str) -> str:
    """Return the name of a sender that is declared with one; addresses have dots, paths too."""
    folded = sender.casefold()
    for address, declared in node.entries("senders"):
        if address.casefold() == folded:
            return declared.text("name") or ""
    return ""


def _domain(node: Node) -> str:
    """Return the domain to send from: the one that is said, or that of the sender if declared."""
    of_sender = (node.text("sender") or "").rpartition("@")[2].casefold()
    kept = (name for name, each in node.entries("domains") if each.text("ensure") != "absent")
    return node.text("domain") or next((name for name in kept if name.casefold() == of_sender), "")


def _exceptions(node: Node, domain: str) -> Mapping[str, Any]:
    for name, declared in node.entries("domains"):
        if domain and name.casefold() == domain.casefold():
            found: Mapping[str, Any] = _said(declared, "tracking", {})
            return found
    return {}
