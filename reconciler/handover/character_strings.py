"""A TXT as DNS holds it: strings of at most 255 bytes, which readers put together without a gap."""

from collections.abc import Callable

LONGEST = 255
_SPECIAL = b'\\"'
_PRINTABLE = range(0x20, 0x7F)


def chunks(text: str) -> list[bytes]:
    """Return the strings of a text, cut by bytes: a character may be in two of them."""
    data = text.encode()
    return [data[start : start + LONGEST] for start in range(0, len(data), LONGEST)]


def decimal(byte: int) -> str:
    """Return a byte as RFC 1035 escapes it (operations.md §4.2)."""
    return f"\\{byte:03d}"


def octal(byte: int) -> str:
    """Return a byte as Route 53 escapes it, which reads the three digits as octal."""
    return f"\\{byte:03o}"


def escaped(chunk: bytes, numbered: Callable[[int], str] = decimal) -> str:
    """Return what stands between the quotes for a string: printable ASCII, whatever is in it."""
    return "".join(_escaped_byte(byte, numbered) for byte in chunk)


def quoted(text: str) -> str:
    """Return a text as zone files take it: `"first 255 bytes" "rest"`."""
    return " ".join(f'"{escaped(chunk)}"' for chunk in chunks(text))


def _escaped_byte(byte: int, numbered: Callable[[int], str]) -> str:
    if byte in _SPECIAL:
        return f"\\{chr(byte)}"
    return chr(byte) if byte in _PRINTABLE else numbered(byte)
