"""A plan file authorises and cannot instruct: a forged one, its digest too, writes nothing."""

import json
import os
import re
import time
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from account import Account, addresses, outcomes, yaml

from reconciler.engine.attempt import Result
from reconciler.engine.authority import Authority
from reconciler.engine.plandocument import as_json, digest_of
from reconciler.engine.planfile import claimed, load_plan, save_plan
from reconciler.engine.selection import EVERYTHING, Selection
from reconciler.errors import GuardExceeded, InvalidPlanFile, Refused, StalePlan
from reconciler.library.options import Options
from reconciler.library.reconciler import Reconciler
from reconciler.model import Config
from reconciler.providers.api import Writer

CONFIG = """
t:
  service: postmark
  token: {env: A}
  account_token: {env: B}
  tracking: {opens: true}
  domains: {old.example.com: {ensure: absent}, example.com: {return_path: pm.example.com}}
  streams: {news: {type: broadcasts, name: News}}
  webhooks:
    - url: https://hooks.example.com/a
      triggers: [bounce]
      headers: {X-Key: {env: HOOK}}
    - {url: "https://hooks.example.com/b", triggers: [open]}
m:
  service: mailgun
  token: {env: C}
  tracking: {opens: true}
  domains: {mg.example.net: {spam_action: tag}, new.example.com: {}}
"""
Document = dict[str, Any]


def prepared() -> Account:
    """Return accounts with what is declared, and with what nobody declared."""
    account = Account()
    for url in ("https://hooks.example.com/a", "https://hooks.example.net/stray"):
        body = {"Url": url, "Triggers": {"Click": {"Enabled": True}}}
        account.by_hand("postmark", "POST", "/webhooks", json=body)
    return account


@pytest.fixture
def config() -> Config:
    return yaml(CONFIG, HOOK="canary-header")


def saved(account: Account, config: Config, path: Path, *, prune: bool = False) -> Document:
    save_plan(account.plan(config, prune=prune), path)
    document: Document = json.loads(path.read_bytes())
    return document


def forge(path: Path, document: Document) -> None:
    content = {key: value for key, value in document.items() if key != "digest"}
    forged = content | {"digest": digest_of(content)}
    path.write_text(as_json(forged) + "\n", encoding="utf-8")


def apply_file(
    account: Account, config: Config, path: Path, *, prune: bool = False
) -> list[Result]:
    """Apply a file as the command does it; what is refused must have written nothing."""
    account.forget_requests()
    try:
        authority = Authority(load_plan(path), config, prune)
        authority.check()
        with account.sessions(authority.config, Writer) as sessions:
            options = Options(pause=account.waited.append)
            reconciler = Reconciler(authority.config, EVERYTHING, sessions, options)
            return reconciler.apply(reconciler.confirm(authority))
    except Refused:
        for site in ("postmark", "mailgun_us", "mailgun_eu"):
            assert all(each.startswith("GET ") for each in account.requests(site))
        raise


def change(document: Document, address: str) -> Document:
    (found,) = (each for each in document["changes"] if each["address"] == address)
    entry: Document = found
    return entry


def test_a_plan_that_nobody_touched_is_applied(config: Config, tmp_path: Path) -> None:
    account, path = prepared(), tmp_path / "p.json"
    saved(account, config, path)
    results = apply_file(account, config, path)
    assert set(outcomes(results).values()) == {"applied"}
    assert account.plan(config).changes == ()


def test_a_plan_for_a_thing_of_which_the_service_tells_no_field_is_applied(tmp_path: Path) -> None:
    """A certificate tells nothing as long as it waits for its CNAME."""
    text = (
        "t: {{service: mailgun, token: {{env: C}}, "
        "domains: {{mg.example.com: {{web_scheme: https, web_prefix: {prefix}}}}}}}"
    )
    account, path = Account(), tmp_path / "p.json"
    account.apply(yaml(text.format(prefix="email")))
    moved = yaml(text.format(prefix="links"))
    certificate = change(saved(account, moved, path), "t/domains/mg.example.com/certificate")
    assert list(certificate["seen"]) == ["remote_id"]
    results = apply_file(account, moved, path)
    assert set(outcomes(results).values()) == {"applied"}
    assert account.plan(moved).changes == ()


