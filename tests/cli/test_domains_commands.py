"""`domains list`, `records`, `verify`, `add` and `remove`."""

from pathlib import Path

import pytest
from program import Served, run


@pytest.fixture
def applied(box: Served, folder: Path) -> Served:
    assert run("apply", "--yes", "--no-check", cwd=folder, env=box.env).code == 0
    for site in box.ports:
        box.control(site, "DELETE", "requests")
    return box


def publish(box: Served, domain: str, *, published: bool = True) -> None:
    box.control("postmark", "POST", "dns", {"domain": domain, "published": published})


def test_a_list_has_each_service_s_columns_and_what_is_unmanaged(
    applied: Served, folder: Path
) -> None:
    done = run("domains", "list", cwd=folder, env=applied.env)
    assert done.code == 0
    lines = [line.split() for line in done.out.splitlines()]
    assert ["Domain", "Status", "DKIM", "Return-Path"] in lines
    assert ["Domain", "Status", "SPF", "DKIM", "CNAME"] in lines
    assert ["mail.example.net", "unverified", "unverified", "unverified", "unmanaged"] in lines
    assert all(each.startswith("GET ") for each in applied.requests())


def test_a_list_as_json_has_the_records(applied: Served, folder: Path) -> None:
    done = run("domains", "list", "--format", "json", cwd=folder, env=applied.env)
    by_name = {
        domain["name"]: domain for each in done.json["providers"] for domain in each["domains"]
    }
    assert set(by_name["mg.example.com"]["checks"]) == {"SPF", "DKIM", "CNAME"}
    assert {each["purpose"] for each in by_name["example.com"]["records"]} == {
        "DKIM",
        "Return-Path",
    }


def test_what_is_declared_and_not_live_is_missing(box: Served, folder: Path) -> None:
    done = run("domains", "list", "--format", "json", cwd=folder, env=box.env)
    states = {
        domain["name"]: domain["state"]
        for each in done.json["providers"]
        for domain in each["domains"]
    }
    assert states["example.com"] == "missing"
    assert states["old.example.com"] == "unverified"


def test_records_are_those_of_the_named_domain_only(applied: Served, folder: Path) -> None:
    done = run("domains", "records", "mg.example.com", cwd=folder, env=applied.env)
    assert done.code == 0
    assert "smtp._domainkey.mg.example.com" in done.out
    assert "promo" not in done.out
    reads = [each for each in applied.requests() if "/v4/domains/" in each]
    assert reads == ["GET /v4/domains/mg.example.com"]


def test_records_that_are_found_are_left_out_with_missing(applied: Served, folder: Path) -> None:
    publish(applied, "mg.example.com")
    run("run", "verify", "marketing/domains/mg.example.com", cwd=folder, env=applied.env)
    shown = run("domains", "records", "mg.example.com", "--missing", cwd=folder, env=applied.env)
    assert "no records" in shown.out


def test_an_unknown_domain_is_refused_with_the_nearest_name(applied: Served, folder: Path) -> None:
    done = run("domains", "records", "mg.exmple.com", cwd=folder, env=applied.env)
    assert done.code == 64
    assert "did you mean `mg.example.com`?" in done.err


def test_verify_ends_with_zero_only_when_all_are_verified(applied: Served, folder: Path) -> None:
    done = run("domains", "verify", "example.com", cwd=folder, env=applied.env)
    assert done.code == 1
    assert done.out.startswith("not verified  transactional/domains/example.com: still missing")
    publish(applied, "example.com")
    done = run("domains", "verify", "example.com", "--format", "json", cwd=folder, env=applied.env)
    assert (done.code, done.json["verified"]) == (0, True)


def test_verify_asks_again_until_the_time_is_over(applied: Served, folder: Path) -> None:
    done = run("domains", "verify", "example.com", "--wait", "0.2s", cwd=folder, env=applied.env)
    assert done.code == 1
    assert "0 of 1 verified; asking again in 0 s" in done.err
    asked = [each for each in applied.requests() if each.endswith("/verifyDkim")]
    assert len(asked) == 2


