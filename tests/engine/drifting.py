"""A look for drift at the sandbox: what is declared, what was applied, and what is there."""

from datetime import date
from typing import Any

from account import Account

from reconciler.engine.drift.causes import Base
from reconciler.engine.drift.verdict import Drift
from reconciler.engine.selection import EVERYTHING
from reconciler.library.drifting import look_for_drift
from reconciler.library.options import Options
from reconciler.library.reconciler import Planner
from reconciler.model import Config
from reconciler.providers.api import Reader

TODAY = date(2026, 11, 27)


def drift_of(account: Account, head: Config, base: Config | None = None, **options: Any) -> Drift:
    """Look for drift from `head`, `base` being what was applied; every client can only read."""
    with account.sessions(head, Reader) as sessions:
        planner = Planner(head, EVERYTHING, sessions, Options(pause=account.clock.pause))
        then = Base(base.desired, "c0ffee") if base else None
        return look_for_drift(planner, base=then, **{"today": TODAY} | options)


def causes(drift: Drift) -> dict[str, dict[str, str]]:
    """Return the cause of each field that differs, by address; of the thing itself under ""."""
    return {
        str(each.address): {field.name: str(field.cause) for field in each.fields}
        | ({"": str(each.whole)} if each.whole else {})
        for each in drift.differences
    }
