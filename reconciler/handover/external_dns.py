"""`DNSEndpoint` objects for external-dns in Kubernetes (operations.md §4.5).

Targets have no final dot: older versions drop those that have one, with a word in the log at most.
Whether a long text is cut into strings is up to the DNS provider behind it; here it is whole.
"""

import hashlib
import re
from collections.abc import Sequence
from sys import maxsize
from typing import Any

import yaml

from reconciler.handover.record_set import RecordSet, by_zone
from reconciler.handover.zone_record import ZoneRecord

_LONGEST_LABEL, _DIGEST = 40, 8


def write(sets: Sequence[RecordSet]) -> str:
    """Return an object for each zone."""
    if not sets:
        return ""
    types = " ".join(
        f"--managed-record-types={kind}" for kind in sorted({each.type for each in sets})
    )
    comment = (
        f"# external-dns leaves alone what it is not told to manage: {types}\n"
        "# It reads DNSEndpoint objects with --source=crd\n"
    )
    documents = (_object(zone, group) for zone, group in by_zone(sets))
    return comment + yaml.safe_dump_all(
        documents, sort_keys=False, explicit_start=True, width=maxsize
    )


def _object(zone: str, sets: Sequence[RecordSet]) -> dict[str, Any]:
    return {
        "apiVersion": "externaldns.k8s.io/v1alpha1",
        "kind": "DNSEndpoint",
        "metadata": {"name": _object_name(zone)},
        "spec": {"endpoints": [_endpoint(each) for each in sets]},
    }


def _object_name(zone: str) -> str:
    """Return a name as Kubernetes wants it; a digest keeps `a-b.com` and `a.b.com` apart."""
    said = re.sub(r"[^a-z0-9]+", "-", zone)[:_LONGEST_LABEL].strip("-")
    return f"esp-{said}-{hashlib.sha256(zone.encode()).hexdigest()[:_DIGEST]}"


def _endpoint(each: RecordSet) -> dict[str, Any]:
    return {
        "dnsName": each.name,
        "recordType": each.type,
        "recordTTL": each.ttl,
        "targets": [_target(record) for record in each.records],
    }


def _target(record: ZoneRecord) -> str:
    return record.value if record.priority is None else f"{record.priority} {record.value}"
