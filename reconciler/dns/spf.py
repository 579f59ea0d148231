"""SPF records: one more include merged into one, and what it costs to evaluate (RFC 7208)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.dns.lookup import Ask
from reconciler.dns.spf_terms import LONGEST_RECORD, Malformed, Term, terms_of
from reconciler.source import printable, shortened

MOST_LOOKUPS, MOST_VOIDS = 10, 2
"""What RFC 7208 §4.6.4 allows: look-ups in all, and those that find nothing."""
_MOST_COUNTED = 40
"""Beyond the limit we go on counting, to tell how far; a tree of includes grows without end.

It is fewer if the records are long."""
_MOST_HOSTS = 10
_LONGEST_NAME, _LONGEST_LABEL = 253, 63
_VERSION = re.compile(r"v=spf1(?: |\Z)", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t\r\n]+")
_END = re.compile(r"(?:[-+?~]?all|redirect=.*)\Z", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Count:
    """What the evaluation of a record takes, at most: for mail from a host that it does not name.

    `error` is why it ends with a permerror, which receivers treat as no SPF at all. `unknown` says
    that something could not be asked, and `macros` that the target of a term has macros: it counts,
    but as they depend on the message it is not followed. Either way there may be more look-ups.
    """

    lookups: int
    voids: int
    error: str = ""
    unknown: bool = False
    macros: bool = False


def is_spf(text: str) -> bool:
    """Tell whether a TXT record is an SPF record, be it a valid one or not."""
    return bool(_VERSION.match(text))


def includes(record: str) -> tuple[str, ...]:
    """Return the domains that a record includes, as it writes them."""
    words = (word for word in _BLANKS.split(record) if _included(word))
    return tuple(word.partition(":")[2] for word in words)


def merged(existing: str, include: str) -> str:
    """Return an SPF record with `include:` of the domain `include` where it is evaluated.

    It stands before `all`, before the redirect, and before an include of the same domain that does
    not say "pass". A repetition is dropped; everything else stays, except for blanks. Raises
    ValueError if `existing` is no SPF record.
    """
    if not is_spf(existing):
        raise ValueError(f"no SPF record: {printable(shortened(existing))}")
    domain = _plain(include.removeprefix("include:"))
    version, *words = filter(None, _BLANKS.split(existing))
    ours = [_included(word) == domain for word in words]
    passes = [is_ours and word[0] not in "-?~" for is_ours, word in zip(ours, words, strict=True)]
    stops = (i for i, word in enumerate(words) if _END.match(word) or (ours[i] and not passes[i]))
    at = next(stops, len(words))
    kept = next((i for i in range(at) if passes[i]), None)
    others = [word if i == kept or not passes[i] else "" for i, word in enumerate(words)]
    added = f"include:{domain}" if kept is None else ""
    return " ".join(filter(None, (version, *others[:at], added, *others[at:])))


def lookups(record: str, domain: str, ask: Ask) -> Count:
    """Count the look-ups of the record at a domain, with all that it includes.

    The hosts of an `mx` are not looked up, as their addresses count for its own limit only; `a` and
    `mx` are void if the name has neither, whichever kind of address a receiver would ask for.
    """
    evaluation = _Evaluation(ask)
    try:
        evaluation.follow(record, (_plain(domain),))
    except Malformed as broken:
        return evaluation.count(str(broken))
    return evaluation.count(_excess(evaluation.lookups, evaluation.voids))


def _excess(lookups: int, voids: int) -> str:
    if lookups > MOST_LOOKUPS:
        return f"it needs {lookups} DNS look-ups, and SPF allows {MOST_LOOKUPS}"
    if voids > MOST_VOIDS:
        return f"{voids} of its DNS look-ups find nothing, and SPF allows {MOST_VOIDS}"
    return ""


def _included(word: str) -> str:
    """Return the domain of an include, in plain writing; "" for other terms."""
    name, _, target = word.lstrip("+-?~").partition(":")
    return _plain(target) if name.lower() == "include" else ""


def _plain(name: str) -> str:
    return name.lower().removesuffix(".")


def _is_name(name: str) -> bool:
    labels = name.split(".")
    return len(name) <= _LONGEST_NAME and all(0 < len(each) <= _LONGEST_LABEL for each in labels)


class _Evaluation:
    """One walk through a record and those below it, as a receiver makes it."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self.lookups = 0
        self.voids = 0
        self._is_unknown = False
        self._has_macros = False
        self._characters = 0

    def count(self, error: str) -> Count:
        return Count(self.lookups, self.voids, error, self._is_unknown, self._has_macros)

    def follow(self, record: str, path: tuple[str, ...]) -> str:
        """Return the qualifier of what matches every host, "" if nothing does.

        `path` has the domains that led here, this record's own last.
        """
        self._characters += len(record)
        try:
            terms = terms_of(record)
        except Malformed as broken:
            raise Malformed(
                f"the SPF record of {printable(path[-1])} is broken: {broken}"
            ) from None
        for term in terms:
            if term.qualifier and self._matches_all(term, path):
                return term.qualifier
        redirect = next((term for term in terms if term.name == "redirect"), None)
        if redirect is None:
            return ""
        self._charge()
        return self._below(redirect, path)

    def _matches_all(self, term: Term, path: tuple[str, ...]) -> bool:
        if term.name in {"ip4", "ip6", "all"}:
            return term.name == "all"
        self._charge()
        if term.name == "include":
            return self._below(term, path) == "+"
        if term.name == "ptr":  # it asks for the sender's address, which nobody knows here
            return False
        found = self._found(term, _plain(term.target) or path[-1])
        return found and term.name == "exists"

    def _charge(self) -> None:
        self.lookups += 1
        is_much = self._characters > LONGEST_RECORD and self.lookups > MOST_LOOKUPS
        if is_much or self.lookups > _MOST_COUNTED:
            raise Malformed(
                f"it needs {self.lookups} DNS look-ups or more, and SPF allows {MOST_LOOKUPS}"
            )

    def _below(self, term: Term, path: tuple[str, ...]) -> str:
        """Follow the record at the target of an include or a redirect."""
        name = _plain(term.target)
        if "%" in name:
            self._has_macros = True
            return ""
        if name in path:
            raise Malformed(f"{printable(path[-1])} leads back to {printable(name)}, without end")
        texts = self._asked(name, "TXT") if _is_name(name) else ()
        if texts is None:
            return ""
        self.voids += not texts and _is_name(name)
        records = [text for text in texts if is_spf(text)]
        if len(records) != 1:
            found = f"{len(records)} SPF records" if records else "no SPF record"
            raise Malformed(f"{printable(shortened(name))} has {found}, and {term.name} needs one")
        return self.follow(records[0], (*path, name))

    def _found(self, term: Term, name: str) -> bool:
        """Look up what `a`, `mx` and `exists` do, and tell whether anything is there."""
        if "%" in name:
            self._has_macros = True
            return False
        if not _is_name(name):  # as a receiver: such a term matches nothing, and asks nothing
            return False
        found = self._asked(name, "MX" if term.name == "mx" else "A")
        if term.name == "mx" and found and len(found) > _MOST_HOSTS:
            raise Malformed(f"{name} has {len(found)} mail hosts, and mx takes {_MOST_HOSTS}")
        if term.name == "a" and not found and found is not None:
            found = self._asked(name, "AAAA")
        self.voids += found is not None and not found
        return bool(found)

    def _asked(self, name: str, kind: str) -> Sequence[str] | None:
        found = self._ask(name, kind)
        self._is_unknown |= found is None
        return found
