"""`secrets`, with the real sops: as a process, and on a terminal where it wants one."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from program import CLEAN, PROGRAM, Served, run
from terminal import CTRL_C, on_terminal
from vault import Vault, new_key, open_vault

CONFIG = """\
version: 1
providers:
  t:
    service: postmark
    token: {env: POSTMARK_SERVER_TOKEN}
    account_token: {sops: {file: secrets.sops.yaml, key: postmark.account_token}}
    tracking: {opens: true}
    domains: {example.com: {}}
    webhooks:
      - url: https://hooks.example.com/a
        triggers: [open]
        headers: {X-Token: {sops: {file: secrets.sops.yaml, key: "mailgun.list[0]"}}}
"""


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    vault = open_vault(tmp_path)
    (vault.folder / "esp.yaml").write_text(CONFIG, encoding="utf-8")
    return vault


def env(vault: Vault, **more: str) -> dict[str, str]:
    return {**vault.environment, "POSTMARK_SERVER_TOKEN": "canary-env", **more}


def write(vault: Vault, *arguments: str, value: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, "secrets", "set", *arguments],
        cwd=vault.folder,
        env={**CLEAN, **env(vault)},
        input=value,
        capture_output=True,
        text=True,
        check=False,
    )


def test_check_resolves_all_and_shows_none(vault: Vault) -> None:
    done = run("secrets", "check", cwd=vault.folder, env=env(vault))
    assert (done.code, done.err) == (0, "")
    token, account_token, header = done.out.splitlines()
    assert token == "ok  t/token  env POSTMARK_SERVER_TOKEN"
    assert account_token.endswith("  sops secrets.sops.yaml key postmark.account_token")
    assert header.startswith("ok  t/webhooks/outbound/https://hooks.example.com/a headers.X-Token")


def test_check_tells_what_does_not_resolve_in_both_formats(vault: Vault, tmp_path: Path) -> None:
    other, _ = new_key(tmp_path, "other.txt")
    environment = env(vault, SOPS_AGE_KEY_FILE=str(other))
    done = run("secrets", "check", cwd=vault.folder, env=environment)
    assert done.code == 1
    assert done.out.startswith("ok  t/token  env POSTMARK_SERVER_TOKEN\n-   t/account_token")
    assert done.err.count("none of your keys opens it") == 1
    done = run("secrets", "check", "--format", "json", cwd=vault.folder, env=environment)
    assert done.code == 1
    problems = [each["problem"] is None for each in done.json["references"]]
    assert problems == [True, False, False]


@pytest.mark.parametrize(
    "command", ["plan", "apply --yes", "run verify t/domains/example.com --yes"]
)
def test_a_command_that_cannot_have_its_secrets_makes_no_request(
    vault: Vault, command: str
) -> None:
    hosts = {"ESP_RECONCILE_POSTMARK_URL": "http://127.0.0.1:1"}
    environment = env(vault, SOPS_AGE_KEY_FILE="/nowhere", **hosts)
    done = run(*command.split(), "--format", "json", cwd=vault.folder, env=environment)
    assert done.code == 1
    assert done.json["error"]["type"] == "NoKeyForFile"
    assert "none of your keys opens it" in done.json["error"]["message"]


def test_list_shows_keys_only(vault: Vault) -> None:
    done = run("secrets", "list", cwd=vault.folder, env=env(vault))
    keys = ["postmark.account_token", "mailgun.api_key", "mailgun.list.0", "mailgun.list.1"]
    assert (done.code, done.out.splitlines()) == (0, keys)
    done = run("secrets", "list", "--format", "json", cwd=vault.folder, env=env(vault))
    assert done.json["keys"] == keys


def test_set_reads_standard_input_and_keeps_the_value_out_of_sight(vault: Vault) -> None:
    done = write(vault, "mailgun.api_key", value="canary-written\n")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "`mailgun.api_key` is set in secrets.sops.yaml.\n"
    assert vault.resolve("mailgun.api_key").reveal() == "canary-written"


@pytest.mark.parametrize("value", ["", "\n", "a\nb\n", "a\x1bb"])
def test_set_writes_one_line_of_text_and_nothing_else(vault: Vault, value: str) -> None:
    before = (vault.folder / "secrets.sops.yaml").read_bytes()
    assert write(vault, "mailgun.api_key", value=value).returncode == 64
    assert (vault.folder / "secrets.sops.yaml").read_bytes() == before


def test_set_asks_on_a_terminal_and_shows_nothing_of_what_is_typed(vault: Vault) -> None:
    typed = [("Value of a.b: ", "canary-typed\n"), ("Repeat for confirmation: ", "canary-typed\n")]
    code, shown = on_terminal(vault.folder, env(vault), "secrets", "set", "a.b", typed=typed)
    assert code == 0
    assert "canary" not in shown
    assert vault.resolve("a.b").reveal() == "canary-typed"


def test_an_interrupt_at_the_prompt_writes_nothing(vault: Vault) -> None:
    before = (vault.folder / "secrets.sops.yaml").read_bytes()
    typed = [("Value of a.b: ", CTRL_C)]
    code, _ = on_terminal(vault.folder, env(vault), "secrets", "set", "a.b", typed=typed)
    assert code == 130
    assert (vault.folder / "secrets.sops.yaml").read_bytes() == before


def test_reveal_shows_one_value_on_a_terminal_after_a_yes(vault: Vault) -> None:
    def reveal(answer: str) -> tuple[int, str]:
        typed = [("[y/N]", answer)]
        command = ("secrets", "reveal", "mailgun.api_key")
        return on_terminal(vault.folder, env(vault), *command, typed=typed)

    code, shown = reveal("n\n")
    assert (code, "canary" in shown) == (1, False)
    code, shown = reveal("y\n")
    assert (code, shown.count("canary-mailgun"), shown.count("canary")) == (0, 1, 1)


def test_reveal_is_for_terminals_only(vault: Vault) -> None:
    done = run("secrets", "reveal", "mailgun.api_key", cwd=vault.folder, env=env(vault))
    assert (done.code, done.out) == (64, "")


def test_another_file_is_named_by_an_option(vault: Vault) -> None:
    vault.encrypt("more.sops.yaml", "a: canary-a\n")
    listed = run("secrets", "list", "--file", "more.sops.yaml", cwd=vault.folder, env=env(vault))
    assert (listed.code, listed.out) == (0, "a\n")
    done = write(vault, "b", "--file", "more.sops.yaml", value="canary-b\n")
    assert done.returncode == 0
    assert vault.resolve("b", "more.sops.yaml").reveal() == "canary-b"


def test_a_yaml_that_names_no_encrypted_file_or_two_wants_the_option(vault: Vault) -> None:
    path = vault.folder / "esp.yaml"
    path.write_text(CONFIG.replace("file: secrets.sops.yaml", "file: o.yaml", 1), encoding="utf-8")
    done = run("secrets", "list", cwd=vault.folder, env=env(vault))
    assert done.code == 64
    assert "the YAML names o.yaml, secrets.sops.yaml" in done.err


@pytest.mark.parametrize(
    "command", ["secrets check", "secrets list", "secrets set a", "secrets reveal a"]
)
def test_untrusted_resolves_nothing(vault: Vault, command: str) -> None:
    done = run("--untrusted", *command.split(), cwd=vault.folder, env=env(vault))
    assert (done.code, done.out) == (4, "")
    assert "--untrusted resolves none" in done.err


def canary_free(vault: Vault) -> bool:
    files = (path for path in vault.folder.parent.rglob("*") if path.is_file())
    return not any(b"canary" in path.read_bytes() for path in files)


@pytest.mark.parametrize(
    "break_it",
    [
        lambda _: {"ESP_RECONCILE_SOPS": "/no/sops"},
        lambda _: {"SOPS_AGE_KEY_FILE": "/nowhere"},
        lambda vault: (vault.folder / "secrets.sops.yaml").write_text("a: 1") and {},
        lambda vault: (vault.folder / "secrets.sops.yaml").unlink() or {},
    ],
    ids=["no sops", "no key", "plain", "no file"],
)
@pytest.mark.parametrize("command", ["plan", "secrets check", "secrets list", "secrets set a"])
def test_whatever_is_missing_no_value_is_told_and_none_is_left_anywhere(
    vault: Vault, command: str, break_it: Callable[[Vault], dict[str, str]]
) -> None:
    environment = env(vault, **break_it(vault))
    if command.endswith("set a"):
        done = subprocess.run(
            [*PROGRAM, *command.split()],
            cwd=vault.folder,
            env={**CLEAN, **environment},
            input="canary-new",
            capture_output=True,
            text=True,
            check=False,
        )
        told, code = done.stdout + done.stderr, done.returncode
    else:
        ended = run(*command.split(), cwd=vault.folder, env=environment)
        told, code = ended.out + ended.err, ended.code
    assert code == 1
    assert "canary" not in told
    assert canary_free(vault)


def test_tokens_out_of_sops_reach_the_service_and_nothing_else(vault: Vault, box: Served) -> None:
    token = box.ports["postmark"]["account_token"]
    assert write(vault, "postmark.account_token", value=token).returncode == 0
    environment = env(vault, **box.env)
    done = run("--debug", "apply", "--yes", cwd=vault.folder, env=environment)
    assert done.code == 0
    assert "POST /domains 200 " in done.err
    assert token not in done.out + done.err
    saved = run("plan", "--out", "plan.json", cwd=vault.folder, env=environment)
    assert saved.code == 0
    written = (vault.folder / "plan.json").read_text(encoding="utf-8")
    assert "canary" not in written + json.dumps(box.requests())


def test_a_rotated_secret_is_a_change_that_shows_neither_value(vault: Vault, box: Served) -> None:
    write(vault, "postmark.account_token", value=box.ports["postmark"]["account_token"])
    environment = env(vault, **box.env)
    assert run("apply", "--yes", cwd=vault.folder, env=environment).code == 0
    assert run("plan", "--detailed-exitcode", cwd=vault.folder, env=environment).code == 0
    write(vault, "mailgun.list[0]", value="canary-rotated\n")
    done = run("plan", "--detailed-exitcode", cwd=vault.folder, env=environment)
    assert done.code == 2
    assert "headers" in done.out
    assert "canary" not in done.out + done.err


def test_only_what_is_applied_or_run_needs_its_secrets(box: Served, tmp_path: Path) -> None:
    text = CONFIG.replace("{sops: {file: secrets.sops.yaml, key: postmark.account_token}}", "%s")
    text = (text % "{env: POSTMARK_ACCOUNT_TOKEN}").replace("secrets.sops.yaml", "not-there.yaml")
    (tmp_path / "esp.yaml").write_text(text, encoding="utf-8")
    box.control("postmark", "POST", "dns", {"domain": "example.com", "published": True})
    for command, code in {
        "plan": 1,
        "plan --only t/domains --out plan.json": 0,
        "apply --plan plan.json --yes": 0,
        "run verify t/domains/example.com": 0,
    }.items():
        done = run(*command.split(), cwd=tmp_path, env=box.env)
        assert done.code == code, (command, done.err)
