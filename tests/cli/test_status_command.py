"""`status`: how each provider stands, and the page that is made of it."""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from program import Served, run

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "schemas" / "status.schema.json").read_text(encoding="utf-8")
)


@pytest.fixture
def applied(box: Served, folder: Path) -> Served:
    assert run("apply", "--yes", "--no-check", cwd=folder, env=box.env).code == 0
    for site in box.ports:
        box.control(site, "DELETE", "requests")
    return box


def by_name(document: Any) -> dict[str, Any]:
    return {each["name"]: each for each in document["providers"]}


def test_status_tells_what_an_admin_sees_and_only_reads(applied: Served, folder: Path) -> None:
    done = run("status", "--format", "json", cwd=folder, env=applied.env)
    assert done.code == 0
    jsonschema.validate(done.json, SCHEMA)
    found = by_name(done.json)
    first, second = found["transactional"], found["marketing"]
    assert first["connection"]["state"] == "connected"
    assert first["connection"]["tested"] is None
    assert [each["reference"] for each in first["tokens"]] == [
        "env POSTMARK_SERVER_TOKEN",
        "env POSTMARK_ACCOUNT_TOKEN",
    ]
    assert first["sender"]["state"] == "unverified"
    assert {each["field"]: each["live"] for each in first["tracking"]} == {
        "opens": True,
        "links": "html_and_text",
    }
    assert {each["name"]: each["managed"] for each in first["streams"]}["newsletter"] == "declared"
    assert {each["name"]: each["managed"] for each in first["domains"]} == {
        "example.com": "declared",
        "mail.example.net": "unmanaged",
    }
    assert (second["region"], second["default_domain"]) == ("eu", "mg.example.com")
    assert {each["field"] for each in second["tracking"]} == {
        "opens",
        "clicks",
        "unsubscribe",
        "dkim_signing",
    }
    assert all(each.startswith("GET ") for each in applied.requests())


def test_when_a_provider_was_tested_is_told_with_the_command(applied: Served, folder: Path) -> None:
    run("check", "marketing", cwd=folder, env=applied.env)
    done = run("status", cwd=folder, env=applied.env)
    lines = {line.split()[0]: line for line in done.out.splitlines() if line[:1].isalpha()}
    assert "last tested just now by check" in lines["marketing"]
    assert "never tested (`esp-reconcile check`)" in lines["transactional"]


def test_status_shows_no_secret_anywhere(applied: Served, folder: Path) -> None:
    secrets = [value for key, value in applied.env.items() if not key.endswith("_URL")]
    for options in ([], ["--format", "json"]):
        done = run("status", *options, cwd=folder, env=applied.env)
        assert not any(secret in done.out + done.err for secret in secrets)


def test_a_token_that_is_missing_leaves_the_other_providers_to_be_seen(
    applied: Served, folder: Path
) -> None:
    env = {key: value for key, value in applied.env.items() if key != "MAILGUN_API_KEY"}
    done = run("status", "--format", "json", cwd=folder, env=env)
    assert done.code == 1
    jsonschema.validate(done.json, SCHEMA)
    found = by_name(done.json)
    assert found["marketing"]["connection"]["state"] == "failed"
    assert "MAILGUN_API_KEY is not set" in found["marketing"]["tokens"][0]["fact"]
    assert found["transactional"]["connection"]["state"] == "connected"


def test_what_could_not_be_read_is_told_and_never_missing(applied: Served, folder: Path) -> None:
    fault = {"method": "GET", "path": "/domains*", "status": 500, "times": 99}
    applied.control("postmark", "POST", "faults", fault)
    config = folder / "esp.yaml"
    text = config.read_text(encoding="utf-8").replace("retry_attempts: 3", "retry_attempts: 0")
    config.write_text(text, encoding="utf-8")
    done = run("status", "transactional", "--format", "json", cwd=folder, env=applied.env)
    assert done.code == 1
    found = by_name(done.json)["transactional"]
    assert {each["state"] for each in found["domains"]} == {"unknown"}
    assert "/domains" in found["error"]


class Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


def test_a_page_is_built_live_with_what_is_pending(applied: Served, folder: Path) -> None:
    applied.postmark("PUT", "/server", {"TrackOpens": False})
    applied.control("postmark", "DELETE", "requests")
    done = run("dashboard", "build", "--out", "page.html", cwd=folder, env=applied.env)
    assert done.code == 0
    page = (folder / "page.html").read_text(encoding="utf-8")
    parser = Texts()
    parser.feed(page)
    assert "1 change" in " ".join(parser.texts) or "pending" in page.lower()
    assert "<script" not in page
    secrets = [value for key, value in applied.env.items() if not key.endswith("_URL")]
    assert not any(secret in page for secret in secrets)
    assert all(each.startswith("GET ") for each in applied.requests())


def test_a_page_of_saved_json_needs_no_token(applied: Served, folder: Path) -> None:
    for command in ("status", "plan"):
        saved = run(command, "--format", "json", cwd=folder, env=applied.env).out
        (folder / f"{command}.json").write_text(saved, encoding="utf-8")
    arguments = ["--out", "page.html", "--from", "status.json", "plan.json"]
    assert run("dashboard", "build", *arguments, cwd=folder).code == 0
    assert "mg.example.com" in (folder / "page.html").read_text(encoding="utf-8")


def test_a_secret_that_is_sent_along_is_shown_by_no_reading(box: Served, folder: Path) -> None:
    canary = "canary-of-a-webhook"
    config = folder / "esp.yaml"
    text = config.read_text(encoding="utf-8")
    hook = "triggers: [delivery, bounce]"
    with_auth = f"{hook}, auth: {{username: u, password: {{env: ESP_HOOK}}}}"
    config.write_text(text.replace(hook, with_auth), encoding="utf-8")
    echo = {"TotalCount": 1, "Domains": [{"ID": 7, "Name": f"{canary}.example.com"}]}
    whole = {"ID": 7, "Name": f"{canary}.example.com", "DKIMHost": canary, "DKIMTextValue": canary}
    env = box.env | {"ESP_HOOK": canary}
    for command in (["status"], ["domains", "list"], ["domains", "records", "--all"], ["check"]):
        box.control("postmark", "DELETE", "faults")
        for path, body in (("/domains", echo), ("/domains/7", whole), ("/server", {"ID": canary})):
            fault = {"path": path, "method": "GET", "status": 200, "body": body, "times": 9}
            box.control("postmark", "POST", "faults", fault)
        done = run(*command, "--format", "json", cwd=folder, env=env)
        assert canary not in done.out + done.err, command


def test_an_untrusted_status_resolves_nothing(folder: Path) -> None:
    done = run("--untrusted", "status", cwd=folder)
    assert done.code == 4
    assert "is not set" not in done.err
