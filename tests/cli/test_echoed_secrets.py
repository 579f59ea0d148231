"""The account's own names and settings repeat secrets of the run; nobody is told them by us."""

import json
from pathlib import Path

import httpx
import pytest
from encodings_of_secrets import ENCODINGS
from program import Run, Served, run

from reconciler.handover import FORMATS

HOOK = "hush-hook-b1946ac9"
CONFIG = """\
version: 1
providers:
  p:
    service: postmark
    token: {env: POSTMARK_SERVER_TOKEN}
    account_token: {env: POSTMARK_ACCOUNT_TOKEN}
    settings: {name: Ours}
    domains: {}
    senders: {}
    streams: {outbound: {description: Ours}}
    webhooks:
      - {url: https://hooks.example.com/ours, triggers: [bounce], headers: {X: {env: ESP_HOOK}}}
  m:
    service: mailgun
    region: eu
    token: {env: MAILGUN_API_KEY}
    domains: {promo.example.com: {tracking: {unsubscribe: {text_footer: Ours}}}}
    account_webhooks: []
"""
COMMANDS = {
    "--debug plan --prune": 0,
    "plan --format json --out plan.json": 0,
    "apply --plan plan.json --yes --format json": 0,
    "plan --detailed-exitcode": 0,
}


def write_by_hand(box: Served, told: str) -> None:
    """Write a text wherever the services take one."""
    hook = {
        "Url": f"https://hooks.example.net/{told}",
        "HttpHeaders": [{"Name": "X", "Value": told}],
    }
    stream = {
        "ID": "other",
        "MessageStreamType": "Broadcasts",
        "Name": "Other",
        "Description": told,
    }
    box.postmark("POST", "/webhooks", hook)
    box.postmark("POST", "/message-streams", stream)
    box.postmark("PUT", "/server", {"Name": told})
    box.postmark("PATCH", "/message-streams/outbound", {"Description": told})
    mailgun = box.ports["mailgun_eu"]
    for method, path, form in (
        ("PUT", "/v3/domains/promo.example.com/tracking/unsubscribe", {"text_footer": told}),
        (
            "POST",
            "/v1/webhooks",
            {"url": hook["Url"], "description": told, "event_types": "opened"},
        ),
    ):
        auth = ("api", mailgun["api_key"])
        url = f"{mailgun['url']}{path}"
        answer = httpx.request(method, url, auth=auth, data=form, trust_env=False, verify=False)
        answer.raise_for_status()


def told_by(done: Run, folder: Path) -> str:
    files = (each for each in folder.iterdir() if each.is_file() and each.name != "esp.yaml")
    return "\n".join([done.out, done.err, *(each.read_text(encoding="utf-8") for each in files)])


@pytest.mark.parametrize("name", ["plain", "base64 of a login", "percent-encoded in full"])
@pytest.mark.parametrize(
    "variable", ["POSTMARK_SERVER_TOKEN", "POSTMARK_ACCOUNT_TOKEN", "MAILGUN_API_KEY", "ESP_HOOK"]
)
def test_no_command_repeats_a_secret_that_the_account_holds(
    box: Served, tmp_path: Path, name: str, variable: str
) -> None:
    (tmp_path / "esp.yaml").write_text(CONFIG, encoding="utf-8")
    env = {**box.env, "ESP_HOOK": HOOK}
    written = ENCODINGS[name](env[variable])
    write_by_hand(box, written)
    for command, code in COMMANDS.items():
        done = run(*command.split(), cwd=tmp_path, env=env)
        assert done.code == code, done
        assert written not in told_by(done, tmp_path)
        assert "(secret)" in done.out or "plan" not in command.split()
    assert box.postmark("GET", "/server")["Name"] == "Ours"
    assert box.postmark("GET", "/message-streams/outbound")["Description"] == "Ours"
    assert box.postmark("GET", "/message-streams/other")["Description"] == written


@pytest.mark.parametrize("word", ["written-4711", "another-4711"])
def test_a_refusal_repeats_no_header_that_the_yaml_writes_out(
    box: Served, tmp_path: Path, word: str
) -> None:
    config = CONFIG.replace("{X: {env: ESP_HOOK}}", "{X: {env: ESP_HOOK}, Z: written-4711}")
    (tmp_path / "esp.yaml").write_text(config, encoding="utf-8")
    body = json.dumps({"ErrorCode": 1360, "Message": f"No {word} here"})
    fault = {"method": "GET", "path": "/server", "status": 422, "body": body, "times": 9}
    box.control("postmark", "POST", "faults", fault)
    done = run("plan", cwd=tmp_path, env={**box.env, "ESP_HOOK": HOOK})
    assert done.code == 1
    assert "GET /server" in done.err
    assert (word in done.err) is (word == "another-4711")


