"""What is found out once a run, however many threads want to know it."""

from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Once(Generic[K, V]):
    """Keeps what a function found for a key; who asks meanwhile waits for it.

    The function must not ask for its own key again: it would wait for itself.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._found: dict[K, Future[V]] = {}

    def get(self, key: K, find: Callable[[], V]) -> V:
        with self._lock:
            is_first = key not in self._found
            future = self._found.setdefault(key, Future())
        if is_first:
            try:
                future.set_result(find())
            except BaseException as error:
                future.set_exception(error)
                raise
        return future.result()
