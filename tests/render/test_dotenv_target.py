"""`.env` files: every reader of them reads what was meant, or nothing is written."""

from collections.abc import Callable
from pathlib import Path

import pytest
from applications import HOSTILE, MAILGUN, POSTMARK, application, named, written_or_refused
from dotenv_readers import READERS, Values, has_env_file
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from required import needs

from reconciler.errors import UsageError
from reconciler.render import rendered
from reconciler.render.dotenv import assignments

MEANT_POSTMARK = {
    "ESP_MAIL_SERVICE": "postmark",
    "ESP_MAIL_API_URL": "https://api.postmarkapp.com",
    "ESP_MAIL_MESSAGE_STREAM": "receipts",
    "ESP_MAIL_SENDER": "ops@acme.example",
    "ESP_MAIL_SENDER_NAME": "Operations & Co, Ltd.",
    "ESP_MAIL_BATCH_SIZE": "70",
    "ESP_MAIL_RETRY_ATTEMPTS": "2",
    "ESP_MAIL_TIMEOUT_SECONDS": "7.5",
    "ESP_MAIL_TIMEOUT_MS": "7500",
}
MEANT_MAILGUN = {
    "ESP_MAIL_SERVICE": "mailgun",
    "ESP_MAIL_API_URL": "https://api.eu.mailgun.net",
    "ESP_MAIL_REGION": "eu",
    "ESP_MAIL_DOMAIN": "mg.example.com",
    "ESP_MAIL_SENDER": "news@mg.example.com",
    "ESP_MAIL_BATCH_SIZE": "300",
    "ESP_MAIL_RETRY_ATTEMPTS": "1",
    "ESP_MAIL_TIMEOUT_SECONDS": "12",
    "ESP_MAIL_TIMEOUT_MS": "12000",
    "ESP_MAIL_TAG_PREFIX": "pm-",
    "ESP_MAIL_TESTMODE": "true",
}
SPECIAL = "'\"\\$#`{}()<>%!&|;=*?[]~^:,@ -_\t\n\r\0\N{NEXT LINE}\N{LINE SEPARATOR}\ufeff\xa0aZ09é"
TEXTS = st.text(st.one_of(st.sampled_from(SPECIAL), st.characters(codec="utf-8")), max_size=12)


@pytest.fixture(params=sorted(READERS))
def reader(request: pytest.FixtureRequest) -> Callable[[Path], Values]:
    what, read = READERS[request.param]
    if what:
        needs(what)
    if request.param == "node --env-file" and not has_env_file():
        pytest.skip("this Node.js reads no such file itself")
    return read


def is_contested(text: str) -> bool:
    """Whether readers differ in what they make of a text."""
    return not text.isprintable() or any(each in text for each in ("'", "\\", "${"))


def ours(read: Values) -> Values:
    return {name: value for name, value in read.items() if name.startswith("ESP_")}


def test_all_readers_read_what_is_meant(reader: Callable[[Path], Values], tmp_path: Path) -> None:
    path = tmp_path / "app.env"
    for provider, meant in ((POSTMARK, MEANT_POSTMARK), (MAILGUN, MEANT_MAILGUN)):
        path.write_text(rendered(application(provider), "dotenv"))
        read = reader(path)
        assert ours(read) == meant
        assert not {"POSTMARK_SERVER_TOKEN", "MAILGUN_API_KEY"} & read.keys()


def test_a_file_does_not_take_the_place_of_a_token_that_is_set() -> None:
    text = rendered(application(MAILGUN), "dotenv")
    assert "# MAILGUN_API_KEY= (kept in env MAILGUN_API_KEY; " in text
    assert not any(line.startswith("MAILGUN") for line in text.splitlines())


@pytest.mark.parametrize("target", ['secrets/it\'s "a" #x\nINJECTED=1', "secrets/$(id)`id`"])
def test_a_comment_is_one_for_all_readers(
    reader: Callable[[Path], Values], tmp_path: Path, target: str
) -> None:
    path = tmp_path / "app.env"
    path.write_text(rendered(application({**MAILGUN, "token": {"file": target}}), "dotenv"))
    read = reader(path)
    assert ours(read) == MEANT_MAILGUN
    assert "INJECTED" not in read


@settings(
    max_examples=4,
    phases=[Phase.generate],  # what is shrunk to one value would take as many processes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(texts=st.lists(TEXTS, min_size=60, max_size=60))
def test_what_is_written_is_read_alike_by_all(
    reader: Callable[[Path], Values], tmp_path: Path, texts: list[str]
) -> None:
    path, written, lines, mail = tmp_path / "app.env", {}, list[str](), application(POSTMARK)
    for number, text in enumerate([*texts, *HOSTILE]):
        name = f"ESP_{number}"
        try:
            lines += assignments(mail, "dotenv", {name: text})
        except UsageError:
            assert is_contested(text)
        else:
            written[name] = text
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert ours(reader(path)) == written


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_is_one_value_or_is_refused_with_the_way_out(value: str) -> None:
    text, refusal = written_or_refused(application(MAILGUN, tag_prefix=value), "dotenv")
    if is_contested(value):
        assert refusal.startswith("esp.yaml:1:")
        assert "ESP_MAIL_TAG_PREFIX holds" in refusal
        assert "`--as json`" in refusal
    else:
        assert text.count("\n") == len(MEANT_MAILGUN) + 2


def test_a_refusal_does_not_tell_the_value() -> None:
    with pytest.raises(UsageError) as caught:
        rendered(named("it's a canary"), "dotenv")
    assert "canary" not in str(caught.value)
