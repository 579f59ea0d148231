"""How providers stand, as text for people."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from reconciler.model import as_text
from reconciler.reports.changes import coloured
from reconciler.source import printable

_COLOURS = {"connected": "done", "failed": "failed", "unknown": "skipped"}
_UNITS = {
    "day": timedelta(days=1),
    "hour": timedelta(hours=1),
    "minute": timedelta(minutes=1),
}
_MASK = "••••••••"


def status_as_text(document: Mapping[str, Any]) -> str:
    """Return a block for each provider of a status document."""
    now = datetime.fromisoformat(document["at"])
    blocks = ["\n".join(_block(each, now)) for each in document["providers"]]
    return "\n\n".join(blocks) or "There is no provider."


def ago(then: datetime, now: datetime) -> str:
    """Return how long ago something was, in its largest unit."""
    passed = max(now - then, timedelta())
    for name, length in _UNITS.items():
        if count := passed // length:
            return f"{count} {name}{'' if count == 1 else 's'} ago"
    return "just now"


def _block(provider: Mapping[str, Any], now: datetime) -> Iterator[str]:
    connection = provider["connection"]
    state = coloured(connection["state"], _COLOURS[connection["state"]])
    took = connection["milliseconds"]
    took_text = f" ({took} ms)" if took is not None else ""
    name = f"{printable(provider['name'])} ({provider['service']})"
    yield f"{name}: {state}{took_text}, {_tested(connection['tested'], now)}"
    rows = [row for row in _rows(provider) if row[1]]
    width = max((len(label) for label, _ in rows), default=0)
    last = ""
    for label, text in rows:
        shown = label if label != last else ""
        yield f"  {shown:<{width}}  {text}"
        last = label


def _tested(tested: Mapping[str, Any] | None, now: datetime) -> str:
    if tested is None:
        return "never tested (`esp-reconcile check`)"
    when = ago(datetime.fromisoformat(tested["at"]), now)
    verdict = "all good" if tested["passed"] else "something failed"
    return f"last tested {when} by {printable(tested['by'])}: {verdict}"


def _rows(provider: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for token in provider["tokens"]:
        said = f"{token['kind']} {_MASK} from {printable(token['reference'])}, {token['state']}"
        yield "tokens", said
        if token["state"] == "refused":
            yield "tokens", f"  {printable(token['fact'])}"
    if sender := provider["sender"]:
        fact = f": {printable(sender['fact'])}" if sender["fact"] else ""
        yield "sender", f"{printable(sender['address'])}, {sender['state']}{fact}"
    region, domain = provider["region"], provider["default_domain"]
    yield "region", region.upper() if region else ""
    yield "domain", printable(domain) if domain else ""
    yield "tracking", ", ".join(_flag(each) for each in provider["tracking"])
    yield "streams", _streams(provider["streams"])
    yield "domains", _domains(provider["domains"])
    yield "webhooks", _counted(_managed(each) for each in provider["webhooks"])
    yield (
        "advanced",
        ", ".join(
            f"{each['name']} {printable(as_text(each['value']))}" for each in provider["advanced"]
        ),
    )
    for line in (provider["error"] or "").splitlines():
        yield "unread", printable(line)


def _flag(flag: Mapping[str, Any]) -> str:
    live, declared = flag["live"], flag["declared"]
    shown = "unknown" if live is None else printable(as_text(live))
    differs = live is not None and declared is not None and live != declared
    said = f" (declared {printable(as_text(declared))})" if differs else ""
    return f"{flag['field']} {shown}{said}"


def _streams(streams: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(
        printable(each["name"]) + ("" if each["state"] == "live" else f" ({each['state']})")
        for each in streams
    )


def _domains(domains: Iterable[Mapping[str, Any]]) -> str:
    domains = list(domains)
    unmanaged = sum(each["managed"] == "unmanaged" for each in domains)
    told = _counted(each["state"] for each in domains)
    return f"{told} ({unmanaged} of them unmanaged)" if unmanaged else told


def _managed(thing: Mapping[str, Any]) -> str:
    return "missing" if thing["state"] == "missing" else str(thing["managed"])


def _counted(words: Iterable[str]) -> str:
    return ", ".join(f"{count} {word}" for word, count in sorted(Counter(words).items()))
