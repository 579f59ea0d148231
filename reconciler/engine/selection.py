"""The part of the world that a plan is about."""

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from reconciler.model import Address, Config, Snapshot


@dataclass(frozen=True, slots=True)
class Selection:
    """The part of the world that a plan is about: `only` these address patterns, or all."""

    only: tuple[str, ...] = ()

    def __contains__(self, address: Address) -> bool:
        """Whether the address, or one above it, matches a pattern (`*` also crosses slashes)."""
        return not self.only or any(
            fnmatchcase(str(each), pattern) for each in address.lineage() for pattern in self.only
        )

    def reaches(self, collection: Address) -> bool:
        """Whether things in a collection that nothing declares may be selected."""
        return collection in self or any(
            pattern.startswith(f"{collection}/") for pattern in self.only
        )

    def of(self, desired: Snapshot) -> Snapshot:
        """Return the selected resources, and those that they stand below."""
        chosen = {address for address in desired if address in self}
        kept = {above for address in chosen for above in address.lineage()}
        return {address: resource for address, resource in desired.items() if address in kept}


EVERYTHING = Selection()


def concerned(config: Config, selection: Selection) -> Config:
    """Return the configuration with the providers that a selection meets: others need no token."""
    chosen = {
        name: provider
        for name, provider in config.providers.items()
        if selection.reaches(provider.address)
        or any(address.provider == name and address in selection for address in config.desired)
    }
    return replace(config, providers=chosen, desired=selection.of(config.desired))
