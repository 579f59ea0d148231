"""Keep Postmark and Mailgun accounts in line with what YAML in Git declares.

As a library:

    from pathlib import Path

    from reconciler import Planner, load

    with Planner.open(load([Path("esp.yaml")])) as planner:
        print(planner.plan().changes)

`Reconciler` is a `Planner` that can also write; `import_live` declares what is live, and `explain`
tells all about one address. `docs/library.md` shows each at work.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reconciler.explaining import explain as explain
    from reconciler.importing import Imported as Imported
    from reconciler.importing import import_live as import_live
    from reconciler.options import Options as Options
    from reconciler.reconciler import Planner as Planner
    from reconciler.reconciler import Reconciler as Reconciler
    from reconciler.reconciler import load as load

__version__ = "0.1.0"

_FACE = {
    "Imported": "reconciler.importing",
    "explain": "reconciler.explaining",
    "import_live": "reconciler.importing",
    "Options": "reconciler.options",
    "Planner": "reconciler.reconciler",
    "Reconciler": "reconciler.reconciler",
    "load": "reconciler.reconciler",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for: who wants no more than a version waits for no HTTP client."""
    if name not in _FACE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_FACE[name]), name)
