"""What Postmark would refuse for the sake of other things, as far as what was read can tell."""

from collections.abc import Iterator

from reconciler.model import Address, Provider, Snapshot
from reconciler.providers.postmark.streams import MOST, Streams
from reconciler.providers.postmark.webhooks import Webhooks

Objection = tuple[Address, str, str]


def too_many_streams(provider: Provider, desired: Snapshot, live: Snapshot) -> Iterator[Objection]:
    """Yield each stream to be created or brought back beyond the limit (error 1225).

    A server that has more already is on a plan that allows more; whether archived streams count
    is not documented, so they are left out (postmark.md §7.3).
    """
    collection = provider.address / Streams.name
    present = {address for address in live if _is_active(live, address, collection)}
    leaving = {each for each in present if each in desired and desired[each].absent}
    wanted = [
        address
        for address in sorted(desired)
        if address.parts[:-1] == collection.parts
        and not desired[address].absent
        and address not in present
    ]
    free = MOST - len(present - leaving)
    if len(present) > MOST or not present:
        return
    for address in wanted[max(free, 0) :]:
        reason = (
            f"a server has at most {MOST} streams, and this one has {len(present)}; archive one "
            "that is no longer used"
        )
        yield address, "", reason


def webhooks_of_archived(
    provider: Provider, desired: Snapshot, live: Snapshot
) -> Iterator[Objection]:
    """Yield each new webhook on a stream that is archived and stays so (error 1350)."""
    for address, resource in desired.items():
        if address.parts[:2] != (provider.name, Webhooks.name) or resource.absent:
            continue
        (stream,) = resource.needs
        is_archived = stream in live and live[stream].kind.is_gone(live[stream])
        if is_archived and stream not in desired and address not in live:
            reason = (
                f"the stream `{stream.name}` is archived, and takes no webhooks; declare it under "
                "`streams` to bring it back"
            )
            yield address, "stream", reason


def _is_active(live: Snapshot, address: Address, collection: Address) -> bool:
    resource = live[address]
    return address.parts[:-1] == collection.parts and not resource.kind.is_gone(resource)
