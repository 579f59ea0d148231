"""Messages for each receiver: within its limits, and with foreign text as text, whatever it is."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.messages import Message
from reconciler.messages.message import MOST_NOTES, units
from reconciler.messages.payloads import PAYLOADS, discord, plain_json, slack, teams

RUN = "https://github.example.com/acme/mail/actions/runs/7?check_suite_focus=true&pr=1"
MESSAGE = Message(
    state="drift",
    title="Mail differs from what was applied",
    config_digest="sha256:" + "ab" * 32,
    counts={"drift": 3, "pending": 0, "unmanaged": 1},
    run_url=RUN,
    repository="acme/mail",
    since="2026-11-20T03:00:00Z",
    notes=("main/domains/example.com could not be read",),
)
PIECES = st.sampled_from(
    [
        *("<!channel>", "<!here|x>", "<@U123>", "<#C1>", "<!subteam^S1>", "<https://x.example|y>"),
        *("@everyone", "@here", "@Channel", "@all", "<@&1234567890123456789>", "<at>Ann</at>"),
        *("[x](https://x.example)", "**", "__", "~~", "||", "`", "```", "\\", "# ", "\n# ", "> "),
        *("\r\n", "\u2028", "\u202e", "\x00", "\x1b[31m", "\ud800", "\U0001f600", "&amp;", "&"),
        *(":tada:", "</x:1>", "<t:1>", "{{DATE(1)}}", '"', "'", "}", "]", "&" * 500, "x" * 500),
    ]
)
TEXT = st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=40)
MESSAGES = st.builds(
    Message,
    state=TEXT,
    title=TEXT,
    config_digest=TEXT,
    counts=st.dictionaries(TEXT, st.integers(0, 10**9), max_size=3),
    run_url=st.none() | TEXT | TEXT.map("https://x.example/".__add__) | st.just(RUN),
    repository=st.none() | TEXT,
    since=st.none() | TEXT,
    notes=st.lists(TEXT, max_size=12),
)
WORST = Message(
    *("\U0001f600" * 9999,) * 3,
    counts={"\U0001f600" * 999: 1},
    run_url="https://x.example/" + "&" * 482,
    repository="*" * 9999,
    since="<" * 9999,
    notes=("\U0001f600" * 9999,) * 5000,
)
ALL_ESCAPED = Message(
    *("&" * 9999,) * 3,
    counts={"&" * 999: 1},
    run_url=WORST.run_url,
    repository="&" * 9999,
    since="&" * 9999,
    notes=("&" * 9999,) * 5000,
)
CALL = re.compile(r"@(all|channel|everyone|here)(?![a-z0-9])", re.IGNORECASE)
SPECIAL = re.compile(r"[*_~`|<>#:\[\]()]")


def texts(value: Any) -> list[str]:
    """Return every text that stands anywhere in a payload."""
    if isinstance(value, dict):
        return [each for inner in value.values() for each in texts(inner)]
    if isinstance(value, list):
        return [each for inner in value for each in texts(inner)]
    return [value] if isinstance(value, str) else []


def without_escapes(text: str) -> str:
    """Return what of a text of Discord's is not escaped, and so may have a meaning."""
    return re.sub(r"\\[\\*_~`|<>#:\[\]()]", "", text)


@pytest.mark.parametrize("receiver", sorted(PAYLOADS))
def test_each_receiver_is_told_state_counts_digest_and_link(receiver: str) -> None:
    whole = " ".join(texts(PAYLOADS[receiver](MESSAGE))).replace("\\", "").replace("&amp;", "&")
    assert all(
        word in whole for word in (MESSAGE.title, MESSAGE.config_digest, MESSAGE.notes[0], RUN)
    )
    assert "acme/mail" in whole
    assert "2026-11-20T03:00:00Z" in whole
    if receiver != "json":
        assert "3 drift, 1 unmanaged" in whole
        assert "pending" not in whole


@pytest.mark.parametrize("receiver", sorted(PAYLOADS))
@given(message=MESSAGES)
@example(message=WORST)
@example(message=ALL_ESCAPED)
def test_any_payload_is_json_without_anything_invisible(receiver: str, message: Message) -> None:
    payload = PAYLOADS[receiver](message)
    content = json.dumps(payload, ensure_ascii=False).encode()
    assert json.loads(content) == payload
    for text in texts(payload):
        assert text.replace("\n", "").replace("\u200b", "").isprintable()
        assert receiver in {"json", "teams"} or not CALL.search(text)


