"""DMARC records: what they ask receivers for, and which one a domain is under (RFC 9989)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.dns.lookup import Ask
from reconciler.source import printable, shortened

LEAST = "v=DMARC1; p=none"
"""The record that asks for nothing, and that bulk senders must have at least."""
MOST_LOOKUPS = 8
"""What the walk up the tree takes at most (RFC 9989 §4.10)."""
_VERSION = re.compile(r"[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_POLICIES = ("none", "quarantine", "reject")
_CHOICES = {
    "p": _POLICIES,
    "sp": _POLICIES,
    "np": _POLICIES,
    "psd": ("y", "n", "u"),
    "t": ("y", "n"),
    "adkim": ("r", "s"),
    "aspf": ("r", "s"),
}
_DEFAULTS = {"psd": "u", "t": "n", "adkim": "r", "aspf": "r"}
_REMOVED = ("pct", "rf", "ri")
_URI = re.compile(r"[a-z][a-z0-9+.-]*:[!-~]+\Z", re.IGNORECASE)
_SIZE = re.compile(r"![0-9]+[kmgt]?\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Policy:
    """What a record says; what it leaves out has the value that then counts.

    `p`, `sp` and `np` are for the domain, its subdomains, and names that do not exist; with
    `is_test` they are not enforced. `faults` are mistakes: the value at fault does not count, and
    if `is_ignored` the whole record does not. `remarks` tell what is no mistake and has no effect.
    """

    p: str = "none"
    sp: str = "none"
    np: str = "none"
    psd: str = "u"
    is_test: bool = False
    adkim: str = "r"
    aspf: str = "r"
    rua: tuple[str, ...] = ()
    ruf: tuple[str, ...] = ()
    fo: str = "0"
    faults: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    is_ignored: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What a domain is under: the policy, the domain that publishes it, and the organisation's.

    `policy` is None and `place` empty if there is none. With `unknown` some name of the walk could
    not be asked, so that another policy may be nearer, and another organisation right.
    """

    domain: str
    place: str
    policy: Policy | None
    organisation: str
    faults: tuple[str, ...] = ()
    unknown: bool = False

    @property
    def asks(self) -> str:
        """What receivers do with mail from the domain that fails: none, quarantine or reject."""
        if self.policy is None or self.policy.is_ignored:
            return "none"
        return self.policy.p if self.place == self.domain else self.policy.sp


def is_dmarc(text: str) -> bool:
    """Tell whether a TXT record is a DMARC record, be it a valid one or not."""
    return bool(_VERSION.match(text))


def parse(text: str) -> Policy:
    """Read a record as receivers do: what is wrong in it is passed over, here with a word."""
    if not is_dmarc(text):
        return Policy(faults=('it does not begin with "v=DMARC1"',), is_ignored=True)
    reading = _Reading(text)
    rua, ruf = reading.addresses("rua"), reading.addresses("ruf")
    policy = reading.choice("p", "none")
    below = reading.choice("sp", policy)
    is_broken = "p" in reading.wrong and not rua
    if is_broken:
        reading.faults.append("receivers ignore it, as it has no valid p= and no valid rua=")
    return Policy(
        p=policy,
        sp=below,
        np=reading.choice("np", below),
        psd=reading.choice("psd", "u"),
        is_test=reading.choice("t", "n") == "y",
        adkim=reading.choice("adkim", "r"),
        aspf=reading.choice("aspf", "r"),
        rua=rua,
        ruf=ruf,
        fo=reading.options(),
        faults=tuple(reading.faults),
        remarks=tuple(reading.remarks),
        is_ignored=is_broken,
    )


