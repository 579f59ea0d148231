"""`explain`: what is wanted and by whom, what is live, and what a plan would do."""

from pathlib import Path

import pytest
from program import Served, run

CLICKS = "marketing/domains/promo.example.com/tracking.clicks"


def test_a_field_is_told_from_the_yaml_the_service_and_the_schema(
    box: Served, folder: Path
) -> None:
    done = run("explain", CLICKS, "--format", "json", cwd=folder, env=box.env)
    assert done.code == 0
    (clicks,) = done.json["fields"]
    assert clicks["wanted"] == "html_only"
    assert clicks["location"] == {"file": "esp.yaml", "line": 33, "column": 46}
    assert (clicks["live"], clicks["default"]) == (False, False)
    assert clicks["values"] == [True, False, "html_only"]
    assert clicks["would"] == 'change it from false to "html_only"'
    assert done.json["plan"] == "update it"
    reads = [each for each in box.requests() if each.startswith("GET ")]
    assert done.json["calls"] == len(reads) == len(box.requests())


def test_offline_nothing_is_read_and_no_token_is_needed(box: Served, folder: Path) -> None:
    done = run("explain", "--offline", CLICKS, cwd=folder)
    assert done.code == 0
    assert '  wanted   "html_only"   esp.yaml:33:46\n' in done.out
    assert "live" not in done.out
    assert box.requests() == []


def test_a_profile_is_named_and_its_place(box: Served, tmp_path: Path) -> None:
    (tmp_path / "esp.yaml").write_text(
        "version: 1\nprofiles:\n  p: {service: postmark, tracking: {opens: true}}\n"
        "providers:\n  t: {profile: p, token: {env: POSTMARK_SERVER_TOKEN}}\n",
        encoding="utf-8",
    )
    done = run("explain", "t/server.tracking.opens", cwd=tmp_path, env=box.env)
    assert "  wanted   true   esp.yaml:3:44, by profile `p`\n" in done.out
    assert "A plan would update it. It takes 1 call to read.\n" in done.out


def test_what_is_taken_away_from_a_profile_is_told(tmp_path: Path) -> None:
    (tmp_path / "esp.yaml").write_text(
        "version: 1\nprofiles:\n  p: {service: mailgun, tracking: {clicks: true, opens: true}}\n"
        "providers:\n  m:\n    profile: p\n    token: {env: MAILGUN_API_KEY}\n    region: eu\n"
        "    tracking: {clicks: null}\n    domains: {promo.example.com: {}}\n",
        encoding="utf-8",
    )
    clicks = "m/domains/promo.example.com/tracking.clicks"
    text = run("explain", "--offline", clicks, cwd=tmp_path)
    assert "nothing: `null` takes away what a profile says   esp.yaml:9:24\n" in text.out
    data = run("explain", "--offline", clicks, "-f", "json", cwd=tmp_path)
    assert data.json["fields"][0]["taken"] == {"file": "esp.yaml", "line": 9, "column": 24}


def test_what_holds_secrets_is_told_by_its_names_and_references(
    box: Served, tmp_path: Path
) -> None:
    (tmp_path / "esp.yaml").write_text(
        "version: 1\nproviders:\n  p:\n    service: postmark\n"
        "    token: {env: POSTMARK_SERVER_TOKEN}\n    webhooks:\n"
        "      - url: https://hooks.example.com/pm\n        triggers: [bounce]\n"
        "        headers: {X-Token: {env: ESP_HOOK_TOKEN}, X-Plain: canary}\n",
        encoding="utf-8",
    )
    headers = "p/webhooks/outbound/https://hooks.example.com/pm.headers"
    env = {**box.env, "ESP_HOOK_TOKEN": "canary"}
    offline = run("explain", "--offline", headers, cwd=tmp_path, env=env)
    assert '{"X-Plain": "(secret)", "X-Token": "env ESP_HOOK_TOKEN"}   esp.yaml:9:18' in offline.out
    online = run("explain", headers, "--format", "json", cwd=tmp_path, env=env)
    (field,) = online.json["fields"]
    assert field["wanted"] == {"X-Plain": "(secret)", "X-Token": "(secret)"} | field["wanted"]
    assert field["would"] == 'set it to {"X-Plain": "(secret)", "X-Token": "(secret)"}'
    assert "canary" not in offline.out + offline.err + online.out + online.err


def test_what_cannot_be_changed_says_why(box: Served, folder: Path) -> None:
    done = run("explain", "postmark.streams.type", cwd=folder)
    assert done.code == 0
    assert "fixed    a stream keeps its type; declare a new stream under another ID" in done.out
    assert box.requests() == []


@pytest.mark.parametrize("kind", ["mailgun.tracking", "mailgun.domains", "postmark.webhooks"])
def test_a_kind_lists_its_fields_each_with_what_it_does(tmp_path: Path, kind: str) -> None:
    done = run("explain", kind, "--format", "json", cwd=tmp_path)
    assert done.code == 0
    assert len(done.json["fields"]) > 3
    for each in done.json["fields"]:
        assert each["title"], each
        assert each["description"], each


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("mailgun.domain", "did you mean `mailgun.domains`?"),
        (
            "marketing/domains/promo.example.co",
            "did you mean `marketing/domains/promo.example.com`?",
        ),
        ("mailgun", "the kinds of mailgun are domains, tracking, dkim, webhooks, account_webhooks"),
        ("mailgun.region", "the kinds of mailgun are domains"),
        ("profiles", "the kinds are postmark.server, postmark.domains"),
        (f"{CLICKS}s", "there is no field `clickss`; did you mean `clicks`?"),
        ("mailgun.tracking.pixels", "there is no field `pixels`"),
    ],
)
def test_what_is_not_there_gets_the_nearest_name(folder: Path, target: str, told: str) -> None:
    done = run("explain", "--offline", target, cwd=folder)
    assert done.code == 64
    assert told in done.err
