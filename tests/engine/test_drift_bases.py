"""What was declared at a commit, beside what is declared now: as far as anybody still knows it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from account import Account, yaml
from drifting import TODAY

from reconciler.config import load_config
from reconciler.engine.drift.causes import Base, Cause
from reconciler.engine.drift.verdict import Drift
from reconciler.engine.selection import EVERYTHING
from reconciler.library.credentials import seal_secrets
from reconciler.library.drifting import base_of, look_for_drift
from reconciler.library.options import Options
from reconciler.library.reconciler import Planner
from reconciler.library.revisions import Revision
from reconciler.model import Address, Config
from reconciler.providers import SERVICES
from reconciler.providers.api import Reader

HOOK = "https://hooks.example.com/a"
AT = Address(("t", "webhooks", "outbound", HOOK))
TOKEN, ONE, TWO = "POSTMARK_TOKEN_T", "ESP_HOOK_ONE", "ESP_HOOK_TWO"
Loaded = Callable[..., Config]


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loaded:
    """Return a way to load a configuration whose webhook has this password."""
    monkeypatch.setenv(TOKEN, "token-1")
    monkeypatch.setenv(ONE, "value-one")
    monkeypatch.setenv(TWO, "value-two")

    def load(password: str, server: str = "t") -> Config:
        named = f"    server: {server}\n" if server else ""
        text = (
            f"version: 1\nproviders:\n  t:\n    service: postmark\n{named}"
            f"    token: {{env: {TOKEN}}}\n    webhooks:\n      - url: {HOOK}\n"
            f"        triggers: [bounce]\n        auth: {{username: u, password: {password}}}\n"
        )
        (tmp_path / "esp.yaml").write_text(text, encoding="utf-8")
        return load_config([tmp_path / "esp.yaml"], SERVICES)

    return load


def based(then: Config, now: Config, *changed: str) -> Base:
    revision = Revision(then, "c0ffee", lambda path: path.name in changed)
    return base_of(revision, now, Options())


def look(account: Account, now: Config, base: Base) -> Drift:
    with account.sessions(now, Reader) as sessions:
        planner = Planner(now, EVERYTHING, sessions, Options(pause=account.clock.pause))
        return look_for_drift(planner, base=base, today=TODAY)


def cause(account: Account, now: Config, base: Base) -> tuple[Cause, str]:
    """Return the cause of the one field that differs, and what was applied as it is shown."""
    (difference,) = look(account, now, base).differences
    (field,) = difference.fields
    assert field.name == "auth.password"
    return field.cause, str(field.applied)


def test_a_password_that_a_hand_changed_is_drift_and_one_that_a_merge_did_is_pending(
    loaded: Loaded,
) -> None:
    one, two = loaded(f"{{env: {ONE}}}"), loaded(f"{{env: {TWO}}}")
    account, now = Account(), seal_secrets(one, Options())
    account.apply(now)
    assert look(account, now, based(one, now)).differences == ()
    after = seal_secrets(two, Options())
    assert cause(account, after, based(one, after)) == (Cause.PENDING, "(secret)")
    assert cause(account, after, based(two, after)) == (Cause.DRIFT, "(secret)")


def test_a_reference_that_leads_nowhere_any_more_leaves_the_cause_unknown(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = loaded(f"{{env: {ONE}}}"), loaded(f"{{env: {TWO}}}")
    account, now = Account(), seal_secrets(two, Options())
    account.apply(seal_secrets(one, Options()))
    monkeypatch.delenv(ONE)
    base = based(one, now)
    assert base.unsure == {AT: {"auth.password"}}
    assert cause(account, now, base) == (Cause.UNKNOWN, "UNKNOWN")


def test_a_secret_in_a_file_that_changed_since_leaves_the_cause_unknown(
    loaded: Loaded, tmp_path: Path
) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "hook").write_text("value-one", encoding="utf-8")
    config = loaded("{file: secrets/hook}")
    account, now = Account(), seal_secrets(config, Options())
    account.apply(seal_secrets(loaded(f"{{env: {TWO}}}"), Options()))
    assert cause(account, now, based(config, now)) == (Cause.DRIFT, "(secret)")
    assert cause(account, now, based(config, now, "hook")) == (Cause.UNKNOWN, "UNKNOWN")


def test_what_was_applied_to_another_server_says_nothing_of_this_one(loaded: Loaded) -> None:
    then, now = loaded(f"{{env: {ONE}}}"), loaded(f"{{env: {ONE}}}")
    assert based(then, now).desired.keys() == {AT}
    assert based(then, loaded(f"{{env: {ONE}}}", server="Other")).desired == {}
    assert based(then, loaded(f"{{env: {ONE}}}", server="")).desired.keys() == {AT}


@pytest.mark.parametrize(
    ("then", "now", "is_same"),
    [("", "us", True), ("eu", "eu", True), ("", "eu", False), ("eu", "", False)],
)
def test_what_was_applied_in_another_region_says_nothing_of_this_one(
    then: str,
    now: str,
    is_same: bool,  # noqa: FBT001
) -> None:
    def of(region: str) -> Config:
        said = f"  region: {region}\n" if region else ""
        head = "m:\n  service: mailgun\n  token: {env: A}\n"
        return yaml(f"{head}{said}  domains: {{example.org: {{}}}}\n")

    assert bool(based(of(then), of(now)).desired) is is_same


def test_of_a_provider_that_is_new_nothing_was_applied(loaded: Loaded) -> None:
    now = seal_secrets(loaded(f"{{env: {ONE}}}"), Options())
    then = Config(providers={}, desired=now.desired, digest="")
    assert based(then, now).desired == {}
