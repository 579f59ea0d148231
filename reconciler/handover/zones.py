"""The zone that a name is published in, told without asking DNS.

A zone that is known decides, the longest one if several fit. Else the registered domain is taken:
the last two labels, or three below a well-known second level such as `co.uk`. That is a guess. The
public suffix list has ten thousand entries, changes daily, and says nothing of zones that an owner
delegates to himself; who has such a zone, or lives below a rarer suffix, names it.
"""

from collections.abc import Callable, Iterable

from reconciler.errors import UsageError

ZoneOf = Callable[[str], str]
_SECOND_LEVELS = {
    f"{second}.{top}"
    for top, seconds in {
        "ar": "com gob net org",
        "at": "ac co gv or",
        "au": "com edu gov id net org",
        "br": "com edu gov net org",
        "cn": "com edu gov net org",
        "co": "com edu gov net org",
        "hk": "com edu gov net org",
        "id": "ac co go or",
        "il": "ac co gov net org",
        "in": "ac co gov net org",
        "jp": "ac ad co ed go gr lg ne or",
        "ke": "ac co go ne or",
        "kr": "ac co go ne or re",
        "mx": "com edu gob net org",
        "my": "com edu gov net org",
        "nz": "ac co geek gen govt net org school",
        "pe": "com edu gob net org",
        "ph": "com edu gov net org",
        "pl": "com edu gov info net org",
        "sg": "com edu gov net org",
        "th": "ac co go in or",
        "tr": "com edu gov net org",
        "tw": "com edu gov net org",
        "ua": "com edu gov net org",
        "uk": "ac co gov ltd me net nhs org plc sch",
        "vn": "com edu gov net org",
        "za": "ac co gov net org web",
    }.items()
    for second in seconds.split()
}


def zone_finder(known: Iterable[str] = ()) -> ZoneOf:
    """Return what tells the zone of a name, where these zones are known and others are guessed."""
    zones = {zone.strip().removesuffix(".").lower() for zone in known}
    if "" in zones:
        raise UsageError("a zone has a name, such as example.com")

    def find(name: str) -> str:
        return next((each for each in _parents(name) if each in zones), None) or guessed_zone(name)

    return find


def guessed_zone(name: str) -> str:
    """Return the domain that a name is probably registered under."""
    labels = name.split(".")
    size = 3 if ".".join(labels[-2:]) in _SECOND_LEVELS else 2
    return ".".join(labels[-size:]).removeprefix("*.")


def _parents(name: str) -> Iterable[str]:
    """Yield a name and what it stands below, the longest first."""
    labels = name.split(".")
    return (".".join(labels[start:]) for start in range(len(labels)))