DOMAIN, HOOK = "t/domains/old.example.com", "t/webhooks/outbound/https://hooks.example.com/a"


def ids(account: Account) -> dict[str, str]:
    """Return the IDs of everything in the Postmark account by name or URL."""
    domains = account.by_hand("postmark", "GET", "/domains", params={"count": 500, "offset": 0})
    hooks = account.by_hand("postmark", "GET", "/webhooks")["Webhooks"]
    return {each["Name"]: str(each["ID"]) for each in domains["Domains"]} | {
        each["Url"]: str(each["ID"]) for each in hooks
    }


@pytest.mark.parametrize(
    ("address", "other"),
    [(DOMAIN, "mail.example.net"), (HOOK, "https://hooks.example.net/stray")],
)
@pytest.mark.parametrize("seen", ["kept", "empty", "of the other"])
def test_the_id_of_another_thing_leads_nowhere(
    config: Config, tmp_path: Path, address: str, other: str, seen: str
) -> None:
    account, path = prepared(), tmp_path / "p.json"
    document = saved(account, config, path)
    entry = change(document, address)
    entry["remote_id"] = ids(account)[other]
    if seen == "empty":
        entry["seen"] = {}
    if seen == "of the other":
        entry["seen"] = {"return_path": "0" * 32}
    forge(path, document)
    before = ids(account)
    with pytest.raises(InvalidPlanFile if seen == "empty" else StalePlan) as refused:
        apply_file(account, config, path)
    assert seen == "empty" or before[other] in str(refused.value)
    assert ids(account) == before


def test_who_deletes_a_thing_must_have_seen_all_of_it(config: Config, tmp_path: Path) -> None:
    account, path = prepared(), tmp_path / "p.json"
    document = saved(account, config, path, prune=True)
    entry = next(each for each in document["changes"] if each["address"].endswith("/stray"))
    whole = dict(entry["seen"])
    for name in whole:
        entry["seen"] = {key: value for key, value in whole.items() if key != name}
        forge(path, document)
        with pytest.raises(StalePlan, match=re.escape(f"`{name}` of ")):
            apply_file(account, config, path, prune=True)


@pytest.mark.parametrize("address", ["t/server", HOOK, "m/domains/mg.example.net"])
def test_who_changes_a_field_must_have_seen_it(
    config: Config, tmp_path: Path, address: str
) -> None:
    account, path = prepared(), tmp_path / "p.json"
    document = saved(account, config, path)
    entry = change(document, address)
    name = next(each["name"] for each in entry["fields"] if each["name"] in entry["seen"])
    whole = dict(entry["seen"])
    for seen, error in (
        ({}, InvalidPlanFile),
        ({**whole, name: "0" * 32}, StalePlan),
        ({key: value for key, value in whole.items() if key != name}, StalePlan),
        ({**whole, "never": "0" * 32}, StalePlan),
    ):
        entry["seen"] = seen
        forge(path, document)
        with pytest.raises(error):
            apply_file(account, config, path)


def pruning(address: str, kind: str) -> Document:
    """Return an entry as a plan with --prune has it."""
    path = address.split("/", 3) if "webhooks" in address else address.split("/")
    return {
        "action": "delete",
        "address": address,
        "path": path,
        "twin": "",
        "kind": kind,
        "remote_id": "1",
        "pruned": True,
        "removal": "is deleted",
        "waits_for": [],
        "location": None,
        "fields": [],
        "seen": {"name": "0" * 32},
    }


ADDED = {
    "an unmanaged webhook": ("t/webhooks/outbound/https://hooks.example.net/stray", "webhooks"),
    "a declared webhook": (HOOK, "webhooks"),
    "an unmanaged stream": ("t/streams/legacy-digest", "streams"),
    "a default stream": ("t/streams/outbound", "streams"),
    "a domain": ("t/domains/mail.example.net", "domains"),
    "a server": ("t/server", "server"),
    "a domain of Mailgun": ("m/domains/mg.example.net", "domains"),
    "an account webhook that no YAML names": ("m/account_webhooks/https://x.example", "webhooks"),
    "another provider": ("x/streams/legacy-digest", "streams"),
}


