"""Where messages and heartbeats go: an address that is a secret, by the variable that holds it.

The operator names the variable on the command line, so that no address stands in a process list,
in a log of CI, or in the configuration.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from reconciler.errors import UsageError
from reconciler.model import Secret
from reconciler.web import check_address

RECEIVERS = ("slack", "teams", "discord", "json")
KEY_VARIABLE = "ESP_RECONCILE_NOTIFY_KEY"
NOTIFY, HEARTBEAT = "--notify", "--heartbeat"
_REFERENCE = re.compile(
    rf"((?P<receiver>{'|'.join(RECEIVERS)})=)?env:(?P<variable>[A-Za-z_]\w*)", re.ASCII
)
_SLACK = {"hooks.slack.com", "hooks.slack-gov.com"}
_TEAMS = (
    *(".webhook.office.com", ".logic.azure.com", ".logic.azure.us"),
    *(".powerplatform.com", ".powerautomate.com"),
)
_DISCORD = re.compile(r"([a-z]+\.)?(discord|discordapp)\.com")


@dataclass(frozen=True, slots=True)
class HookReference:
    """What an option says: `receiver` is None where the address itself tells it."""

    variable: str
    receiver: str | None = None

    def resolve(self, environment: Mapping[str, str]) -> "Hook":
        """Return where that leads.

        Raises UsageError, which names the variable only, when it is not set or holds no URL that
        is https, or http on loopback.
        """
        url = environment.get(self.variable, "").strip()
        if not url:
            raise UsageError(
                f"{self.variable}: the variable is not set, or empty; put the webhook's address "
                "into it, or leave the option out"
            )
        check_address(url, self.variable)
        return Hook(self.receiver or receiver_of(url), self.variable, Secret(url))


@dataclass(frozen=True, slots=True)
class Hook:
    """An address that can be sent to, and what it is called in messages of ours."""

    receiver: str
    variable: str
    address: Secret

    def __str__(self) -> str:
        return f"{self.receiver} ({self.variable})"


def parse_notify(text: str) -> HookReference:
    """Return what `env:NAME`, or `slack=env:NAME`, refers to.

    Raises UsageError without quoting it: what was given instead may be the address.
    """
    match = _REFERENCE.fullmatch(text)
    if match is None:
        raise UsageError(
            f"{NOTIFY}: a webhook's address is a secret: name the variable that holds it, as "
            f"env:NAME, or say also who receives it, as slack=env:NAME (or {_others()})"
        )
    return HookReference(match["variable"], match["receiver"])


def parse_heartbeat(text: str) -> HookReference:
    """Return what `env:NAME` refers to. Raises UsageError without quoting it."""
    match = _REFERENCE.fullmatch(text)
    if match is None or match["receiver"]:
        raise UsageError(
            f"{HEARTBEAT}: the address of a check is a secret: name the variable that holds it, "
            "as env:NAME"
        )
    return HookReference(match["variable"], "heartbeat")


def receiver_of(url: str) -> str:
    """Return who takes what is sent to a URL, by its host; json where the host is nobody's."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removesuffix(".")
    if host in _SLACK:
        return "slack"
    if host.endswith(_TEAMS):
        return "teams"
    if _DISCORD.fullmatch(host) and parts.path.startswith("/api/"):
        # Discord also takes Slack's form, at an address of its own.
        return "slack" if parts.path.rstrip("/").endswith("/slack") else "discord"
    return "json"


def signing_key(environment: Mapping[str, str]) -> Secret | None:
    """Return the key that signs what is sent as JSON, if the operator set one."""
    key = environment.get(KEY_VARIABLE)
    return Secret(key) if key else None


def _others() -> str:
    return ", ".join(f"{each}=" for each in RECEIVERS if each != "slack")
