"""DNS records, as a service asks for them."""

import re
from dataclasses import dataclass

TO_PUBLISH = "to publish"
"""The state of a DNS record that the service does not find yet."""


@dataclass(frozen=True, slots=True, order=True)
class DnsRecord:
    """A DNS record that the service asks for, and what it says of it: a fact, never desired."""

    purpose: str
    type: str
    host: str
    value: str
    state: str
    priority: str = ""

    @property
    def zone_value(self) -> str:
        """The value as a zone file takes it: a TXT in quoted strings of at most 255 characters."""
        if self.type != "TXT":
            return self.value
        text = self.value.replace("\\", r"\\").replace('"', r"\"")
        return " ".join(f'"{each}"' for each in re.findall(r"(?:\\.|[^\\]){1,255}", text))