@pytest.mark.parametrize("what", ADDED)
@pytest.mark.parametrize("prune", [False, True])
def test_an_entry_that_was_added_deletes_nothing(
    config: Config,
    tmp_path: Path,
    what: str,
    prune: bool,  # noqa: FBT001
) -> None:
    account, path = prepared(), tmp_path / "p.json"
    document = saved(account, config, path)
    document["changes"].append(pruning(*ADDED[what]))
    for says_prune in (False, True):
        document["prune"] = says_prune
        forge(path, document)
        with pytest.raises(Refused):
            apply_file(account, config, path, prune=prune)


def test_prunes_want_the_operators_word_at_the_time_of_the_apply(
    config: Config, tmp_path: Path
) -> None:
    account, path = prepared(), tmp_path / "p.json"
    saved(account, config, path, prune=True)
    with pytest.raises(GuardExceeded, match="say --prune here as well"):
        apply_file(account, config, path)
    results = apply_file(account, config, path, prune=True)
    assert set(outcomes(results).values()) == {"applied"}
    after = account.plan(config, prune=True)
    assert after.changes == ()


def test_the_word_to_prune_prunes_nothing_that_the_file_does_not(
    config: Config, tmp_path: Path
) -> None:
    account, path = prepared(), tmp_path / "p.json"
    saved(account, config, path)
    before = ids(account)
    apply_file(account, config, path, prune=True)
    assert before.keys() - ids(account).keys() == {"old.example.com"}


TWO = """
t:
  service: postmark
  token: {env: A}
  webhooks: [{url: "https://hooks.example.com/a", triggers: [click]}]
u:
  service: postmark
  token: {env: A}
  webhooks: []
"""


def test_what_another_provider_of_the_account_declares_is_not_pruned(tmp_path: Path) -> None:
    account, path = prepared(), tmp_path / "p.json"
    ask = account.sandbox.token_for

    def one_server(service: str, key: str, provider: str) -> str:
        assert provider in {"t", "u"}
        return ask(service, key, "t")

    account.sandbox.token_for = one_server  # type: ignore[method-assign]
    both = yaml(TWO)
    document = saved(account, both, path, prune=True)
    stray = "https://hooks.example.net/stray"
    entry = next(each for each in document["changes"] if each["address"].endswith(stray))
    declared = deepcopy(entry)
    declared["path"][-1] = "https://hooks.example.com/a"
    declared["path"][0] = "u"
    declared["address"] = "/".join(declared["path"])
    declared["remote_id"] = ids(account)["https://hooks.example.com/a"]
    document["changes"] = [declared]
    forge(path, document)
    with pytest.raises(InvalidPlanFile, match="is declared, and cannot be pruned"):
        apply_file(account, both, path, prune=True)


def test_a_declared_webhook_cannot_be_called_its_own_twin(config: Config, tmp_path: Path) -> None:
    account, path = prepared(), tmp_path / "p.json"
    document = saved(account, config, path, prune=True)
    hook = "https://hooks.example.com/a"
    (stray,) = (each for each in document["changes"] if each["address"].endswith("/stray"))
    stray["path"][-1], stray["twin"] = hook, ids(account)[hook]
    stray["remote_id"] = stray["twin"]
    stray["address"] = "/".join(stray["path"]) + f" (ID {stray['twin']})"
    forge(path, document)
    with pytest.raises(Refused):
        apply_file(account, config, path, prune=True)


