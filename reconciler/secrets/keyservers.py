"""Where an encrypted file would lead sops: a hostile one could send the operator's login away.

The file's own lines say which Vault opens it, and sops goes there with the operator's token. So an
address is trusted only if the operator named it, or if it is a host of Azure's. What sops writes
holds no tags, no escapes and no odd line breaks, so whatever could hide an address is refused.
"""

import re
from collections.abc import Iterator, Mapping

_NAME = re.compile(r"vault_(?:address|url)", re.IGNORECASE)
# The value must end with its line: a YAML text goes on behind commas and quotes.
_VALUE = re.compile(
    r"""["']?[ \t]*[:=][ \t]*(?:(ENC\[)|["']?([\w:/.-]+)["']?[\s,}\]]*$)""", re.MULTILINE | re.ASCII
)
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))", re.IGNORECASE)
_JOINED_LINES = re.compile(r"\\\r?\n\s*")
_HIDING = re.compile("\0|\r(?!\n)|[\x85\u2028\u2029]")
_TAG = re.compile(r"(?:^|[\s\[{,:?-])!", re.MULTILINE)
_ARN = re.compile(r"""arn:aws[^\s"',}\]]*""", re.IGNORECASE)
ARN = r"arn:aws[a-z-]*:(?:kms:[a-z0-9-]+:\d+:(?:key|alias)/[\w/-]+|(?:iam|sts)::\d+:[\w+=./-]+)"
_KNOWN_ARN = re.compile(ARN, re.ASCII)
AZURE = (
    r"https://[a-z0-9-]+\."
    r"(?:vault\.azure\.net|vault\.azure\.cn|vault\.usgovcloudapi\.net|managedhsm\.azure\.net)"
)
_AZURE = re.compile(f"{AZURE}/?")
_NOBODYS = "(?!)"


def foreign_servers(
    content: bytes, environment: Mapping[str, str], *, may_have_tags: bool
) -> list[str]:
    """Return what of a file could lead sops to a server that the operator did not name."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return ["nobody knows where: it is not UTF-8 text"]
    plain = _JOINED_LINES.sub("", _ESCAPE.sub(_unescaped, text))
    hiding = [*_HIDING.findall(plain), *([] if may_have_tags else _TAG.findall(plain))]
    arns = [each for each in _ARN.findall(plain) if not _KNOWN_ARN.fullmatch(each)]
    servers = [each for each in _servers(plain) if not _is_trusted(each, environment)]
    return [
        *(f"nobody knows where: it holds {each!r}, which sops never writes" for each in hiding),
        *(f"{each}, which is no key of AWS" for each in arns),
        *(
            f"{each}, which the operator did not name; set VAULT_ADDR to it if it is your Vault"
            for each in servers
        ),
    ]


def vault_key(environment: Mapping[str, str]) -> str:
    """Return the pattern of the keys in the operator's own Vault, as a `.sops.yaml` names them."""
    own = environment.get("VAULT_ADDR", "").rstrip("/")
    return rf"{re.escape(own)}/v1/[\w./-]+" if own else _NOBODYS


def _servers(text: str) -> Iterator[str]:
    """Yield each address, or its name where the value cannot be told for sure."""
    for name in _NAME.finditer(text):
        value = _VALUE.match(text, name.end())
        # An encrypted value under this name is content, and no address.
        if value is None or value[1] is None:
            yield value[2] if value else name[0]


def _is_trusted(address: str, environment: Mapping[str, str]) -> bool:
    own = environment.get("VAULT_ADDR", "").rstrip("/")
    return (own != "" and address.rstrip("/") == own) or bool(_AZURE.fullmatch(address))


def _unescaped(escape: re.Match[str]) -> str:
    code = int(next(filter(None, escape.groups())), 16)
    return chr(code) if code < 0x110000 else ""  # noqa: PLR2004 - the end of Unicode
