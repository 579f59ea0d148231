"""Laravel's own readers: phpdotenv, and the `env()` that its configuration calls."""

import json
from pathlib import Path
from typing import Any

import pytest
from applications import HOSTILE, MAILGUN, POSTMARK, application, named, written_or_refused
from dotenv_readers import run
from required import PHP, needs

from reconciler.errors import UsageError
from reconciler.model import Secret
from reconciler.render import Application, rendered

SCRIPT = f"""
require "{PHP}/Dotenv/autoload.php";
require "{PHP}/Illuminate/Support/autoload.php";
$names = array_keys(Dotenv\\Dotenv::parse(file_get_contents("$argv[1]/.env")));
Dotenv\\Dotenv::create(Illuminate\\Support\\Env::getRepository(), $argv[1])->load();
$values = array_map(fn ($name) => Illuminate\\Support\\Env::get($name), $names);
echo json_encode((object) array_combine($names, $values), JSON_THROW_ON_ERROR);
"""


@pytest.fixture(autouse=True)
def _php() -> None:
    needs("php")


def read(found: Application, folder: Path, token: Secret | None = None) -> Any:
    (folder / ".env").write_text(rendered(found, "laravel", token), encoding="utf-8")
    return json.loads(run("php", "-r", SCRIPT, folder))


def test_postmark_has_the_names_of_the_skeleton(tmp_path: Path) -> None:
    assert read(application(POSTMARK), tmp_path) == {
        "MAIL_MAILER": "postmark",
        "MAIL_FROM_ADDRESS": "ops@acme.example",
        "MAIL_FROM_NAME": "Operations & Co, Ltd.",
        "POSTMARK_MESSAGE_STREAM_ID": "receipts",
        "ESP_MAIL_BATCH_SIZE": "70",
        "ESP_MAIL_RETRY_ATTEMPTS": "2",
        "ESP_MAIL_TIMEOUT_SECONDS": "7.5",
    }


def test_mailgun_has_the_host_without_a_scheme(tmp_path: Path) -> None:
    assert read(application(MAILGUN), tmp_path) == {
        "MAIL_MAILER": "mailgun",
        "MAIL_FROM_ADDRESS": "news@mg.example.com",
        "MAILGUN_DOMAIN": "mg.example.com",
        "MAILGUN_ENDPOINT": "api.eu.mailgun.net",
        "ESP_MAIL_BATCH_SIZE": "300",
        "ESP_MAIL_RETRY_ATTEMPTS": "1",
        "ESP_MAIL_TIMEOUT_SECONDS": "12",
        "ESP_MAIL_TAG_PREFIX": "pm-",
        "ESP_MAIL_TESTMODE": True,
    }


def test_a_token_stands_under_the_name_that_laravel_reads(tmp_path: Path) -> None:
    token = Secret("00000000-0000-4000-8000-000000000000")
    assert read(application(POSTMARK), tmp_path, token)["POSTMARK_API_KEY"] == token.reveal()
    assert read(application(MAILGUN), tmp_path, token)["MAILGUN_SECRET"] == token.reveal()


def test_hostile_names_are_names_or_are_refused(tmp_path: Path) -> None:
    taken = []
    for value in HOSTILE:
        text, refusal = written_or_refused(named(value), "laravel")
        if text:
            assert read(named(value), tmp_path)["MAIL_FROM_NAME"] == value
            taken.append(value)
        else:
            assert "`--as json`" in refusal
    assert {"no", "0123", 'say "hi"', "# not a comment", "<name>"} <= set(taken)


@pytest.mark.parametrize("value", ["null", "TRUE", "(empty)", "False", '"quoted"', '""'])
def test_what_laravel_reads_as_something_else_is_refused(value: str) -> None:
    with pytest.raises(UsageError, match=r"holds (the word|quotes around it).*`--as json`"):
        rendered(named(value), "laravel")
    with pytest.raises(UsageError, match=r"ESP_MAIL_TAG_PREFIX holds (the word|quotes)"):
        rendered(application(MAILGUN, tag_prefix=value), "laravel")


@pytest.mark.parametrize("target", ["laravel", "rails", "symfony"])
def test_what_needs_a_domain_is_not_written_without(target: str) -> None:
    silent = {key: value for key, value in MAILGUN.items() if key not in {"domain", "sender"}}
    with pytest.raises(UsageError, match=r"mail says no `domain`.*add `domain: NAME`"):
        rendered(application(silent), target)
