"""`sandbox serve`, `sandbox reset`, and the embedded sandbox that other commands run against."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from program import Run, run, served

YAML = """\
version: 1
providers:
  box:
    service: mailgun
    token: {env: MAILGUN_NOT_SET}
    domains:
      new.example.com: {spam_action: tag}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with a configuration, whose sandbox is `box`."""
    (tmp_path / "esp.yaml").write_text(YAML, encoding="utf-8")
    return tmp_path


def embedded(project: Path, *arguments: str, box: str = "box") -> Run:
    return run("--sandbox", "--sandbox-dir", box, *arguments, cwd=project)


def serve_refused(folder: Path, *arguments: str) -> Run:
    return run("sandbox", "serve", "--state", "state", *arguments, cwd=folder)


def test_the_embedded_sandbox_keeps_its_state_between_commands(project: Path) -> None:
    assert "+ domains/new.example.com" in embedded(project, "plan").out
    assert embedded(project, "apply", "--yes").code == 0
    assert "No changes." in embedded(project, "plan").out


def test_what_is_applied_to_the_embedded_sandbox_is_there_when_it_is_served(project: Path) -> None:
    assert embedded(project, "apply", "--yes").code == 0
    with served(project / "box") as server:
        key = server.ports["mailgun_us"]["api_key"]
        env = server.env | {"MAILGUN_NOT_SET": key}
        assert "No changes." in run("plan", cwd=project, env=env).out


EVERY_REFERENCE = """\
version: 1
providers:
  p:
    service: postmark
    token: {env: POSTMARK_SERVER_TOKEN}
    account_token: {file: secrets/pipe}
    settings: {inbound_hook: {env: AWS_SECRET_ACCESS_KEY}}
    webhooks:
      - url: https://hooks.example.com/x
        headers: {A: {env: ESP_HOOK}, B: {file: /etc/passwd}}
        auth: {username: u, password: {sops: {file: s.sops.yaml, key: a}}}
  m:
    service: mailgun
    token: {sops: {file: missing.sops.yaml, key: a}}
    domains: {new.example.com: {smtp_password: {file: ../outside}}}
