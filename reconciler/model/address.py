"""Where things stand: an address is a path in the YAML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Address(NamedTuple):
    """Where a resource stands: its path in the YAML, from the provider's name on.

    Of several live things at one path the oldest has the path's address; the others, its twins, are
    told apart by `twin`, their ID. It is a tuple because nothing is looked up and compared more
    often, thirty times for each resource of a plan.
    """

    parts: tuple[str, ...]
    twin: str = ""

    def __str__(self) -> str:
        return "/".join(self.parts) + self._id

    @property
    def _id(self) -> str:
        return f" (ID {self.twin})" if self.twin else ""

    def __truediv__(self, part: str) -> Address:
        return Address((*self.parts, part))

    @property
    def provider(self) -> str:
        return self.parts[0]

    @property
    def root(self) -> Address:
        """The provider's own address."""
        return Address(self.parts[:1])

    @property
    def oldest(self) -> Address:
        """The address of the first of those that stand at one path."""
        return Address(self.parts)

    @property
    def name(self) -> str:
        return self.parts[-1]

    @property
    def within(self) -> str:
        """The address as seen from its provider."""
        return "/".join(self.parts[1:]) + self._id

    def lineage(self) -> Iterator[Address]:
        """Yield this address and those above it, up to the provider's."""
        if self.twin:
            yield self
        for length in range(len(self.parts), 0, -1):
            yield Address(self.parts[:length])
