"""What is added to a file leaves every byte of it where it was."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.config.insertion import inserted
from reconciler.config.syntax import parse
from reconciler.errors import ReconcileError

ADDED: dict[str, Any] = {
    "domains": {"new.example.com": {"spam_action": "tag"}, "z.example.com": {}},
    "account_webhooks": [{"url": "https://new.example.com/", "events": ["opened"]}],
}
HEAD = "version: 1\nproviders:\n  m:\n    service: mailgun\n    token: {env: A}\n    region: eu\n"
FOOTER = (
    f"{HEAD}    domains:\n      a.example.com:\n        tracking:\n          unsubscribe:\n"
    "            html_footer: "
)
LINE = "\n              "
FILES = {
    "nothing yet": HEAD,
    "no last line break": HEAD.rstrip("\n"),
    "Windows' line breaks": f"{HEAD}    domains:\n      a.example.com: {{}}\n".replace(
        "\n", "\r\n"
    ),
    "a byte order mark": f"\ufeff{HEAD}",
    "comments everywhere": "# top\nversion:   1   # one\n\nproviders:\n  # shop\n  m:   # ours\n"
    "      service: 'mailgun'\n      token: {env:   A}   # key\n      region: \"eu\"\n\n"
    "      domains:   # all of them\n\n          # first\n          a.example.com: {}   # x\n\n"
    "          # last words\n\n# end\n",
    "an empty flow": f"{HEAD}    domains: {{}}   # none yet\n    sender: a@b.example.com\n",
    "a comment at once behind an empty flow": f"{HEAD}    domains: {{}}# none yet\n",
    "old line breaks": f"{HEAD}    domains:\n      a.example.com: {{}}\n".replace("\n", "\r"),
    "mixed line breaks": f"{HEAD}    domains:\n      a.example.com: {{}}\r"
    "    sender: a@b.test.com\n",
    "a key without a value": f"{HEAD}    domains:\n    sender: a@b.example.com\n",
    "an empty flow with a comment": f"{HEAD}    domains: {{  # by team A\n      # see 12\n    }}\n",
    "an empty list": f"{HEAD}    account_webhooks: [ ] # none\n",
    "a flow of domains": f"{HEAD}    domains: {{a.example.com: {{}}, }}  # c\n"
    "    sender: a@b.example.com\n",
    "a provider in a flow": "version: 1\nproviders:\n  m: {service: mailgun, token: {env: A}}\n",
    "a flow in lines": "version: 1\nproviders:\n  m: {\n    service: mailgun,  # s\n"
    "    token: {env: A},\n    domains: {\n      a.example.com: {},  # first\n    }  # d\n  }\n",
    "JSON": '{"version": 1, "providers": {"m": {"service": "mailgun", "token": {"env": "A"}}}}',
    "a list without an indent": f"{HEAD}    account_webhooks:\n"
    "    - url: https://a.example.com/  # a\n      events: [opened]\n    # tail\n",
    "a list that is indented": f"{HEAD}    account_webhooks:\n"
    "        - {url: https://a.example.com/, events: [opened]}\n",
    "a literal text at the end": f"{FOOTER}|{LINE}<p>\n{LINE}x\n\n\n",
    "a folded text that keeps its end": f"{FOOTER}>+{LINE}<p>\n\n\n# c\n",
    "a plain text in lines": f"{FOOTER}some{LINE}words\n",
    "a quoted text in lines": f'{FOOTER}"some\n{LINE}words" # q\n',
    "explicit keys": "version: 1\nproviders:\n  ? m\n  : service: mailgun\n    token: {env: A}\n",
    "document marks": f"%YAML 1.2\n---\n{HEAD}...\n",
    "quoted names": f"{HEAD}    'domains':\n      \"a.example.com\": {{}}\n",
    "another provider below": f"{HEAD}\n\n  p: # two\n    service: postmark\n    token: {{env: B}}",
}


def data_of(text: str) -> Any:
    root, findings = parse(text.encode(), "esp.yaml")
    assert findings == []
    assert root
    return root.data


def merged(there: Any, added: Any) -> Any:
    """Return what the file says with what was added: entries and items at the end."""
    if isinstance(added, dict) and isinstance(there, dict | None):
        there = there or {}
        return there | {key: merged(there.get(key), value) for key, value in added.items()}
    return [*(there or []), *added] if isinstance(added, list) else added


def is_kept(before: str, after: str) -> bool:
    """Whether all characters of a text stand in another, in their order."""
    rest = iter(after)
    return all(each in rest for each in before)


@pytest.mark.parametrize("before", FILES.values(), ids=FILES)
def test_all_that_was_there_stays_and_what_is_added_is_read(before: str) -> None:
    after = inserted(before, "m", "mailgun", ADDED, {("domains", "z.example.com"): "a note"})
    expected = data_of(before)
    expected["providers"]["m"] = merged(expected["providers"]["m"], ADDED)
    assert data_of(after) == expected
    for nothing in ("{}   # none", "{}# none", "[ ] # none"):
        before = before.replace(nothing, "# none")
    assert is_kept(before, after)


@pytest.mark.parametrize("before", FILES.values(), ids=FILES)
def test_lines_that_are_not_added_to_are_the_same_bytes(before: str) -> None:
    lines = inserted(before, "m", "mailgun", ADDED, {}).splitlines(keepends=True)
    kept = [line for line in before.splitlines(keepends=True) if line in lines]
    assert len(kept) >= len(before.splitlines()) - 3


@pytest.mark.parametrize("before", FILES.values(), ids=FILES)
def test_nothing_added_is_nothing_changed(before: str) -> None:
    assert inserted(before, "m", "mailgun", {}, {}, ["a remark"]) == before


@given(st.lists(st.sampled_from(["# c", "", "   ", "      # deep"]), max_size=4), st.booleans())
def test_comments_and_blank_lines_around_the_end_stay(tail: list[str], last_break: bool) -> None:  # noqa: FBT001
    end = "\n".join(["", *tail]) + ("\n" if last_break else "")
    before = f"{HEAD}    domains:\n      a.example.com: {{}}{end}"
    after = inserted(before, "m", "mailgun", ADDED, {})
    assert is_kept(before, after)
    assert [*data_of(after)["providers"]["m"]["domains"]] == [
        "a.example.com",
        "new.example.com",
        "z.example.com",
    ]


def test_a_text_that_a_line_break_would_change_is_not_added_to() -> None:
    text = f"{FOOTER}|{LINE}<p>"
    with pytest.raises(ReconcileError, match="end it in a line break first"):
        inserted(text, "m", "mailgun", ADDED, {})
    assert inserted(text, "m", "mailgun", {}, {}) == text
