"""`send-test`: one mail, sent once, and what became of it."""

import json
import signal
from pathlib import Path

import pytest
from program import Run, Served, run
from terminal import on_terminal
from test_interrupts import ended_by, started, wait_for_a_request

YAML = """\
version: 1
providers:
  transactional:
    service: postmark
    token: {env: POSTMARK_SERVER_TOKEN}
    sender: ops@mail.example.net
  marketing:
    service: mailgun
    token: {env: MAILGUN_API_KEY}
    sender: news@mg.example.net
    domain: mg.example.net
    domains: {mg.example.net: {}}
"""
TO = ["--to", "jane@shop.example.org"]
SENDING = {"transactional": "POST /email", "marketing": "POST /v3/mg.example.net/messages"}
DETAILS = "/messages/outbound/*/details"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "esp.yaml").write_text(YAML, encoding="utf-8")
    return tmp_path


@pytest.fixture
def box(box: Served) -> Served:
    box.control("postmark", "POST", "settings", {"postmark_event_delay": 0})
    box.control("mailgun_us", "POST", "settings", {"mailgun_event_delay": 0})
    return box


def send(box: Served, folder: Path, provider: str, *arguments: str) -> Run:
    return run("send-test", provider, *arguments, "--yes", cwd=folder, env=box.env)


def sendings(box: Served) -> int:
    return sum(box.requests().count(each) for each in SENDING.values())


def last_test(folder: Path, provider: str) -> tuple[str, bool]:
    state = json.loads((folder / ".esp-reconcile" / "state.json").read_text(encoding="utf-8"))
    told = state["tests"][provider]
    return told["by"], told["passed"]


@pytest.mark.parametrize("provider", SENDING)
def test_a_mail_is_sent_and_its_delivery_told(box: Served, folder: Path, provider: str) -> None:
    done = send(box, folder, provider, *TO)
    assert done.code == 0, done.err
    assert "Result: delivered within a second: " in done.out
    message = done.out.split()[1]
    assert done.out.startswith(f"message   {message}\n")
    assert f"Accepted as {message}.\n" in done.err
    assert sendings(box) == 1
    assert last_test(folder, provider) == ("send-test", True)


@pytest.mark.parametrize("provider", SENDING)
def test_what_is_told_is_also_data(box: Served, folder: Path, provider: str) -> None:
    told = send(box, folder, provider, *TO, "--format", "json").json
    assert (told["outcome"], told["as_wanted"], told["exit_code"]) == ("delivered", True, 0)
    assert told["to"] == "jane@shop.example.org"
    assert told["accepted_at"].endswith("+00:00")
    assert 0 <= told["seconds"] < 60
    assert told["run"]


@pytest.mark.parametrize("provider", SENDING)
def test_to_be_accepted_without_an_event_is_an_end_of_its_own(
    box: Served, folder: Path, provider: str
) -> None:
    done = send(box, folder, provider, *TO, "--wait", "0")
    assert done.code == 3
    assert "Result: accepted, no event yet: it was not waited for\n" in done.out
    assert last_test(folder, provider) == ("send-test", True)


def test_a_mail_that_is_indexed_late_is_found(box: Served, folder: Path) -> None:
    delays = {"postmark_index_delay": 0.5, "postmark_event_delay": 0.5}
    box.control("postmark", "POST", "settings", delays)
    done = send(box, folder, "transactional", *TO)
    assert done.code == 0
    looks = [each for each in box.requests() if each.endswith("/details")]
    assert len(looks) == 2


def test_a_bounce_that_was_asked_for_is_what_was_wanted(box: Served, folder: Path) -> None:
    for word in ("soft-bounce", "SoftBounce", "bounce"):
        done = send(box, folder, "transactional", "--simulate", word)
        assert done.code == 0, done.err
        assert "Result: bounced within a second, as was asked for: " in done.out