def test_twins_are_pruned_from_a_file_too(config: Config, tmp_path: Path) -> None:
    account, path = prepared(), tmp_path / "p.json"
    body = {"Url": "https://hooks.example.com/a", "Triggers": {"Click": {"Enabled": True}}}
    younger = account.by_hand("postmark", "POST", "/webhooks", json=body)["ID"]
    document = saved(account, config, path, prune=True)
    assert change(document, f"{HOOK} (ID {younger})")["twin"] == str(younger)
    results = apply_file(account, config, path, prune=True)
    assert set(outcomes(results).values()) == {"applied"}
    assert account.plan(config, prune=True).changes == ()


def edit_field(document: Document) -> None:
    change(document, "t/server")["fields"][0]["after"] = False


def drop_a_field(document: Document) -> None:
    change(document, HOOK)["fields"].pop()


def add_a_field(document: Document) -> None:
    field = {"name": "settings.name", "before": "x", "after": "y", "location": None}
    change(document, "t/server")["fields"].append(field)


def rename(document: Document) -> None:
    entry = change(document, DOMAIN)
    entry["path"][-1] = "mail.example.net"
    entry["address"] = "t/domains/mail.example.net"


def relabel(document: Document) -> None:
    change(document, DOMAIN)["address"] = "t/domains/harmless.example.com"


def turn_around(document: Document) -> None:
    document["changes"].reverse()


def delete_instead(document: Document) -> None:
    change(document, "t/server")["action"] = "delete"


def another_kind(document: Document) -> None:
    change(document, DOMAIN)["kind"] = "senders"


def call_it_pruned(document: Document) -> None:
    change(document, DOMAIN)["pruned"] = True


def limit_it(document: Document) -> None:
    document["only"] = ["t/streams/*"]


@pytest.mark.parametrize(
    "forgery",
    [
        edit_field,
        drop_a_field,
        add_a_field,
        rename,
        relabel,
        turn_around,
        delete_instead,
        another_kind,
        call_it_pruned,
        limit_it,
    ],
)
def test_a_file_that_does_not_follow_from_what_is_there_is_refused(
    config: Config, tmp_path: Path, forgery: Callable[[Document], None]
) -> None:
    account, path = prepared(), tmp_path / "p.json"
    document = saved(account, config, path)
    forgery(document)
    forge(path, document)
    for prune in (False, True):
        with pytest.raises(Refused):
            apply_file(account, config, path, prune=prune)


def test_a_file_says_how_it_was_made(config: Config, tmp_path: Path) -> None:
    account, path = prepared(), tmp_path / "p.json"
    plan = account.plan(config, only=["t/streams/*"], prune=True)
    save_plan(plan, path)
    document = json.loads(path.read_bytes())
    assert (document["only"], document["prune"]) == (["t/streams/*"], True)
    results = apply_file(account, config, path, prune=True)
    assert sorted(outcomes(results)) == sorted(each.split()[1] for each in addresses(plan))


def test_forty_thousand_doubled_entries_are_refused_before_all_else(
    config: Config, tmp_path: Path
) -> None:
    account, path = prepared(), tmp_path / "p.json"
    document = saved(account, config, path)
    document["changes"] = [change(document, DOMAIN)] * 40_000
    forge(path, document)
    begun = time.process_time()
    with pytest.raises(InvalidPlanFile, match="stands in it twice"):
        load_plan(path)
    assert time.process_time() - begun < 5  # 0.3 s on a good day; a quadratic look takes minutes


def test_another_plan_than_the_one_with_the_digest_is_refused(
    config: Config, tmp_path: Path
) -> None:
    account, path = prepared(), tmp_path / "p.json"
    digest = save_plan(account.plan(config), path)
    assert load_plan(path, digest).document["digest"] == digest
    document = json.loads(path.read_bytes())
    document["changes"] = document["changes"][:1]
    forge(path, document)
    load_plan(path)
    with pytest.raises(InvalidPlanFile, match="not the plan that was reviewed"):
        load_plan(path, digest)


def test_a_plan_file_is_held_by_one_and_free_again_if_nothing_was_written(
    config: Config, tmp_path: Path
) -> None:
    account, path = prepared(), tmp_path / "p.json"
    save_plan(account.plan(config), path)
    plan = load_plan(path)
    with claimed(plan), pytest.raises(StalePlan, match="somebody else applies it"), claimed(plan):
        pass
    with claimed(plan) as claim:
        claim.spend()
        claim.spend()
    with pytest.raises(StalePlan, match="it was applied before"):
        load_plan(path)
    with pytest.raises(StalePlan, match="or was applied, just now"), claimed(plan):
        pass