@pytest.mark.parametrize(
    "word", ["outbound", "broadcast", "Broadcasts", "inbound", "transactional", "unverified"]
)
def test_a_word_of_the_services_own_is_no_telling_and_stops_no_command(
    box: Served, tmp_path: Path, word: str
) -> None:
    config = CONFIG.replace("streams: {outbound: {description: Ours}}", "streams: {}")
    (tmp_path / "esp.yaml").write_text(config, encoding="utf-8")
    write_by_hand(box, f"the-{word}-stream")
    env = {**box.env, "ESP_HOOK": word}
    for command in ("plan", "apply --yes --no-check", "status", "domains list"):
        done = run(*command.split(), cwd=tmp_path, env=env)
        assert done.code == 0, done
        # What says more than the word may say it because it was sent there.
        assert f"the-{word}" not in told_by(done, tmp_path)
    again = run("plan", "--detailed-exitcode", cwd=tmp_path, env=env)
    assert again.code == 0, again


@pytest.mark.parametrize("form", ["table", "json", *FORMATS])
def test_a_record_that_repeats_a_secret_is_handed_over_in_no_format(
    box: Served, tmp_path: Path, form: str
) -> None:
    (tmp_path / "esp.yaml").write_text(CONFIG, encoding="utf-8")
    arguments = ("domains", "records", "promo.example.com", "--format", form)
    usual = run(*arguments, cwd=tmp_path, env={**box.env, "ESP_HOOK": HOOK})
    assert (usual.code, usual.err) == (0, "")
    assert "mailgun" in usual.out
    done = run(*arguments, cwd=tmp_path, env={**box.env, "ESP_HOOK": "mailgun"})
    assert done.code == 1
    assert "secret" not in done.out
    assert "_domainkey" in done.out
    assert "spf1" not in done.out
    for kind in ("promo.example.com TXT", "email.promo.example.com CNAME"):
        assert f"Error: m/domains/promo.example.com: {kind} is left out: it repeats a" in done.err


def test_where_every_record_repeats_a_secret_there_is_not_nothing_to_publish(
    box: Served, tmp_path: Path
) -> None:
    config = CONFIG.replace("{X: {env: ESP_HOOK}}", "{X: {env: ESP_HOOK}, Z: {env: ESP_OTHER}}")
    (tmp_path / "esp.yaml").write_text(config, encoding="utf-8")
    env = {**box.env, "ESP_HOOK": "mailgun", "ESP_OTHER": "_domainkey"}
    done = run("domains", "records", "promo.example.com", "-f", "bind", cwd=tmp_path, env=env)
    assert (done.code, done.out) == (1, "")
    assert "m/domains/promo.example.com: (secret) TXT is left out" in done.err
    assert "Nothing to publish" not in done.err


LEARNT = """\
version: 1
providers:
  p:
    service: postmark
    server: Transactional
    account_token: {env: POSTMARK_ACCOUNT_TOKEN}
    tracking: {opens: true}
  m:
    service: mailgun
    region: eu
    token: {env: MAILGUN_API_KEY}
    domains: {promo.example.com: {web_prefix: ours}}
"""


def write_to_mailgun(box: Served, path: str, **form: str) -> None:
    mailgun = box.ports["mailgun_eu"]
    url, auth = f"{mailgun['url']}{path}", ("api", mailgun["api_key"])
    answer = httpx.put(url, auth=auth, data=form, trust_env=False, verify=False)
    answer.raise_for_status()


@pytest.mark.parametrize("variable", ["POSTMARK_SERVER_TOKEN", "ESP_HOOK"])
def test_a_run_for_one_provider_repeats_no_secret_of_another(
    box: Served, tmp_path: Path, variable: str
) -> None:
    (tmp_path / "esp.yaml").write_text(CONFIG, encoding="utf-8")
    env = {**box.env, "ESP_HOOK": HOOK}
    path = "/v3/domains/promo.example.com/tracking/unsubscribe"
    write_to_mailgun(box, path, text_footer=env[variable])
    planned = run("plan", "--only", "m", "--out", "plan.json", cwd=tmp_path, env=env)
    assert planned.code == 0
    assert "text_footer" in planned.out
    assert env[variable] not in told_by(planned, tmp_path)
    body = json.dumps({"message": f"not with {env[variable]}"})
    fault = {"method": "GET", "path": "/v4/domains", "status": 400, "body": body, "times": 99}
    box.control("mailgun_eu", "POST", "faults", fault)
    for command in ("plan --only m", "explain m/domains/promo.example.com", "status m", "check m"):
        refused = run(*command.split(), cwd=tmp_path, env=env)
        assert refused.code != 0, refused
        assert env[variable] not in told_by(refused, tmp_path)


def test_a_token_that_is_learnt_is_known_before_another_service_repeats_it(
    box: Served, tmp_path: Path
) -> None:
    (tmp_path / "esp.yaml").write_text(LEARNT, encoding="utf-8")
    token = box.env["POSTMARK_SERVER_TOKEN"]
    env = {key: value for key, value in box.env.items() if key != "POSTMARK_SERVER_TOKEN"}
    body = json.dumps({"message": f"not with {token}"})
    fault = {"method": "GET", "path": "/v4/domains", "status": 400, "body": body, "times": 99}
    box.control("mailgun_eu", "POST", "faults", fault)
    slow = {"method": "GET", "path": "/servers", "delay": 0.3, "times": 9}
    box.control("postmark", "POST", "faults", slow)
    planned = run("plan", "--out", "plan.json", cwd=tmp_path, env=env)
    assert planned.code == 1, planned
    assert "GET /v4/domains" in planned.err
    assert token not in told_by(planned, tmp_path)