def test_a_bounce_that_was_not_asked_for_is_a_failure(box: Served, folder: Path) -> None:
    done = send(box, folder, "marketing", "--to", "bounce@shop.example.org")
    assert done.code == 1
    assert "Result: bounced within a second: bounce: 550 5.1.1 no such mailbox" in done.out
    assert last_test(folder, "marketing") == ("send-test", False)


def test_a_refusal_is_told_with_the_way_out_and_remembered(box: Served, folder: Path) -> None:
    box.control("postmark", "POST", "settings", {"postmark_account_pending": True})
    done = send(box, folder, "transactional", *TO)
    assert done.code == 1
    assert "error code 412" in done.err
    assert "The account awaits approval" in done.err
    assert last_test(folder, "transactional") == ("send-test", False)


def test_a_sandbox_domain_names_who_may_be_written_to(box: Served, folder: Path) -> None:
    listed = "authorized recipients in Account Settings"
    fault = {"path": "*/messages", "status": 403, "body": {"message": f"Add it to {listed}."}}
    box.control("mailgun_us", "POST", "faults", fault)
    done = send(box, folder, "marketing", *TO)
    assert done.code == 1
    assert "Authorized recipients, have its owner click the link" in done.err


def test_nothing_is_sent_without_a_yes(box: Served, folder: Path) -> None:
    done = run("send-test", "transactional", *TO, cwd=folder, env=box.env)
    assert done.code == 64
    assert "say --yes to send without a question" in done.err
    asked = ["send-test", "transactional", *TO]
    code, shown = on_terminal(folder, box.env, *asked, typed=[("[y/N]", "n\n")])
    assert code == 1
    assert "from ops@mail.example.net, to jane@shop.example.org, stream outbound" in shown
    assert "Nothing was sent." in shown
    assert box.requests() == []
    code, shown = on_terminal(folder, box.env, *asked, typed=[("[y/N]", "y\n")])
    assert code == 0
    assert "delivered" in shown
    assert sendings(box) == 1


def test_an_untrusted_run_sends_nothing(box: Served, folder: Path) -> None:
    for before in (["--untrusted"], ["--untrusted", "--sandbox"]):
        done = run(*before, "send-test", "transactional", *TO, "--yes", cwd=folder, env=box.env)
        assert done.code == 4
    assert box.requests() == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["transactionl", *TO], "did you mean `transactional`?"),
        (["transactional"], "say --to ADDRESS"),
        (["transactional", *TO, "--wait", "soon"], "a time such as 90s, 2m or 1h30m"),
        (["transactional", *TO, "--wait", "9999h"], "no more than a week"),
        (["transactional", "--simulate", "softbonce"], "did you mean `soft-bounce`?"),
        (["transactional", *TO, "--simulate", "bounce"], "leave --to out"),
        (["marketing", *TO, "--simulate", "bounce"], "Mailgun bounces nothing on demand"),
        (["marketing", "--to", "a@b.example\r\nBcc: c@d.example"], r"not `a@b.example\r\nBcc"),
        (["marketing", "--to", "a@b.example,c@d.example"], "--to: one address"),
    ],
)
def test_what_cannot_be_sent_is_told_before_anything_is(
    box: Served, folder: Path, arguments: list[str], said: str
) -> None:
    done = run("send-test", *arguments, "--yes", cwd=folder, env=box.env)
    assert done.code == 64
    assert said in done.err
    assert box.requests() == []


@pytest.mark.parametrize("provider", SENDING)
def test_a_mail_whose_answer_was_lost_is_never_sent_twice(
    box: Served, folder: Path, provider: str
) -> None:
    for site in box.ports:
        fault = {"method": "POST", "path": SENDING[provider].split()[1], "drop": "after"}
        box.control(site, "POST", "faults", fault)
    done = send(box, folder, provider, *TO, "--format", "json")
    assert done.code == 1
    assert "It was not sent again: the service took it all the same, as " in done.err
    assert done.json["error"]["type"] == "OutcomeUnknown"
    assert sendings(box) == 1


