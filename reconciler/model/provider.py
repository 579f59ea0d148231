"""A provider: one configured account in the YAML."""

from dataclasses import dataclass

from reconciler.model.address import Address
from reconciler.source import Location, Node


@dataclass(frozen=True, slots=True)
class Provider:
    """One configured account, as its kinds see it. `node` is its YAML.

    `retry_attempts` and `timeout` (seconds) govern our own calls.
    """

    name: str
    node: Node
    location: Location

    @property
    def address(self) -> Address:
        return Address((self.name,))

    @property
    def retry_attempts(self) -> int:
        return int(self._advanced("retry_attempts", 3))

    @property
    def timeout(self) -> float:
        return float(self._advanced("timeout", 30))

    def _advanced(self, key: str, default: float) -> float:
        node = self.node.at(f"advanced.{key}")
        return default if node is None else node.data
