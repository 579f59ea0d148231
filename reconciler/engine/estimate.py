"""How many calls a plan takes, told from the configuration alone: before any is made. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.engine.refresh import collections_of
from reconciler.engine.selection import Selection, concerned
from reconciler.model import Account, Config, Resource


@dataclass(frozen=True, slots=True)
class Estimate:
    """The calls of one provider: `least` if little of what is declared is there yet, else `most`.

    Each further page of a list is one more: how many things are live is not known beforehand.
    `pace` is how many calls a minute its credential begins with, None where nothing limits it.
    """

    provider: str
    least: int
    most: int
    pace: int | None

    @property
    def seconds(self) -> float | None:
        """How long the pace alone makes `most` calls take; the first minute's go at once."""
        if self.pace is None:
            return None
        return max(0.0, (self.most - self.pace) / self.pace * 60)


def estimates(config: Config, selection: Selection, *, rate: int | None = None) -> list[Estimate]:
    """Return the calls that planning a selection takes, by provider."""
    config = concerned(config, selection)
    listed = collections_of(config, selection)
    return [
        _estimate(
            provider,
            sum(each.under.provider == name for each in listed),
            [each for each in config.desired.values() if each.address.provider == name],
            rate,
        )
        for name, provider in sorted(config.providers.items())
    ]


def _estimate(
    provider: Account, lists: int, desired: Iterable[Resource], rate: int | None
) -> Estimate:
    """Count: lists, what they leave out, lists below, proofs of tokens, and what is consulted.

    Of what is to go, what hangs on it may be asked for too.
    """
    desired = list(desired)
    alone = sum(not each.kind.lists_in_full for each in desired)
    going = sum(each.absent for each in desired)
    below = {(each.parent, each.kind) for each in desired if each.kind.parent}
    deeper = sum(kind.list_calls for _, kind in below)
    besides = len(provider.tokens) + len(provider.service.kinds)
    return Estimate(
        provider.name,
        least=max(lists, 1),
        most=lists + alone + going + deeper + besides,
        pace=rate or provider.service.pace,
    )
