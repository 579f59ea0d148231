"""octoDNS's side of the comparison: a provider that asks the local stand-in once a zone."""

import logging
from typing import Any

import httpx
from octodns.provider.base import BaseProvider
from octodns.record import Record
from octodns.zone import Zone


class MockProvider(BaseProvider):
    SUPPORTS_GEO = False
    SUPPORTS = frozenset({"A", "MX", "TXT"})

    def __init__(self, id: str, url: str, connections: int, **options: Any) -> None:  # noqa: A002 - octoDNS's name
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        self._client = httpx.Client(base_url=url, limits=limits, timeout=60, trust_env=False)
        self.log = logging.getLogger(f"MockProvider[{id}]")
        super().__init__(id, **options)

    def populate(self, zone: Zone, target: bool = False, lenient: bool = False) -> bool:  # noqa: ARG002, FBT001, FBT002 - octoDNS's signature
        answer = self._client.get(f"/zones/{zone.name}/records").raise_for_status().json()
        for each in answer["records"]:
            data = {key: value for key, value in each.items() if key != "name"}
            zone.add_record(Record.new(zone, each["name"], data, source=self), lenient=lenient)
        return True

    def _apply(self, plan: Any) -> None:
        raise NotImplementedError("the stand-in takes no changes")
