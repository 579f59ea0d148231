"""A value replaced in a YAML text: all else stays byte for byte, and so do the comments."""

import pytest
import yaml

from reconciler.config.replacement import replaced

KEYS = ("providers", "p", "domains", "a.com")
GONE = "{ensure: absent}"


def config(domains: str) -> str:
    return f"version: 1\nproviders:\n  p:\n    service: postmark\n    domains:{domains}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("\n      a.com: {}\n", "\n      a.com: {ensure: absent}\n"),
        ("\n      a.com:\n      b.com: {}\n", "\n      a.com: {ensure: absent}\n      b.com: {}\n"),
        ("\n      a.com: {}  # ours\n", "\n      a.com: {ensure: absent}  # ours\n"),
        (
            "\n      a.com: {return_path: pm.a.com}  # ours\n",
            "\n      a.com: {ensure: absent}  # ours\n",
        ),
        (" {a.com: {}, b.com: {}}\n", " {a.com: {ensure: absent}, b.com: {}}\n"),
        (" {'a.com': {}}", " {'a.com': {ensure: absent}}"),
        (
            (
                "\n      a.com:  # why: because\n        return_path: pm.a.com  # see #7\n"
                "      b.com: {}\n"
            ),
            "\n      a.com: {ensure: absent}  # see #7\n        # why: because\n      b.com: {}\n",
        ),
        (
            "\n      a.com:\n        # above\n        return_path: 'x # no'\n      # below\n",
            "\n      a.com: {ensure: absent}\n        # above\n      # below\n",
        ),
    ],
)
def test_only_the_value_is_replaced(before: str, after: str) -> None:
    assert replaced(config(before), KEYS, GONE) == config(after)


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_breaks_and_the_mark_at_the_beginning_stay(line_break: str, mark: str) -> None:
    text = config("\n      a.com:\n        # why\n        return_path: pm.a.com\n      é.com: {}\n")
    found = replaced(mark + text.replace("\n", line_break), KEYS, GONE)
    assert found.startswith(mark)
    assert found.count("\n") == found.count(line_break)
    assert yaml.safe_load(found.lstrip("\ufeff"))["providers"]["p"]["domains"] == {
        "a.com": {"ensure": "absent"},
        "é.com": {},
    }
