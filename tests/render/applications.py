"""Providers of a configuration, as applications; and values that want to be something else."""

import json
from pathlib import Path
from typing import Any

from reconciler.config import load_config
from reconciler.errors import UsageError
from reconciler.model import Account
from reconciler.providers import SERVICES
from reconciler.render import Application, application_of, rendered

POSTMARK: dict[str, Any] = {
    "service": "postmark",
    "token": {"env": "POSTMARK_SERVER_TOKEN"},
    "account_token": {"env": "POSTMARK_ACCOUNT_TOKEN"},
    "sender": "ops@acme.example",
    "senders": {"ops@acme.example": {"name": "Operations & Co, Ltd."}},
    "streams": {"receipts": {"type": "transactional", "name": "Receipts"}},
    "domains": {"acme.example": {}},
    "tracking": {"opens": True, "links": "html_only"},
    "advanced": {
        "message_stream": "receipts",
        "batch_size": 70,
        "retry_attempts": 2,
        "timeout": 7.5,
    },
}
MAILGUN: dict[str, Any] = {
    "service": "mailgun",
    "token": {"env": "MAILGUN_API_KEY"},
    "region": "eu",
    "domain": "mg.example.com",
    "sender": "news@mg.example.com",
    "domains": {"mg.example.com": {"tracking": {"clicks": "html_only"}}},
    "tracking": {"opens": True, "clicks": True},
    "advanced": {
        "tag_prefix": "pm-",
        "batch_size": 300,
        "retry_attempts": 1,
        "timeout": 12,
        "testmode": True,
    },
}
HOSTILE = [
    "it's",
    'say "hi"',
    "$HOME ${HOME} $(id) `id`",
    "a\nINJECTED=1",
    "a\r\nBcc: x@example.org",
    "# not a comment",
    "a #b",
    "{{ 7 * 7 }} {% raw %}",
    "<% system 'id' %> #{`id`}",
    "%env(HOME)% %kernel.secret%",
    "back\\slash \\n \\' \\",
    "' ; id ; '",
    '" ; id ; "',
    "Grüße 電子 \N{GRINNING FACE}",
    "\N{RIGHT-TO-LEFT OVERRIDE}abc",
    "\N{LINE SEPARATOR}x\N{NEXT LINE}y",
    "no",
    "null",
    "true",
    "0123",
    "0o14",
    "1e3",
    "12:30",
    "1_000",
    "~",
    "  blanks  ",
    "a: b",
    "- a",
    "*alias",
    "!!python/object:os.system",
    "::error::x",
    "##[error]x",
    "<name>",
    "'quoted'",
    '"quoted"',
]
# The control characters that YAML itself refuses are not among them.


def account(provider: dict[str, Any], name: str = "mail") -> Account:
    text = json.dumps({"version": 1, "providers": {name: provider}}, ensure_ascii=False)
    # As YAML has it: JSON writes some characters as two.
    escaped = "".join(each if each.isprintable() else f"\\U{ord(each):08x}" for each in text)
    config = load_config([], SERVICES, {Path("esp.yaml"): escaped.encode()})
    return config.providers[name]


def application(
    provider: dict[str, Any], name: str = "mail", /, **advanced: str | float
) -> Application:
    changed = {**provider, "advanced": {**provider.get("advanced", {}), **advanced}}
    return application_of(account(changed, name))


def written_or_refused(found: Application, target: str) -> tuple[str, str]:
    """Return what is rendered, or the words of the refusal; the other one is empty."""
    try:
        return rendered(found, target), ""
    except UsageError as error:
        return "", str(error)


def named(name: str) -> Application:
    """Return Postmark's, with another name of the sender."""
    return application({**POSTMARK, "senders": {"ops@acme.example": {"name": name}}})
