"""A provider of either service to send sample mails through, without waiting."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from account import Account, yaml

from reconciler.errors import ServiceError
from reconciler.library.options import Options
from reconciler.library.sample import Sampler, draft
from reconciler.model import Config, Fate, Sent
from reconciler.providers.api import Writer

POSTMARK = "t: {service: postmark, token: {env: A}, sender: ops@mail.example.net}"
MAILGUN = (
    "m: {service: mailgun, token: {env: A}, sender: ops@mg.example.net, domains: "
    "{mg.example.net: {}}, advanced: {testmode: false, tag_prefix: pm-}}"
)
TO = "jane@shop.example.org"
SITES = {"postmark": "postmark", "mailgun": "mailgun_us"}
SENDING = {"postmark": "POST /email", "mailgun": "POST /v3/mg.example.net/messages"}
YAML = {"postmark": POSTMARK, "mailgun": MAILGUN}
DETAILS = "/messages/outbound/*/details"


class Trial:
    """One provider of an account of one's own, whose pauses take no time."""

    def __init__(self, service: str, text: str = "", **settings: Any) -> None:
        self.service = service
        self.account = Account()
        self.config: Config = yaml(text or YAML[service])
        self.set(postmark_event_delay=0, mailgun_event_delay=0, **settings)

    def set(self, **settings: Any) -> None:
        self.account.sandbox.world.settings.update(settings)

    def fault(self, **fault: Any) -> None:
        self.account.control(SITES[self.service], "POST", "faults", fault)

    def requests(self) -> list[str]:
        found: list[str] = self.account.requests(SITES[self.service])
        return found

    @property
    def sendings(self) -> int:
        return self.requests().count(SENDING[self.service])

    @contextmanager
    def sampler(self, pause: Callable[[float], None] | None = None) -> Iterator[Sampler]:
        clock = self.account.clock
        with self.account.sessions(self.config, Writer) as sessions:
            ((name, session),) = sessions.items()
            options = Options(pause=pause or clock.pause, clock=clock)
            yield Sampler(self.config.providers[name], session, options)

    def sent(self, **asked: Any) -> Sent:
        with self.sampler() as sampler:
            return sampler.send(draft(sampler.account, **({"to": TO} | asked)))

    def fate(self, wait: float = 120, **asked: Any) -> tuple[Sent, Fate]:
        with self.sampler() as sampler:
            sent = sampler.send(draft(sampler.account, **({"to": TO} | asked)))
            return sent, sampler.wait(sent, wait)


def postmark(text: str = "", **settings: Any) -> Trial:
    return Trial("postmark", text, **settings)


def mailgun(text: str = "", **settings: Any) -> Trial:
    return Trial("mailgun", text, **settings)


def refused(trial: Trial, status: int, body: Any, **asked: Any) -> str:
    """Have the sending refused, and return what is said of it."""
    trial.fault(method="POST", path="/email", status=status, body=body)
    trial.fault(method="POST", path="/v3/*/messages", status=status, body=body)
    with pytest.raises(ServiceError) as error:
        trial.sent(**asked)
    return str(error.value)


def log(message_id: str, **more: Any) -> dict[str, Any]:
    return {"event": "delivered", "message": {"headers": {"message-id": message_id}}, **more}
