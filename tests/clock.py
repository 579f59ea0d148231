"""A clock that its own pauses move on, so that no test waits."""


class Clock:
    """Give its `pause` and itself to what waits; `pauses` holds what was waited, in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds
