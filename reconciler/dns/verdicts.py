"""Diagnoses the records that services want, side by side."""

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event

from reconciler.dns.findings import Finding, Wanted
from reconciler.dns.judging import Judge
from reconciler.dns.view import Network, View

_THREADS = 16


def diagnose(
    wanted: Sequence[Wanted], network: Network | View, *, now: datetime | None = None
) -> list[Finding]:
    """Return a finding for each wanted record, in their order; domains are looked at side by side.

    What a view has seen already is not asked again. `now`, in UTC, is what "wait until" counts
    from. What could not be asked is found unknown; the network raises nothing.
    """
    view = network if isinstance(network, View) else View(network)
    judge = Judge(view, now or datetime.now(UTC))
    siblings: defaultdict[tuple[str, str], list[Wanted]] = defaultdict(list)
    domains: defaultdict[str, list[int]] = defaultdict(list)
    for number, each in enumerate(wanted):
        siblings[each.name, each.kind].append(each)
        domains[each.domain].append(number)
    found: dict[int, Finding] = {}
    is_over = Event()

    def look(numbers: Sequence[int]) -> None:
        for number in numbers:
            if is_over.is_set():
                return
            each = wanted[number]
            found[number] = judge.find(each, siblings[each.name, each.kind])

    threads = ThreadPoolExecutor(_THREADS, "dns")
    try:
        for _ in threads.map(look, domains.values()):
            pass
    finally:
        is_over.set()  # who is interrupted waits for the question under way only
        threads.shutdown(cancel_futures=True)
    return [found[number] for number in range(len(wanted))]
