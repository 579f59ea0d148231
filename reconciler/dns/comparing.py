"""Holds the values at a name against what is wanted there, without asking anybody.

Compared is what a value means: names in lower case and without final dot, the tags of a DKIM key in
any order and without blanks in the key, the terms of an SPF record, and MX records as a set.
"""

import re
from collections.abc import Sequence

from reconciler.dns import keys, spf
from reconciler.dns.answers import canonical
from reconciler.dns.findings import Judgement, Verdict, Wanted

_NAMES = {"CNAME", "NS", "PTR"}
_SHOWN = 12
"""Characters that are quoted where two values begin to differ."""
OK = Judgement(Verdict.OK, "it is published as it is wanted", is_fault=False)
MISSING = Judgement(Verdict.MISSING, "there is no such record")


def is_key(wanted: Wanted) -> bool:
    return wanted.kind == "TXT" and "._domainkey." in f".{wanted.name}."


def is_spf(wanted: Wanted) -> bool:
    return wanted.kind == "TXT" and spf.is_spf(wanted.value.strip())


def spf_records(values: Sequence[str]) -> list[str]:
    return [each for each in values if spf.is_spf(each)]


def compare(wanted: Wanted, siblings: Sequence[Wanted], values: Sequence[str]) -> Judgement:
    """Return what the values at a host are, for one of the records that are wanted there.

    `siblings` are all wanted records of the same type at that host, this one included.
    """
    if is_spf(wanted):
        return _compare_spf(wanted, values)
    if not values:
        return MISSING
    if wanted.kind == "MX":
        return _compare_mx(wanted, siblings, values)
    if is_key(wanted):
        return _compare_key(wanted, values)
    return (
        OK if _normal(wanted, wanted.value) in _normals(wanted, values) else _other(wanted, values)
    )


def _normal(wanted: Wanted, value: str) -> str:
    if is_key(wanted):
        return ";".join(f"{name}={text}" for name, text in sorted(_tags(value).items()))
    if is_spf(wanted):
        return " ".join(value.lower().split())
    if wanted.kind in _NAMES:
        return canonical(value)
    return value if wanted.kind == "TXT" else value.strip().lower()


def _normals(wanted: Wanted, values: Sequence[str]) -> set[str]:
    return {_normal(wanted, each) for each in values}


def _other(wanted: Wanted, values: Sequence[str]) -> Judgement:
    listed = ", ".join(f"`{each}`" for each in values)
    fact = f"it has {listed} instead of `{wanted.expected}`"
    if len(values) == 1:
        fact += _where(_normal(wanted, wanted.value), _normal(wanted, values[0]))
    return Judgement(Verdict.MISMATCH, fact, "Replace the value.")


def _where(expected: str, found: str) -> str:
    """Say where two values begin to differ, as they are compared; characters count from 1."""
    pairs = enumerate(zip(expected, found, strict=False))
    shorter = min(len(expected), len(found))
    at = next((i for i, (one, other) in pairs if one != other), shorter)
    one, other = (each[at : at + _SHOWN] or "its end" for each in (expected, found))
    return f"; they differ from character {at + 1} on: `{one}` is wanted, and there is `{other}`"


# DKIM


def _tags(text: str) -> dict[str, str]:
    """Return a key's tags; a version, the default type, and blanks mean nothing."""
    tags: dict[str, str] = {}
    for part in filter(str.strip, text.split(";")):
        name, _, value = part.partition("=")
        name, value = name.strip(), value.strip()
        tags.setdefault(name, "".join(value.split()) if name == "p" else value)
    return {name: value for name, value in tags.items() if (name, value) not in _MEANINGLESS}


_MEANINGLESS = {("v", "DKIM1"), ("k", "rsa")}


def _compare_key(wanted: Wanted, values: Sequence[str]) -> Judgement:
    if len(values) > 1:
        listed = ", ".join(f"`{each}`" for each in values)
        fact = f"there are {len(values)} TXT records at the name of one key: {listed}"
        kept = f"Keep the one that is wanted, `{wanted.value}`, and remove the others."
        return Judgement(Verdict.TWO_KEYS, fact, kept)
    (found,) = values
    if _normal(wanted, found) == _normal(wanted, wanted.value):
        return OK
    other = _other(wanted, values)
    if fault := _break(wanted.value, found):
        advice = (
            "Publish the whole key; a text of more than 255 characters is written as several "
            'quoted strings of one record, as in "k=rsa; p=MIIB..." "...".'
        )
        return Judgement(
            Verdict.BROKEN_KEY, f"the key does not work: {fault}; {other.fact}", advice
        )
    return other


