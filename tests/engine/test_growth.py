"""The work for one address does not grow with their number: operations are counted, not seconds."""

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from account import yaml

from reconciler.engine.apply import subtrees
from reconciler.engine.authority import Authority
from reconciler.engine.guards import check_guards
from reconciler.engine.plan import Plan, build_plan
from reconciler.engine.plandocument import plan_as_document
from reconciler.engine.planfile import SavedPlan
from reconciler.engine.selection import Selection, concerned
from reconciler.model import Address, Config, Resource, Snapshot
from reconciler.reports.text import plan_as_text

FEW, MANY = 20, 160
MOST = 1.15
"""How much more an address among many may cost than one among few: sorting costs a little."""


@functools.cache
def configuration(domains: int) -> Config:
    names = "".join(
        f"    d{number}.example.com: {{spam_action: tag}}\n" for number in range(domains)
    )
    hooks = "".join(
        f"    - {{url: 'https://h.example.com/{number}', triggers: [bounce]}}\n"
        for number in range(domains)
    )
    return yaml(
        "m:\n  service: mailgun\n  token: {env: A}\n  tracking: {opens: true}\n"
        f"  webhooks: {{delivered: ['https://h.example.com/x']}}\n  domains:\n{names}"
        f"p:\n  service: postmark\n  token: {{env: B}}\n  webhooks:\n{hooks}"
    )


def live_of(config: Config, state: str) -> Snapshot:
    """Return what is live: nothing, the same, all of it otherwise, or other things altogether."""

    def otherwise(resource: Resource) -> Resource:
        changed = {name: _other(value) for name, value in resource.attributes.items()}
        return replace(resource, attributes=changed)

    if state == "nothing":
        return {}
    found = {address: replace(each, remote_id="1") for address, each in config.desired.items()}
    if state == "the same":
        return found
    if state == "otherwise":
        return {address: otherwise(each) for address, each in found.items()}
    strangers = {
        address.root / address.parts[1] / f"other-{number}": each
        for number, (address, each) in enumerate(found.items())
    }
    return {address: replace(each, address=address) for address, each in strangers.items()}


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    return ["https://h.example.com/y"] if isinstance(value, list) else "block"


@contextmanager
def counted() -> Iterator[list[int]]:
    """Count calls, and what addresses are hashed and compared."""
    count = [0]
    plain = {name: getattr(Address, name) for name in ("__eq__", "__hash__", "__lt__")}

    def counting(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            count[0] += 1
            return method(*arguments)

        return call

    def profile(_: Any, event: str, __: Any) -> None:
        count[0] += event in {"call", "c_call"}

    for name, method in plain.items():
        setattr(Address, name, counting(method))
    sys.setprofile(profile)
    try:
        yield count
    finally:
        sys.setprofile(None)
        for name, method in plain.items():
            setattr(Address, name, method)


def work(config: Config, live: Snapshot, selection: Selection, *, prune: bool) -> Plan:
    """Do all that is done between what was read and what is sent."""
    chosen = concerned(config, selection)
    desired = selection.of(chosen.desired)
    plan = build_plan(desired=desired, live=live, selection=selection, prune=prune)
    plan_as_text(plan)
    document = plan_as_document(plan)
    check_guards(plan, 1_000_000)
    subtrees(plan.changes)
    saved = SavedPlan(config.providers["m"].location.file, b"", document)  # type: ignore[arg-type]
    authority = Authority(saved, config, prune)
    assert authority.config.digest == config.digest
    return plan


def cost(domains: int, state: str, only: tuple[str, ...], *, prune: bool) -> float:
    config = configuration(domains)
    live = live_of(config, state)
    with counted() as count:
        work(config, live, Selection(only), prune=prune)
    return count[0] / domains


@pytest.mark.parametrize("state", ["nothing", "the same", "otherwise", "others"])
@pytest.mark.parametrize("only", [(), ("m/domains/*",), ("p/webhooks/*", "m")])
@pytest.mark.parametrize("prune", [False, True])
def test_an_address_among_many_costs_what_it_costs_among_few(
    state: str,
    only: tuple[str, ...],
    prune: bool,  # noqa: FBT001
) -> None:
    few, many = (cost(number, state, only, prune=prune) for number in (FEW, MANY))
    assert many <= few * MOST, f"{many:.0f} operations an address instead of {few:.0f}"