@given(MESSAGES)
@example(WORST)
@example(ALL_ESCAPED)
def test_slack_gets_blocks_within_its_limits_in_which_nothing_is_unescaped(
    message: Message,
) -> None:
    payload = slack(message)
    blocks = payload["blocks"]
    assert payload["text"]
    assert len(blocks) <= 50
    for block in blocks:
        assert 0 < units(block["text"]["text"]) <= {"header": 150, "section": 3000}[block["type"]]
    assert sum(units(each) for each in texts(payload)) < 11_000
    plain = [each["text"] for each in blocks if each["text"]["type"] == "plain_text"]
    for text in (payload["text"], *(each["text"] for each in plain)):
        assert not re.search("[<>&]", re.sub("&(amp|lt|gt);", "", text))
    for each in blocks:
        if each["text"]["type"] == "mrkdwn":
            assert re.fullmatch(r"<https?://[^<>|\s@]+\|Open the run>", each["text"]["text"])
            assert each["text"]["verbatim"] is True


@given(MESSAGES)
@example(WORST)
@example(ALL_ESCAPED)
def test_teams_gets_a_small_card_that_reads_no_markdown_and_mentions_nobody(
    message: Message,
) -> None:
    payload = teams(message)
    assert len(json.dumps(payload, ensure_ascii=False).encode()) < 21_000
    (attachment,) = payload["attachments"]
    card = attachment["content"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert (payload["type"], card["type"], card["version"]) == ("message", "AdaptiveCard", "1.4")
    for line in card["body"]:
        assert line["type"] == "RichTextBlock"
        assert [each["type"] for each in line["inlines"]] == ["TextRun"]
        assert line["inlines"][0]["text"]
    assert "msteams" not in card
    assert {each["type"] for each in card["actions"]} <= {"Action.OpenUrl"}


@given(MESSAGES)
@example(WORST)
@example(ALL_ESCAPED)
def test_discord_gets_2000_characters_in_which_all_marks_but_ours_are_escaped(
    message: Message,
) -> None:
    payload = discord(message)
    assert payload["allowed_mentions"] == {"parse": []}
    assert 0 < units(payload["content"]) <= 2000
    title, *lines = payload["content"].split("\n")
    if lines[-1].startswith("[Open the run]"):
        assert re.fullmatch(r"\[Open the run\]\(<https?://[^<>()\s@]+>\)", lines.pop())
    assert re.fullmatch(r"\*\*(.*)\*\*", title)
    for line in (title[2:-2], *lines):
        assert not SPECIAL.search(without_escapes(line))


@given(MESSAGES)
@example(WORST)
def test_json_has_what_a_program_wants_and_no_more_than_ten_notes(message: Message) -> None:
    payload = plain_json(message)
    assert {"state", "summary", "run_url", "config_digest", "since"} <= payload.keys()
    assert list(payload["summary"].values()) or not message.counts
    assert len(payload["notes"]) + payload["more_notes"] == len(message.notes)
    assert len(payload["notes"]) <= MOST_NOTES


@pytest.mark.parametrize("receiver", ["slack", "teams", "discord"])
def test_what_is_not_shown_of_the_notes_is_counted(receiver: str) -> None:
    many = Message("partial", "Title", "sha256:0", notes=[f"domain {n}" for n in range(5000)])
    whole = "\n".join(texts(PAYLOADS[receiver](many)))
    assert len(re.findall(r"- domain \d+", whole)) == MOST_NOTES
    assert "- and 4990 more" in whole


def test_long_notes_of_discord_give_way_to_the_link() -> None:
    long = replace(MESSAGE, notes=["\U0001f600" * 9999] * 5000)
    content = discord(long)["content"]
    shown = content.count("\n- \U0001f600")
    assert 0 < shown < MOST_NOTES
    assert content.endswith(f"- and {5000 - shown} more\n[Open the run](<{RUN}>)")


@pytest.mark.parametrize(
    "url",
    [
        *("javascript:alert(1)", "//x.example", "https://x.example/a b", "https://x.example/>"),
        *("https://x.example/|y", "https://user:pw@x.example/", "https://x.example/a)b", ""),
        *("https://x.example/\n", "https://x.example/" + "a" * 500, "https://x.example\\@y/"),
    ],
)
@pytest.mark.parametrize("receiver", sorted(PAYLOADS))
def test_a_run_whose_url_could_be_taken_for_something_else_is_not_linked(
    receiver: str, url: str
) -> None:
    payload = PAYLOADS[receiver](Message("drift", "Title", "sha256:0", run_url=url))
    assert not any("://" in each for each in texts(payload) if "adaptivecards.io" not in each)
