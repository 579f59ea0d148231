"""Which streams a server was made with, whatever they are called: `--prune` leaves them alone."""

from dataclasses import replace
from typing import Any

import pytest
from account import Account, addresses, outcomes, yaml

from reconciler.engine.live import read_again
from reconciler.engine.plan import build_plan
from reconciler.model import Address
from reconciler.providers.api import Reader
from reconciler.providers.postmark.default_streams import Origin, origins

STREAMS = yaml("t: {service: postmark, token: {env: A}, streams: {}}")
EARLY, LATE = "2020-07-01T00:00:00-04:00", "2024-01-01T12:00:00.1234567-05:00"
HOOK = "https://hooks.example.com/a"


def with_broadcast(stream_id: str) -> Account:
    account = Account()
    account.sandbox.world.settings["postmark_broadcast_stream"] = stream_id
    account.sandbox.token_for("postmark", "token", "t")
    return account


def make(account: Account, *names: str) -> None:
    for name in names:
        body = {"ID": name, "Name": name, "MessageStreamType": "Broadcasts"}
        account.by_hand("postmark", "POST", "/message-streams", json=body)


def streams_of(account: Account) -> dict[str, Any]:
    state = account.sandbox.world.postmark
    found: dict[str, Any] = state["servers"][str(state["kept_for"]["t"])]["streams"]
    return found


def notes(account: Account) -> list[str]:
    return [str(note.address) for note in account.plan(STREAMS).notes]


@pytest.mark.parametrize("name", ["broadcast", "broadcasts", "bulk", "news"])
def test_prune_archives_what_was_made_later_and_never_the_default(name: str) -> None:
    account = with_broadcast(name)
    make(account, "letters")
    plan = account.plan(STREAMS, prune=True)
    assert addresses(plan) == ["delete t/streams/letters"]
    assert plan.unmanaged == ()
    assert outcomes(account.apply(STREAMS, plan)) == {"t/streams/letters": "applied"}
    assert streams_of(account)[name]["ArchivedAt"] is None
    assert addresses(account.plan(STREAMS, prune=True)) == []
    assert notes(account) == []


def test_a_default_that_is_archived_is_still_the_default() -> None:
    account = with_broadcast("bulk")
    make(account, "letters")
    account.by_hand("postmark", "POST", "/message-streams/bulk/archive")
    assert addresses(account.plan(STREAMS, prune=True)) == ["delete t/streams/letters"]


def test_the_oldest_that_did_not_come_with_the_server_is_kept_and_told() -> None:
    account = with_broadcast("bulk")
    make(account, "letters", "alerts")
    # The default was archived by somebody, and purged after 45 days.
    del streams_of(account)["bulk"]
    streams_of(account)["letters"]["CreatedAt"] = EARLY
    assert addresses(account.plan(STREAMS, prune=True)) == ["delete t/streams/alerts"]
    (note,) = account.plan(STREAMS).notes
    assert str(note.address) == "t/streams/letters"
    assert "archive it with `ensure: absent`" in note.text
    absent = yaml(
        "t: {service: postmark, token: {env: A}, streams: {letters: {ensure: absent}, alerts: {}}}"
    )
    assert outcomes(account.apply(absent)) == {"t/streams/letters": "applied"}


def test_of_streams_without_dates_the_one_with_a_usual_id_is_the_default() -> None:
    account = with_broadcast("broadcasts")
    make(account, "letters")
    for stream in streams_of(account).values():
        stream["CreatedAt"] = None
    assert addresses(account.plan(STREAMS, prune=True)) == ["delete t/streams/letters"]


def test_in_doubt_nothing_is_pruned_and_every_doubt_is_told() -> None:
    account = with_broadcast("bulk")
    make(account, "letters")
    for stream in streams_of(account).values():
        stream["CreatedAt"] = EARLY
    assert addresses(account.plan(STREAMS, prune=True)) == []
    assert notes(account) == ["t/streams/bulk", "t/streams/letters"]


