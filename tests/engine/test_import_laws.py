"""Laws of import: what is live is said, and then there is nothing to do and nothing unmanaged."""

from dataclasses import replace
from pathlib import Path

from account import Account
from hypothesis import example, given
from hypothesis import strategies as st
from laws import LAW, PATIENCE, Json
from test_mailgun_laws import account_with as mailgun_with
from test_mailgun_laws import made as made_at_mailgun
from test_mailgun_laws import quick_keys  # noqa: F401 - a fixture
from test_postmark_laws import account_with as postmark_with
from test_postmark_laws import made as made_at_postmark

from reconciler.config import load_config
from reconciler.engine.plan import Plan
from reconciler.library.importing import Imported, import_live
from reconciler.library.options import Options
from reconciler.providers import SERVICES
from reconciler.providers.api import Reader

pytestmark = PATIENCE
FILE = Path("esp.yaml")
HEAD = "version: 1\nproviders:\n  t:\n"
POSTMARK = f"{HEAD}    service: postmark\n    token: {{env: A}}\n    account_token: {{env: B}}\n"
MAILGUN = f"{HEAD}    service: mailgun\n    token: {{env: A}}\n    region: "


def imported(account: Account, text: str, *, full: bool = False) -> Imported:
    options = Options(sandbox=account.sandbox, pause=account.clock.pause)
    return import_live({FILE: text}, options, full=full)


def planned(account: Account, found: Imported) -> Plan:
    """Return the next plan, with what the new references have to lead to."""
    config = load_config([], SERVICES, {FILE: found.after[FILE].encode()})
    sealed = {
        address: each.kind.seal(
            each, {name: found.secrets[to.target] for name, to in each.references.items()}
        )
        for address, each in config.desired.items()
    }
    with account.sessions(config, Reader) as sessions:
        return account.plan_with(sessions, replace(config, desired=sealed))


def check(account: Account, text: str, *, full: bool) -> None:
    account.forget_requests()
    found = imported(account, text, full=full)
    for site in ("postmark", "mailgun_us", "mailgun_eu"):
        assert all(each.startswith("GET ") for each in account.requests(site))
    plan = planned(account, found)
    assert [str(each) for each in plan.changes] == []
    assert plan.refusals == ()
    lost = {each.address for each in found.left_out if not each.fields}
    # Of a collection that the YAML does not name a plan lists nothing.
    assert {each.address for each in plan.unmanaged} <= lost
    again = imported(account, found.after[FILE], full=full)
    assert again.after == again.before
    assert again.added == ()


@LAW
@given(made_at_mailgun(), st.sampled_from(["us", "eu"]), st.booleans())
def test_a_mailgun_account_is_said_as_it_is(live: Json, region: str, full: bool) -> None:  # noqa: FBT001
    check(mailgun_with(live, region), f"{MAILGUN}{region}\n", full=full)


@LAW
@given(made_at_postmark(), st.booleans())
@example(
    live={
        "streams": {"more_alerts-2": {"Name": "gone", "archived": True}},
        "webhooks": {("more_alerts-2", "https://h.test/b"): {}},
    },
    full=False,
)
def test_a_postmark_server_and_its_account_are_said_as_they_are(live: Json, full: bool) -> None:  # noqa: FBT001
    check(postmark_with(live), POSTMARK, full=full)
