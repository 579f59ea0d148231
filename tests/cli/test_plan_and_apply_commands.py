import json
import re
import signal
import stat
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import jsonschema
import pytest
from program import CLEAN, PROGRAM, Served, begin, run
from terminal import on_terminal

from reconciler.config import load_schema


def test_validate_plan_apply_and_plan_again_come_to_rest(box: Served, folder: Path) -> None:
    assert run("validate", cwd=folder).code == 0
    first = run("plan", "--detailed-exitcode", cwd=folder, env=box.env)
    assert first.code == 2
    assert "Plan: 7 to create, 4 to update, 1 to delete." in first.out
    assert first.err == ""
    applied = run("apply", "--yes", cwd=folder, env=box.env)
    assert applied.code == 0
    assert "Apply: 12 applied, 0 failed, 0 skipped." in applied.out
    assert "DNS records still to be published:" in applied.out
    second = run("plan", "--detailed-exitcode", cwd=folder, env=box.env)
    assert second.code == 0
    # That `html_only` was stored cannot be seen in what Mailgun answers.
    assert "No changes. What could be compared matches; see the notes" in second.out


def test_an_apply_with_nothing_to_change_shows_what_is_to_be_published(
    box: Served, folder: Path
) -> None:
    run("apply", "--yes", cwd=folder, env=box.env)
    again = run("apply", "--yes", cwd=folder, env=box.env)
    assert again.code == 0
    assert "DNS records still to be published:" in again.out
    assert "pm-bounces.example.com  CNAME  pm.mtasv.net" in again.out
    assert "Apply:" not in again.out
    document = run("apply", "--yes", "--format", "json", cwd=folder, env=box.env).json
    assert document["results"] == []
    assert "pm-bounces.example.com" in [each["host"] for each in document["records"]]


def test_validate_needs_no_network_and_no_key(box: Served, folder: Path) -> None:
    urls = {key: value for key, value in box.env.items() if key.endswith("_URL")}
    assert run("validate", cwd=folder, env=urls).code == 0
    assert box.requests() == []


def test_reading_commands_send_nothing_but_get(box: Served, folder: Path) -> None:
    run("validate", cwd=folder, env=box.env)
    run("plan", cwd=folder, env=box.env)
    run("plan", "--prune", "--out", "p.json", "--format", "json", cwd=folder, env=box.env)
    assert box.requests()
    assert {request.split()[0] for request in box.requests()} == {"GET"}


def test_a_plan_as_json_follows_its_schema(box: Served, folder: Path) -> None:
    plan = run("plan", "--format", "json", cwd=folder, env=box.env)
    jsonschema.validate(plan.json, load_schema("plan.schema.json"))
    assert plan.json["summary"] == {
        "create": 7,
        "update": 4,
        "delete": 1,
        "refused": 0,
        "unmanaged": 3,
    }
    assert all(change["location"]["line"] > 1 for change in plan.json["changes"])


def test_the_same_input_gives_the_same_bytes(box: Served, folder: Path) -> None:
    box.control("postmark", "POST", "settings", {"shuffle": True})
    plans = {
        run("plan", "--format", "json", cwd=folder, env={**box.env, "PYTHONHASHSEED": seed}).out
        for seed in ("0", "1", "2", "3")
    }
    assert len(plans) == 1


def test_a_saved_plan_is_for_its_owner_only_and_holds_no_secret(box: Served, folder: Path) -> None:
    run("plan", "--out", "plan.json", cwd=folder, env=box.env)
    path = folder / "plan.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text(encoding="utf-8")
    jsonschema.validate(json.loads(text), load_schema("plan.schema.json"))
    secrets = [value for key, value in box.env.items() if not key.endswith("_URL")]
    assert not [secret for secret in secrets if secret in text]
    assert [each.name for each in folder.iterdir()] != []
    assert not list(folder.glob(".plan*"))


def saved(box: Served, folder: Path) -> Path:
    assert run("plan", "--out", "plan.json", cwd=folder, env=box.env).code == 0
    for site in box.ports:
        box.control(site, "DELETE", "requests")
    return folder / "plan.json"


def apply_saved(box: Served, folder: Path, *more: str) -> tuple[int, str, list[str]]:
    """Return exit code, what was said, and the writes that were sent."""
    done = run(
        "apply", "--plan", "plan.json", "--yes", "--no-check", *more, cwd=folder, env=box.env
    )
    writes = [request for request in box.requests() if not request.startswith("GET ")]
    return done.code, done.err, writes


