"""What somebody else makes at the same address while we apply is told at the end."""

from collections.abc import Callable

import httpx
import pytest
from account import Account, addresses, outcomes, yaml

from reconciler.model import Config

URL = "https://hooks.example.com/again"
Deed = Callable[[Account], object]


class Busy(httpx.BaseTransport):
    """Lets somebody do something right after the first request of a method to webhooks."""

    def __init__(self, inner: httpx.BaseTransport, method: str) -> None:
        self.inner = inner
        self.method = method
        self.deed: Callable[[], object] = lambda: None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self.inner.handle_request(request)
        if request.method == self.method and request.url.path.startswith("/webhooks"):
            deed, self.deed = self.deed, lambda: None
            deed()
        return answer


def busy(method: str, deed: Deed) -> Account:
    account = Account(lambda inner: Busy(inner, method))
    by_hand(account)
    assert isinstance(account.transport, Busy)
    account.transport.deed = lambda: deed(account)
    return account


def by_hand(account: Account) -> int:
    body = {"Url": URL, "Triggers": {"Click": {"Enabled": True}}}
    made: int = account.by_hand("postmark", "POST", "/webhooks", json=body)["ID"]
    return made


def hooks(*said: str) -> Config:
    listed = ", ".join(f'{{url: "{URL}", {each}}}' for each in said)
    return yaml(f"t: {{service: postmark, token: {{env: A}}, webhooks: [{listed}]}}")


@pytest.mark.parametrize("said", [("ensure: absent",), ()], ids=["absent", "pruned"])
def test_a_webhook_that_is_made_again_while_it_is_deleted(said: tuple[str, ...]) -> None:
    account, config = busy("DELETE", by_hand), hooks(*said)
    (result,) = account.apply(config, account.plan(config, prune=not said))
    # What nothing declares is somebody else's, and no matter of ours once it is a new one.
    assert result.outcome == ("overtaken" if said else "applied")
    if said:
        assert result.reason == "changed by another writer since: it is still there"


def test_a_deletion_is_made_although_a_twin_of_it_that_is_known_stays() -> None:
    account, config = busy("GET", lambda _: None), hooks("ensure: absent")
    younger = by_hand(account)
    plan = account.plan(config, prune=True)
    assert len(addresses(plan)) == 2
    fault = {"method": "DELETE", "path": f"/webhooks/{younger}", "status": 422, "times": 9}
    account.control("postmark", "POST", "faults", fault | {"body": {"ErrorCode": 1}})
    found = outcomes(account.apply(config, plan))
    assert sorted(found.values()) == ["applied", "failed"]


def test_a_twin_that_comes_while_a_webhook_is_changed_is_told() -> None:
    account, config = busy("PUT", by_hand), hooks("triggers: [open]")
    (result,) = account.apply(config)
    ids = [str(each["ID"]) for each in account.by_hand("postmark", "GET", "/webhooks")["Webhooks"]]
    assert result.outcome == "applied"
    said = f"it is there more than once (IDs {', '.join(ids)}); --prune removes the newer"
    assert result.reason == said


class First(httpx.BaseTransport):
    """Lets another apply make a webhook of a domain right before us, and says so in odd words."""

    def __init__(self, inner: httpx.BaseTransport, theirs: bytes | None) -> None:
        self.inner = inner
        self.theirs = theirs

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if (request.method, request.url.path) != ("POST", WEBHOOKS):
            return self.inner.handle_request(request)
        if self.theirs is not None:
            theirs = self.theirs or request.read()
            headers = {"Content-Type": request.headers["Content-Type"]}
            headers["Authorization"] = request.headers["Authorization"]
            self.inner.handle_request(
                httpx.Request("POST", request.url, headers=headers, content=theirs)
            )
        return httpx.Response(400, json={"message": "Webhook for this event is defined"})


WEBHOOKS = "/v3/domains/promo.example.com/webhooks"
OPENED = yaml(
    "m: {service: mailgun, token: {env: C}, region: eu, "
    f"domains: {{promo.example.com: {{webhooks: {{opened: ['{URL}']}}}}}}}}"
)


@pytest.mark.parametrize("theirs", [b"", b"id=opened&url=https://hooks.example.com/theirs"])
def test_of_two_who_make_a_webhook_of_a_domain_both_come_to_an_end(theirs: bytes) -> None:
    account = Account(lambda inner: First(inner, theirs))
    (result,) = account.apply(OPENED)
    assert (str(result.outcome), result.reason) == ("applied", "")
    hooks = account.by_hand("mailgun_eu", "GET", WEBHOOKS)["webhooks"]
    assert hooks["opened"]["urls"] == [URL]


def test_a_webhook_that_is_refused_and_not_there_is_refused() -> None:
    account = Account(lambda inner: First(inner, None))
    (result,) = account.apply(OPENED)
    assert str(result.outcome) == "failed"
    assert "Webhook for this event is defined" in result.reason
