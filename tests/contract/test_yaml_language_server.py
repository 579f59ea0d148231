"""What people see who write the YAML in an editor: the real language server, led by our schema."""

import json
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest
from language_server import Editor, editor
from required import needs

from reconciler.config.bundle import DRAFTS, bundled

TEXT = """\
# yaml-language-server: $schema=esp.schema.json
version: 1
profiles:
  customer: {service: postmark, tracking: {opens: true}}
  other:
    service: mailgun
    tracking: {}
providers:
  acme:
    profile: customer
    server: Acme
    account_token: {env: POSTMARK_ACCOUNT_TOKEN}
    streams:
      news: {type: broadcasts, name: News}
      digest: null
    tracking: {opens: null}
    webhooks:
      - url: https://hooks.example.com/a
        triggers: [bounce]
  marketing:
    service: mailgun
    token: {env: MAILGUN_API_KEY}
    region: eu
    tracking:
      clicks: html_only
      unsubscribe: {active: true}
    webhooks: {delivered: [https://hooks.example.com/b]}
    domains:
      mg.example.com:
        spam_action: tag
        web_scheme: https
        tracking: {}
"""
LINES = TEXT.splitlines()


@pytest.fixture(scope="module", params=DRAFTS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("edited")
    schema = json.dumps(bundled(request.param))
    (folder / "esp.schema.json").write_text(schema, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Editor]:
    needs("node")
    with editor(folder) as running:
        assert running.open(folder / "esp.yaml", TEXT) == []
        yield running


def place(text: str, word: str) -> tuple[int, int]:
    """Return where a word begins in the first line that holds a text."""
    number = next(number for number, line in enumerate(LINES) if text in line)
    return number, LINES[number].index(word) + 1


@pytest.mark.parametrize(
    ("line", "word", "told"),
    [
        ("version: 1", "version", "Format version"),
        ("profiles:", "profiles", "What several providers share"),
        ("customer: {", "tracking", "Tracking defaults of the server"),
        ("customer: {", "opens", "Open tracking"),
        ("profile: customer", "profile", "The name of the profile"),
        ("server: Acme", "server", "The name of the server in the account"),
        ("account_token:", "account_token", "The API token of the account"),
        ("account_token:", "env", "Environment variable"),
        ("news: {", "type", "Type"),
        ("news: {", "name", "Name"),
        ("- url:", "url", "Where the events are posted to"),
        ("triggers:", "triggers", "Triggers"),
        ("marketing:", "marketing", "One Mailgun account in one region"),
        ("region: eu", "region", "Where the account's domains live"),
        ("clicks:", "clicks", "only links in HTML bodies"),
        ("unsubscribe:", "active", "Whether"),
        ("webhooks: {", "delivered", "URLs"),
        ("mg.example.com:", "mg.example.com", "A sending domain"),
        ("spam_action:", "spam_action", "looks like spam"),
        ("web_scheme:", "web_scheme", "Scheme of tracked links"),
    ],
)
def test_each_key_says_what_it_is(
    server: Editor, folder: Path, line: str, word: str, told: str
) -> None:
    assert told in server.hover(folder / "esp.yaml", place(line, word)).replace("\\", "")


@pytest.mark.parametrize(
    ("before", "typed", "offered"),
    [
        ("providers:", "  new:\n    service: ", {"postmark", "mailgun"}),
        ("    region: eu", "    ", {"sender", "domain", "account_webhooks", "advanced"}),
        ("    server: Acme", "    ", {"domains", "senders", "settings"}),
        ("    region: eu", "    account_webhooks:\n      - ", {"url", "events"}),
        ("        spam_action: tag", "        ", {"wildcard", "web_prefix", "dkim", "message_ttl"}),
        ("        spam_action: tag", "        wildcard: ", {"true", "false"}),
        ("      clicks: html_only", "      ", {"opens", "dkim_signing"}),
        ("  other:", "    region: ", {"us", "eu"}),
        ("    streams:", "      more:\n        type: ", {"transactional", "broadcasts", "inbound"}),
        ("      - url:", "        ", {"auth", "headers", "stream", "verify"}),
    ],
)
def test_what_can_stand_at_a_place_is_offered(
    server: Editor, folder: Path, before: str, typed: str, offered: set[str]
) -> None:
    number = next(number for number, line in enumerate(LINES) if line.startswith(before))
    lines = [*LINES[: number + 1], *typed.split("\n"), *LINES[number + 1 :]]
    end = number + 1 + typed.count("\n")
    path = folder / f"{crc32((typed + before).encode())}.yaml"
    server.open(path, "\n".join(lines) + "\n")
    assert offered <= server.completions(path, (end, len(lines[end])))


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("version: 1", "version: 2", "Value must be 1"),
        ("service: mailgun\n    token", "service: mailgum\n    token", '"postmark", "mailgun"'),
        ("region: eu", "region: au", '"us", "eu"'),
        ("clicks: html_only", "clicks: maybe", '"html_only"'),
        ("mg.example.com:", "exa_mple.com:", "a domain name such as mg.example.com"),
        ("spam_action: tag", "spam_action: 3", '"disabled", "tag", "block"'),
        ("https://hooks.example.com/b", "ftp://hooks.example.com/b", "a URL such as"),
        ("https://hooks.example.com/a", "https://u:p@hooks.example.com/a", "a URL such as"),
        ("{env: MAILGUN_API_KEY}", "key-1234", "a secret is given by reference"),
        ("    region: eu", "    region: eu\n    server: X", "server"),
        ("    profile: customer", "    profile: {a: b}", "the name of a profile"),
        ("    server: Acme", "    servar: Acme", "servar"),
        ("opens: null", "opens: maybe", "boolean"),
        ("region: eu", "region: null", '"us", "eu"'),
        (
            "mg.example.com:\n        spam",
            "mg.example.com: null\n      a.example.com:\n        spam",
            "Domain",
        ),
    ],
)
def test_what_is_wrong_is_marked_before_anything_runs(
    server: Editor, folder: Path, right: str, wrong: str, told: str
) -> None:
    path = folder / f"{crc32(wrong.encode())}.yaml"
    found = server.open(path, TEXT.replace(right, wrong, 1))
    assert any(told in each["message"] for each in found), found
