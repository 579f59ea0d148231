"""`check`, `validate --online`, and the look at the end of an apply."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from program import Run, Served, run

ALL = {"transactional", "marketing"}


def looks(done: Run) -> dict[str, tuple[str, str]]:
    return {
        f"{provider['name']} {look['subject']}": (look["state"], look["fact"])
        for provider in done.json["providers"]
        for look in provider["looks"]
    }


def publish(box: Served, *domains: str) -> None:
    for domain in domains:
        box.control("postmark", "POST", "dns", {"domain": domain, "published": True})


@pytest.fixture
def good(box: Served, folder: Path) -> Served:
    """Return the sandbox with all of the example applied and verified."""
    publish(box, "example.com", "mg.example.com")
    assert run("apply", "--yes", "--no-check", cwd=folder, env=box.env).code == 0
    run("run", "verify", "transactional/domains/example.com", cwd=folder, env=box.env)
    run("run", "verify", "marketing/domains/mg.example.com", cwd=folder, env=box.env)
    for site in box.ports:
        box.control(site, "DELETE", "requests")
    return box


def test_all_good_is_zero_and_each_look_has_its_fact(good: Served, folder: Path) -> None:
    done = run("check", "--format", "json", cwd=folder, env=good.env)
    assert (done.code, done.json["passed"]) == (0, True)
    found = looks(done)
    assert found["transactional server token"] == ("good", "server Transactional (ID 1000001)")
    assert found["transactional sender noreply@example.com"] == (
        "good",
        "verified by its domain example.com",
    )
    assert found["marketing domain mg.example.com"] == ("good", "verified")
    assert {state for state, _ in found.values()} == {"good"}


def test_a_check_sends_nothing_but_get_and_one_call_a_token(good: Served, folder: Path) -> None:
    run("check", cwd=folder, env=good.env)
    sent = good.requests()
    assert all(each.startswith("GET ") for each in sent)
    assert sent.count("GET /server") == 1
    assert "GET /servers" not in sent
    assert len(sent) <= 7


@pytest.mark.parametrize(
    ("swapped", "subject", "fact"),
    [
        (
            {"POSTMARK_SERVER_TOKEN": "POSTMARK_ACCOUNT_TOKEN"},
            "server token",
            "Postmark takes it for the account token",
        ),
        (
            {"POSTMARK_ACCOUNT_TOKEN": "POSTMARK_SERVER_TOKEN"},
            "account token",
            "Postmark takes it for the server token",
        ),
    ],
    ids=["account-for-server", "server-for-account"],
)
def test_a_token_of_the_other_kind_is_told_as_such(
    good: Served, folder: Path, swapped: dict[str, str], subject: str, fact: str
) -> None:
    env = good.env | {name: good.env[other] for name, other in swapped.items()}
    done = run("check", "transactional", "--format", "json", cwd=folder, env=env)
    assert done.code == 1
    state, told = looks(done)[f"transactional {subject}"]
    assert state == "failed"
    assert fact in told


def test_a_token_that_is_none_is_told_with_the_place_of_a_right_one(
    good: Served, folder: Path
) -> None:
    env = good.env | {"POSTMARK_SERVER_TOKEN": "00000000-0000-0000-0000-000000000000"}
    done = run("check", "transactional", cwd=folder, env=env)
    assert done.code == 1
    assert "Postmark → Servers → your server → API Tokens: https://" in done.out
    assert "ok      account token" in done.out


def test_a_token_that_is_not_set_keeps_no_other_provider_from_being_checked(
    good: Served, folder: Path
) -> None:
    env = {key: value for key, value in good.env.items() if key != "POSTMARK_SERVER_TOKEN"}
    done = run("check", "--format", "json", cwd=folder, env=env)
    assert done.code == 1
    found = looks(done)
    assert "POSTMARK_SERVER_TOKEN is not set" in found["transactional server token"][1]
    assert found["marketing API key"][0] == "good"


def test_a_bad_key_is_told_once_and_what_needed_it_was_not_looked_at(
    good: Served, folder: Path
) -> None:
    env = good.env | {"MAILGUN_API_KEY": "key-0123456789abcdef0123456789abcdef"}
    done = run("check", "marketing", "--format", "json", cwd=folder, env=env)
    assert done.code == 1
    found = looks(done)
    assert found["marketing API key"][0] == "failed"
    assert found["marketing domain mg.example.com"] == (
        "unknown",
        "not looked at, since a token was refused",
    )


def test_a_domain_of_the_other_region_is_told_with_its_region(good: Served, folder: Path) -> None:
    config = folder / "esp.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("region: eu", "region: us"), encoding="utf-8")
    done = run("check", "marketing", cwd=folder, env=good.env)
    assert done.code == 1
    assert "it lives in EU, and the configuration says `us`" in done.out


def test_without_an_account_token_a_sender_is_unknown_and_nothing_fails(
    good: Served, tmp_path: Path
) -> None:
    (tmp_path / "esp.yaml").write_text(
        "version: 1\nproviders:\n  t: {service: postmark, token: {env: POSTMARK_SERVER_TOKEN}, "
        "sender: a@example.com}\n",
        encoding="utf-8",
    )
    done = run("check", "--format", "json", cwd=tmp_path, env=good.env)
    assert done.code == 0
    assert looks(done)["t sender a@example.com"][0] == "unknown"


def test_a_token_of_another_server_than_the_named_one_fails(good: Served, folder: Path) -> None:
    config = folder / "esp.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("    sender: nor", "    server: Other\n    sender: nor"))
    done = run("check", "transactional", "--format", "json", cwd=folder, env=good.env)
    assert done.code == 1
    state, fact = looks(done)["transactional server token"]
    assert state == "failed"
    assert "the server of `token` is called `Transactional`" in fact


def test_an_unknown_provider_is_refused_with_the_nearest_name(box: Served, folder: Path) -> None:
    done = run("check", "marketng", cwd=folder, env=box.env)
    assert done.code == 64
    assert "did you mean `marketing`?" in done.err
    assert box.requests() == []


def test_an_untrusted_run_checks_nothing(box: Served, folder: Path) -> None:
    done = run("--untrusted", "check", cwd=folder, env=box.env)
    assert done.code == 4
    assert box.requests() == []


def remembered(folder: Path, state: str = ".esp-reconcile") -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / state / "state.json").read_text())["tests"]
    return {name: (entry["by"], entry["passed"]) for name, entry in content.items()}


def test_a_check_is_remembered_without_a_secret(good: Served, folder: Path) -> None:
    run("check", "marketing", "--state", "kept", cwd=folder, env=good.env)
    assert remembered(folder, "kept") == {"marketing": ("check", True)}
    kept = (folder / "kept" / "state.json").read_text(encoding="utf-8")
    secrets = [value for key, value in good.env.items() if not key.endswith("_URL")]
    assert not any(secret in kept for secret in secrets)


def test_a_state_that_cannot_be_kept_fails_no_check(good: Served, folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    (folder / "kept").symlink_to("elsewhere")
    done = run("check", "marketing", "--state", "kept", cwd=folder, env=good.env)
    assert done.code == 0
    assert "Warning: the state cannot be kept in kept/state.json" in done.err


def test_validate_online_checks_too_and_sends_only_get(good: Served, folder: Path) -> None:
    done = run("validate", "--online", "--format", "json", cwd=folder, env=good.env)
    assert (done.code, done.json["check"]["passed"]) == (0, True)
    assert all(each.startswith("GET ") for each in good.requests())
    assert remembered(folder) == dict.fromkeys(ALL, ("validate --online", True))
    env = good.env | {"MAILGUN_API_KEY": "key-0123456789abcdef0123456789abcdef"}
    assert run("validate", "--online", cwd=folder, env=env).code == 1
    assert run("validate", cwd=folder).code == 0


def test_an_apply_ends_with_a_check_of_what_it_touched(good: Served, folder: Path) -> None:
    good.postmark("PUT", "/server", {"TrackOpens": False})
    done = run("apply", "--yes", "--format", "json", cwd=folder, env=good.env)
    assert done.code == 0
    assert done.json["command"] == "apply"
    assert "Check: all good." in done.err
    assert "marketing" not in done.err
    assert remembered(folder) == {"transactional": ("apply", True)}


def test_a_check_that_fails_changes_no_exit_code_of_an_apply(box: Served, folder: Path) -> None:
    done = run("apply", "--yes", cwd=folder, env=box.env)
    assert done.code == 0
    assert "Check: failed for transactional" in done.err


def test_an_apply_that_wrote_nothing_checks_nothing(good: Served, folder: Path) -> None:
    done = run("apply", "--yes", cwd=folder, env=good.env)
    assert (done.code, done.err) == (0, "")
    assert not (folder / ".esp-reconcile").exists()


def test_send_sends_one_mail_a_provider_that_nobody_gets(good: Served, folder: Path) -> None:
    done = run("check", "--send", "--format", "json", cwd=folder, env=good.env)
    assert done.code == 0
    found = looks(done)
    assert found["transactional test mail"][1].startswith(
        "accepted to test@blackhole.postmarkapp.com, as "
    )
    assert found["marketing test mail"][1].startswith("accepted in test mode, as ")
    sent = [each for each in good.requests() if each.startswith("POST ")]
    assert sent == ["POST /email", "POST /v3/mg.example.com/messages"]
    assert remembered(folder)["marketing"] == ("check --send", True)


def test_a_sending_key_is_known_by_the_mail_that_it_sends(good: Served, folder: Path) -> None:
    port = good.ports["mailgun_eu"]
    form = {"role": "sending", "kind": "domain", "domain_name": "mg.example.com"}
    made = httpx.post(
        f"{port['url']}/v1/keys", data=form, auth=("api", port["api_key"]), trust_env=False
    ).json()
    env = good.env | {"MAILGUN_API_KEY": made["key"]["secret"]}
    without = run("check", "marketing", "--format", "json", cwd=folder, env=env)
    assert without.code == 1
    assert "`check --send` tells whether it is one" in without.out
    done = run("check", "marketing", "--send", "--format", "json", cwd=folder, env=env)
    assert done.code == 1
    assert looks(done)["marketing API key"] == (
        "failed",
        "it is a domain sending key: it sends, and may do nothing else",
    )
    assert looks(done)["marketing test mail"][0] == "good"


def test_an_untrusted_run_sends_no_mail(good: Served, folder: Path) -> None:
    assert run("--untrusted", "check", "--send", cwd=folder, env=good.env).code == 4
    assert good.requests() == []
