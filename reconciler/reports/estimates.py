"""What a plan would take, as text and as data."""

from collections.abc import Sequence
from typing import Any

from reconciler.engine.estimate import Estimate
from reconciler.source import printable


def estimates_as_text(found: Sequence[Estimate]) -> str:
    """Return a line for each provider, and their sum."""
    if not found:
        return "No call: nothing of the configuration is to be planned."
    lines = [f"{printable(each.provider)}: {_calls(each)}" for each in found]
    least, most = (sum(getattr(each, name) for each in found) for name in ("least", "most"))
    return "\n".join([*lines, f"In all {least} to {most} calls, and one for each further page."])


def _calls(found: Estimate) -> str:
    told = f"{found.least} to {found.most} calls"
    if found.seconds is None:
        return f"{told}, as fast as the service answers"
    return f"{told}, at {found.pace} a minute: up to {found.seconds:.0f} s of waiting"


def estimates_as_document(found: Sequence[Estimate]) -> dict[str, Any]:
    return {
        "format_version": "1",
        "calls": {
            "least": sum(each.least for each in found),
            "most": sum(each.most for each in found),
        },
        "providers": [
            {
                "provider": each.provider,
                "least": each.least,
                "most": each.most,
                "calls_a_minute": each.pace,
                "seconds": each.seconds,
            }
            for each in found
        ],
    }
