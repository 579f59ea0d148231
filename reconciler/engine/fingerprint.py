"""What was seen of a live object, as hashes: they tell that it changed, and not what it holds."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.model import Address, Change, Create, Resource, is_sealed

ID = "remote_id"


def fingerprints(changes: Iterable[Change]) -> dict[Address, Mapping[str, str]]:
    """Return what was seen of each touched object, as a hash by field; {} where there was none."""
    return {
        change.subject.address: {} if isinstance(change, Create) else fingerprint(change.live)
        for change in changes
    }


def fingerprint(live: Resource) -> dict[str, str]:
    """Return a hash of each field that was read; secrets are left out, even as a hash.

    The ID is one of them: of some things the service tells no field.
    """
    seen = {**live.attributes, ID: live.remote_id}
    return {name: _hash(value) for name, value in sorted(seen.items()) if not is_sealed(value)}


def _hash(value: Any) -> str:
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]
