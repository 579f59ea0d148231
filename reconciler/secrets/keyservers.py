"""Where an encrypted file would lead sops: a hostile one could send the operator's login away.

The file's own lines say which Vault opens it, and sops goes there with the operator's token. So an
address is trusted only if the operator named it, or if it is a host of Azure's. What sops writes
holds no tags and no escapes, so whatever could hide an address is refused.
"""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

_NAME = re.compile(r"vault_(?:address|url)", re.IGNORECASE)
_VALUE = re.compile(r"""["']?\s*[:=]\s*["']?([^"'\s,}]*)""")
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))", re.IGNORECASE)
_JOINED_LINES = re.compile(r"\\\r?\n\s*")
_TAG = re.compile(r"(?:^|[\s\[{,:?-])!", re.MULTILINE)
_ARN = re.compile(r"arn:aws[\w-]*:\w+:(?![a-z0-9-]*:)\S*", re.IGNORECASE)
_AZURE = (
    ".vault.azure.net",
    ".vault.azure.cn",
    ".vault.usgovcloudapi.net",
    ".managedhsm.azure.net",
)


def foreign_servers(text: str, environment: Mapping[str, str], *, may_have_tags: bool) -> list[str]:
    """Return what of a file could lead sops to a server that the operator did not name."""
    plain = _JOINED_LINES.sub("", _ESCAPE.sub(_unescaped, text))
    tags = () if may_have_tags else (found[0].strip() for found in _TAG.finditer(plain))
    arns = (found[0] for found in _ARN.finditer(plain))
    servers = (each for each in _servers(plain) if not _is_trusted(each, environment))
    return [*tags, *arns, *servers]


def _servers(text: str) -> Iterator[str]:
    for name in _NAME.finditer(text):
        value = _VALUE.match(text, name.end())
        address = value[1] if value else ""
        # An encrypted value under this name is content, and no address.
        if not address.startswith("ENC["):
            yield address or name[0]


def _is_trusted(address: str, environment: Mapping[str, str]) -> bool:
    if address.rstrip("/") == environment.get("VAULT_ADDR", "").rstrip("/"):
        return True
    try:
        url = urlsplit(address)
        return url.scheme == "https" and str(url.hostname).endswith(_AZURE) and not url.username
    except ValueError:
        return False


def _unescaped(escape: re.Match[str]) -> str:
    code = int(next(filter(None, escape.groups())), 16)
    return chr(code) if code < 0x110000 else ""  # noqa: PLR2004 - the end of Unicode
