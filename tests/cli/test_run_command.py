"""`run`: what is asked for once, and is never part of a plan."""

import json
from pathlib import Path

import pytest
from program import Served, run
from terminal import on_terminal

DOMAIN = "transactional/domains/example.com"
WEBHOOK = "transactional/webhooks/outbound/https://hooks.example.com/postmark"
SENDER = "transactional/senders/ops@mail.example.org"


def with_sender(folder: Path) -> None:
    config = folder / "esp.yaml"
    both = "    senders: {ops@mail.example.org: {name: Ops}}\n    domains:\n"
    text = config.read_text(encoding="utf-8").replace("    domains:\n", both, 1)
    config.write_text(text, encoding="utf-8")


def applied(box: Served, folder: Path) -> None:
    assert run("apply", "--yes", cwd=folder, env=box.env).code == 0


def test_rotating_a_key_makes_a_pending_one_beside_the_active_one(
    box: Served, folder: Path
) -> None:
    box.control("postmark", "POST", "dns", {"domain": "example.com", "published": True})
    applied(box, folder)
    done = run("run", "rotate-dkim", DOMAIN, "--yes", "--format", "json", cwd=folder, env=box.env)
    assert done.code == 0
    states = [(each["purpose"], each["state"]) for each in done.json["records"]]
    assert states == [
        ("DKIM", "to publish"),
        ("DKIM", "verified once"),
        ("Return-Path", "verified"),
    ]
    assert run("plan", "--detailed-exitcode", cwd=folder, env=box.env).code == 0


def test_rotating_a_pending_key_is_refused_by_the_service(box: Served, folder: Path) -> None:
    applied(box, folder)
    done = run("run", "rotate-dkim", DOMAIN, "--yes", cwd=folder, env=box.env)
    assert done.code == 1
    assert "error code 505" in done.err


def test_verify_shows_the_records_and_their_states(box: Served, folder: Path) -> None:
    applied(box, folder)
    box.control("postmark", "POST", "dns", {"domain": "example.com", "published": True})
    done = run("run", "verify", DOMAIN, "--yes", cwd=folder, env=box.env)
    assert done.code == 0
    assert done.out.startswith(f"done    verify {DOMAIN}: no record is missing in DNS\n")
    assert done.out.count("(verified once)") == 1
    assert done.out.count("(verified)") == 1


def test_an_action_needs_a_yes_a_known_name_and_a_declared_address(
    box: Served, folder: Path
) -> None:
    for arguments, said in (
        (["rotate-dkim", DOMAIN], "say --yes"),
        (
            ["paint", DOMAIN, "--yes"],
            "there is no action `paint` for domains; known: rotate-dkim, verify",
        ),
        (["verfy", DOMAIN], "there is no action `verfy` for domains; did you mean `verify`?"),
        (["verify", "x/y"], "x/y is not declared; known here: transactional/domains/example.com"),
        (["verify", DOMAIN.replace("tran", "trn")], f"did you mean `{DOMAIN}`?"),
    ):
        done = run("run", *arguments, cwd=folder, env=box.env)
        assert done.code == 64
        assert said in done.err
    assert box.requests() == []


def test_a_check_of_dns_does_not_ask_and_fails_while_a_record_is_missing(
    box: Served, folder: Path
) -> None:
    applied(box, folder)
    code, shown = on_terminal(folder, box.env, "run", "verify", DOMAIN)
    assert code == 1
    assert "Go on?" not in shown
    done = run("run", "verify", DOMAIN, "--format", "json", cwd=folder, env=box.env)
    assert done.code == 1
    assert done.json["outcome"] == "failed"
    hosts = [each["host"] for each in done.json["records"] if each["state"] == "to publish"]
    assert len(hosts) == 2
    assert [host for host in hosts if host not in done.json["message"]] == []


def test_a_question_names_what_it_is_about(box: Served, folder: Path) -> None:
    applied(box, folder)
    typed = [("[y/N]", "n\n")]
    code, shown = on_terminal(folder, box.env, "run", "rotate-dkim", DOMAIN, typed=typed)
    assert code == 1
    assert f"{DOMAIN}: make a new DKIM key" in shown
    assert "Nothing was done." in shown


