"""A 404 that passes is no absence: not while planning, nor confirming a file, nor at the end."""

from pathlib import Path

import httpx
import pytest
from account import Account, yaml

from reconciler.engine.authority import Authority
from reconciler.engine.planfile import load_plan, save_plan
from reconciler.engine.selection import EVERYTHING
from reconciler.errors import StalePlan
from reconciler.library.options import Options
from reconciler.library.reconciler import Reconciler
from reconciler.model import Config
from reconciler.providers.api import Writer

DOMAIN = "promo.example.com"
BELOW = {
    "tracking": "tracking: {opens: true}",
    "webhooks": "webhooks: {opened: ['https://hooks.example.com/x']}",
    "": "spam_action: tag",
}


class Flickering(httpx.BaseTransport):
    """Finds what a path names all the time but once, or from then on never: at its `turn`."""

    def __init__(
        self, inner: httpx.BaseTransport, below: str, turn: int, *, for_ever: bool
    ) -> None:
        self.inner = inner
        self.end = f"{DOMAIN}/{below}".rstrip("/")
        self.turn = turn
        self.for_ever = for_ever
        self.reads = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET" and request.url.path.endswith(self.end):
            self.reads += 1
            if self.reads == self.turn or (self.for_ever and self.reads > self.turn):
                return httpx.Response(404, json={"message": "Domain not found"})
        return self.inner.handle_request(request)


def flickering(below: str, turn: int, *, for_ever: bool = False) -> Account:
    return Account(lambda inner: Flickering(inner, below, turn, for_ever=for_ever))


def config(below: str) -> Config:
    domains = f"domains: {{{DOMAIN}: {{{BELOW[below]}}}}}"
    return yaml(f"m: {{service: mailgun, token: {{env: C}}, region: eu, {domains}}}")


def from_a_file(account: Account, config: Config, path: Path) -> list[str]:
    save_plan(account.plan(config), path)
    authority = Authority(load_plan(path), config)
    with account.sessions(authority.config, Writer) as sessions:
        options = Options(pause=account.clock.pause)
        reconciler = Reconciler(authority.config, EVERYTHING, sessions, options)
        results = reconciler.apply(reconciler.confirm(authority))
    return [f"{each.outcome} {each.reason}".strip() for each in results]


@pytest.mark.parametrize("turn", range(1, 6))
@pytest.mark.parametrize("below", BELOW)
def test_what_cannot_be_found_once_is_looked_for_again(below: str, turn: int) -> None:
    account, wanted = flickering(below, turn), config(below)
    results = account.apply(wanted)
    assert [(str(each.outcome), each.reason) for each in results] == [("applied", "")]
    assert account.plan(wanted).changes == ()


@pytest.mark.parametrize("turn", range(1, 7))
@pytest.mark.parametrize("below", BELOW)
def test_a_plan_file_is_not_stale_for_a_404_that_passes(
    below: str, turn: int, tmp_path: Path
) -> None:
    account, wanted = flickering(below, turn), config(below)
    assert from_a_file(account, wanted, tmp_path / "plan.json") == ["applied"]


def test_a_plan_file_is_stale_for_what_stays_away(tmp_path: Path) -> None:
    account = flickering("tracking", 2, for_ever=True)
    with pytest.raises(StalePlan, match="is gone by now"):
        from_a_file(account, config("tracking"), tmp_path / "plan.json")


def test_what_stays_away_at_the_end_was_taken_by_another(tmp_path: Path) -> None:
    account = flickering("tracking", 4, for_ever=True)
    (result,) = from_a_file(account, config("tracking"), tmp_path / "plan.json")
    assert result == "overtaken changed by another writer since: it cannot be found"
