"""How the room's judgements look names up, without knowing who asks whom."""

from collections.abc import Callable, Sequence

Ask = Callable[[str, str], Sequence[str] | None]
"""Looks a name and a type up: the values, a TXT joined; empty if there are none; None if it could
not be asked."""
