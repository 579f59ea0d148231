"""Tables of plain text: columns as wide as they need to be, the last as long as it is."""

from collections.abc import Sequence

_GAP = "  "


def table(rows: Sequence[Sequence[str]], indent: int = 0) -> str:
    """Return rows of as many cells each, one below the other; a row's end has no blanks."""
    if not rows:
        return ""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(" " * indent + _line(row, widths) for row in rows)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
    return _GAP.join(cells).rstrip()