def test_an_interruption_of_the_waiting_tells_what_is_known(box: Served, folder: Path) -> None:
    box.control("postmark", "POST", "settings", {"postmark_event_delay": 999})
    asked = ["send-test", "transactional", *TO, "--yes"]
    with started(box, folder, asked) as process:
        wait_for_a_request(box, process)
        out, err = ended_by(process, signal.SIGTERM)
    assert process.returncode == 3, err
    assert "accepted, no event yet: interrupted while it was waited for" in out
    assert sendings(box) == 1


def test_an_interruption_of_a_look_that_hangs_ends_it_at_once(box: Served, folder: Path) -> None:
    box.control("postmark", "POST", "faults", {"path": DETAILS, "delay": 60})
    asked = ["send-test", "transactional", *TO, "--yes", "--format", "json"]
    with started(box, folder, asked) as process:
        wait_for_a_request(box, process)
        out, _ = ended_by(process, signal.SIGINT)
    assert process.returncode == 3
    assert json.loads(out)["outcome"] == "no-event"


def test_an_interruption_of_the_sending_waits_for_its_answer(box: Served, folder: Path) -> None:
    box.control("postmark", "POST", "faults", {"path": "/email", "delay": 0.5})
    with started(box, folder, ["send-test", "transactional", *TO, "--yes"]) as process:
        wait_for_a_request(box, process, "POST /email")
        out, err = ended_by(process, signal.SIGINT)
    assert process.returncode == 3, err
    assert "Interrupted: finishing the sending" in err
    assert "message   " in out
    assert sendings(box) == 1


def test_an_interruption_while_it_is_held_back_sends_nothing(box: Served, folder: Path) -> None:
    fault = {"path": "/email", "status": 429, "headers": {"Retry-After": "60"}, "times": 9}
    box.control("postmark", "POST", "faults", fault)
    with started(box, folder, ["send-test", "transactional", *TO, "--yes"]) as process:
        wait_for_a_request(box, process, "POST /email")
        out, err = ended_by(process, signal.SIGINT)
    assert (process.returncode, out) == (130, "")
    assert err.endswith("Interrupted.\n")


def test_no_secret_is_told_or_kept(box: Served, folder: Path) -> None:
    for provider, site in {"transactional": "postmark", "marketing": "mailgun_us"}.items():
        tokens = [text for key, text in box.ports[site].items() if key != "url"]
        body = {"ErrorCode": 300, "Message": f"no {tokens[0]}", "message": f"no {tokens[0]}"}
        box.control(
            site, "POST", "faults", {"method": "POST", "path": "*", "status": 422, "body": body}
        )
        refused = send(box, folder, provider, *TO, "--wait", "0")
        done = run("--debug", "send-test", provider, *TO, "--yes", cwd=folder, env=box.env)
        kept = [each.read_text(encoding="utf-8") for each in (folder / ".esp-reconcile").iterdir()]
        for text in (refused.out, refused.err, done.out, done.err, *kept):
            assert not [token for token in tokens if token in text]


def test_a_state_that_cannot_be_kept_is_only_a_warning(box: Served, folder: Path) -> None:
    (folder / "file").write_text("", encoding="utf-8")
    done = send(box, folder, "transactional", *TO, "--state", "file/state")
    assert done.code == 0
    assert "Warning: the state cannot be kept in" in done.err


def test_nothing_else_sends_a_mail(box: Served, folder: Path) -> None:
    for command in (["plan"], ["check"], ["validate"]):
        run(*command, cwd=folder, env=box.env)
    assert sendings(box) == 0


def test_it_works_embedded_as_well(folder: Path) -> None:
    done = run("--sandbox", "send-test", "marketing", *TO, "--yes", cwd=folder)
    assert done.code == 0
    assert "delivered" in done.out
