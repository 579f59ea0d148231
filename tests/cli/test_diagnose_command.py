"""`domains diagnose`: what the services want, held against a real name server."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from nameserver import serving, zone_text
from program import Run, Served, run
from required import needs

DMARC = '_dmarc IN TXT "v=DMARC1; p=quarantine; rua=mailto:d@example.com"'


SHAPE = {"domain", "purpose", "type", "host", "expected", "authority", "resolver", "verdict"}


@pytest.fixture
def applied(box: Served, folder: Path) -> Served:
    needs("knot")
    assert run("apply", "--yes", "--no-check", cwd=folder, env=box.env).code == 0
    return box


def wanted(box: Served, folder: Path) -> list[Mapping[str, Any]]:
    done = run("domains", "records", "--format", "json", cwd=folder, env=box.env)
    return [record for each in done.json["domains"] for record in each["records"]]


def lines(records: Iterable[Mapping[str, Any]]) -> str:
    return "\n".join(map(line, records))


def line(record: Mapping[str, Any]) -> str:
    value = record["value"]
    if record["type"] == "TXT":
        value = " ".join(f'"{value[at : at + 255]}"' for at in range(0, len(value), 255))
    else:
        value = f"{record['priority']} {value}.".strip()
    return f"{record['host']}. 300 IN {record['type']} {value}"


def diagnose(box: Served, folder: Path, zone: str, *names: str) -> Run:
    with serving({"example.com": zone_text("example.com", zone)}) as server:
        where = ["--authority", server.place, "--resolver", server.place]
        options = [*where, "--format", "json"]
        return run("domains", "diagnose", *names, *options, cwd=folder, env=box.env)


def verdicts(done: Run) -> dict[tuple[str, str], str]:
    return {(each["host"], each["type"]): each["verdict"] for each in done.json["records"]}


def test_what_is_published_as_wanted_is_only_to_be_verified(applied: Served, folder: Path) -> None:
    zone = f"{lines(wanted(applied, folder))}\n{DMARC}"
    done = diagnose(applied, folder, zone)
    found = verdicts(done)
    assert set(found.values()) == {"unverified", "ok"}
    assert found["_dmarc.example.com", "TXT"] == "ok"


def test_what_is_verified_and_published_is_healthy(applied: Served, folder: Path) -> None:
    for domain in ("example.com", "mg.example.com", "promo.example.com"):
        applied.control("postmark", "POST", "dns", {"domain": domain, "published": True})
    run("domains", "verify", "--all", cwd=folder, env=applied.env)
    zone = f"{lines(wanted(applied, folder))}\n{DMARC}"
    done = diagnose(applied, folder, zone)
    assert set(verdicts(done).values()) == {"ok"}
    assert (done.code, done.json["healthy"]) == (0, True)
    holds = {(each["domain"], each["about"]): each["holds"] for each in done.json["senders"]}
    assert holds["mg.example.com", "alignment"] is True
    assert holds["example.com", "dmarc"] is True


def test_each_fault_is_told_with_what_was_expected_and_found(applied: Served, folder: Path) -> None:
    records = [each for each in wanted(applied, folder) if "mg.example.com" in each["host"]]
    spf = next(each for each in records if each["purpose"] == "SPF")
    others = [each for each in records if each["purpose"] == "DKIM"]
    zone = f'{lines(others)}\n{spf["host"]}. IN TXT "v=spf1 include:_spf.example.net -all"'
    done = diagnose(applied, folder, zone, "mg.example.com")
    assert done.code == 1
    rows = {each["purpose"]: each for each in done.json["records"]}
    assert rows["SPF"]["verdict"] == "merge-spf"
    assert "v=spf1 include:_spf.example.net include:eu.mailgun.org -all" in rows["SPF"]["advice"]
    assert rows["SPF"]["authority"] == ["v=spf1 include:_spf.example.net -all"]
    assert rows["tracking"]["verdict"] == "missing"
    assert rows["tracking"]["authority"] == []
    assert rows["DMARC"]["verdict"] == "missing"
    assert rows["SPF"].keys() >= SHAPE


def test_a_server_that_never_answers_makes_nothing_missing(applied: Served, folder: Path) -> None:
    where = ["--authority", "127.0.0.1:9", "--resolver", "127.0.0.1:9", "--timeout", "0.1"]
    done = run("domains", "diagnose", *where, "--format", "json", cwd=folder, env=applied.env)
    assert done.code == 1
    assert set(verdicts(done).values()) == {"unknown"}
    assert all(each["authority"] is None for each in done.json["records"])


def test_an_address_that_is_none_is_refused_before_anything_is_asked(
    box: Served, folder: Path
) -> None:
    done = run("domains", "diagnose", "--resolver", "not..a host", cwd=folder, env=box.env)
    assert done.code == 64
    assert box.requests() == []


def test_text_says_what_is_wrong_below_each_record(applied: Served, folder: Path) -> None:
    with serving({"example.com": zone_text("example.com", "")}) as server:
        where = ["--authority", server.place, "--resolver", server.place]
        done = run("domains", "diagnose", "example.com", *where, cwd=folder, env=applied.env)
    assert done.code == 1
    assert "missing  Return-Path  CNAME  pm-bounces.example.com" in done.out
    assert "pm-bounces.example.com. 3600 IN CNAME pm.mtasv.net." in done.out
    assert done.out.endswith("Diagnosis: 0 of 1 healthy.\n")
