"""Foreign text, as each format takes it: it says something, and does nothing.

Names and values come from services, files and their authors. What would break a line or steer a
terminal is written as an escape first, by `source.printable`.
"""

import re

from reconciler.source import printable

_MARK = "\u200b"
"""A space of no width: what would be a mention, a reference or a link is none with it inside."""
_SPECIAL = re.compile(r"[\\`*_\[\]|~^{}]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&#36;"}
_LISTED = re.compile(r"\d{1,9}(?=[.)])|(?=[-+#=])")
"""What at the beginning would make a list, a heading or a line of a text."""
_REFERENCE = re.compile(
    r"@(?=\S)|[#!%~&^$](?=[\w\"'\[(])|(?<=gh)-(?=\d)|:(?=//)|www(?=\.)|(?<=mailto|..xmpp):",
    re.IGNORECASE,
)


def markdown_text(text: str) -> str:
    """Return text for a line of Markdown: no markup, no mention, no link and no reference."""
    marked = _REFERENCE.sub(_broken, printable(text))
    head, rest = _beginning(marked)
    return head + "".join(_inline(each) for each in rest)


def _beginning(text: str) -> tuple[str, str]:
    """Return what opens no block any more, and the rest; behind spaces anything would open one."""
    if text.startswith(" "):
        return "&#32;", text[1:]
    start = _LISTED.match(text)
    return (f"{start[0]}\\", text[start.end() :]) if start else ("", text)


def _broken(reference: re.Match[str]) -> str:
    """Part a sign from what it would refer to; one of a mail address from its name as well."""
    before = _MARK if reference[0] == "@" else ""
    return f"{before}{reference[0]}{_MARK}"


def _inline(sign: str) -> str:
    return _ENTITIES.get(sign) or (f"\\{sign}" if _SPECIAL.match(sign) else sign)


def markdown_code(text: str) -> str:
    """Return text as code in a line of Markdown, whatever backticks are in it."""
    plain = printable(text)
    if not plain:
        return "` `"
    fence = "`" * (_longest_run(plain) + 1)
    is_edged = plain.strip() and plain[0] + plain[-1] != (plain[0] + plain[-1]).strip("` ")
    edge = " " if is_edged else ""
    return f"{fence}{edge}{plain}{edge}{fence}"


def markdown_cell_code(text: str) -> str:
    """Return text as code in a cell of a table, whose columns bars would part."""
    # A bar behind a backslash would part them however it is escaped, so it is written out.
    return markdown_code(text.replace("\\|", r"\\x7c")).replace("|", "\\|")


def markdown_block(text: str) -> str:
    """Return lines of text in a block of code."""
    lines = "\n".join(printable(line) for line in text.split("\n"))
    fence = "`" * max(3, _longest_run(lines) + 1)
    return f"{fence}text\n{lines}\n{fence}"


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def command_message(text: str) -> str:
    """Return the message of a workflow command; GitHub's runner undoes exactly this."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def command_property(text: str) -> str:
    """Return a property's value of a workflow command."""
    return command_message(text).replace(":", "%3A").replace(",", "%2C")


def output_value(text: str) -> str:
    """Return the value of a step's output: one line, so that it defines no other."""
    return printable(text)


def label_value(text: str) -> str:
    """Return the value of a label in Prometheus's text format."""
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
