"""How many calls a run may make: one number for all its clients and threads."""

from threading import Lock

from reconciler.errors import CallsExceeded


class Budget:
    """So many calls, repeats included; None is as many as it takes."""

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._made = 0
        self._is_exceeded = False
        self._lock = Lock()

    def spend(self) -> None:
        """Take a call before it is made. Raises CallsExceeded when none is left."""
        if self._most is None:
            return
        with self._lock:
            self._is_exceeded |= self._made >= self._most
            if not self._is_exceeded:
                self._made += 1
                return
        raise self._exceeded()

    def check(self) -> None:
        """Raise CallsExceeded if a call was wanting, even where nobody minded that it failed."""
        if self._is_exceeded:
            raise self._exceeded()

    def _exceeded(self) -> CallsExceeded:
        calls = "1 call was" if self._most == 1 else f"{self._most} calls were"
        return CallsExceeded(
            f"--max-calls {self._most}: {calls} made, and more are needed, so that nothing is "
            "planned. Raise it, or plan less: --only, --changed-since. `plan --estimate` tells "
            "beforehand"
        )
