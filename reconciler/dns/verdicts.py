"""Diagnoses the records that services want, side by side."""

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from reconciler.dns.findings import Finding, Wanted
from reconciler.dns.judging import Judge
from reconciler.dns.view import Network, View

_THREADS = 16


def diagnose(
    wanted: Sequence[Wanted], network: Network, *, now: datetime | None = None
) -> list[Finding]:
    """Return a finding for each wanted record, in their order; domains are looked at side by side.

    `now`, in UTC, is what "wait until" counts from. What could not be asked is found unknown; the
    network raises nothing.
    """
    judge = Judge(View(network), now or datetime.now(UTC))
    siblings: defaultdict[tuple[str, str], list[Wanted]] = defaultdict(list)
    domains: defaultdict[str, list[int]] = defaultdict(list)
    for number, each in enumerate(wanted):
        siblings[each.name, each.kind].append(each)
        domains[each.domain].append(number)
    found: dict[int, Finding] = {}

    def look(numbers: Sequence[int]) -> None:
        for number in numbers:
            each = wanted[number]
            found[number] = judge.find(each, siblings[each.name, each.kind])

    threads = ThreadPoolExecutor(_THREADS, "dns")
    try:
        for _ in threads.map(look, domains.values()):
            pass
    finally:
        threads.shutdown(cancel_futures=True)
    return [found[number] for number in range(len(wanted))]
