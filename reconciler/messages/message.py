"""What a run tells people elsewhere: what state things are in, counts and a link.

What differs is not told: a message leaves for a place that others read, and stays there.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.source import nothing, printable

MOST_NOTES = 10
_MORE = 30
"""What the line that counts the other notes may take."""
_LINK = re.compile(
    r"https?://[a-z0-9.-]+(:\d{1,5})?(/[\w.~%/?#=&+:,;-]*)?", re.IGNORECASE | re.ASCII
)
_LONGEST_LINK = 500
_AT_ALL = re.compile(r"@(?=(all|channel|everyone|here)(?![a-z0-9]))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Message:
    """`state` is one of in-sync, drift, pending, partial and error, and `since` when that began.

    `counts` are told by their names, 0 by none. `notes` are lines that say what people should see
    at once, such as which domains could not be read; ten of them are told, the others counted.
    All may hold foreign text of any length.
    """

    state: str
    title: str
    config_digest: str
    counts: Mapping[str, int] = field(default_factory=nothing)
    run_url: str | None = None
    repository: str | None = None
    since: str | None = None
    notes: Sequence[str] = ()


def title_of(message: Message) -> str:
    return brief(message.title.strip() or "esp-reconcile", 120)


def facts_of(message: Message) -> list[str]:
    """Return the lines below the title: 600 characters at most, in all."""
    counts = ", ".join(f"{number} {name}" for name, number in message.counts.items() if number)
    since = f" since {brief(message.since, 40)}" if message.since else ""
    repository = message.repository and f"Repository: {brief(message.repository, 120)}"
    facts = [
        brief(counts, 240),
        f"State: {brief(message.state, 20)}{since}",
        repository,
        f"Configuration: {brief(message.config_digest, 80)}",
    ]
    return [each for each in facts if each]


def notes_of(message: Message, escaped: Callable[[str], str], room: int) -> list[str]:
    """Return the first notes as lines that fit, and how many there are besides."""
    room -= _MORE
    lines: list[str] = []
    for note in message.notes[:MOST_NOTES]:
        line = f"- {escaped(brief(note, 160))}"
        room -= units(line) + 1
        if room < 0:
            break
        lines.append(line)
    left = len(message.notes) - len(lines)
    return [*lines, f"- and {left} more"] if left else lines


def link_of(message: Message) -> str | None:
    """Return the URL of the run, if it is one that no receiver could take for anything else."""
    url = message.run_url or ""
    return url if len(url) <= _LONGEST_LINK and _LINK.fullmatch(url) else None


def brief(text: str, most: int) -> str:
    """Return a text on one line, without anything invisible, cut to so many characters."""
    shown = printable(text)
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def calling_nobody(text: str) -> str:
    """Return a text in which no word such as `@everyone` calls a whole channel.

    A space without width comes behind the `@`, as Discord's own libraries put it.
    """
    return _AT_ALL.sub("@\u200b", text)


def units(text: str) -> int:
    """Return the length as UTF-16 counts it: whichever way a receiver counts, it finds no more."""
    return len(text) + sum(each > "\uffff" for each in text)