class _Reading:
    """The tags of one record, and what is said of them on the way."""

    def __init__(self, text: str) -> None:
        self.faults: list[str] = []
        self.remarks: list[str] = []
        self.wrong: set[str] = set()
        self._tags = self._split(text)
        for name in _REMOVED:
            if name in self._tags:
                self.remarks.append(f"{name}= was removed by RFC 9989 and has no effect")
        if "p" not in self._tags:
            self.remarks.append("it has no p=, which means none; older receivers ignore it")

    def _split(self, text: str) -> Mapping[str, str]:
        tags: dict[str, str] = {}
        for part in filter(str.strip, text.split(";")):
            name, equals, value = part.partition("=")
            name = name.strip().lower()
            if not equals:
                self._fault("", f'"{_quoted(name)}" in it is no tag')
            elif name in tags and name in {*_CHOICES, "v", "rua", "ruf", "fo"}:
                self._fault(
                    f"second {name}", f"it has {name}= twice; receivers differ in which counts"
                )
            tags.setdefault(name, value.strip())
        return tags

    def _fault(self, name: str, words: str) -> None:
        """Tell what is wrong with a tag, once: a record can be wrong ten thousand times."""
        if name not in self.wrong:
            self.wrong.add(name)
            self.faults.append(words)

    def choice(self, name: str, default: str) -> str:
        """Return the value of a tag that takes one of a few words."""
        value = self._tags.get(name, default).lower()
        if value in _CHOICES[name]:
            return value
        instead = _DEFAULTS.get(name, "none")
        choices = ", ".join(_CHOICES[name])
        self._fault(name, f"{name}={_quoted(value)} is none of {choices}, and counts as {instead}")
        return instead

    def options(self) -> str:
        """Return when reports of failures are wanted."""
        value = self._tags.get("fo", "0").lower()
        options = [each.strip() for each in value.split(":")]
        is_right = set(options) <= set("01ds") and len(options) == len(set(options))
        if is_right and not {"0", "1"} <= set(options):
            return ":".join(options)
        self._fault("fo", f"fo={_quoted(value)} is no list of 0 or 1, d and s, and counts as 0")
        return "0"

    def addresses(self, name: str) -> tuple[str, ...]:
        """Return where reports go, without the limits of size, which no longer count."""
        if name not in self._tags:
            return ()
        written = [each.strip() for each in self._tags[name].split(",")]
        plain = [_SIZE.sub("", each) for each in written]
        if plain != written:
            self.remarks.append(f"a limit of size in {name}= was removed by RFC 9989")
        wrong = next((each for each in plain if not _is_address(each)), None)
        if wrong is not None:
            way_out = f": write mailto:{_quoted(wrong)}" if "@" in wrong else ""
            self._fault(name, f'{name}= has "{_quoted(wrong)}", which is no URI{way_out}')
        return tuple(each for each in plain if _is_address(each))


def _is_address(text: str) -> bool:
    scheme, _, rest = text.partition(":")
    return bool(_URI.match(text)) and (scheme.lower() != "mailto" or "@" in rest)


def _quoted(text: str) -> str:
    return printable(shortened(text))


def find(domain: str, ask: Ask) -> Found:
    """Walk up the tree from a domain to the policy that it is under (RFC 9989 §4.10)."""
    domain = domain.lower().removesuffix(".")
    policies: dict[str, Policy] = {}
    faults: list[str] = []
    unknown = False
    for name in _walk(domain):
        texts = ask(f"_dmarc.{name}", "TXT")
        unknown |= texts is None
        records = [text for text in texts or () if is_dmarc(text)]
        if len(records) > 1:
            faults.append(f"_dmarc.{name} has {len(records)} DMARC records: receivers take none")
        if any("dmarc1" in text.lower() and not is_dmarc(text) for text in texts or ()):
            faults.append(f'_dmarc.{name} has a record that does not begin with "v=DMARC1"')
        if len(records) == 1:
            policies[name] = parse(records[0])
            if policies[name].psd != "u":
                break
    organisation = _organisation(domain, policies)
    place = next((name for name in (domain, organisation) if name in policies), "")
    place = place or next(reversed(policies), "")
    return Found(domain, place, policies.get(place), organisation, tuple(faults), unknown)


def _walk(domain: str) -> list[str]:
    """Return the domain and those above it; of a long one only the last seven."""
    labels = domain.split(".")
    above = labels[1:][-(MOST_LOOKUPS - 1) :]
    return [domain, *(".".join(above[i:]) for i in range(len(above)))]


def _organisation(domain: str, policies: dict[str, Policy]) -> str:
    """Return the organisational domain, given the policies from a domain upwards (§4.10.2)."""
    highest = next(reversed(policies), domain)
    if highest == domain or policies[highest].psd != "y":
        return highest
    label = domain.removesuffix(f".{highest}").rpartition(".")[2]
    return f"{label}.{highest}"


def aligned(author: Found, domain: str, ask: Ask, *, mode: str) -> bool | None:
    """Tell whether a domain that SPF or DKIM proves stands for the author's; None if unknown.

    `mode` is the policy's `aspf` or `adkim`. Where no policy is published yet there is no
    organisational domain either: there, a domain above or below counts, as it does with the least
    record at the upper one.
    """
    domain = domain.lower().removesuffix(".")
    if domain == author.domain:
        return True
    if mode == "s":
        return False
    if author.policy is None and not author.unknown:
        longer, shorter = sorted((domain, author.domain), key=len, reverse=True)
        return longer.endswith(f".{shorter}")
    other = find(domain, ask)
    if author.unknown or other.unknown:
        return None
    return author.organisation == other.organisation
