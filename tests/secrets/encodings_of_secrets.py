"""Ways in which a service, or what stands before it, may write a secret that it was sent."""

import base64
import html
import json
import quopri
from collections.abc import Callable
from urllib.parse import quote


def spaced(separator: str, every: int = 3) -> Callable[[str], str]:
    def split(text: str) -> str:
        return separator.join(text[at : at + every] for at in range(0, len(text), every))

    return split


def percent(text: str, letters: Callable[[int], bool] = lambda _: True) -> str:
    """Escape the letters at some places, even where nothing asks for it."""
    return "".join(
        "".join(f"%{byte:02X}" for byte in each.encode()) if letters(at) else each
        for at, each in enumerate(text)
    )


def as_base64(text: str, before: str = "", encoding: str = "utf-8") -> str:
    return base64.b64encode(f"{before}{text};".encode(encoding)).decode()


def as_hex(text: str, separator: str = "", prefix: str = "") -> str:
    return separator.join(f"{prefix}{byte:02x}" for byte in text.encode())


def escaped(text: str) -> str:
    return "".join(
        f"\\u{half[0] * 256 + half[1]:04x}" for each in text for half in [each.encode("utf-16-be")]
    )


ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "capitals": str.upper,
    "swapped case": str.swapcase,
    "split by blanks": spaced(" "),
    "split by line breaks": spaced("\r\n", 5),
    "split by tabs": spaced("\t", 1),
    "split by invisible blanks": spaced("\u200b", 2),
    "split by hard blanks": spaced("\xa0", 4),
    "UTF-16": lambda text: text.encode("utf-16-le").decode("latin-1"),
    "UTF-16, the other order": lambda text: text.encode("utf-16-be").decode("latin-1"),
    "base64": as_base64,
    "base64, from the second byte": lambda text: as_base64(text, "x"),
    "base64, from the third byte": lambda text: as_base64(text, "xy"),
    "base64 of a login": lambda text: as_base64(text, "api:"),
    "base64 without its end": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(f"?>~{text}".encode()).decode(),
    "base64 in lines": lambda text: spaced("\n", 8)(as_base64(text)),
    "base64 in capitals": lambda text: as_base64(text).upper(),
    "base64 of UTF-16": lambda text: as_base64(text, "", "utf-16-le"),
    "base64 of UTF-16, the other order": lambda text: as_base64(text, "x", "utf-16-be"),
    "percent-encoded": lambda text: quote(text, safe=""),
    "percent-encoded in full": percent,
    "percent-encoded in small letters": lambda text: percent(text).lower(),
    "percent-encoded in part": lambda text: percent(text, lambda at: at % 3 == 0),
    "percent-encoded twice": lambda text: quote(percent(text), safe=""),
    "hexadecimal": as_hex,
    "hexadecimal in capitals": lambda text: as_hex(text).upper(),
    "hexadecimal with colons": lambda text: as_hex(text, ":"),
    "hexadecimal with blanks": lambda text: as_hex(text, " "),
    "hexadecimal as numbers": lambda text: as_hex(text, ", ", "0x"),
    "hexadecimal as escapes": lambda text: as_hex(text, "", "\\x"),
    "hexadecimal of UTF-16": lambda text: text.encode("utf-16-le").hex(),
    "JSON": json.dumps,
    "JSON in full": escaped,
    "JSON in full, capitals": lambda text: escaped(text).upper().replace("\\U", "\\u"),
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "HTML": html.escape,
    "HTML in full": lambda text: "".join(f"&#{ord(each)};" for each in text),
    "HTML in full, hexadecimal": lambda text: "".join(f"&#x{ord(each):x};" for each in text),
    "quoted-printable": lambda text: quopri.encodestring(text.encode()).decode(),
    "quoted-printable in full": lambda text: as_hex(text, "", "=").upper(),
    "percent-encoded JSON": lambda text: percent(escaped(text)),
    "base64, percent-encoded": lambda text: percent(as_base64(text)),
    "octal": lambda text: "".join(f"\\{byte:03o}" for byte in text.encode()),
    "octal in part": lambda text: "".join(
        f"\\{ord(each):03o}" if at % 2 and each.isascii() else each for at, each in enumerate(text)
    ),
    "JavaScript's escape": lambda text: escaped(text).replace("\\", "%"),
    "JSON in part": lambda text: escaped(text[:3]) + text[3:],
    "JSON with braces": lambda text: "".join(f"\\u{{{ord(each):x}}}" for each in text),
    "Python in full": lambda text: "".join(f"\\U{ord(each):08x}" for each in text),
    "in colours": spaced("\x1b[1;31m"),
    "in colours of eight bits": spaced("\x9b0m", 2),
    "in escaped colours": spaced("\\u001b[38;5;12m", 5),
    "in octal colours": spaced("\\033[0m", 1),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "base32 in small letters": lambda text: (
        base64.b32encode(f"xyz{text};".encode()).decode().lower()
    ),
    "base32 of a login": lambda text: base64.b32encode(f"api:{text};".encode()).decode(),
    "base64 of base64": lambda text: as_base64(as_base64(text)),
    "base64 of base64 of a login": lambda text: as_base64(as_base64(text, "api:"), "xy"),
    "base64 of hexadecimal": lambda text: as_base64(as_hex(text), "x"),
    "base64 of hexadecimal in capitals": lambda text: as_base64(as_hex(text).upper()),
    "hexadecimal of base64": lambda text: as_hex(as_base64(text)),
    "hexadecimal of base64 with colons": lambda text: as_hex(as_base64(text, "xy"), ":").upper(),
    "with dashes": spaced("-", 4),
}
