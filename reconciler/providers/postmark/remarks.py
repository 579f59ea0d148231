"""What a plan should say beside its changes: whether the sender may send, what a deletion meets."""

from collections.abc import Iterator

from reconciler.model import Address, DnsRecord, Provider, Snapshot
from reconciler.providers.desired import host_name
from reconciler.providers.postmark.default_streams import Origin
from reconciler.providers.postmark.dns import RETURN_PATH, TRACKING
from reconciler.providers.postmark.domains import Domains
from reconciler.providers.postmark.senders import Senders
from reconciler.providers.postmark.streams import Streams

Remark = tuple[Address, str]
_FIELD_OF = {RETURN_PATH: "return_path", TRACKING: "custom_tracking_domain"}
"""By a record's purpose, the field that names its host."""


def deletes_domains(provider: Provider, desired: Snapshot, live: Snapshot) -> bool:
    return any(
        address.provider == provider.name
        and resource.absent
        and isinstance(resource.kind, Domains)
        and address in live
        for address, resource in desired.items()
    )


def senders_of_deleted_domains(
    provider: Provider, desired: Snapshot, live: Snapshot
) -> Iterator[Remark]:
    """Yield the senders of each domain to be deleted; what becomes of them is not documented."""
    if not deletes_domains(provider, desired, live):
        return
    senders = [each.name for each in live if each.parts[:2] == (provider.name, Senders.name)]
    for address, resource in desired.items():
        domain = address.name
        own = sorted(each for each in senders if each.endswith(f"@{domain}"))
        if own and resource.absent and address.parts[:2] == (provider.name, Domains.name):
            yield address, f"its deletion leaves senders behind: {', '.join(own)}"


def unverified_sender(provider: Provider, live: Snapshot) -> Iterator[Remark]:
    """Yield a remark unless the sender's domain or signature was seen to be verified.

    A verified domain lets every address in it send (postmark.md §2.7). Only what was read anyway
    is looked at.
    """
    sender = (provider.node.text("sender") or "").lower()
    domain = host_name(sender.rpartition("@")[2])
    by_domain = live.get(provider.address / Domains.name / domain)
    by_signature = live.get(provider.address / Senders.name / sender)
    seen = [each for each in (by_domain, by_signature) if each]
    if not sender or not seen or any(each.facts.get("verified") for each in seen):
        return
    fact = (
        f"Postmark refuses mail from {sender}; click the link in the confirmation mail, or publish "
        "the domain's DKIM record"
        if by_signature
        else f"Postmark refuses mail from {sender} unless a sender signature for it is confirmed; "
        "publish the domain's DKIM record"
    )
    yield provider.address / "sender", f"Unverified: {fact}"


def doubtful_streams(provider: Provider, desired: Snapshot, live: Snapshot) -> Iterator[Remark]:
    """Yield each undeclared stream that may be the server's own: it is left out of all else."""
    for address, stream in live.items():
        is_stream = address.parts[:2] == (provider.name, Streams.name)
        if (
            is_stream
            and address not in desired
            and stream.facts.get("origin") is Origin.DOUBTFUL
            and not stream.kind.is_gone(stream)
        ):
            text = (
                "it may be the server's default broadcast stream, and so is not pruned; if it is "
                "not, archive it with `ensure: absent`"
            )
            yield address, text


def broken_records(provider: Provider, desired: Snapshot, live: Snapshot) -> Iterator[Remark]:
    """Yield what a change takes the use from in DNS, with the record that is wanted instead."""
    collection = (provider.name, Domains.name)
    for address, resource in desired.items():
        found = live.get(address)
        if address.parts[:2] != collection or found is None:
            continue
        for record in found.records:
            field = _FIELD_OF.get(record.purpose, "")
            wanted = resource.attributes.get(field)
            if wanted and host_name(wanted) != host_name(record.host):
                yield address, _of_record(record, wanted)


def _of_record(record: DnsRecord, wanted: str) -> str:
    return (
        f"the change of the {record.purpose} domain needs another record: publish {wanted} "
        f"{record.type} {record.value} first, and leave {record.host} until mail that was sent is "
        "done with it"
    )
