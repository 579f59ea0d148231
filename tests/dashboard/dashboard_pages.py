"""Documents that a page is made of, and the page as a parser sees it."""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
EXAMPLE = REPOSITORY / "examples" / "status.json"
_VOID = {"meta", "link", "br", "img", "input", "hr"}

HOSTILE = (
    "<script>alert(1)</script>",
    "</style><script>alert(2)</script>",
    '"><img src=x onerror=alert(3)>',
    "' onmouseover='alert(4)",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(5)",
    "\u202egnp.exe\u200b\x00\x1b[31m",
    "\ud800",
    "-rf; $(reboot) `id` 'x",
    "n" * 255,
    "&lt;b&gt;",
)


def example() -> Any:
    return json.loads(EXAMPLE.read_text(encoding="utf-8"))


def with_domains(number: int) -> Any:
    """Return the example with so many domains at each provider, with long keys, not verified."""
    document = example()
    for provider in document["providers"]:
        model = next(each for each in reversed(provider["domains"]) if each["records"])
        for record in model["records"]:
            if record["purpose"] == "DKIM":
                record["value"] = "k=rsa; p=" + "A" * 392
        name = model["name"]
        text = json.dumps(model)
        provider["domains"] = [
            json.loads(text.replace(name, f"customer-{each:06}.example.com"))
            for each in range(number)
        ]
    return document


def everywhere(document: Any, text: str, *, but: frozenset[str] = frozenset()) -> Any:
    """Return a status document with a text in place of every free one."""
    fixed = {"format_version", "command", "at", "service", "state", "managed", "checks"} | but

    def changed(value: Any, key: str) -> Any:
        if isinstance(value, dict) and key not in fixed:
            return {name: changed(each, name) for name, each in value.items()}
        if isinstance(value, list):
            return [changed(each, key) for each in value]
        return text if isinstance(value, str) and key not in fixed else value

    found = changed(deepcopy(document), "")
    for number, provider in enumerate(found["providers"]):
        provider["name"] = f"{text}{number}"
        provider["webhooks"][0]["fields"] = {text: [text, {text: text}]}
    return found


def change(address: str, action: str, **fields: tuple[Any, Any]) -> dict[str, Any]:
    """Return an entry of a plan; `fields` are live and declared values."""
    return {
        "action": action,
        "address": address,
        "path": address.split("/"),
        "fields": [
            {"name": name.replace("__", "."), "before": live, "after": declared}
            for name, (live, declared) in fields.items()
        ],
    }


def difference(address: str, cause: str, **fields: tuple[Any, Any]) -> dict[str, Any]:
    """Return an entry of a look for drift."""
    entry = change(address, "update", **fields)
    for each in entry["fields"]:
        each["live"], each["declared"] = each.pop("before"), each.pop("after")
        each["cause"] = cause
    return entry | {"cause": cause}


def plan(*changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "format_version": "1",
        "command": "plan",
        "state": "changes",
        "changes": list(changes),
        **more,
    }


def drift(*differences: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "format_version": "1",
        "command": "drift",
        "state": "drift",
        "differences": list(differences),
        **more,
    }


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    parent: "Element | None" = None
    children: list["Element | str"] = field(default_factory=list)

    @property
    def text(self) -> str:
        parts = (each if isinstance(each, str) else each.text for each in self.children)
        return " ".join(" ".join(parts).split())

    def all(self, *tags: str) -> Iterator["Element"]:
        for each in self.children:
            if isinstance(each, Element):
                if not tags or each.tag in tags:
                    yield each
                yield from each.all(*tags)

    def one(self, tag: str) -> "Element":
        (found,) = self.all(tag)
        return found


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = self.now = Element("", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice"
        element = Element(tag, dict(attrs), self.now)
        self.now.children.append(element)
        if tag not in _VOID:
            self.now = element

    def handle_endtag(self, tag: str) -> None:
        assert self.now.tag == tag, f"</{tag}> closes <{self.now.tag}>"
        assert self.now.parent
        self.now = self.now.parent

    def handle_data(self, data: str) -> None:
        self.now.children.append(data)


def parsed(page: str) -> Element:
    """Return a page as a tree; every element must be closed where it should be."""
    parser = _Parser()
    parser.feed(page)
    parser.close()
    assert parser.now is parser.root
    return parser.root


def section(page: Element, provider: str, heading: str) -> Element:
    """Return the part of a provider's section below a heading."""
    (part,) = (
        each
        for each in page.all("section")
        if any(head.text == provider for head in each.all("h2"))
    )
    return next(row for row in rows(part) if next(row.all("h3")).text == heading)


def rows(part: Element) -> list[Element]:
    return [each for each in part.all("div") if each.attributes.get("class") == "row"]