def test_a_saved_plan_is_applied_and_then_refused(box: Served, folder: Path) -> None:
    saved(box, folder)
    code, _, _ = apply_saved(box, folder)
    assert code == 0
    assert run("plan", "--detailed-exitcode", cwd=folder, env=box.env).code == 0
    for site in box.ports:
        box.control(site, "DELETE", "requests")
    code, said, writes = apply_saved(box, folder)
    assert (code, writes) == (4, [])
    assert "plan again" in said


def test_a_saved_plan_makes_the_planned_changes_and_no_others(box: Served, folder: Path) -> None:
    saved(box, folder)
    # Not planned, though it differs from the configuration by the time of the apply.
    stream = {"ID": "late", "Name": "Late", "MessageStreamType": "Broadcasts"}
    box.postmark("POST", "/message-streams", stream)
    before = len(box.requests())
    code, _, writes = apply_saved(box, folder)
    assert code == 0
    assert before == 1
    made = [write for write in writes[1:] if "/verify" not in write]
    assert sorted(re.sub(r"\d{5,}|\b\d+$", "N", write) for write in made) == [
        "DELETE /domains/N",
        "POST /domains",
        "POST /message-streams",
        "POST /v3/domains/mg.example.com/webhooks",
        "POST /v3/domains/promo.example.com/webhooks",
        "POST /v4/domains",
        "POST /webhooks",
        "PUT /server",
        "PUT /v3/domains/mg.example.com/tracking/click",
        "PUT /v3/domains/mg.example.com/tracking/open",
        "PUT /v3/domains/mg.example.com/tracking/unsubscribe",
        "PUT /v3/domains/promo.example.com/tracking/click",
        "PUT /v3/domains/promo.example.com/tracking/open",
        "PUT /v3/domains/promo.example.com/tracking/unsubscribe",
        "PUT /v4/domains/mg.example.com/keys/smtp/activate",
        "PUT /v4/domains/promo.example.com/keys/smtp/activate",
    ]
    assert {each.split("/")[-1] for each in writes if "/verify" in each} == {
        "verify",
        "verifyDkim",
        "verifyReturnPath",
    }


def test_a_saved_plan_is_refused_when_a_planned_object_changed(box: Served, folder: Path) -> None:
    saved(box, folder)
    box.postmark("PUT", "/server", {"TrackLinks": "TextOnly"})
    for site in box.ports:
        box.control(site, "DELETE", "requests")
    code, said, writes = apply_saved(box, folder)
    assert (code, writes) == (4, [])
    assert "`tracking.links` of transactional/server changed" in said


def test_a_saved_plan_is_refused_when_what_it_creates_exists(box: Served, folder: Path) -> None:
    saved(box, folder)
    box.postmark("POST", "/domains", {"Name": "example.com"})
    for site in box.ports:
        box.control(site, "DELETE", "requests")
    code, said, writes = apply_saved(box, folder)
    assert (code, writes) == (4, [])
    assert "transactional/domains/example.com exists by now" in said


def test_a_saved_plan_is_refused_when_what_it_deletes_is_gone(box: Served, folder: Path) -> None:
    saved(box, folder)
    domains = box.postmark("GET", "/domains?count=500&offset=0")["Domains"]
    old = next(domain["ID"] for domain in domains if domain["Name"] == "old.example.com")
    box.postmark("DELETE", f"/domains/{old}")
    for site in box.ports:
        box.control(site, "DELETE", "requests")
    code, said, writes = apply_saved(box, folder)
    assert (code, writes) == (4, [])
    assert "transactional/domains/old.example.com is gone by now" in said


def test_a_saved_plan_is_accepted_when_another_object_changed(box: Served, folder: Path) -> None:
    saved(box, folder)
    box.postmark("PATCH", "/message-streams/legacy-digest", {"Name": "Other"})
    box.postmark("POST", "/domains", {"Name": "unrelated.example.com"})
    assert apply_saved(box, folder)[0] == 0


def test_a_saved_plan_reads_only_what_it_planned(box: Served, folder: Path) -> None:
    run("apply", "--yes", cwd=folder, env=box.env)
    box.postmark("PUT", "/server", {"TrackOpens": False})
    saved(box, folder)
    assert apply_saved(box, folder)[0] == 0
    # It is read before the change, right after it, and once more when all is done.
    assert box.requests() == ["GET /server", "PUT /server", "GET /server", "GET /server"]


