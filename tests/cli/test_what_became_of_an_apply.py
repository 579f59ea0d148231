"""Exit codes, places and lost output: how an apply says what became of it."""

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from program import Served, run

from reconciler.cli.apply import exit_code_of
from reconciler.engine.attempt import Outcome, Result
from reconciler.model import Address, Delete, Resource
from reconciler.providers.postmark.senders import Senders


def refuse(box: Served, *paths: str) -> None:
    """Let every write to these paths fail, on all sites."""
    for path in paths:
        for site in box.ports:
            for method in ("POST", "PUT", "PATCH", "DELETE"):
                fault = {"method": method, "path": path, "status": 402, "body": "{}", "times": 99}
                box.control(site, "POST", "faults", fault)


KIND = Senders()
LIVE = Resource(address=Address(("t", "senders", "a@example.org")), kind=KIND)
RESULTS = st.builds(
    Result,
    change=st.just(Delete(LIVE)),
    outcome=st.sampled_from(Outcome),
    in_part=st.booleans(),
).filter(lambda each: each.outcome is Outcome.FAILED or not each.in_part)


@given(st.lists(RESULTS))
def test_the_exit_code_is_5_only_if_a_part_was_written(results: list[Result]) -> None:
    met, code = {each.outcome for each in results}, exit_code_of(results)
    is_written = any(each.is_made for each in results)
    assert (code == 0) == (met <= {Outcome.APPLIED})
    assert (code == 5) == (is_written and not met <= {Outcome.APPLIED})
    assert (code == 130) == (met == {Outcome.SKIPPED})
    assert (code == 1) == (Outcome.FAILED in met and not is_written)


def test_an_apply_of_which_nothing_was_applied_ends_with_1(box: Served, folder: Path) -> None:
    refuse(box, "*")
    done = run("apply", "--yes", cwd=folder, env=box.env)
    assert done.code == 1
    assert re.search(r"^Apply: 0 applied, \d+ failed, \d+ skipped\.$", done.out, re.MULTILINE)


def test_what_was_not_made_carries_its_line_in_text_and_json(box: Served, folder: Path) -> None:
    refuse(box, "/v4/domains", "/server")
    done = run("apply", "--yes", cwd=folder, env=box.env)
    assert done.code == 5
    lines = [line for line in done.out.splitlines() if line.startswith(("failed", "skipped"))]
    assert lines
    assert [line for line in lines if not re.search(r"  \(esp\.yaml:\d+:\d+\)$", line)] == []
    as_json = run("apply", "--yes", "--format", "json", cwd=folder, env=box.env)
    failed = {
        each["address"]: each["location"]
        for each in as_json.json["results"]
        if each["outcome"] == "failed"
    }
    assert failed == {
        "marketing/domains/mg.example.com": {"file": "esp.yaml", "line": 32, "column": 7},
        "transactional/server": {"file": "esp.yaml", "line": 5, "column": 3},
    }
