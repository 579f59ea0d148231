"""What `--notify` and `--heartbeat` may say, and whose address a URL is."""

import pytest

from reconciler.errors import UsageError
from reconciler.messages import (
    KEY_VARIABLE,
    HookReference,
    parse_heartbeat,
    parse_notify,
    receiver_of,
    signing_key,
)

CANARY = "T0CANARY9"
URL = f"https://hooks.slack.com/services/{CANARY}"
LITERALS = [
    *(URL, f"slack={URL}", f"env:{URL}", f"file:{CANARY}", f"env:{CANARY}-x", f"env: {CANARY}"),
    *(f"email=env:{CANARY}", f"env:{CANARY}\n", f"ENV:{CANARY}", f"9{CANARY}", f"slack=={CANARY}"),
    *(f"env:{CANARY}\u00e9", f"slack=slack=env:{CANARY}", f"env:9{CANARY}", f"{CANARY}=env:X"),
]


@pytest.mark.parametrize(
    ("text", "receiver"),
    [
        ("env:HOOK_1", None),
        *((f"{r}=env:HOOK_1", r) for r in ("slack", "teams", "discord", "json")),
    ],
)
def test_a_hook_is_named_by_a_variable_and_if_need_be_by_who_receives(
    text: str, receiver: str | None
) -> None:
    assert parse_notify(text) == HookReference("HOOK_1", receiver)


@pytest.mark.parametrize("text", LITERALS)
def test_an_address_itself_is_refused_and_not_quoted(text: str) -> None:
    for parse, option in ((parse_notify, "--notify"), (parse_heartbeat, "--heartbeat")):
        with pytest.raises(UsageError, match=f"^{option}: .*env:NAME") as caught:
            parse(text)
        assert CANARY not in str(caught.value)


def test_a_heartbeat_has_one_form() -> None:
    assert parse_heartbeat("env:CHECK").variable == "CHECK"
    with pytest.raises(UsageError):
        parse_heartbeat("slack=env:CHECK")


@pytest.mark.parametrize("environment", [{}, {"HOOK": ""}, {"HOOK": " \n"}])
def test_a_variable_that_holds_nothing_is_a_usage_error(environment: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=r"^HOOK: the variable is not set, or empty"):
        HookReference("HOOK").resolve(environment)


@pytest.mark.parametrize(
    "url",
    [
        *(f"http://hooks.slack.com/{CANARY}", f"http://127.0.0.1.example.com/{CANARY}", CANARY),
        *(f"ftp://127.0.0.1/{CANARY}", f"https://user:{CANARY}@example.com/", f"file:///{CANARY}"),
        *(f"https:///{CANARY}", f"https://example.com/{CANARY} x", f"http://10.0.0.1/{CANARY}"),
    ],
)
def test_an_address_that_is_not_https_is_refused_and_not_quoted(url: str) -> None:
    with pytest.raises(UsageError, match="HOOK") as caught:
        HookReference("HOOK").resolve({"HOOK": url})
    error: BaseException | None = caught.value
    while error:
        assert CANARY not in f"{error} {error!r}"
        error = error.__cause__ or error.__context__


def test_an_address_is_taken_without_the_line_break_that_a_file_ends_with() -> None:
    hook = HookReference("HOOK").resolve({"HOOK": f"{URL}\n"})
    assert hook.address.reveal() == URL
    assert (str(hook), hook.receiver) == ("slack (HOOK)", "slack")
    assert CANARY not in repr(hook)


def test_who_receives_can_be_said_against_the_address() -> None:
    assert parse_notify("json=env:HOOK").resolve({"HOOK": URL}).receiver == "json"


@pytest.mark.parametrize(
    ("url", "receiver"),
    [
        ("https://hooks.slack.com/services/T/B/x", "slack"),
        ("https://HOOKS.SLACK.COM/services/T/B/x", "slack"),
        ("https://hooks.slack.com.example.org/services/x", "json"),
        ("https://example.org/hooks.slack.com", "json"),
        ("https://acme.webhook.office.com/webhookb2/x", "teams"),
        ("https://prod-1.westeurope.logic.azure.com:443/workflows/x?sig=y", "teams"),
        ("https://default1.a.environment.api.powerplatform.com/powerautomate/x", "teams"),
        ("https://logic.azure.com.example.org/x", "json"),
        ("https://evil-logic.azure.com/x", "json"),
        ("https://discord.com/api/webhooks/1/x", "discord"),
        ("https://discordapp.com/api/webhooks/1/x", "discord"),
        ("https://canary.discord.com/api/v10/webhooks/1/x", "discord"),
        ("https://discord.com/api/webhooks/1/x/slack", "slack"),
        ("https://discord.com/invite/x", "json"),
        ("https://notdiscord.com/api/webhooks/1/x", "json"),
        ("http://127.0.0.1:8080/slack", "json"),
    ],
)
def test_who_receives_is_told_by_the_host(url: str, receiver: str) -> None:
    assert receiver_of(url) == receiver


def test_no_key_signs_unless_the_operator_set_one() -> None:
    assert signing_key({}) is None
    assert signing_key({KEY_VARIABLE: ""}) is None
    key = signing_key({KEY_VARIABLE: "k"})
    assert key is not None
    assert key.reveal() == "k"
