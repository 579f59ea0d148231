"""International names: how they are written where only letters, digits and dashes may stand."""

from unicodedata import normalize


def in_ascii(value: str) -> str:
    """Return a host name, or the one of an e-mail address, with its labels in punycode."""
    local, at, host = value.rpartition("@")
    labels = normalize("NFKC", host).lower().split(".")
    return f"{local}{at}{'.'.join(map(_label, labels))}"


def _label(label: str) -> str:
    return label if label.isascii() else f"xn--{label.encode('punycode').decode()}"