def test_a_saved_plan_is_refused_under_another_configuration(box: Served, folder: Path) -> None:
    saved(box, folder)
    config = folder / "esp.yaml"
    text = config.read_text(encoding="utf-8").replace("opens: true, clicks", "opens: false, clicks")
    config.write_text(text, encoding="utf-8")
    code, said, writes = apply_saved(box, folder)
    assert (code, writes) == (4, [])
    assert "the configuration is not the one that was planned" in said


def test_a_saved_plan_survives_a_comment_in_the_configuration(box: Served, folder: Path) -> None:
    saved(box, folder)
    with (folder / "esp.yaml").open("a", encoding="utf-8") as config:
        config.write("# a comment at the end\n")
    assert apply_saved(box, folder)[0] == 0


def with_digest(document: dict[str, object]) -> str:
    """Return an edited plan with a digest that fits, as a clever editor would make it."""
    document.pop("digest")
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    document["digest"] = f"sha256:{sha256(canonical.encode()).hexdigest()}"
    return json.dumps(document)


def change_a_value(text: str) -> str:
    return text.replace('"after": true', '"after": false', 1)


def change_a_value_and_the_digest(text: str) -> str:
    return with_digest(json.loads(change_a_value(text)))


def drop_a_change_of_a_pair(text: str) -> str:
    document = json.loads(text)
    document["changes"][-1]["action"] = "update"
    return with_digest(document)


def name_another_object(text: str) -> str:
    document = json.loads(text)
    document["changes"][-1]["remote_id"] = "999999"
    return with_digest(document)


def break_a_change(text: str) -> str:
    document = json.loads(text)
    document["changes"] = [{"path": []}, 3]
    return with_digest(document)


def prune_elsewhere(text: str) -> str:
    document = json.loads(text)
    change = document["changes"][-1]
    document["changes"] = [{**change, "path": ["nobody", "x", "y"], "pruned": True}]
    return with_digest(document)