"""


@pytest.mark.parametrize("command", ["plan", "apply --yes", "plan --detailed-exitcode"])
def test_the_embedded_sandbox_reads_and_gets_no_real_secret(tmp_path: Path, command: str) -> None:
    folder = tmp_path / "repo"
    (folder / "secrets").mkdir(parents=True)
    (folder / "esp.yaml").write_text(EVERY_REFERENCE, encoding="utf-8")
    os.mkfifo(folder / "secrets" / "pipe")
    (folder / "s.sops.yaml").write_text("canary-plain: 1\n", encoding="utf-8")
    (tmp_path / "outside").write_text("canary-outside", encoding="utf-8")
    names = ("POSTMARK_SERVER_TOKEN", "MAILGUN_API_KEY", "AWS_SECRET_ACCESS_KEY", "ESP_HOOK")
    env = {
        **{name: f"canary-{name}" for name in names},
        "ESP_RECONCILE_ENV_ALLOW": "*",
        "ESP_RECONCILE_SOPS": "/nowhere",
    }
    if "--detailed-exitcode" in command:
        assert run("--sandbox", "apply", "--yes", cwd=folder, env=env).code == 0
    done = run("--sandbox", *command.split(), cwd=folder, env=env)
    assert done.code == 0, done
    (note,) = (line for line in done.err.splitlines() if line.startswith("Note:"))
    assert note == (
        "Note: the sandbox's own tokens stand in for env POSTMARK_SERVER_TOKEN, file secrets/pipe, "
        "sops missing.sops.yaml key a, and made-up texts for env AWS_SECRET_ACCESS_KEY, "
        "env ESP_HOOK, file /etc/passwd, sops s.sops.yaml key a, file ../outside."
    )
    state = (folder / ".esp-sandbox" / "state.json").read_text(encoding="utf-8")
    assert "canary" not in state + done.out + done.err


def test_a_saved_plan_without_changes_tells_of_no_stand_ins(project: Path) -> None:
    assert "stand in for env MAILGUN_NOT_SET." in embedded(project, "apply", "--yes").err
    assert "stand in for" in embedded(project, "plan", "--out", "plan.json").err
    done = embedded(project, "apply", "--plan", "plan.json", "--yes")
    assert done.code == 0
    assert "Note:" not in done.err


def test_reset_forgets_what_was_done_and_keeps_the_tokens(project: Path) -> None:
    embedded(project, "apply", "--yes")
    before = state(project)["credentials"]
    done = run("--sandbox-dir", "box", "sandbox", "reset", cwd=project)
    assert (done.code, done.out) == (0, "")
    assert state(project)["credentials"] == before
    assert "+ domains/new.example.com" in embedded(project, "plan").out


def test_reset_makes_a_sandbox_where_there_was_none(tmp_path: Path) -> None:
    assert run("--sandbox-dir", "a/b", "sandbox", "reset", cwd=tmp_path).code == 0
    assert (tmp_path / "a" / "b" / "state.json").exists()


def state(project: Path) -> Any:
    return json.loads((project / "box" / "state.json").read_text(encoding="utf-8"))


def test_a_damaged_state_is_an_error_that_says_how_to_reset_and_nothing_is_lost(
    project: Path,
) -> None:
    file = project / "box" / "state.json"
    file.parent.mkdir()
    file.write_text('{"format": 1, "credentials"', encoding="utf-8")
    refused = embedded(project, "plan")
    assert refused.code == 1
    assert refused.err == (
        "Error: box/state.json is no state of a sandbox of this version. "
        "To start anew: esp-reconcile --sandbox-dir box sandbox reset\n"
    )
    assert file.read_text(encoding="utf-8") == '{"format": 1, "credentials"'


def test_a_damaged_state_is_not_served_and_a_reset_mends_it(project: Path) -> None:
    (project / "box").mkdir()
    (project / "box" / "state.json").write_text("{", encoding="utf-8")
    refused = run("sandbox", "serve", "--port", "0", "--state", "box", cwd=project)
    assert refused.code == 1
    assert "--sandbox-dir box sandbox reset" in refused.err
    assert run("--sandbox-dir", "box", "sandbox", "reset", cwd=project).code == 0
    assert embedded(project, "plan").code == 0


def test_a_damaged_state_is_an_error_in_json_too(project: Path) -> None:
    (project / "box").mkdir()
    (project / "box" / "state.json").write_text("{", encoding="utf-8")
    refused = embedded(project, "plan", "--format", "json")
    assert refused.code == 1
    assert "sandbox reset" in refused.json["error"]["message"]


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes"), ("sandbox", "reset")])
def test_a_folder_that_cannot_be_written_is_a_clear_error(
    project: Path, command: tuple[str, ...]
) -> None:
    (project / "file").write_text("", encoding="utf-8")
    refused = embedded(project, *command, box="file/box")
    assert refused.code == 1
    assert "file/box/state.json: Not a directory" in refused.err


@pytest.mark.parametrize("command", [("plan",), ("sandbox", "reset")])
def test_a_state_that_is_a_folder_is_a_clear_error(project: Path, command: tuple[str, ...]) -> None:
    (project / "box" / "state.json").mkdir(parents=True)
    refused = embedded(project, *command)
    assert refused.code == 1
    assert "box/state.json: Is a directory" in refused.err


def test_a_sandbox_folder_that_is_a_file_is_a_usage_error(project: Path) -> None:
    (project / "file").write_text("", encoding="utf-8")
    assert embedded(project, "plan", box="file").code == 64


@contextmanager
def three_in_a_row() -> Iterator[list[socket.socket]]:
    """Take three ports that follow each other, so that nobody else has one of them."""
    while True:
        with ExitStack() as stack:
            ports = [stack.enter_context(socket.socket()) for _ in range(3)]
            ports[0].bind(("127.0.0.1", 0))
            first = ports[0].getsockname()[1]
            with suppress(OSError, OverflowError):
                for number, each in enumerate(ports[1:], start=1):
                    each.bind(("127.0.0.1", first + number))
                for each in ports:
                    each.listen()
                yield ports
                return


@pytest.mark.parametrize("offset", [0, 1, 2])
def test_a_port_that_is_taken_is_a_usage_error_that_names_it(tmp_path: Path, offset: int) -> None:
    with three_in_a_row() as ports:
        for number, each in enumerate(ports):
            if number != offset:
                each.close()
        port = ports[offset].getsockname()[1]
        refused = serve_refused(tmp_path, "--port", str(port - offset))
    assert refused.code == 64
    assert refused.out == ""
    assert refused.err == (
        f"Error: port {port} of 127.0.0.1 cannot be served: Address already in use; "
        "--port 0 picks a free one\n"
    )


@pytest.mark.parametrize("port", ["-1", "65534", "70000", "x", "1.5", ""])
def test_a_port_that_is_none_is_a_usage_error(tmp_path: Path, port: str) -> None:
    refused = serve_refused(tmp_path, "--port", port)
    assert refused.code == 64
    assert not (tmp_path / "state").exists()


def test_the_embedded_sandbox_does_not_talk_to_the_urls_of_the_environment(project: Path) -> None:
    env = {"ESP_RECONCILE_MAILGUN_US_URL": "http://127.0.0.1:1", "ESP_RECONCILE_SANDBOX": "1"}
    assert run("plan", cwd=project, env=env).code == 0


@pytest.mark.parametrize("url", ["http://api.example.com", "https://u:pw@api.example.com"])
def test_a_base_url_that_is_not_allowed_ends_in_a_usage_error(project: Path, url: str) -> None:
    env = {"ESP_RECONCILE_MAILGUN_US_URL": url, "MAILGUN_NOT_SET": "key-0"}
    refused = run("plan", cwd=project, env=env)
    assert refused.code == 64
    assert "ESP_RECONCILE_MAILGUN_US_URL: an https URL is wanted" in refused.err
    assert "pw" not in refused.err


def test_there_is_no_port_0_to_lead_a_shell_to(tmp_path: Path) -> None:
    done = run("sandbox", "env", "--port", "0", cwd=tmp_path)
    assert (done.code, done.out) == (64, "")
    assert "name the first one that `sandbox serve` told" in done.err