def test_a_look_is_taken_anew_even_if_all_was_found_before(box: Served, folder: Path) -> None:
    applied(box, folder)
    box.control("postmark", "POST", "dns", {"domain": "example.com", "published": True})
    assert run("run", "verify", DOMAIN, cwd=folder, env=box.env).code == 0
    box.control("postmark", "POST", "dns", {"domain": "example.com", "published": False})
    done = run("run", "verify", DOMAIN, cwd=folder, env=box.env)
    assert done.code == 1
    # DKIM never falls back (postmark.md §2.5).
    assert "still missing in DNS: Return-Path (CNAME pm-bounces.example.com)" in done.out


@pytest.mark.parametrize(("probe", "code"), [("ok", 0), ("fail", 1)])
def test_a_webhook_is_verified_sample_by_sample(
    probe: str, code: int, box: Served, folder: Path
) -> None:
    applied(box, folder)
    box.control("postmark", "POST", "settings", {"postmark_webhook_probe": probe})
    done = run("run", "verify", WEBHOOK, cwd=folder, env=box.env)
    box.control("postmark", "POST", "settings", {"postmark_webhook_probe": "off"})
    assert done.code == code
    assert (
        done.out.splitlines()
        == {
            "ok": [
                f"done    verify {WEBHOOK}: the URL took 2 of 2 samples",
                "  Delivery: ok, HTTP 200",
                "  Bounce: ok, HTTP 200",
            ],
            "fail": [
                f"failed  verify {WEBHOOK}: the URL took 0 of 2 samples",
                "  Delivery: failed, HTTP 500",
                "  Bounce: failed, HTTP 500",
                "  the webhook is not verified, and gets no events until it is: `run verify` asks",
            ],
        }[probe]
    )


def test_a_mail_that_was_sent_again_is_told_with_whom_it_went_to(box: Served, folder: Path) -> None:
    with_sender(folder)
    applied(box, folder)
    done = run("run", "resend", SENDER, "--yes", cwd=folder, env=box.env)
    assert done.code == 0
    assert "the confirmation mail was sent again, to ops@mail.example.org" in done.out


def test_a_mailgun_domain_is_verified_by_its_state_and_records(box: Served, folder: Path) -> None:
    applied(box, folder)
    domain = "marketing/domains/mg.example.com"
    done = run("run", "verify", domain, cwd=folder, env=box.env)
    assert done.code == 1
    assert f"failed  verify {domain}: still missing in DNS: " in done.out
    box.control("mailgun_eu", "POST", "dns", {"domain": "example.com", "published": True})
    done = run("run", "verify", domain, cwd=folder, env=box.env)
    assert done.code == 0
    assert f"done    verify {domain}: no record is missing in DNS" in done.out


def test_an_action_on_what_does_not_exist_is_an_error(box: Served, folder: Path) -> None:
    done = run("run", "verify", DOMAIN, "--yes", cwd=folder, env=box.env)
    assert done.code == 1
    assert "it does not exist yet; apply creates it" in done.err


@pytest.mark.parametrize(
    ("action", "address", "call", "code", "way_out"),
    [
        ("rotate-dkim", DOMAIN, "/domains/*/rotatedkim", 505, "Publish the pending key first"),
        ("rotate-dkim", DOMAIN, "/domains/*/rotatedkim", 508, ""),
        ("resend", SENDER, "/senders/*/resend", 506, "nothing left to confirm"),
    ],
)
def test_what_an_action_meets_is_told_with_its_code(
    box: Served, folder: Path, action: str, address: str, call: str, code: int, way_out: str
) -> None:
    with_sender(folder)
    applied(box, folder)
    body = json.dumps({"ErrorCode": code, "Message": "no."})
    fault = {"method": "POST", "path": call, "status": 422, "body": body}
    box.control("postmark", "POST", "faults", fault)
    done = run("run", action, address, "--yes", cwd=folder, env=box.env)
    assert done.code == 1
    assert f'HTTP 422, error code {code}: "no."' in done.err
    assert way_out in done.err
