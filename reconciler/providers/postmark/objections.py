"""What Postmark would refuse for the sake of other things, as far as what was read can tell."""

from collections.abc import Iterable, Iterator

from reconciler.model import Address, Provider, Resource, Snapshot
from reconciler.providers.checks import some
from reconciler.providers.postmark.default_streams import Origin
from reconciler.providers.postmark.servers import Servers
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
            "that is no longer used. Should Postmark allow this account more, make the next one by "
            "hand: of a server that has more, this is not assumed"
        )
        yield address, "", reason


def new_webhooks(
    provider: Provider, desired: Snapshot, live: Snapshot
) -> Iterator[tuple[Address, Address]]:
    """Yield each webhook to be created, with the stream that it needs."""
    for address, resource in desired.items():
        is_webhook = address.parts[:2] == (provider.name, Webhooks.name)
        if is_webhook and not resource.absent and address not in live:
            (stream,) = resource.needs
            yield address, stream


def webhooks_of_archived(
    provider: Provider, desired: Snapshot, live: Snapshot
) -> Iterator[Objection]:
    """Yield each new webhook on a stream that is archived and stays so (error 1350)."""
    for address, stream in new_webhooks(provider, desired, live):
        is_archived = stream in live and live[stream].kind.is_gone(live[stream])
        if is_archived and stream not in desired:
            reason = (
                f"the stream `{stream.name}` is archived, and takes no webhooks; declare it under "
                "`streams` to bring it back"
            )
            yield address, "stream", reason


def webhooks_of_missing(
    provider: Provider, desired: Snapshot, live: Snapshot
) -> Iterator[Objection]:
    """Yield each new webhook on a stream that neither is there nor is declared (error 1226).

    Only of a server whose streams were read: it has at least the default ones.
    """
    collection = provider.address / Streams.name
    streams = {each.name: live[each] for each in live if each.parts[:-1] == collection.parts}
    for address, stream in new_webhooks(provider, desired, live):
        if streams and stream.name not in streams and stream not in desired:
            reason = (
                f"the server has no stream `{stream.name}`; it has {some(streams)}"
                f"{_default_broadcast(streams.values())}. Name one of these, or declare the stream "
                "under `streams`"
            )
            yield address, "stream", reason


def _default_broadcast(streams: Iterable[Resource]) -> str:
    """Say what the default broadcast stream is called here: its ID is not the same everywhere."""
    found = [
        stream.address.name
        for stream in streams
        if stream.facts.get("origin") is Origin.DEFAULT
        and stream.attributes.get("type") == "broadcasts"
    ]
    return f" (its default broadcast stream is `{found[0]}`)" if found else ""


def renamed_servers(provider: Provider, desired: Snapshot, live: Snapshot) -> Iterator[Objection]:
    """Yield a rename, by another provider, of the server that this one finds by its name.

    Where nothing that was read of this one tells which server it is, its name does.
    """
    named = provider.node.at("server")
    own = _server_ids(provider, live)
    for address, resource in desired.items():
        if named and isinstance(resource.kind, Servers) and address in live:
            name = resource.attributes.get("settings.name", named.data)
            is_told = live[address].remote_id in own
            is_called_so = not own and live[address].attributes.get("settings.name") == named.data
            if (is_told or is_called_so) and name != named.data:
                reason = (
                    f"`settings.name`: {provider.name} finds this server by `server: {named.data}` "
                    f"({named.location}), and would not find it again; give it a `token` instead"
                )
                yield address, "settings.name", reason


def _server_ids(provider: Provider, live: Snapshot) -> set[str]:
    """Return the ID of the provider's server, as far as what was read of it tells."""
    return {
        str(resource.remote_id).partition("/")[0]
        for address, resource in live.items()
        if address.provider == provider.name and isinstance(resource.kind, Servers | Streams)
    }


def _is_active(live: Snapshot, address: Address, collection: Address) -> bool:
    resource = live[address]
    return address.parts[:-1] == collection.parts and not resource.kind.is_gone(resource)
