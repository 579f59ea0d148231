"""How long a change is waited for."""

from collections.abc import Iterator


def waits(patience: float) -> Iterator[float]:
    """Yield growing waits in seconds that add up to about `patience`."""
    waited, wait = 0.0, 0.2
    while waited < patience:
        yield wait
        waited += wait
        wait = min(5.0, wait * 1.6)


def before_repeating(attempt: int) -> float:
    """Return the seconds to wait after a doubtful write, until the next of its attempts."""
    return min(8.0, 0.5 * 2.0**attempt)
