"""What somebody is told who named what is not there: a place that exists, and the nearest name."""

from pathlib import Path

import pytest
from program import Served, run

ALL_COMMANDS = (
    "known: validate, plan, apply, drift, report, comment, explain, init, import, schema, "
    "completion, check, status, domains, send-test, validate-list, render, dashboard, run, "
    "secrets, sandbox"
)


@pytest.mark.parametrize("command", ["plan", "validate", "apply --yes", "secrets check"])
def test_without_a_configuration_one_is_shown_that_is_valid(command: str, tmp_path: Path) -> None:
    done = run(*command.split(), cwd=tmp_path)
    assert done.code == 1
    assert "esp.yaml: no such file; " in done.out + done.err
    assert "examples/" not in done.out + done.err
    _, _, example = done.err.partition("  For example:\n")
    (tmp_path / "esp.yaml").write_text(example, encoding="utf-8")
    assert run("validate", cwd=tmp_path).code == 0
    assert run("--sandbox", "plan", cwd=tmp_path).code == 0


def test_an_example_is_named_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "esp.yaml").touch()
    done = run("plan", "--format", "json", cwd=tmp_path)
    assert "examples/esp.yaml is one to start from" in done.err
    assert "For example" not in done.err
    assert done.json["error"]["message"].count("esp.yaml") == 2


def test_what_concerns_a_file_as_a_whole_has_no_line(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").touch()
    (tmp_path / "folder").mkdir()
    done = run("validate", "empty.yaml", "folder", "nofile.yaml", cwd=tmp_path)
    assert done.code == 1
    assert [line.partition(": ")[0] for line in done.out.splitlines()] == [
        "empty.yaml",
        "folder",
        "nofile.yaml",
    ]


@pytest.mark.parametrize(
    ("arguments", "way_out"),
    [
        ("plna", "no such command `plna`; did you mean `plan`?"),
        (
            "xyz",
            ALL_COMMANDS,
        ),
        ("secrets chek", "no such command `chek`; did you mean `check`?"),
        ("sandbox rset", "no such command `rset`; did you mean `reset`?"),
        ("plan --formt json", "--format"),
        ("plan --only transactional/domain/*", "did you mean `transactional/domains`?"),
        ("plan --only trnsactional", "did you mean `transactional`?"),
        ("plan --only */x/*", "no address matches; the providers are: marketing, transactional"),
        (
            "apply --yes --only marketing/* --only transactionl/*",
            "--only transactionl/*: no address matches; did you mean `transactional`?",
        ),
        ("run vrify transactional/domains/example.com", "did you mean `verify`?"),
        ("run verify transactional/domain/example.com", "`transactional/domains/example.com`?"),
    ],
)
def test_the_nearest_name_is_told_before_any_request(
    arguments: str, way_out: str, box: Served, folder: Path
) -> None:
    # No token is needed to be told of a typing mistake.
    urls = {key: value for key, value in box.env.items() if key.endswith("_URL")}
    done = run(*arguments.split(), cwd=folder, env=urls)
    assert done.code == 64
    assert way_out in done.err
    assert box.requests() == []


@pytest.mark.parametrize("out", ["no/such/folder/p.json", "esp.yaml", "/dev/null"])
def test_where_no_plan_can_be_saved_is_told_before_anything_is_read(
    out: str, box: Served, folder: Path
) -> None:
    done = run("plan", "--out", out, "--format", "json", cwd=folder, env=box.env)
    assert done.code == 64
    assert f"--out {out}: " in done.json["error"]["message"]
    assert box.requests() == []


def test_a_plan_file_that_is_missing_says_how_one_is_made(folder: Path) -> None:
    done = run("apply", "--plan", "p.json", "--yes", cwd=folder)
    assert done.code == 4
    assert "p.json: No such file or directory; `plan --out` saves one" in done.err


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("transactional/domains/exmaple.com", 64),
        ("transactional/streams/legacy-digset", 64),
        ("transactional/streams/legacy-digest", 0),
        ("transactional/streams", 0),
        ("transactional/senders/*", 64),
        ("transactional/streams/*", 0),
    ],
)
def test_what_may_be_live_is_looked_for_before_it_is_called_unknown(
    pattern: str, code: int, box: Served, folder: Path
) -> None:
    done = run("plan", "--only", pattern, cwd=folder, env=box.env)
    assert done.code == code, done.err
    near = {"exmaple": "domains/example.com", "digset": "streams/legacy-digest"}
    for typo, meant in near.items():
        assert (f"did you mean `transactional/{meant}`?" in done.err) == (typo in pattern)


def test_a_glob_over_an_empty_collection_is_no_mistake(box: Served, folder: Path) -> None:
    config = folder / "esp.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("    domains:\n", "    senders: {}\n    domains:\n", 1))
    for sender in box.postmark("GET", "/senders?count=50&offset=0")["SenderSignatures"]:
        box.postmark("DELETE", f"/senders/{sender['ID']}")
    assert run("plan", "--only", "transactional/senders/*", cwd=folder, env=box.env).code == 0
    assert run("plan", "--only", "transactional/senders/a*", cwd=folder, env=box.env).code == 64
