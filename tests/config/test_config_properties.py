"""Whatever is in the file: findings or a configuration, at once, and the same each time."""

import copy
import random
import re
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loading import EXAMPLE, findings, load

from reconciler.source import Finding

TEXT = EXAMPLE.read_text()
SPLICES = [
    *[
        "{",
        "}",
        "[",
        "]",
        ":",
        ": ",
        "- ",
        "? ",
        "&a ",
        "*a",
        "<<: ",
        "!!x ",
        "|",
        ">",
        "'",
        '"',
        "#",
    ],
    *[
        "\n",
        "\t",
        "\r",
        "  ",
        "---\n",
        "...",
        "%",
        "@",
        "`",
        "no",
        "0123",
        "~",
        "null",
        "\\",
        ",",
        "1e3",
    ],
    *[
        "\x00",
        "\x85",
        "\u2028",
        "\ufeff",
        "é",
        "😀",
        "providers:",
        "service: ",
        "token: ",
        "domains: ",
    ],
]
QUICK = settings(max_examples=150, deadline=2000, suppress_health_check=[HealthCheck.too_slow])


def check_places(content: bytes, found: tuple[Finding, ...]) -> None:
    text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace")
    lines = re.split(r"\r\n|\r|\n", text)
    for finding in found:
        if finding.message.startswith("the file is "):
            assert (finding.location.line, finding.location.column) == (0, 0), finding
            continue
        assert 1 <= finding.location.line <= len(lines), finding
        assert 1 <= finding.location.column <= len(lines[finding.location.line - 1]) + 1, finding
        assert finding.message
        assert str(finding).isprintable()
    assert list(found) == sorted(set(found))


def check(content: bytes) -> None:
    found = findings(content)
    check_places(content, found)
    again = findings(content)
    assert [(each.location.line, each.location.column, each.message) for each in found] == [
        (each.location.line, each.location.column, each.message) for each in again
    ]


@QUICK
@given(st.binary(max_size=200))
def test_any_bytes_end_in_findings(content: bytes) -> None:
    check(content)


@QUICK
@given(st.text(max_size=200))
def test_any_text_ends_in_findings(content: str) -> None:
    check(content.encode("utf-8", errors="surrogatepass"))


@QUICK
@given(st.lists(st.sampled_from([*SPLICES, "a", "b", "1", "p"]), max_size=40))
def test_any_heap_of_yaml_ends_in_findings(pieces: list[str]) -> None:
    check("".join(pieces).encode())


@QUICK
@given(st.data())
def test_the_example_mutated_ends_in_findings(data: st.DataObject) -> None:
    content = TEXT
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        length = data.draw(st.sampled_from([0, 0, 1, 1, 5, 40]))
        content = content[:start] + data.draw(st.sampled_from(SPLICES)) + content[start + length :]
    check(content.encode())


KEYS = """
    version providers p service token account_token env file sops key sender tracking opens links
    domains example.com return_path ensure streams news type name webhooks url triggers stream
    advanced message_stream batch_size timeout region domain clicks unsubscribe delivered x
""".split()  # noqa: SIM905 - a list of forty words reads worse
WORDS = ["postmark", "mailgun", "absent", "example.com", "delivery", "eu", "", "x"]
SCALARS = (
    st.none() | st.booleans() | st.integers(-2, 2000) | st.floats(0, 9) | st.sampled_from(WORDS)
)
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=12,
)


@QUICK
@given(
    st.sampled_from(["postmark", "mailgun", "postmrk"]),
    st.dictionaries(st.sampled_from(KEYS), TREES),
)
def test_any_content_of_a_provider_ends_in_findings(service: str, content: dict[str, Any]) -> None:
    tree = {"version": 1, "providers": {"p": content | {"service": service}}}
    check(yaml.safe_dump(tree).encode())


@QUICK
@given(st.data())
def test_the_example_with_a_branch_replaced_ends_in_findings(data: st.DataObject) -> None:
    tree: Any = yaml.safe_load(TEXT)
    branch: Any = tree
    while True:
        key = data.draw(st.sampled_from(sorted(branch)))
        if not isinstance(branch[key], dict) or not branch[key] or data.draw(st.booleans()):
            break
        branch = branch[key]
    branch[key] = data.draw(TREES)
    check(yaml.safe_dump(tree).encode())


def shuffled(tree: Any, order: random.Random) -> Any:
    if not isinstance(tree, dict):
        return tree
    keys = sorted(tree)
    order.shuffle(keys)
    return {key: shuffled(tree[key], order) for key in keys}


@pytest.mark.parametrize("seed", range(10))
def test_the_digest_is_that_of_the_content_whatever_order_and_layout(seed: int) -> None:
    tree = shuffled(yaml.safe_load(TEXT), random.Random(seed))
    text = yaml.safe_dump(tree, sort_keys=False, default_flow_style=bool(seed % 2))
    assert load(text).digest == load(TEXT).digest
    assert load(text).desired.keys() == load(TEXT).desired.keys()


OTHER: dict[type, Any] = {bool: lambda value: not value, int: lambda value: max(1, value - 1)}
REPLACED = {
    "{env: MAILGUN_API_KEY}": "{file: MAILGUN_API_KEY}",
    "noreply@": "reply@",
    "opens: true\n": "opens: false\n",
    "html_and_text": "html_only",
    "pm-bounces.": "bounces.",
    "{ensure: absent}": "{}",
    "type: broadcasts": "type: transactional",
    "name: Newsletter": "name: newsletter",
    "message_stream: outbound": "message_stream: newsletter",
    "batch_size: 50": "batch_size: 51",
    "timeout: 30}": "timeout: 30.5}",
    "region: eu": "region: us",
    "clicks: html_only": "clicks: false",
    "tag_prefix: pm-": "tag_prefix: pm",
    "testmode: false": "testmode: true",
    "marketing:": "marketing2:",
    "newsletter:": "newsletters:",
    "mg.example.com: {}": "mg.example.com: {wildcard: false}",
    "    region: eu\n": "",
    "promo.example.com": "promo2.example.com",
}


@pytest.mark.parametrize("before", REPLACED)
def test_the_digest_changes_with_any_value(before: str) -> None:
    assert before in TEXT
    assert load(TEXT.replace(before, REPLACED[before], 1)).digest != load(TEXT).digest


def test_comments_and_quotes_do_not_change_the_digest() -> None:
    text = re.sub(r" +#.*", "", TEXT).replace("eu\n", '"eu"\n').replace("\n", "\r\n")
    assert load(text).digest == load(TEXT).digest


def test_every_desired_field_knows_its_place() -> None:
    config = load(TEXT)
    lines = TEXT.splitlines()
    for resource in config.desired.values():
        assert resource.location() is not None
        for name in resource.attributes:
            place = resource.location(name)
            assert place is not None
            assert lines[place.line - 1][place.column - 1 :].strip()


def test_loading_leaves_no_trace_on_the_next_one() -> None:
    first = load(TEXT)
    data = copy.deepcopy({name: each.node.data for name, each in first.providers.items()})
    load(TEXT.replace("eu", "us", 1))
    assert {name: each.node.data for name, each in load(TEXT).providers.items()} == data