def test_a_plan_file_that_was_written_anew_since_it_was_read_is_refused(
    config: Config, tmp_path: Path
) -> None:
    account, path = prepared(), tmp_path / "p.json"
    save_plan(account.plan(config), path)
    plan = load_plan(path)
    save_plan(account.plan(config, only=["t/streams/*"]), path)
    with pytest.raises(StalePlan, match="it changed"), claimed(plan):
        pass
    path.unlink()
    with pytest.raises(StalePlan, match="No such file"), claimed(plan):
        pass


def test_a_selection_of_a_file_is_told_to_the_plan(config: Config) -> None:
    plan = Account().plan(config, only=["m/*"])
    assert (plan.only, plan.prune) == (("m/*",), False)
    assert Selection(plan.only).reaches(next(iter(config.providers.values())).address) is False


def test_a_plan_of_another_configuration_is_stale(config: Config, tmp_path: Path) -> None:
    account, path = prepared(), tmp_path / "p.json"
    saved(account, config, path)
    other = yaml(CONFIG.replace("spam_action: tag", "spam_action: block"), HOOK="canary-header")
    with pytest.raises(StalePlan, match="the configuration is not the one that was planned"):
        apply_file(account, other, path)


NOT_WHOLE: dict[str, Callable[[Document], object]] = {
    "another configuration than one": lambda plan: plan.update(config=7),
    "one pattern and no list": lambda plan: plan.update(only="t/*"),
    "a pattern that is no text": lambda plan: plan.update(only=[7]),
    "prune as a number": lambda plan: plan.update(prune=0),
    "changes by name": lambda plan: plan.update(changes={}),
    "a change that is none": lambda plan: plan["changes"].append("t/server"),
    "an action that is none": lambda plan: one(plan).update(action=7),
    "an address that is none": lambda plan: one(plan).update(address=7),
    "a path that is a text": lambda plan: one(plan).update(path="t"),
    "a path that is empty": lambda plan: one(plan).update(path=[]),
    "a path of numbers": lambda plan: one(plan).update(path=[7]),
    "no twin": lambda plan: one(plan).pop("twin"),
    "a kind that is none": lambda plan: one(plan).update(kind=["server"]),
    "an ID that is none": lambda plan: one(plan).update(remote_id=7),
    "pruned as a number": lambda plan: one(plan).update(pruned=0),
    "fields by name": lambda plan: one(plan).update(fields={}),
    "a field that is none": lambda plan: one(plan)["fields"].append("tracking.opens"),
    "what was seen as a list": lambda plan: one(plan).update(seen=["tracking.opens"]),
    "an update that saw nothing": lambda plan: one(plan).update(seen={}),
    "a creation that saw something": lambda plan: one(plan).update(action="create"),
}


def one(document: Document) -> Document:
    return change(document, "t/server")


@pytest.mark.parametrize("what", NOT_WHOLE)
def test_a_plan_file_of_other_types_is_not_a_whole_one(
    config: Config, tmp_path: Path, what: str
) -> None:
    path = tmp_path / "p.json"
    document = saved(prepared(), config, path)
    NOT_WHOLE[what](document)
    forge(path, document)
    with pytest.raises(InvalidPlanFile, match="not a whole plan file"):
        load_plan(path)


