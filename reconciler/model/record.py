"""DNS records, as a service asks for them."""

import re
from dataclasses import dataclass

from reconciler.model.secret import Withheld

TO_PUBLISH = "to publish"
"""The state of a DNS record that the service does not find yet."""
VERIFIED, VERIFIED_ONCE = "verified", "verified once"
"""Those of one that it finds, or found once and does not look for again."""
IN_USE, UNUSED = "still in use", "safe to remove"
"""Those of one that was replaced: it has to stay, or may go."""


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
    def is_verified(self) -> bool | None:
        """Whether the service finds it; None where it does not say."""
        if self.state in (VERIFIED, VERIFIED_ONCE):
            return True
        return False if self.state == TO_PUBLISH else None

    @property
    def is_withheld(self) -> bool:
        """Whether a part of it repeats a secret of the run, so that it can be told to nobody."""
        parts = (self.type, self.host, self.value, self.priority)
        return any(isinstance(each, Withheld) for each in parts)

    @property
    def is_unused(self) -> bool:
        return self.state == UNUSED

    @property
    def is_optional(self) -> bool:
        """Whether all is well without it; then its state says what it is for."""
        return self.state not in (TO_PUBLISH, VERIFIED, VERIFIED_ONCE, IN_USE, UNUSED)

    @property
    def zone_value(self) -> str:
        """The value as a zone file takes it: a TXT in quoted strings of at most 255 characters."""
        if self.type != "TXT":
            return self.value
        text = self.value.replace("\\", r"\\").replace('"', r"\"")
        return " ".join(f'"{each}"' for each in re.findall(r"(?:\\.|[^\\]){1,255}", text))
