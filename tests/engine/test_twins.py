"""Nothing is made twice, whatever happens: two at once, late effects, lost answers, strangers."""

import json
import threading
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from account import Account, addresses, outcomes, yaml

from reconciler.engine.attempt import Result
from reconciler.engine.authority import Authority
from reconciler.engine.planfile import load_plan, save_plan
from reconciler.engine.refresh import make_plan
from reconciler.errors import StalePlan
from reconciler.model import Config
from reconciler.providers.api import Reader
from reconciler.reports.text import plan_as_text, results_as_text

URL = "https://hooks.example.com/once"
CONFIG = """
t:
  service: postmark
  token: {{env: A}}
  webhooks: [{{url: "{url}", triggers: [{triggers}]}}]
"""


def config(*triggers: str, url: str = URL) -> Config:
    return yaml(CONFIG.format(url=url, triggers=", ".join(triggers or ("bounce",))))


class Meddler(httpx.BaseTransport):
    """Does to each creation of a webhook what the next of `deeds` says; then lets all pass."""

    def __init__(self, inner: httpx.BaseTransport, deeds: Iterable[str]) -> None:
        self.inner = inner
        self.deeds = list(deeds)
        self.late: list[tuple[int, httpx.Request]] = []
        self.reads = 0
        self.before_creation: Callable[[], object] = lambda: None
        self.deletions: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "DELETE" and self.deletions:
            return self._delete(request, self.deletions.pop())
        if (request.method, request.url.path) != ("POST", "/webhooks"):
            return self._pass(request)
        hook, self.before_creation = self.before_creation, lambda: None
        hook()
        deed = self.deeds.pop(0) if self.deeds else "pass"
        match deed.split():
            case ["pass"]:
                return self.inner.handle_request(request)
            case ["503", "after"]:
                self.inner.handle_request(request)
                return httpx.Response(503, json={"ErrorCode": 100, "Message": "Maintenance"})
            case ["503", "before"]:
                return httpx.Response(503, json={"ErrorCode": 100, "Message": "Maintenance"})
            case ["timeout", "after"]:
                self.inner.handle_request(request)
                raise httpx.ReadTimeout("late", request=request)
            case ["late", reads]:
                self.late.append((self.reads + int(reads), request))
                raise httpx.ReadTimeout("late", request=request)
            case ["odd"]:
                self.inner.handle_request(request)
                return httpx.Response(200, text="<html>")
        raise AssertionError(deed)

    def _delete(self, request: httpx.Request, deed: str) -> httpx.Response:
        if deed.endswith("after"):
            self.inner.handle_request(request)
        if deed.startswith("timeout"):
            raise httpx.ReadTimeout("late", request=request)
        return httpx.Response(503, json={"ErrorCode": 100, "Message": "Maintenance"})

    def _pass(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET" and request.url.path == "/webhooks":
            self.reads += 1
            due = [each for each in self.late if each[0] <= self.reads]
            self.late = [each for each in self.late if each not in due]
            for _, late in due:
                self.inner.handle_request(late)
        return self.inner.handle_request(request)


def meddled(*deeds: str) -> tuple[Account, Meddler]:
    meddlers: list[Meddler] = []

    def around(inner: httpx.BaseTransport) -> httpx.BaseTransport:
        meddlers.append(Meddler(inner, deeds))
        return meddlers[0]

    return Account(around), meddlers[0]


def live(account: Account, url: str = URL) -> list[dict[str, Any]]:
    hooks = account.by_hand("postmark", "GET", "/webhooks")["Webhooks"]
    return [each for each in hooks if each["Url"] == url]


def by_hand(account: Account, **more: Any) -> int:
    body = {"Url": URL, "Triggers": {"Bounce": {"Enabled": True}}, **more}
    made: int = account.by_hand("postmark", "POST", "/webhooks", json=body)["ID"]
    return made


@pytest.mark.parametrize(
    "deeds",
    [
        ["503 after"],
        ["503 after", "503 after", "503 after", "503 after"],
        ["503 before"],
        ["timeout after"],
        ["odd"],
        ["late 1"],
        ["late 4"],
        ["late 12"],
        ["late 14"],  # after the repetition has been confirmed, before the last look
        ["late 20"],
        ["503 before", "late 12"],
        ["late 12", "503 after"],
        ["late 12", "late 12"],
    ],
    ids=" then ".join,
)
def test_an_answer_that_is_lost_leads_to_one_webhook(deeds: list[str]) -> None:
    account, _ = meddled(*deeds)
    results = account.apply(config())
    assert outcomes(results) == {f"t/webhooks/outbound/{URL}": "applied"}, results[0].reason
    assert len(live(account)) == 1
    plan = account.plan(config())
    assert (plan.changes, plan.refusals) == ((), ())


def test_a_service_that_never_answers_a_creation_ends_in_an_error_and_no_webhook() -> None:
    account, _ = meddled(*["503 before"] * 9)
    (result,) = account.apply(config())
    assert result.outcome == "failed"
    assert not result.is_made
    assert "503" in result.reason
    assert live(account) == []


def at_once(account: Account, meddler: Meddler, *configs: Config) -> list[list[Result]]:
    """Apply plans of configurations side by side: each has listed before any creates."""
    plans = [account.plan(each) for each in configs]
    gate = threading.Barrier(len(configs))
    passed = threading.local()
    inner = meddler.inner

    class Gate(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            is_creation = (request.method, request.url.path) == ("POST", "/webhooks")
            if is_creation and not getattr(passed, "gate", False):
                passed.gate = True
                gate.wait(20)
            return inner.handle_request(request)

    meddler.inner = Gate()
    found: dict[int, list[Result]] = {}

    def apply(number: int) -> None:
        found[number] = account.apply(configs[number], plans[number])

    threads = [threading.Thread(target=apply, args=(number,)) for number in range(len(configs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    meddler.inner = inner
    return [found[number] for number in range(len(configs))]


@pytest.mark.parametrize("many", [2, 3, 5])
def test_applies_at_once_end_with_exactly_one_and_all_succeed(many: int) -> None:
    account, meddler = meddled()
    found = at_once(account, meddler, *[config()] * many)
    assert [outcome for each in found for outcome in outcomes(each).values()] == ["applied"] * many
    assert len(live(account)) == 1
    reasons = "\n".join(result.reason for each in found for result in each)
    assert reasons.count("was removed") == many - 1
    assert account.plan(config()).changes == ()


def test_of_two_that_disagree_one_is_told_that_it_was_overtaken() -> None:
    account, meddler = meddled()
    one, other = config("bounce"), config("open")
    found = at_once(account, meddler, one, other)
    assert len(live(account)) == 1
    holding = [each for each in (one, other) if account.plan(each).changes == ()]
    ended = [next(iter(outcomes(each).values())) for each in found]
    # One may be over before the other writes; else who wrote first is told.
    assert "overtaken" in ended or len(holding) == 1
    assert set(ended) <= {"applied", "overtaken"}


def test_what_somebody_makes_between_plan_and_creation_is_found_and_not_made_again() -> None:
    account, _ = meddled()
    plan = account.plan(config("bounce", "open"))
    by_hand(account)
    (result,) = account.apply(config("bounce", "open"), plan)
    assert result.outcome == "applied"
    (hook,) = live(account)
    assert hook["Triggers"]["Open"]["Enabled"]


def test_a_stranger_who_comes_first_stays_and_ours_goes() -> None:
    account, meddler = meddled()
    made: list[int] = []
    plan = account.plan(config())
    meddler.before_creation = lambda: made.append(by_hand(account))
    (result,) = account.apply(config(), plan)
    assert result.outcome == "applied"
    (hook,) = live(account)
    assert [hook["ID"]] == made
    assert f"the first one (ID {made[0]}) stays" in result.reason
    assert account.plan(config()).changes == ()


def test_with_a_lost_answer_a_twin_that_holds_something_else_is_left_and_told() -> None:
    account, meddler = meddled("timeout after")
    plan = account.plan(config())
    headers = [{"Name": "X-Theirs", "Value": "1"}]
    made: list[int] = []
    create = meddler.inner.handle_request

    def theirs_after_ours(request: httpx.Request) -> httpx.Response:
        answer = create(request)
        if (request.method, request.url.path) == ("POST", "/webhooks") and not made:
            made.append(by_hand(account, HttpHeaders=headers))
        return answer

    meddler.inner.handle_request = theirs_after_ours  # type: ignore[method-assign]
    (result,) = account.apply(config(), plan)
    assert sorted(each["ID"] for each in live(account))[1:] == made
    assert str(made[0]) in result.reason
    assert "--prune removes the newer" in result.reason
    (refusal,) = account.plan(config()).refusals
    assert all(str(each["ID"]) in str(refusal) for each in live(account))
    pruned = account.plan(config(), prune=True)
    assert addresses(pruned) == [f"delete t/webhooks/outbound/{URL} (ID {made[0]})"]
    account.apply(config(), pruned)
    assert [each["ID"] for each in live(account)] != made
    assert account.plan(config()).changes == ()


def test_a_twin_that_was_there_before_is_never_ours() -> None:
    account, meddler = meddled("timeout after")
    first = by_hand(account)
    plan = account.plan(config(url="https://hooks.example.com/other"))
    (result,) = account.apply(config(url="https://hooks.example.com/other"), plan)
    assert result.outcome == "applied"
    assert [each["ID"] for each in live(account)] == [first]
    assert meddler.deeds == []


def test_declared_twins_are_refused_with_both_ids_and_the_rest_is_planned() -> None:
    account = Account()
    ids = [by_hand(account) for _ in range(3)]
    wanted = yaml(
        CONFIG.format(url=URL, triggers="open") + "  streams: {s: {type: broadcasts, name: S}}\n"
    )
    plan = account.plan(wanted)
    (refusal,) = plan.refusals
    assert f"with the IDs {ids[0]} and {ids[1]}, {ids[2]}" in str(refusal)
    assert addresses(plan) == ["create t/streams/s"]
    pruned = account.plan(wanted, prune=True)
    assert pruned.refusals == ()
    account.apply(wanted, pruned)
    assert [each["ID"] for each in live(account)] == ids[:1]
    assert account.plan(wanted).changes == ()


@pytest.mark.parametrize("looks", [1, 2, 3])
def test_a_twin_that_is_being_taken_back_while_somebody_plans_is_no_refusal(looks: int) -> None:
    account = Account()
    _, twin = by_hand(account), by_hand(account)
    waited: list[float] = []

    def pause(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == looks:
            account.by_hand("postmark", "DELETE", f"/webhooks/{twin}")

    wanted = config("open")
    with account.sessions(wanted, Reader) as sessions:
        plan = make_plan(wanted, sessions, pause=pause)
    assert plan.refusals == ()
    assert addresses(plan) == [f"update t/webhooks/outbound/{URL}"]
    assert len(waited) == looks
    assert sum(waited) <= 4


def test_twins_that_nobody_declares_are_not_looked_at_again() -> None:
    account = Account()
    for _ in range(2):
        by_hand(account)
    account.plan(config("open", url="https://hooks.example.com/other"))
    assert account.clock.pauses == []


def test_one_url_on_three_streams_stays_on_the_two_that_nobody_declares() -> None:
    account = Account()
    for name in ("a", "b"):
        stream = {"ID": name, "Name": name, "MessageStreamType": "Transactional"}
        account.by_hand("postmark", "POST", "/message-streams", json=stream)
        by_hand(account, MessageStream=name)
    results = account.apply(config())
    assert set(outcomes(results).values()) == {"applied"}
    assert sorted(each["MessageStream"] for each in live(account)) == ["a", "b", "outbound"]
    text = plan_as_text(account.plan(config()))
    assert "the same URL is live on the stream `a`" in text
    assert "the same URL is live on the stream `b`" in text


MOVED = """
t:
  service: postmark
  token: {env: A}
  webhooks:
    - {url: "https://hooks.example.com/once", stream: broadcast, triggers: [bounce]}
    - {url: "https://hooks.example.com/once", ensure: absent}
"""


@pytest.mark.parametrize(
    "refusal",
    [
        {"status": 422, "body": {"ErrorCode": 1364, "Message": "4/5 triggers verified"}},
        {"status": 422, "body": {"ErrorCode": 1225, "Message": "no more"}},
        {"status": 422, "body": {"ErrorCode": 422, "Message": "no"}},
        {"status": 503, "body": {"ErrorCode": 100, "Message": "Maintenance"}},
        {"drop": "before"},
    ],
    ids=json.dumps,
)
def test_a_webhook_that_is_moved_is_not_deleted_unless_the_new_one_is_there(
    refusal: dict[str, Any],
) -> None:
    account = Account()
    by_hand(account)
    fault = {"method": "POST", "path": "/webhooks", "times": 99, **refusal}
    account.control("postmark", "POST", "faults", fault)
    results = account.apply(yaml(MOVED))
    found = {key.split("/")[2]: each for key, each in outcomes(results).items()}
    assert found == {"broadcast": "failed", "outbound": "skipped"}
    assert [each["MessageStream"] for each in live(account)] == ["outbound"]
    assert "depends on t/webhooks/broadcast/" in results_as_text(results)


def test_a_webhook_is_moved_by_making_the_new_one_first() -> None:
    account = Account()
    by_hand(account)
    account.forget_requests()
    account.apply(yaml(MOVED))
    writes = [each for each in account.requests("postmark") if not each.startswith("GET")]
    assert [each.split()[0] for each in writes] == ["POST", "DELETE"]
    assert [each["MessageStream"] for each in live(account)] == ["broadcast"]
    assert account.plan(yaml(MOVED)).changes == ()


def test_a_deletion_that_was_made_is_told_as_made_though_a_twin_of_it_could_not_go() -> None:
    account = Account()
    body = {"Url": URL, "Triggers": {"Click": {"Enabled": True}}}
    older, younger = (
        account.by_hand("postmark", "POST", "/webhooks", json=body)["ID"] for _ in range(2)
    )
    empty = yaml("t: {service: postmark, token: {env: A}, webhooks: []}")
    plan = account.plan(empty, prune=True)
    fault = {"method": "DELETE", "path": f"/webhooks/{younger}", "status": 422, "times": 9}
    account.control("postmark", "POST", "faults", fault | {"body": {"ErrorCode": 1}})
    address = f"t/webhooks/outbound/{URL}"
    assert outcomes(account.apply(empty, plan)) == {
        address: "applied",
        f"{address} (ID {younger})": "failed",
    }
    left = account.by_hand("postmark", "GET", "/webhooks")["Webhooks"]
    assert older not in [each["ID"] for each in left]


@pytest.mark.parametrize("deed", ["503 before", "timeout before"])
def test_a_twin_of_ours_that_cannot_be_removed_is_not_said_to_be_gone(deed: str) -> None:
    account, meddler = meddled()
    meddler.before_creation = partial(by_hand, account)
    meddler.deletions = [deed] * 99
    (result,) = account.apply(config())
    older, younger = (each["ID"] for each in live(account))
    assert (result.outcome, result.is_made) == ("failed", True)
    assert f"the first one (ID {older}) ours (ID {younger}) is there as well" in result.reason
    meddler.deletions = []
    account.apply(config(), account.plan(config(), prune=True))
    assert [each["ID"] for each in live(account)] == [older]


@pytest.mark.parametrize("deed", ["503 before", "timeout before", "503 after", "timeout after"])
def test_a_twin_of_ours_whose_removal_was_not_answered_is_looked_for(deed: str) -> None:
    account, meddler = meddled()
    meddler.before_creation = partial(by_hand, account)
    meddler.deletions = [deed]
    (result,) = account.apply(config())
    assert result.outcome == "applied"
    assert "was removed" in result.reason
    assert len(live(account)) == 1


@pytest.mark.parametrize("dates", [("10:00:00Z", "09:59:59.5Z"), ("09:00:00Z", "10:00:00+02:00")])
def test_the_account_webhook_that_was_made_first_stays_whatever_its_id_is(
    dates: tuple[str, str],
) -> None:
    account = Account()
    wanted = yaml(
        "m: {service: mailgun, token: {env: A}, region: us, "
        f"account_webhooks: [{{url: '{URL}', events: [opened]}}]}}"
    )
    for event in ("opened", "delivered"):
        hook = {"url": URL, "event_types": event}
        account.by_hand("mailgun_us", "POST", "/v1/webhooks", data=hook)
    made = account.sandbox.world.mailgun["regions"]["us"]["account_webhooks"][""]
    lower, higher = sorted(made)
    for id_, date in zip((lower, higher), dates, strict=True):
        made[id_] |= {"created_at": f"2026-11-02T{date}", "event_types": ["opened"]}
    account.apply(wanted, account.plan(wanted, prune=True))
    (left,) = account.by_hand("mailgun_us", "GET", "/v1/webhooks")["webhooks"]
    assert left["webhook_id"] == higher
    assert account.plan(wanted).changes == ()


def test_a_plan_file_says_nothing_of_what_has_a_twin_by_now(tmp_path: Path) -> None:
    account, wanted, path = Account(), config("open"), tmp_path / "plan.json"
    by_hand(account)
    save_plan(account.plan(wanted), path)
    twin = by_hand(account)
    authority = Authority(load_plan(path), wanted)
    with pytest.raises(StalePlan, match="is there more than once by now; plan again"):
        account.confirm(authority)
    account.by_hand("postmark", "DELETE", f"/webhooks/{twin}")
    assert account.confirm(authority).count("update") == 1


def test_a_plan_file_cannot_choose_the_younger_one_though_it_may_prune(tmp_path: Path) -> None:
    account, wanted, path = Account(), config("open"), tmp_path / "plan.json"
    first = by_hand(account)
    by_hand(account)
    account.by_hand("postmark", "DELETE", f"/webhooks/{first}")
    save_plan(account.plan(wanted, prune=True), path)
    for server in account.sandbox.world.postmark["servers"].values():
        alike = [each for each in server["webhooks"].values() if each["Url"] == URL]
        server["webhooks"] |= {str(first): each | {"ID": first} for each in alike}
    with pytest.raises(StalePlan, match="is there more than once by now; plan again"):
        account.confirm(Authority(load_plan(path), wanted, prune=True))
