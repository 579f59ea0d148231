"""How states, times and commands are written on the page, for eyes with and without colours."""

import shlex
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from reconciler.model import as_text

_SERVICES = {"postmark": "Postmark", "mailgun": "Mailgun"}
_SITES = ("postmarkapp.com", "mailgun.com")
DOMAIN_STATES = ("verified", "unverified", "missing", "disabled", "unknown")
_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


_TONES = {
    "good": ("connected", "accepted", "verified", "live", "passed", "as declared"),
    "bad": ("failed", "refused", "missing", "disabled"),
    "fair": ("unverified", "to publish", "archived", "differs"),
    "none": ("none", "optional"),
}
_TONE_OF = {word: tone for tone, words in _TONES.items() for word in words}


def tone(state: str) -> str:
    """Return the class that gives a state its colour and symbol; its word says it without them."""
    return _TONE_OF.get(state.lower(), "plain")


def service_name(service: str) -> str:
    return _SERVICES[service]


def ago(then: datetime, now: datetime) -> str:
    """Return how long a time lies before the reading, or after it if clocks disagree."""
    seconds = round(abs((now - then) / timedelta(seconds=1)))
    if not seconds:
        return "at the time of this reading"
    unit, size = next((unit, size) for unit, size in _UNITS if seconds >= size)
    side = "before" if then <= now else "after"
    return f"{count(seconds // size, unit)} {side} this reading"


def exact(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")


def machine(at: datetime) -> str:
    """Return a time as programs read it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def command(verb: str, *names: str, options: Sequence[str] = ()) -> str:
    """Return a line for a shell; no name in it can be anything but an argument."""
    has_dash = any(name.startswith("-") for name in names)
    rest = [*options, "--", *names] if has_dash else [*names, *options]
    return shlex.join(["esp-reconcile", *verb.split(), *rest])


def service_link(link: str) -> str:
    """Return a link that leads to one of the two services by https, else ""."""
    try:
        parts = urlsplit(link)
        host = parts.hostname or ""
    except ValueError:
        return ""
    is_theirs = any(host == site or host.endswith(f".{site}") for site in _SITES)
    is_plain = parts.netloc == host and link.isascii() and link.isprintable() and " " not in link
    return link if link.startswith("https://") and is_theirs and is_plain else ""


def value_text(value: Any) -> str:
    """Return a value of the YAML as people write it."""
    if isinstance(value, tuple | list):
        return ", ".join(map(value_text, value)) or "none"
    if value is None:
        return "not set"
    return value if isinstance(value, str) and value else as_text(value)


def tally(states: Iterable[str]) -> str:
    """Return how often each state is there, as in `3 verified, 1 unverified`."""
    counts: dict[str, int] = {}
    for state in states:
        counts[state] = counts.get(state, 0) + 1
    return ", ".join(f"{counts[each]:,} {each}" for each in DOMAIN_STATES if each in counts)
