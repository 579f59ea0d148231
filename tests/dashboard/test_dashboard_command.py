"""`dashboard` as a process: from files to a file, and to a port."""

import json
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from dashboard_pages import EXAMPLE, REPOSITORY, example, parsed
from program import run
from served_dashboard import serving

YAML = REPOSITORY / "examples" / "esp.yaml"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what the commands print of the sandbox."""
    folder = tmp_path_factory.mktemp("saved")
    commands = {
        "status": ("status", "--config", str(YAML)),
        "plan": ("plan", str(YAML)),
        "drift": ("drift", str(YAML)),
    }
    for name, command in commands.items():
        text = run("--sandbox", *command, "--format", "json", cwd=folder).out
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    return folder


def test_a_page_is_built_from_what_the_commands_print(saved: Path) -> None:
    names = ("status.json", "plan.json", "drift.json")
    done = run("dashboard", "build", "--out", "page.html", "--from", *names, cwd=saved)
    assert (done.code, done.out, done.err) == (0, "", "page.html is written.\n")
    text = parsed((saved / "page.html").read_text(encoding="utf-8")).text
    assert "2 of 2 providers connected, 0 of 5 domains verified." in text
    assert "Pending change Drift cause unknown" in text
    assert "Other changes" not in text


def test_files_may_come_in_any_order_and_each_with_its_option(saved: Path) -> None:
    one = run("dashboard", "build", "-o", "-", "--from", "plan.json", "status.json", cwd=saved)
    command = ("dashboard", "build", "-o", "-", "--from", "status.json", "--from", "plan.json")
    assert run(*command, cwd=saved).out == one.out
    assert one.out.startswith("<!doctype html>")
    assert one.out.endswith("</html>\n")


def test_no_token_of_the_sandbox_is_on_the_page_or_in_what_it_is_made_of(saved: Path) -> None:
    state = json.loads((saved / ".esp-sandbox" / "state.json").read_text(encoding="utf-8"))
    tokens = state["credentials"].values()
    assert len(list(tokens)) == 3
    page = run("dashboard", "build", "-o", "-", "--from", "status.json", "plan.json", cwd=saved).out
    documents = [file.read_text(encoding="utf-8") for file in saved.glob("*.json")]
    for token in tokens:
        assert all(token not in text for text in (page, *documents))
        assert all(token[-6:] not in text for text in (page, *documents))


def test_without_files_the_providers_are_read(tmp_path: Path) -> None:
    sandbox = ("--sandbox", "dashboard", "build", "--config", str(YAML))
    assert run("--sandbox", "check", "--config", str(YAML), cwd=tmp_path).out
    done = run(*sandbox, "--out", "page.html", cwd=tmp_path)
    assert done.code == 0, done.err
    text = parsed((tmp_path / "page.html").read_text(encoding="utf-8")).text
    assert "2 of 2 providers connected, 0 of 5 domains verified." in text
    assert "by check : Passed" in text or "by check : Failed" in text
    assert "Pending change to be created" in text


def test_what_cannot_be_read_is_told_on_the_page(tmp_path: Path) -> None:
    done = run("dashboard", "build", "-o", "page.html", "--config", str(YAML), cwd=tmp_path)
    assert done.code == 0, done.err
    text = parsed((tmp_path / "page.html").read_text(encoding="utf-8")).text
    assert "0 of 2 providers connected" in text
    assert "the environment variable MAILGUN_API_KEY is not set" in text
    assert "Pending" not in text


def test_a_configuration_that_is_wrong_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "esp.yaml").write_text("version: 2\n", encoding="utf-8")
    done = run("dashboard", "build", "--out", "page.html", cwd=tmp_path)
    assert done.code == 1
    assert "esp.yaml:1" in done.err
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        (
            '{"command": "status", "format_version": "1", "x": ' + "[" * 900 + "]" * 900 + "}",
            "`at` is missing",
        ),
        ("[]", "not the JSON of a run"),
        ('{"command": "apply"}', "not the JSON of status, plan, drift"),
        ('{"command": ["status"]}', "not the JSON of status, plan, drift"),
        ('{"command": "status", "format_version": "1", "at": NaN}', "`commit` is missing"),
        ("\ufeff{}", "not the JSON of status, plan, drift"),
        ("\x00\x1b[31m", "not JSON"),
    ],
)
def test_a_foreign_file_is_refused_and_nothing_is_written(
    tmp_path: Path, content: str, told: str
) -> None:
    (tmp_path / "x.json").write_text(content, encoding="utf-8")
    done = run("dashboard", "build", "--out", "page.html", "--from", "x.json", cwd=tmp_path)
    assert done.code == 1
    assert told in done.err
    assert done.err.startswith("Error: ")
    assert len(done.err) < 500
    assert not (tmp_path / "page.html").exists()


def test_a_file_of_more_than_any_report_holds_is_not_read_to_its_end(tmp_path: Path) -> None:
    with (tmp_path / "x.json").open("wb") as file:
        file.truncate(2**30)
    done = run("dashboard", "build", "--out", "page.html", "--from", "x.json", cwd=tmp_path)
    assert done.code == 1
    assert "longer than 64 MiB" in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--out", "p.html", "--from", "plan.json"), 64, "is to be what `status --format json`"),
        (("--out", "p.html", "--from", "status.json", "status.json"), 1, "another `status`"),
        (("--out", "p.html", "status.json"), 64, "saved JSON stands after --from"),
        (("--out", "p.html", "--from", "status.json", "-c", "x.yaml"), 64, "leave --config out"),
        (("--out", "status.json", "--from", "status.json"), 64, "name another file"),
        (("--out", "esp.yaml", "--from", "status.json"), 64, "a configuration may be called so"),
        (("--out", "none/p.html", "--from", "status.json"), 64, "its folder is not there"),
        (("--out", "p.html", "--from", "none.json"), 1, "none.json: No such file"),
        (("--from", "status.json"), 64, "--out"),
    ],
)
def test_what_cannot_be_meant_is_said(
    saved: Path, arguments: tuple[str, ...], code: int, told: str
) -> None:
    done = run("dashboard", "build", *arguments, cwd=saved)
    assert (done.code, told in done.err) == (code, True), done.err
    assert not (saved / "p.html").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_tells_its_port_serves_many_at_once_and_ends_when_told(
    tmp_path: Path, number: signal.Signals
) -> None:
    with serving(tmp_path, "--from", str(EXAMPLE)) as (process, url):
        assert urlsplit(url).hostname == "127.0.0.1"
        with httpx.Client(trust_env=False) as client, ThreadPoolExecutor(16) as crowd:
            answers = list(crowd.map(lambda _: client.get(url), range(64)))
            refused = client.get(url, headers={"Host": "evil.example.com"})
            assert client.post(url).status_code == 405
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
        assert (process.returncode, out, err) == (0, "", "")
    assert {each.status_code for each in answers} == {200}
    assert len({each.text for each in answers}) == 1
    assert refused.status_code == 403


def test_what_is_served_without_files_is_read_live(tmp_path: Path) -> None:
    with serving(tmp_path, "--config", str(YAML), before=("--sandbox",)) as (process, url):
        assert "2 of 2 providers connected" in httpx.get(url, trust_env=False, timeout=60).text
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert process.returncode == 0


def test_a_file_that_changes_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "status.json"
    file.write_text(json.dumps(example() | {"commit": "0ld"}), encoding="utf-8")
    with serving(tmp_path, "--every", "1", "--from", "status.json") as (_, url):
        assert "0ld" in httpx.get(url, trust_env=False).text
        file.write_text(json.dumps(example() | {"commit": "n3w"}), encoding="utf-8")
        text = ""
        while "n3w" not in text:
            text = httpx.get(url, trust_env=False).text


def test_a_port_that_is_taken_is_said_to_be(tmp_path: Path) -> None:
    with serving(tmp_path, "--from", str(EXAMPLE)) as (_, url):
        port = str(urlsplit(url).port)
        done = run("dashboard", "serve", "--port", port, "--from", str(EXAMPLE), cwd=tmp_path)
    assert done.code == 64
    assert f"port {port} of 127.0.0.1 cannot be served" in done.err


@pytest.mark.parametrize("option", ["--from", "--config"])
def test_standard_input_is_not_served(tmp_path: Path, option: str) -> None:
    done = run("dashboard", "serve", option, "-", cwd=tmp_path)
    assert done.code == 64
    assert "standard input is read once only" in done.err