def _break(expected: str, found: str) -> str:
    """Say why a published key does not work; "" for one that is merely another."""
    if not _is_like_key(found):
        return ""
    key, beginning = _tags(expected).get("p", ""), _tags(found).get("p", "")
    if beginning and len(beginning) < len(key) and key.startswith(beginning):
        return f"it is cut off after {len(found)} of {len(expected)} characters"
    # What the service itself cannot have meant to work says nothing of a cut.
    return "" if keys.key_of(expected).fault else keys.key_of(found).fault


def _is_like_key(text: str) -> bool:
    """Whether a text was meant as a key, and is not one for something else, as a DMARC record."""
    if version := re.match(r'[\s"]*v\s*=\s*(\w*)', text):
        return version[1].upper().startswith("DKIM")
    return re.search(r"\b[pk]\s*=", text) is not None


# SPF


def _compare_spf(wanted: Wanted, values: Sequence[str]) -> Judgement:
    records = spf_records(values)
    if not records:
        almost = [each for each in values if "v=spf1" in each.lower()]
        if almost:
            advice = "An SPF record begins with `v=spf1` and a blank, without quotes in its value."
            return Judgement(Verdict.MISMATCH, _other(wanted, almost).fact, advice)
        return MISSING
    together = merged(wanted, records)
    if len(records) > 1:
        listed = ", ".join(f"`{each}`" for each in records)
        fact = f"there are {len(records)} SPF records, which receivers treat as none: {listed}"
        return Judgement(Verdict.MERGE_SPF, fact, f"Keep one record instead: `{together}`")
    (record,) = records
    if _normal(wanted, record) in {_normal(wanted, each) for each in (wanted.value, together)}:
        return OK
    fact = f"there is another SPF record, `{record}`, and a name has one only"
    return Judgement(Verdict.MERGE_SPF, fact, f"Change it to `{together}`")


def merged(wanted: Wanted, records: Sequence[str]) -> str:
    """Return one SPF record with what all of them say; the owner's `all` stays.

    That is the `all` of a record that is not simply ours, which was published beside it.
    """
    ours = _normal(wanted, wanted.value)
    first, *others = sorted(records, key=lambda each: _normal(wanted, each) == ours)
    for other in others:
        first = _with_terms(first, other)
    for include in spf.includes(wanted.value):
        first = spf.merged(first, include)
    rest = (each for each in wanted.value.split() if "include:" not in each.lower())
    return _with_terms(first, " ".join(rest))


_LAST = re.compile(r"[-+?~]?all|redirect=.*|exp=.*", re.IGNORECASE)


def _with_terms(record: str, other: str) -> str:
    """Return the record with the terms of another one before its `all`."""
    words, more = record.split(), other.split()[1:]
    end = next((i for i, word in enumerate(words) if _LAST.fullmatch(word)), len(words))
    known = {word.lower() for word in words}
    added = [word for word in more if not _LAST.fullmatch(word) and word.lower() not in known]
    return " ".join([*words[:end], *added, *words[end:]])


# MX


def _compare_mx(wanted: Wanted, siblings: Sequence[Wanted], values: Sequence[str]) -> Judgement:
    published = {_exchange(each) for each in values}
    expected = {_exchange(each.expected) for each in siblings}
    ours = {host for _, host in expected}
    others = sorted(f"{preference} {host}" for preference, host in published if host not in ours)
    if others:
        listed = ", ".join(f"`{each}`" for each in others)
        fact = f"another server receives the domain's mail: {listed}"
        advice = (
            "Leave it so unless this service is to receive the domain's mail; if it is, remove "
            "the others, as mail goes to one or the other."
        )
        return Judgement(Verdict.OTHER_MX, fact, advice, is_fault=not wanted.is_optional)
    preference, own = _exchange(wanted.expected)
    same = [each for each in values if _exchange(each)[1] == own]
    if (preference, own) in published or (same and not preference):
        return OK
    return _other(wanted, same) if same else MISSING


def _exchange(value: str) -> tuple[str, str]:
    preference, _, host = value.strip().rpartition(" ")
    return preference.strip(), canonical(host) or "."
