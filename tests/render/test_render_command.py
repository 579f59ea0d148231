"""`render` on the command line: what is written, where to, and what is never."""

import os
import stat
from pathlib import Path

import pytest
from program import run
from test_dotenv_target import MEANT_POSTMARK

from reconciler.cli import exit_code_of as main
from reconciler.render import TARGETS

EXAMPLE = Path(__file__).parents[2] / "examples" / "esp.yaml"
TOKEN = "00000000-canary-4000-8000-000000000000"
ENV = {
    "POSTMARK_SERVER_TOKEN": TOKEN,
    "MAILGUN_API_KEY": "key-canary0000000000000000000000000",
    # Whatever would be asked of a service would fail.
    "ESP_RECONCILE_POSTMARK_URL": "http://127.0.0.1:9",
}
WITH_SECRETS = ("render", "transactional", "--as", "dotenv", "--with-secrets")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "esp.yaml").write_bytes(EXAMPLE.read_bytes())
    return tmp_path


@pytest.fixture
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder, for runs in this process."""
    monkeypatch.chdir(folder)
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    return folder


@pytest.mark.parametrize("target", sorted(TARGETS))
@pytest.mark.parametrize("provider", ["transactional", "marketing"])
def test_each_target_is_written_the_same_twice_and_tells_no_secret(
    here: Path, capsys: pytest.CaptureFixture[str], provider: str, target: str
) -> None:
    command = ["render", provider, "--as", target]
    assert main([*command, "--out", "out.yaml"]) == 0
    assert capsys.readouterr() == ("", "")
    assert main(command) == 0
    printed = capsys.readouterr()
    assert printed == ((here / "out.yaml").read_text(), "")
    assert "canary" not in printed.out


def test_an_unknown_provider_gets_the_nearest_name(folder: Path) -> None:
    done = run("render", "transactoinal", "--as", "json", cwd=folder)
    assert done.code == 64
    assert "did you mean `transactional`?" in done.err


def test_secrets_go_into_a_file_for_its_owner_only(folder: Path) -> None:
    out = folder / "app.env"
    out.write_text("old")
    out.chmod(0o644)
    before = out.stat().st_ino
    done = run(*WITH_SECRETS, "--out", "app.env", cwd=folder, env=ENV)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert out.stat().st_ino != before
    assert f"POSTMARK_SERVER_TOKEN={TOKEN}\n" in out.read_text()
    assert {each.name for each in folder.iterdir()} == {"app.env", "esp.yaml"}


@pytest.mark.parametrize("target", sorted(TARGETS.keys() - {"secret-refs"}))
def test_each_target_holds_the_token_if_it_is_told_to(
    here: Path, capsys: pytest.CaptureFixture[str], target: str
) -> None:
    out = here / "sub" / "out"
    out.parent.mkdir()
    assert main(["render", "marketing", "--as", target, "--with-secrets", "--out", str(out)]) == 0
    assert capsys.readouterr() == ("", "")
    assert out.read_text().count(ENV["MAILGUN_API_KEY"]) == 1


def test_no_token_is_resolved_that_is_not_written(folder: Path) -> None:
    """Neither the account's token is wanted, nor that of another provider."""
    env = {"POSTMARK_SERVER_TOKEN": TOKEN}
    assert run(*WITH_SECRETS, "--out", "app.env", cwd=folder, env=env).code == 0
    done = run(*WITH_SECRETS, "--out", "other.env", cwd=folder)
    assert done.code == 1
    assert "POSTMARK_SERVER_TOKEN" in done.err
    assert not (folder / "other.env").exists()


def test_secrets_are_never_printed(folder: Path) -> None:
    done = run(*WITH_SECRETS, cwd=folder, env=ENV)
    assert (done.code, done.out) == (64, "")
    assert "name it with --out FILE" in done.err


@pytest.mark.parametrize("out", ["/dev/stdout", "/dev/fd/1", "/dev/null", "pipe", "."])
def test_secrets_go_into_no_device_pipe_or_folder(folder: Path, out: str) -> None:
    os.mkfifo(folder / "pipe")
    done = run(*WITH_SECRETS, "--out", out, cwd=folder, env=ENV)
    assert (done.code, done.out) == (64, "")
    assert f"--out {out}: " in done.err
    assert not Path("/dev/null").is_file()


def test_secrets_go_through_no_link(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "file").write_text("kept")
    (folder / "link.env").symlink_to(elsewhere / "file")
    (folder / "linked").symlink_to(elsewhere)
    for out in ("link.env", "linked/app.env"):
        done = run(*WITH_SECRETS, "--out", out, cwd=folder, env=ENV)
        assert (done.code, done.out) == (64, "")
        assert f"--out {out}: " in done.err
    assert {each.name: each.read_text() for each in elsewhere.iterdir()} == {"file": "kept"}


def test_an_untrusted_run_and_the_sandbox_write_no_secret(folder: Path) -> None:
    for option, code in (("--untrusted", 4), ("--sandbox", 64)):
        done = run(option, *WITH_SECRETS, "--out", "app.env", cwd=folder, env=ENV)
        assert (done.code, (folder / "app.env").exists()) == (code, False)
        assert option in done.err
        assert run(option, "render", "transactional", "--as", "json", cwd=folder).code == 0


def test_a_provider_without_a_token_has_none_to_write(folder: Path) -> None:
    (folder / "esp.yaml").write_text(
        "version: 1\nproviders:\n  transactional:\n    service: postmark\n    server: Main\n"
        "    account_token: {env: POSTMARK_ACCOUNT_TOKEN}\n"
    )
    done = run(*WITH_SECRETS, "--out", "app.env", cwd=folder, env=ENV)
    assert done.code == 64
    assert "transactional names no `token`" in done.err
    printed = run("render", "transactional", "--as", "dotenv", cwd=folder).out
    assert "# POSTMARK_SERVER_TOKEN= (the configuration does not say; see Postmark" in printed


def test_the_configuration_is_not_written_over(folder: Path) -> None:
    conf = folder / "conf"
    conf.mkdir()
    (folder / "esp.yaml").rename(conf / "esp.yaml")
    before = (conf / "esp.yaml").read_bytes()
    for out in ("conf/esp.yaml", "conf/map.yaml"):
        done = run(
            "render", "marketing", "--as", "configmap", "-c", "conf", "--out", out, cwd=folder
        )
        assert done.code == 64, out
    assert [each.read_bytes() for each in conf.iterdir()] == [before]


def test_what_a_ci_service_would_take_for_a_command_is_not_printed(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (here / "esp.yaml").read_text().replace("tag_prefix: pm-", 'tag_prefix: "##[error]x"')
    (here / "esp.yaml").write_text(text)
    for target in ("sh", "configmap", "anymail"):
        assert main(["render", "marketing", "--as", target]) == 64, target
        printed = capsys.readouterr()
        assert printed.out == ""
        assert "--out FILE writes it" in printed.err
    assert main(["render", "marketing", "--as", "json"]) == 0
    assert "##[" not in capsys.readouterr().out
    assert main(["render", "marketing", "--as", "sh", "--out", "app.sh"]) == 0
    assert "##[error]x" in (here / "app.sh").read_text()


def test_names_are_as_they_are_documented(folder: Path) -> None:
    printed = run("render", "transactional", "--as", "dotenv", cwd=folder).out
    names = {line.partition("=")[0] for line in printed.splitlines() if line[0] != "#"}
    meant = {name.replace("MAIL", "TRANSACTIONAL", 1) for name in MEANT_POSTMARK}
    assert names == meant - {"ESP_TRANSACTIONAL_SENDER_NAME"}
