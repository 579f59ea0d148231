"""Django and django-anymail make a message of the settings, and all of it but send it."""

import json
import sys
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import pytest
from applications import HOSTILE, MAILGUN, POSTMARK, application, named
from dotenv_readers import run

from reconciler.errors import UsageError
from reconciler.model import Secret
from reconciler.render import Application, rendered

SCRIPT = """
import json, os, sys
import django
from django.conf import settings

django.setup()
from django.core.mail import EmailMessage, get_connection

backend = get_connection()
message = EmailMessage("Subject", "Body", to=["to@example.org"])
payload = backend.build_message_payload(message, backend.send_defaults)
parameters = payload.get_request_params(backend.api_url)
sender = payload.message.from_email
own = {name: getattr(settings, name) for name in dir(settings) if name.startswith("ESP_")}
print(json.dumps({
    "url": parameters["url"],
    "headers": dict(parameters["headers"] or {}),
    "auth": parameters.get("auth"),
    "data": json.loads(parameters["data"]) if "json" in str(parameters["headers"])
        else parameters["data"],
    "timeout": parameters["timeout"] if "timeout" in parameters else backend.timeout,
    "server_email": settings.SERVER_EMAIL,
    "default_from": settings.DEFAULT_FROM_EMAIL,
    "own": own,
}))
"""


def sent(found: Application, folder: Path, token: Secret | None = None) -> Any:
    """Return the request that would be made for a message."""
    (folder / "rendered.py").write_text(rendered(found, "anymail", token), encoding="utf-8")
    (folder / "settings.py").write_text(
        'INSTALLED_APPS = ["anymail"]\nSECRET_KEY = "x"\nUSE_TZ = True\nfrom rendered import *\n'
    )
    variables = {} if token else {found.token_variable: "token-of-the-environment"}
    printed = run(
        sys.executable,
        "-c",
        SCRIPT,
        cwd=folder,
        environment={
            "DJANGO_SETTINGS_MODULE": "settings",
            "PYTHONPATH": str(folder),
            **variables,
        },
    )
    return json.loads(printed)


def test_postmark_gets_the_stream_and_the_sender(tmp_path: Path) -> None:
    request = sent(application(POSTMARK), tmp_path)
    assert request["headers"]["X-Postmark-Server-Token"] == "token-of-the-environment"
    assert request["url"] == "https://api.postmarkapp.com/email"
    assert request["data"]["MessageStream"] == "receipts"
    assert request["data"]["From"] == '"Operations & Co, Ltd." <ops@acme.example>'
    assert request["timeout"] == 7.5
    assert request["own"] == {"ESP_MAIL_BATCH_SIZE": 70, "ESP_MAIL_RETRY_ATTEMPTS": 2}


def test_mailgun_gets_region_domain_and_test_mode(tmp_path: Path) -> None:
    request = sent(application(MAILGUN), tmp_path)
    assert request["auth"] == ["api", "token-of-the-environment"]
    assert request["url"] == "https://api.eu.mailgun.net/v3/mg.example.com/messages"
    assert request["data"]["o:testmode"] == "yes"
    assert request["data"]["from"] == ["news@mg.example.com"]
    assert request["timeout"] == 12
    assert request["own"] == {
        "ESP_MAIL_BATCH_SIZE": 300,
        "ESP_MAIL_RETRY_ATTEMPTS": 1,
        "ESP_MAIL_TAG_PREFIX": "pm-",
        "ESP_MAIL_TESTMODE": True,
    }


def test_without_test_mode_mail_is_delivered(tmp_path: Path) -> None:
    request = sent(application(MAILGUN, testmode=False), tmp_path)
    assert "o:testmode" not in request["data"]


def test_a_token_that_is_to_be_written_is_sent(tmp_path: Path) -> None:
    request = sent(application(MAILGUN), tmp_path, Secret('it\'s \\ "a" {token}'))
    assert request["auth"] == ["api", 'it\'s \\ "a" {token}']


def test_hostile_prefixes_are_texts_and_run_nothing() -> None:
    for value in [*HOSTILE, "\0", '"""', "\\N{BULLET}"]:
        settings: dict[str, Any] = {}
        text = rendered(application(MAILGUN, tag_prefix=value), "anymail", Secret("x"))
        exec(compile(text, "settings", "exec"), settings)
        assert settings["ESP_MAIL_TAG_PREFIX"] == value


def test_no_comment_says_how_the_file_is_encoded(tmp_path: Path) -> None:
    kept = {"file": "secrets/coding: utf-7 +AAo-INJECTED=1#"}
    request = sent(application({**MAILGUN, "token": kept}), tmp_path)
    assert "INJECTED" not in (tmp_path / "rendered.py").read_text().splitlines()
    assert request["auth"] == ["api", "token-of-the-environment"]


@pytest.mark.parametrize("name", ["Grüße, \"Team\" \\ 'x' <a@example.org>", "a, b", "電子"])
def test_a_name_is_one_name(tmp_path: Path, name: str) -> None:
    request = sent(named(name), tmp_path)
    assert request["default_from"] == request["server_email"]
    assert parseaddr(request["default_from"]) == (name, "ops@acme.example")
    assert parseaddr(request["data"]["From"]) == (name, "ops@acme.example")


def test_a_name_that_would_be_another_header_is_refused() -> None:
    for target in ("anymail", "rails", "symfony"):
        with pytest.raises(
            UsageError, match=r"the name of the sender ops@acme\.example holds a line"
        ):
            rendered(named("a\r\nBcc: x@example.org"), target)