def test_verify_wants_a_name_or_all(box: Served, folder: Path) -> None:
    done = run("domains", "verify", cwd=folder, env=box.env)
    assert done.code == 64
    assert "name a domain, or say --all" in done.err


def test_an_untrusted_run_reads_no_domains(box: Served, folder: Path) -> None:
    assert run("--untrusted", "domains", "list", cwd=folder, env=box.env).code == 4
    assert box.requests() == []


def test_a_provider_without_an_account_token_has_no_domains_to_name(
    box: Served, tmp_path: Path
) -> None:
    (tmp_path / "esp.yaml").write_text(
        "version: 1\nproviders:\n  t: {service: postmark, token: {env: POSTMARK_SERVER_TOKEN}}\n"
    )
    done = run("domains", "list", "--provider", "t", cwd=tmp_path, env=box.env)
    assert done.code == 64
    assert "give it an `account_token`" in done.err


def test_the_way_from_add_to_verified_is_what_is_told(box: Served, folder: Path) -> None:
    before = (folder / "esp.yaml").read_text(encoding="utf-8")
    done = run(
        "domains", "add", "news.example.com", "--provider", "marketing", cwd=folder, env=box.env
    )
    assert done.code == 0
    after = (folder / "esp.yaml").read_text(encoding="utf-8").splitlines()
    assert [line for line in after if line not in before.splitlines()] == [
        "      news.example.com: {}"
    ]
    publish(box, "news.example.com")
    steps = [
        line.partition("#")[0].split()[1:] for line in done.err.splitlines() if "  esp" in line
    ]
    codes = []
    for step in steps:
        yes = ["--yes", "--no-check"] if step == ["apply"] else []
        codes.append(run(*step, *yes, cwd=folder, env=box.env).code)
    assert (len(steps), codes) == (4, [0, 0, 0, 0])


def test_remove_deletes_by_the_next_apply(applied: Served, folder: Path) -> None:
    done = run("domains", "remove", "mail.example.net", cwd=folder, env=applied.env)
    assert done.code == 64
    assert "say with --provider" in done.err
    arguments = ["domains", "remove", "mail.example.net", "--provider", "transactional"]
    assert run(*arguments, cwd=folder, env=applied.env).code == 0
    plan = run("plan", "--format", "json", cwd=folder, env=applied.env).json
    assert [(each["action"], each["address"]) for each in plan["changes"]] == [
        ("delete", "transactional/domains/mail.example.net")
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["add", "mg.example.com", "--provider", "marketing"], "is declared already"),
        (["add", "MG.example.com.", "--provider", "marketing"], "is declared already"),
        (["add", "a.example.com"], "say with --provider whose domain it is"),
        (["add", "a.example.com", "--provider", "marketng"], "did you mean `marketing`?"),
        (["add", "not a name", "--provider", "marketing"], "esp.yaml was left as it is"),
        (["remove", "old.example.com"], "is to be absent already"),
        (["remove", "mg.example.com"], "esp.yaml was left as it is"),
    ],
)
def test_what_cannot_be_edited_is_left_as_it_is(
    folder: Path, arguments: list[str], said: str
) -> None:
    before = (folder / "esp.yaml").read_bytes()
    done = run("domains", *arguments, cwd=folder)
    assert done.code == 64
    assert said in done.err
    assert (folder / "esp.yaml").read_bytes() == before


def test_a_dry_run_shows_a_diff_and_writes_nothing(folder: Path) -> None:
    before = (folder / "esp.yaml").read_bytes()
    done = run("domains", "remove", "promo.example.com", "--dry-run", cwd=folder)
    assert done.code == 0
    assert "+      promo.example.com: {ensure: absent}" in done.out
    assert "# and its own exceptions" in done.out
    assert (folder / "esp.yaml").read_bytes() == before
