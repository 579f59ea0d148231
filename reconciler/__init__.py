"""Keep Postmark and Mailgun accounts in line with what YAML in Git declares.

As a library:

    from pathlib import Path

    from reconciler import Planner, load

    with Planner.open(load([Path("esp.yaml")])) as planner:
        print(planner.plan().changes)

`Reconciler` is a `Planner` that can also write; `look_for_drift` tells what left what was applied,
`import_live` declares what is live, `check` tests connections, and `explain` tells all about one
address. `docs/library.md` shows each at work.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reconciler.library.checking import check as check
    from reconciler.library.drifting import base_at as base_at
    from reconciler.library.drifting import look_for_drift as look_for_drift
    from reconciler.library.explaining import explain as explain
    from reconciler.library.importing import Imported as Imported
    from reconciler.library.importing import import_live as import_live
    from reconciler.library.options import Options as Options
    from reconciler.library.reconciler import Planner as Planner
    from reconciler.library.reconciler import Reconciler as Reconciler
    from reconciler.library.reconciler import load as load

__version__ = "0.1.0"

_FACE = {
    "check": "reconciler.library.checking",
    "Imported": "reconciler.library.importing",
    "explain": "reconciler.library.explaining",
    "import_live": "reconciler.library.importing",
    "Options": "reconciler.library.options",
    "Planner": "reconciler.library.reconciler",
    "Reconciler": "reconciler.library.reconciler",
    "base_at": "reconciler.library.drifting",
    "load": "reconciler.library.reconciler",
    "look_for_drift": "reconciler.library.drifting",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for: who wants no more than a version waits for no HTTP client."""
    if name not in _FACE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_FACE[name]), name)
