"""`run`: what is asked for once, and is never part of a plan."""

import json
from pathlib import Path

import pytest
from program import Served, run

DOMAIN = "transactional/domains/example.com"
SENDER = "transactional/senders/ops@mail.example.org"


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
    assert done.out.count("(verified once)") == 1
    assert done.out.count("(verified)") == 1


def test_an_action_needs_a_yes_a_known_name_and_a_declared_address(
    box: Served, folder: Path
) -> None:
    for arguments in (["verify", DOMAIN], ["paint", DOMAIN, "--yes"], ["verify", "x/y", "--yes"]):
        assert run("run", *arguments, cwd=folder, env=box.env).code == 64
    assert box.requests() == []


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
    config = folder / "esp.yaml"
    with_sender = "    senders: {ops@mail.example.org: {name: Ops}}\n    domains:\n"
    text = config.read_text(encoding="utf-8").replace("    domains:\n", with_sender, 1)
    config.write_text(text, encoding="utf-8")
    applied(box, folder)
    body = json.dumps({"ErrorCode": code, "Message": "no."})
    fault = {"method": "POST", "path": call, "status": 422, "body": body}
    box.control("postmark", "POST", "faults", fault)
    done = run("run", action, address, "--yes", cwd=folder, env=box.env)
    assert done.code == 1
    assert f'HTTP 422, error code {code}: "no."' in done.err
    assert way_out in done.err