TAMPERED: dict[str, Callable[[str], str]] = {
    "edited": change_a_value,
    "edited with a new digest": change_a_value_and_the_digest,
    "another action": drop_a_change_of_a_pair,
    "another object": name_another_object,
    "no whole change": break_a_change,
    "a foreign provider": prune_elsewhere,
    "cut short": lambda text: text[: len(text) // 2],
    "empty": lambda _: "",
    "not JSON": lambda _: "\x00\xff",
    "another format": lambda text: text.replace('"format_version": "1"', '"format_version": "2"'),
    "another document": lambda _: '{"a": 1}',
    "a list": lambda _: "[]",
    "deep": lambda _: "[" * 100_000,
}


@pytest.mark.parametrize("how", TAMPERED)
def test_a_plan_file_that_is_not_as_it_was_written_is_refused(
    how: str, box: Served, folder: Path
) -> None:
    path = saved(box, folder)
    path.write_text(TAMPERED[how](path.read_text(encoding="utf-8")), encoding="utf-8")
    code, said, writes = apply_saved(box, folder)
    assert (code, writes) == (4, [])
    assert "plan.json" in said


def test_only_needs_the_tokens_of_what_it_selects(box: Served, folder: Path) -> None:
    env = {key: value for key, value in box.env.items() if key != "MAILGUN_API_KEY"}
    assert run("plan", "--only", "transactional", cwd=folder, env=env).code == 0
    assert run("plan", "--only", "*/streams/*", cwd=folder, env=env).code == 0
    assert run("plan", "--only", "marketing", cwd=folder, env=env).code == 1
    arguments = ["--only", "transactional/streams/*", "--out", "plan.json"]
    assert run("plan", *arguments, cwd=folder, env=env).code == 0
    assert run("apply", "--plan", "plan.json", "--yes", cwd=folder, env=env).code == 0


def test_a_plan_that_was_refused_is_refused_as_a_file_too(box: Served, folder: Path) -> None:
    with (folder / "esp.yaml").open("a", encoding="utf-8") as file:
        file.write(
            "  third:\n    service: postmark\n    token: {env: POSTMARK_SERVER_TOKEN}\n"
            "    tracking: {opens: true}\n"
            "    streams: {outbound: {type: broadcasts}}\n"
        )
    planned = run("plan", "--format", "json", cwd=folder, env=box.env)
    assert (planned.code, planned.json["state"]) == (4, "refused")
    (folder / "plan.json").write_text(planned.out, encoding="utf-8")
    digest = planned.json["digest"]
    for site in box.ports:
        box.control(site, "DELETE", "requests")
    code, said, writes = apply_saved(box, folder, "--digest", digest)
    assert (code, writes) == (4, [])
    assert "plan.json: it was refused when it was made, and nothing of it is applied" in said


def test_an_empty_plan_does_not_say_that_live_matches(box: Served, folder: Path) -> None:
    run("apply", "--yes", cwd=folder, env=box.env)
    saved(box, folder)
    for site in box.ports:
        box.control(site, "POST", "reset")
    done = run("apply", "--plan", "plan.json", "--yes", cwd=folder, env=box.env)
    assert done.code == 0
    assert (
        "No changes: the plan has none, and so nothing was compared with what is live." in done.out
    )
    assert "matches" not in done.out
    arguments = ["apply", "--plan", "plan.json", "--yes", "--format", "json"]
    assert run(*arguments, cwd=folder, env=box.env).json["compared"] is False
    assert run("plan", "--detailed-exitcode", cwd=folder, env=box.env).code == 2


def test_a_missing_plan_file_is_refused(box: Served, folder: Path) -> None:
    assert apply_saved(box, folder)[0] == 4


def test_a_guard_refuses_before_any_write_and_can_be_raised(box: Served, folder: Path) -> None:
    (folder / "esp.yaml").write_text(
        "version: 1\nproviders:\n  t:\n    service: postmark\n"
        "    account_token: {env: POSTMARK_ACCOUNT_TOKEN}\n    domains:\n"
        "      old.example.com: {ensure: absent}\n      mail.example.net: {ensure: absent}\n",
        encoding="utf-8",
    )
    plan = run("plan", cwd=folder, env=box.env)
    assert plan.code == 0
    assert "apply will refuse this plan" in plan.err
    refused = run("apply", "--yes", cwd=folder, env=box.env)
    assert refused.code == 4
    assert "--allow-deletes 2" in refused.err
    assert {request.split()[0] for request in box.requests()} == {"GET"}
    assert run("apply", "--yes", "--allow-deletes", "2", cwd=folder, env=box.env).code == 0


def test_a_fixed_field_ends_plan_and_apply_with_4(box: Served, folder: Path) -> None:
    (folder / "esp.yaml").write_text(
        "version: 1\nproviders:\n  t:\n    service: postmark\n"
        "    token: {env: POSTMARK_SERVER_TOKEN}\n"
        "    streams: {legacy-digest: {type: transactional}}\n",
        encoding="utf-8",
    )
    plan = run("plan", "--out", "plan.json", cwd=folder, env=box.env)
    assert plan.code == 4
    assert "esp.yaml:6:37: t/streams/legacy-digest: `type` cannot be changed" in plan.out
    assert not (folder / "plan.json").exists()
    assert run("apply", "--yes", cwd=folder, env=box.env).code == 4
    assert {request.split()[0] for request in box.requests()} == {"GET"}


def test_an_apply_in_part_ends_with_5_and_a_table(box: Served, folder: Path) -> None:
    fault = {"method": "POST", "path": "/v4/domains", "status": 402, "body": "{}", "times": 9}
    box.control("mailgun_eu", "POST", "faults", fault)
    done = run("apply", "--yes", cwd=folder, env=box.env)
    assert done.code == 5
    assert (
        "failed   create marketing/domains/mg.example.com: POST /v4/domains: HTTP 402" in done.out
    )
    assert "skipped  create marketing/domains/mg.example.com/tracking: depends on" in done.out
    assert "Apply: 8 applied, 1 failed, 3 skipped." in done.out
    box.control("mailgun_eu", "DELETE", "faults")
    as_json = run("apply", "--yes", "--format", "json", cwd=folder, env=box.env)
    assert as_json.code == 0
    assert as_json.json["summary"] == {
        "applied": 4,
        "overtaken": 0,
        "failed": 0,
        "skipped": 0,
        "in_part": 0,
    }


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nonsense"], 64),
        (["plan", "--nonsense"], 64),
        (["plan", "--format", "xml"], 64),
        (["--connections", "0", "plan"], 64),
        (["apply"], 64),
        (["apply", "--plan", "p.json", "--only", "t", "--yes"], 64),
        (["apply", "--digest", "sha256:" + "0" * 64, "--yes"], 64),
        (["apply", "--plan", "p.json", "--digest", "12", "--yes"], 64),
        (["plan", "--only", "nothing/*"], 64),
        (["plan", "missing.yaml"], 1),
        (["validate", "missing.yaml"], 1),
        (["plan", "--out", "no/such/folder/p.json"], 64),
        ([], 64),
        (["--help"], 0),
        (["plan", "--help"], 0),
        (["--version"], 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_exit_codes(arguments: list[str], code: int, box: Served, folder: Path) -> None:
    assert run(*arguments, cwd=folder, env=box.env).code == code


@pytest.mark.parametrize("command", ["validate", "plan", "apply", "sandbox", "sandbox serve"])
def test_every_help_has_an_example(command: str, tmp_path: Path) -> None:
    text = run(*command.split(), "--help", cwd=tmp_path).out
    assert re.search(r"Examples?:\n +esp-reconcile ", text)


def test_the_help_tells_the_exit_codes(tmp_path: Path) -> None:
    text = run("--help", cwd=tmp_path).out
    assert [int(code) for code in re.findall(r"^\s+(\d+)\s{2,}\w", text, re.MULTILINE)][:7] == [
        0, 1, 2, 3, 4, 5, 64,
    ]  # fmt: skip


def broken_config(folder: Path) -> None:
    (folder / "esp.yaml").write_text("version: 2\n", encoding="utf-8")


@pytest.mark.parametrize("command", [["plan"], ["apply", "--yes"]])
def test_json_on_standard_output_parses_even_after_an_error(
    command: list[str], box: Served, folder: Path
) -> None:
    for path in ("/domains", "/v4/domains"):
        for site in box.ports:
            fault = {"path": path, "status": 401, "times": 99, "body": "{}"}
            box.control(site, "POST", "faults", fault)
    failed = run(*command, "--format", "json", cwd=folder, env=box.env)
    assert (failed.code, failed.json["error"]["exit_code"]) == (1, 1)
    assert failed.err
    unset = run(*command, "--format", "json", cwd=folder)
    assert (unset.code, unset.json["error"]["type"]) == (1, "SecretError")
    broken_config(folder)
    broken = run(*command, "--format", "json", cwd=folder, env=box.env)
    assert (broken.code, broken.json["error"]["type"]) == (1, "ConfigError")


def test_a_wrong_token_is_explained(box: Served, folder: Path) -> None:
    swapped = {**box.env, "POSTMARK_SERVER_TOKEN": box.env["POSTMARK_ACCOUNT_TOKEN"]}
    done = run("plan", cwd=folder, env=swapped)
    assert done.code == 1
    # They are read side by side: which of them is refused first is chance.
    assert re.search(r"GET /(server|message-streams|webhooks): HTTP 401", done.err)
    assert "easily swapped with the account token" in done.err
    assert swapped["POSTMARK_SERVER_TOKEN"] not in done.err + done.out


def test_the_embedded_sandbox_needs_no_token_and_keeps_its_state(folder: Path) -> None:
    assert run("--sandbox", "apply", "--yes", cwd=folder).code == 0
    assert run("--sandbox", "plan", "--detailed-exitcode", cwd=folder).code == 0
    env = {"ESP_RECONCILE_SANDBOX": "1"}
    assert run("plan", "--detailed-exitcode", cwd=folder, env=env).code == 0
    assert run("sandbox", "reset", cwd=folder).code == 0
    assert run("--sandbox", "plan", "--detailed-exitcode", cwd=folder).code == 2


def test_apply_asks_on_a_terminal(box: Served, folder: Path) -> None:
    code, shown = on_terminal(folder, box.env, "apply", typed=[("[y/N]", "n\n")])
    assert code == 1
    assert "Nothing was changed." in shown
    assert {request.split()[0] for request in box.requests()} == {"GET"}
    code, shown = on_terminal(folder, box.env, "apply", typed=[("[y/N]", "y\n")])
    assert code == 0
    assert "Apply: 12 applied" in shown


def test_colour_is_for_terminals_without_no_color(box: Served, folder: Path) -> None:
    _, shown = on_terminal(folder, box.env, "plan")
    assert "\x1b[32m+" in shown
    _, plain = on_terminal(folder, {**box.env, "NO_COLOR": "1"}, "plan")
    assert "\x1b[3" not in plain
    assert "\x1b" not in run("plan", cwd=folder, env=box.env).out


def test_an_interrupt_finishes_the_write_in_flight_and_reports(box: Served, folder: Path) -> None:
    box.control("mailgun_eu", "POST", "latency", {"seconds": 0.15})
    with begin(box, folder, "apply", "--yes") as process:
        while not [r for r in box.requests() if r == "POST /v4/domains"]:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 5
    assert "finishing the writes in flight" in err
    assert "applied  create marketing/domains/mg.example.com\n" in out
    assert "skipped  create marketing/domains/mg.example.com/tracking: interrupted" in out
    assert "Traceback" not in err
    box.control("mailgun_eu", "POST", "latency", {"seconds": 0})
    assert run("apply", "--yes", cwd=folder, env=box.env).code == 0
    assert run("plan", "--detailed-exitcode", cwd=folder, env=box.env).code == 0


def test_no_deletion_is_allowed_by_0(box: Served, folder: Path) -> None:
    done = run("apply", "--yes", "--allow-deletes", "0", cwd=folder, env=box.env)
    assert done.code == 4
    assert {request.split()[0] for request in box.requests()} == {"GET"}


def test_a_plan_is_applied_once_even_if_all_is_as_before(box: Served, folder: Path) -> None:
    run("apply", "--yes", cwd=folder, env=box.env)
    box.postmark("PUT", "/server", {"TrackOpens": False})
    saved(box, folder)
    assert apply_saved(box, folder)[0] == 0
    box.postmark("PUT", "/server", {"TrackOpens": False})
    code, said, _ = apply_saved(box, folder)
    assert code == 4
    assert "it was applied before" in said


def test_a_saved_plan_survives_lines_that_moved(box: Served, folder: Path) -> None:
    saved(box, folder)
    config = folder / "esp.yaml"
    config.write_text("# above\n" + config.read_text(encoding="utf-8"), encoding="utf-8")
    assert apply_saved(box, folder)[0] == 0


def test_a_plan_is_not_saved_over_the_configuration_nor_a_link(box: Served, folder: Path) -> None:
    before = (folder / "esp.yaml").read_bytes()
    (folder / "link").symlink_to(folder / "esp.yaml")
    for out in ("esp.yaml", "./esp.yaml", "link", "/dev/null", "."):
        assert run("plan", "--out", out, cwd=folder, env=box.env).code == 64
    assert (folder / "esp.yaml").read_bytes() == before
    assert (folder / "link").is_symlink()


def test_a_usage_error_is_json_as_well(folder: Path) -> None:
    for arguments in (["plan", "--format", "json", "--foo"], ["apply", "--format=json"]):
        done = run(*arguments, cwd=folder)
        assert (done.code, done.json["error"]["exit_code"]) == (64, 64)


@pytest.mark.parametrize("closing", ["<&-", ">&-", "2>&-", ">/dev/full", "<&- >&- 2>&-"])
def test_closed_and_full_streams_end_without_a_traceback(closing: str, folder: Path) -> None:
    for command in ("--sandbox plan", "--sandbox apply", "validate", "--help"):
        line = f"{' '.join(PROGRAM)} {command} {closing}"
        done = subprocess.run(
            ["/bin/sh", "-c", line],
            cwd=folder,
            env=CLEAN,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr
        assert done.returncode in {0, 1, 64}


def test_a_file_name_cannot_speak_to_the_terminal(folder: Path) -> None:
    (folder / "a\n::error::x.yaml").write_text("version: 2\n", encoding="utf-8")
    done = run("validate", "./", cwd=folder)
    assert done.code == 1
    assert "\n::error" not in done.out


def test_an_interrupt_at_the_question_ends_at_once(box: Served, folder: Path) -> None:
    code, shown = on_terminal(folder, box.env, "apply", typed=[("[y/N]", "\x03")])
    assert code == 130, shown
    assert "Interrupted." in shown
    assert {request.split()[0] for request in box.requests()} == {"GET"}


def test_a_failed_read_names_the_provider(box: Served, folder: Path) -> None:
    env = {**box.env, "MAILGUN_API_KEY": "wrong"}
    done = run("plan", cwd=folder, env=env)
    assert done.code == 1
    assert done.err.startswith("Error: marketing: GET /v4/domains: HTTP 401")