def test_a_plan_file_is_ours_to_the_byte(config: Config, tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    document = saved(prepared(), config, path)
    for text in (
        as_json(document).encode(),
        json.dumps(document).encode(),
        (as_json(document) + "\n").encode("utf-16"),
        (as_json(document) + "\n").encode().replace(b'"t"', b'"\\u0074"', 1),
    ):
        path.write_bytes(text)
        with pytest.raises(InvalidPlanFile, match="edited or damaged"):
            load_plan(path)


@pytest.mark.parametrize("place", ["note", "path"])
def test_a_plan_file_that_is_nested_too_deep_is_refused(
    config: Config, tmp_path: Path, place: str
) -> None:
    """What could be read, and was hashed, may be too deep to be written again."""
    path = tmp_path / "p.json"
    document = saved(prepared(), config, path)
    del document["digest"]
    deep: list[Any] = []
    for _ in range(900):  # in some versions of Python more can be read than be written
        deep = [deep]
    one(document)[place] = deep
    path.write_text(json.dumps(document | {"digest": digest_of(document)}), encoding="utf-8")
    with pytest.raises(InvalidPlanFile, match=r"edited or damaged|not a whole"):
        load_plan(path)


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        (b"", "not a whole plan file"),
        (b"{", "not a whole plan file"),
        (b"\xff\xfe\xfd", "not a whole plan file"),
        (b"[" * 100_000, "not a whole plan file"),
        (b"9" * 5000, "not a whole plan file"),
        (b'["format_version"]', "not a plan file"),
        (b'"format_version"', "not a plan file"),
        (b'{"a": 1}', "not a plan file"),
        (b'{"format_version": "2"}', "plan format '2' is not '1'"),
        (b'{"format_version": 1}', "plan format 1 is not '1'"),
        (b'{"format_version": "1", "applied": 1}', "edited or damaged"),
        (b'{"format_version": "1", "changes": 1}', "edited or damaged"),
        (b'{"format_version": "1", "changes": [1, 1]}', "edited or damaged"),
    ],
)
def test_what_is_no_plan_file_is_told_so(tmp_path: Path, content: bytes, fact: str) -> None:
    path = tmp_path / "p.json"
    path.write_bytes(content)
    with pytest.raises(InvalidPlanFile, match=fact):
        load_plan(path)


def test_a_plan_file_is_a_regular_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, fact in ((pipe, "not a regular file"), (tmp_path, "Is a directory")):
        with pytest.raises(InvalidPlanFile, match=fact):
            load_plan(path)
    with pytest.raises(InvalidPlanFile, match="No such file"):
        load_plan(tmp_path / "none.json")


def test_a_plan_that_cannot_be_written_leaves_no_draft(config: Config, tmp_path: Path) -> None:
    plan, path = prepared().plan(config), tmp_path / "p.json"
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        save_plan(plan, path)
    assert [each.name for each in tmp_path.iterdir()] == ["p.json"]


def test_a_plan_is_noted_as_used_even_where_it_cannot_be_written(
    config: Config, tmp_path: Path
) -> None:
    """Who cannot write the note goes on: what it is about has been written to the service."""
    folder = tmp_path / "gone"
    folder.mkdir()
    path = folder / "p.json"
    save_plan(prepared().plan(config), path)
    with claimed(load_plan(path)) as claim:
        path.unlink()
        folder.rmdir()
        claim.spend()
    assert not folder.exists()


def test_what_is_used_once_is_not_written_again(config: Config, tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    save_plan(prepared().plan(config), path)
    with claimed(load_plan(path)) as claim:
        claim.spend()
        path.unlink()
        claim.spend()
    assert not path.exists()


def test_the_first_of_many_prunes_are_named_and_the_rest_is_counted(tmp_path: Path) -> None:
    account, path = prepared(), tmp_path / "p.json"
    few = yaml("t: {service: postmark, token: {env: A}, webhooks: []}")
    for count, more in ((5, ""), (6, " and 1 more"), (7, " and 2 more")):
        while len(ids(account)) < count + 2:  # two domains are there as well
            body = {"Url": f"https://hooks.example.net/{len(ids(account))}", "Triggers": {}}
            account.by_hand("postmark", "POST", "/webhooks", json=body)
        saved(account, few, path, prune=True)
        named = r"\((t/webhooks/[^ ,]+, ){4}t/webhooks/[^ ,)]+" + more + r"\);"
        with pytest.raises(GuardExceeded, match=named):
            Authority(load_plan(path), few).check()
