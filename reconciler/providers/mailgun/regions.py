"""The two regions: a domain lives in one of them, and a key may be good in both (mailgun.md §1)."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from threading import Lock

from reconciler.errors import (
    AuthenticationFailed,
    InvalidRequest,
    ServiceError,
)
from reconciler.model import Provider
from reconciler.providers.api import Reader
from reconciler.providers.desired import host_name
from reconciler.providers.mailgun.answers import DOMAINS, paged

URLS = {"us": "https://api.mailgun.net", "eu": "https://api.eu.mailgun.net"}


_INSTEAD = (
    "To have it here instead, delete it there first, in an apply of its own (`ensure: absent`, and "
    "`--only` its address)."
)


def region_of(provider: Provider) -> str:
    return provider.node.text("region") or "us"


def other_region(region: str) -> str:
    return "us" if region == "eu" else "eu"


class Elsewhere:
    """The other region, which is asked once, and only read.

    `kept` and `absent` are the domains that the configuration declares in its own region, `region`,
    to be there and not to be.
    """

    def __init__(
        self, region: str, kept: Iterable[str], absent: Iterable[str], reader: Reader
    ) -> None:
        self._region = region
        self._kept = frozenset(kept)
        self._absent = frozenset(absent)
        self._reader = reader
        self._sought: frozenset[str] = frozenset()
        self._lock = Lock()

    @property
    def region(self) -> str:
        return other_region(self._region)

    def look_for_others(self, found: Iterable[str]) -> None:
        """Look for what is declared and not `found` here.

        Raises InvalidRequest when one that is to be here is there.
        """
        self._sought = (self._kept | self._absent) - set(found)
        misplaced = sorted(self._kept & self._there()) if self._sought else []
        if misplaced:
            raise InvalidRequest(
                f"GET {DOMAINS}/{misplaced[0]}",
                self._fact(misplaced),
                advice=f"{self._way_out()} {_INSTEAD}",
            )

    def noticed(self) -> Iterator[tuple[str, str]]:
        """Yield what to say of a domain that was looked for: by name, a text."""
        for name in sorted(self._sought):
            if name in self._absent and name in self._there():
                yield name, f"{self._fact([name])}: nothing deletes it there. {self._way_out()}"
            elif trouble := self._answer()[1]:
                what = "lives" if name in self._absent else "lives already"
                yield (
                    name,
                    (
                        f"whether it {what} in {self.region.upper()} could not be asked "
                        f"({trouble}); a domain is in one region only and cannot be moved"
                    ),
                )

    def accepts_key(self) -> str:
        """Return what a refused key can do in the other region; nothing if it is refused there.

        Without a domain to look for there is nothing to find out.
        """
        if not self._kept or self._answer()[0] is None:
            return ""
        if misplaced := sorted(self._kept & self._there()):
            fact = self._fact(misplaced)
            return f"{fact[0].upper()}{fact[1:]}. {self._way_out()}"
        here, there = self._region.upper(), self.region.upper()
        return (
            f"The key is accepted in {there}, but {min(self._kept)} is not there either. For "
            f"{here}, use a key that {here} accepts; a domain that is to be made in {there} wants "
            f"`region: {self.region}`, and cannot be moved afterwards."
        )

    def takes_key(self) -> bool:
        """Whether the key is good there: one call, whatever the account has."""
        try:
            self._reader.get(DOMAINS, {"limit": 1})
        except ServiceError:
            return False
        return True

    def has(self, domain: str) -> bool:
        """Whether a domain lives there, as far as that can be asked."""
        return domain in self._there()

    def _fact(self, domains: list[str]) -> str:
        """Say it of the first one: what holds for one domain holds for most of them."""
        more = f" (and {len(domains) - 1} more)" if len(domains) > 1 else ""
        return (
            f"the domain {domains[0]}{more} exists in {self.region.upper()}, "
            f"the config says {self._region}"
        )

    def _way_out(self) -> str:
        return (
            f"Set `region: {self.region}`, or declare it under a provider of that region; "
            "a domain cannot be moved."
        )

    def _there(self) -> frozenset[str]:
        return self._answer()[0] or frozenset()

    def _answer(self) -> tuple[frozenset[str] | None, ServiceError | None]:
        """Return the domains there, or why they are not known; neither for a refused key."""
        with self._lock:
            return self._asked

    @cached_property
    def _asked(self) -> tuple[frozenset[str] | None, ServiceError | None]:
        try:
            return frozenset(host_name(item["name"]) for item in paged(self._reader, DOMAINS)), None
        except AuthenticationFailed:
            return None, None
        except ServiceError as error:
            return None, error