def test_a_saved_prune_of_a_stream_is_confirmed_and_one_of_the_default_is_not() -> None:
    account = with_broadcast("bulk")
    make(account, "letters")
    (change,) = account.plan(STREAMS, prune=True).changes
    with account.sessions(STREAMS, Reader) as sessions:
        known = [change.subject, replace(change.subject, address=Address(("t", "streams", "bulk")))]
        live = read_again(known, sessions)
    pruned = build_plan(desired={}, live=live, prune=True)
    assert addresses(pruned) == ["delete t/streams/letters"]


def stream(name: str, created: str | None, kind: str = "Broadcasts") -> dict[str, Any]:
    return {"ID": name, "MessageStreamType": kind, "CreatedAt": created}


@pytest.mark.parametrize(
    ("broadcasts", "default", "doubtful"),
    [
        ({"a": EARLY}, {"a"}, set()),
        ({"a": LATE}, set(), {"a"}),
        ({"broadcasts": LATE}, {"broadcasts"}, set()),
        ({"a": EARLY, "b": LATE}, {"a"}, set()),
        ({"a": EARLY, "broadcast": LATE}, {"a"}, {"broadcast"}),
        ({"broadcast": EARLY, "broadcasts": LATE}, {"broadcast"}, {"broadcasts"}),
        ({"broadcast": EARLY, "broadcasts": EARLY}, set(), {"broadcast", "broadcasts"}),
        ({"broadcast": EARLY, "a": EARLY}, {"broadcast"}, set()),
        ({"a": EARLY, "b": None, "c": LATE}, set(), {"a", "b"}),
        ({"a": "soon", "b": "2020"}, set(), {"a", "b"}),
        ({"a": "2020-07-01T04:00:30", "b": LATE}, {"a"}, set()),
        ({}, set(), set()),
    ],
)
def test_the_first_of_its_type_is_the_one_that_came_with_the_server(
    broadcasts: dict[str, str | None], default: set[str], doubtful: set[str]
) -> None:
    fixed = [stream("outbound", EARLY, "Transactional"), stream("inbound", EARLY, "Inbound")]
    more = [stream("alerts", LATE, "Transactional")]
    found = origins([*more, *(stream(*each) for each in broadcasts.items()), *fixed])
    assert {name for name, origin in found.items() if origin is Origin.DEFAULT} == default | {
        "outbound",
        "inbound",
    }
    assert {name for name, origin in found.items() if origin is Origin.DOUBTFUL} == doubtful


def webhook_on(stream_id: str, settings: str = "") -> Any:
    return yaml(
        "t: {service: postmark, token: {env: A}, webhooks: "
        f"[{{url: '{HOOK}', stream: {stream_id}, triggers: [bounce]}}]{settings}}}"
    )


def test_a_webhook_on_the_default_stream_of_another_name_is_refused_by_the_plan() -> None:
    account = with_broadcast("broadcasts")
    plan = account.plan(webhook_on("broadcast"))
    assert plan.changes == ()
    (said,) = map(str, plan.refusals)
    assert "the server has no stream `broadcast`; it has broadcasts, inbound, outbound" in said
    assert "its default broadcast stream is `broadcasts`" in said
    assert set(outcomes(account.apply(webhook_on("broadcasts"))).values()) == {"applied"}
    assert addresses(account.plan(webhook_on("broadcasts"))) == []


def test_the_streams_are_looked_up_only_for_a_new_webhook_on_one_that_may_be_missing() -> None:
    account = with_broadcast("broadcasts")
    account.plan(webhook_on("outbound"))
    account.apply(webhook_on("broadcasts"))
    account.forget_requests()
    account.plan(webhook_on("broadcasts"))
    assert account.requests("postmark") == ["GET /webhooks"]


def test_a_new_webhook_on_an_undeclared_stream_that_is_archived_is_refused() -> None:
    account = with_broadcast("broadcasts")
    account.by_hand("postmark", "POST", "/message-streams/broadcasts/archive")
    (said,) = map(str, account.plan(webhook_on("broadcasts")).refusals)
    assert "the stream `broadcasts` is archived" in said
