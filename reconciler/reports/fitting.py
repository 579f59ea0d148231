"""What does not fit is cut by meaning: whole objects are left out, the least grave first."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

Size = Callable[[str], int]
"""Counts what a limit is counted in: characters (`len`) or bytes."""


@dataclass(frozen=True, slots=True)
class Item:
    """One object as a report tells it; `weight` is how many it stands for."""

    text: str
    weight: int = 1


@dataclass(slots=True)
class Section:
    """Objects of one sort under a title; of less `rank` is what is kept first.

    `head` stands above them, such as the head of a table. With `is_folded` the reader opens it.
    """

    title: str
    items: Sequence[Item]
    rank: int
    head: str = ""
    is_folded: bool = False
    shown: int = field(default=0, init=False)

    @property
    def total(self) -> int:
        return sum(item.weight for item in self.items)

    @property
    def told(self) -> int:
        """How many objects are told by what is shown."""
        return sum(item.weight for item in self.items[: self.shown])

    def as_text(self) -> str:
        if not self.shown:
            return ""
        cut = f", shown {self.told} of {self.total}" if self.told < self.total else ""
        lines = [self.head] if self.head else []
        lines += [item.text for item in self.items[: self.shown]]
        body = "\n".join(lines)
        if not self.is_folded:
            return f"**{self.title}**{cut}\n\n{body}"
        return f"<details><summary>{self.title}{cut}</summary>\n\n{body}\n\n</details>"


def fitted(
    above: str,
    sections: Iterable[Section],
    below: str,
    *,
    most: int,
    size: Size = len,
    elsewhere: str = "",
) -> str:
    """Return a text of at most `most`, with as many objects as fit, and how many they are.

    `above` and `below` are always there. Sections stand in the order in which they are given.
    `elsewhere` says where the rest is.
    """
    sections = list(sections)
    left = most - size(above) - size(below) - size(_told(10**9, 10**9, elsewhere)) - 8
    for section in sorted(sections, key=lambda each: each.rank):
        left -= _fill(section, left, size)
    shown = sum(each.told for each in sections)
    total = sum(each.total for each in sections)
    cut = _told(shown, total, elsewhere) if shown < total else ""
    blocks = [above, cut, *(each.as_text() for each in sections), below]
    return "\n\n".join(block for block in blocks if block)


def _fill(section: Section, left: int, size: Size) -> int:
    """Let a section show what fits, and return how much it takes."""
    ends = [0]
    for item in section.items:
        ends.append(ends[-1] + size(item.text) + 1)
    if not section.items:
        return 0
    section.shown = 1
    frame = size(section.as_text()) - size(section.items[0].text)
    frame += size(f", shown {section.total} of {section.total}") + 2
    fits = [number for number, end in enumerate(ends) if end + frame <= left]
    section.shown = fits[-1] if fits else 0
    return ends[section.shown] + frame if section.shown else 0


def _told(shown: int, total: int, elsewhere: str) -> str:
    rest = f"; {elsewhere}" if elsewhere else ""
    return f"> Shown {shown:,} of {total:,}, the gravest first{rest}."
