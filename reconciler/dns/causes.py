"""Why a record is not found where it is wanted, and what to do about it."""

from dataclasses import dataclass, replace

import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TXT

from reconciler.dns.answers import Answer, canonical
from reconciler.dns.cloudflare import is_cloudflare
from reconciler.dns.findings import Judgement, Verdict, Wanted
from reconciler.dns.view import View
from reconciler.dns.zones import Zone

_TTL = 3600
_STRING = 255
"""Octets of one string of a TXT record, at most."""
_IN_THE_WAY = ("A", "AAAA", "MX", "TXT")
"""Types that are looked for where a CNAME is wanted."""
_HIDDEN_BY_CNAME = {Verdict.MISSING, Verdict.MISMATCH, Verdict.MERGE_SPF}
PROXIED = "Cloudflare's proxy answers with its own addresses and hides the CNAME from everybody"
_UNPROXY = 'Set the record to "DNS only" at Cloudflare, and switch "flatten all CNAMEs" off.'


@dataclass(frozen=True, slots=True)
class Case:
    """A wanted record, what a name server of its zone answered, and how that compares."""

    wanted: Wanted
    zone: Zone
    answer: Answer
    judgement: Judgement
    view: View

    @property
    def is_missing(self) -> bool:
        return self.judgement.verdict is Verdict.MISSING


def explain(case: Case) -> Judgement:
    """Return the judgement of a record that is not as it is wanted, with its cause."""
    causes = (_hidden_by_cname, _proxied, _conflict, _doubled, _missing, _unended, _any_name)
    found = (cause(case) for cause in causes)
    return next(filter(None, found), case.judgement)


def _hidden_by_cname(case: Case) -> Judgement | None:
    """Find a CNAME where another type is wanted."""
    name, chain = case.wanted.name, case.answer.chain
    if not chain or case.wanted.kind == "CNAME" or case.judgement.verdict not in _HIDDEN_BY_CNAME:
        return None
    if case.view.is_wildcard(name, "CNAME"):
        return None
    fact = f"a CNAME to {chain[0]} stands at this name, and nothing else may stand beside it"
    if case.answer.reason:
        fact += f" (what it leads to could not be asked: {case.answer.reason})"
    return Judgement(
        Verdict.CNAME_CONFLICT, fact, f"Remove the CNAME, and {_addition(case.wanted, case.zone)}."
    )


def _proxied(case: Case) -> Judgement | None:
    if not (case.is_missing and case.wanted.kind == "CNAME"):
        return None
    name = case.wanted.name
    is_given = case.zone.is_given
    if is_cloudflare(_addresses(case)) or (is_given and is_proxied_at_resolver(case.view, name)):
        return proxied(case.wanted, PROXIED)
    return None


def _addresses(case: Case) -> list[str]:
    if not case.answer.is_name_there:
        return []
    return [value for kind in ("A", "AAAA") for value in case.view.held(case.wanted.name, kind)]


def is_proxied_at_resolver(view: View, name: str) -> bool:
    """Whether the resolver sees Cloudflare's addresses at a name, and no CNAME."""
    answers = [view.resolver.ask(name, kind) for kind in ("A", "AAAA")]
    is_direct = not any(each.chain for each in answers)
    return is_direct and is_cloudflare([value for each in answers for value in each.values])


def proxied(wanted: Wanted, fact: str) -> Judgement:
    if wanted.may_be_proxied:
        advice = (
            "With HTTPS tracking links that is one way to have a certificate, and can stay so; "
            'otherwise set the record to "DNS only".'
        )
        return Judgement(Verdict.PROXIED, fact, advice, is_fault=False)
    return Judgement(Verdict.PROXIED, fact, _UNPROXY)


def _conflict(case: Case) -> Judgement | None:
    """Find other data where a CNAME is wanted."""
    is_there = case.is_missing and case.answer.is_name_there
    if not (is_there and case.wanted.kind == "CNAME"):
        return None
    name = case.wanted.name
    stand = {kind: case.view.held(name, kind) for kind in _IN_THE_WAY}
    others = [
        f"{kind} `{value}`"
        for kind, values in stand.items()
        if values and not case.view.is_wildcard(name, kind)
        for value in values
    ]
    return conflict(case.wanted, others, case.zone) if others else None


def conflict(wanted: Wanted, others: list[str], zone: Zone) -> Judgement:
    fact = (
        f"a CNAME may not stand beside other data, and this name has {', '.join(others)} (so it "
        "reads, too, where a provider flattens CNAMEs)"
    )
    advice = f"Remove the other data or choose another name; then {_addition(wanted, zone)}."
    return Judgement(Verdict.CNAME_CONFLICT, fact, advice)


def _doubled(case: Case) -> Judgement | None:
    """Find the record below its own zone: a panel appended the zone to a full name."""
    name, zone = case.wanted.name, case.zone.name
    if not (case.is_missing and zone):
        return None
    doubled, kind = f"{name}.{zone}", case.wanted.kind
    if not case.view.held(doubled, kind) or case.view.is_wildcard(doubled, kind):
        return None
    relative = "@" if name == zone else name.removesuffix(f".{zone}")
    fact = f"the record stands at {doubled}: the zone was appended to a name that had it already"
    advice = f"Enter the name as `{relative}` in the zone {zone}, or as `{name}.` with a final dot."
    return Judgement(Verdict.DOUBLED_NAME, fact, advice)


def _missing(case: Case) -> Judgement | None:
    if not case.is_missing:
        return None
    wanted, zone = case.wanted, case.zone
    fact, advice = f"{zone.title} has no such record", f"{_addition(wanted, zone)}."
    if wanted.kind == "MX" and wanted.is_optional:
        advice = f"It is needed only to receive mail: then {advice}"
    sentence = advice[:1].upper() + advice[1:]
    if wanted.is_verified and not wanted.is_optional:
        fact = f"the service says that it is verified, and {fact}"
        return Judgement(Verdict.STALE, fact, sentence)
    return Judgement(Verdict.MISSING, fact, sentence, is_fault=not wanted.is_optional)


def _unended(case: Case) -> Judgement | None:
    """Find a target that lacks its final dot, so that the zone was appended to it."""
    doubled = f"{canonical(case.wanted.value)}.{case.zone.name}"
    values = {each.rpartition(" ")[2] for each in case.answer.values}
    if case.wanted.kind not in {"CNAME", "MX"} or doubled not in values:
        return None
    target = f"{canonical(case.wanted.value)}."
    advice = f"The zone was appended to the value: enter it with a final dot, `{target}`"
    return replace(case.judgement, verdict=Verdict.MISMATCH, advice=advice, is_fault=True)


def _any_name(case: Case) -> Judgement | None:
    """Find a wildcard that answers in place of the record."""
    wanted = case.wanted
    is_other = case.judgement.verdict is Verdict.MISMATCH and not case.answer.chain
    if not is_other or not case.view.is_wildcard(wanted.name, wanted.kind):
        return None
    fact = f"a wildcard answers for this name: {case.judgement.fact}"
    advice = f"Let the wildcard stand, and {_addition(wanted, case.zone)}."
    return replace(case.judgement, fact=fact, advice=advice)


def _addition(wanted: Wanted, zone: Zone) -> str:
    """Say what to add, and to which zone."""
    line = f"add `{zone_line(wanted)}` to {zone.title}"
    domain = canonical(wanted.domain)
    if zone.name.endswith(f".{domain}"):
        line += f" (it is delegated there, and what {domain} has of it in its own zone is not seen)"
    return line


def zone_line(wanted: Wanted) -> str:
    """Return the record as a line of a zone file, with absolute names."""
    return f"{wanted.name}. {_TTL} IN {wanted.kind} {_data(wanted)}"


def _data(wanted: Wanted) -> str:
    if wanted.kind == "TXT":
        octets = wanted.value.encode("utf-8", "backslashreplace")
        strings = [octets[at : at + _STRING] for at in range(0, len(octets), _STRING)]
        data = dns.rdtypes.ANY.TXT.TXT(dns.rdataclass.IN, dns.rdatatype.TXT, strings)
        return data.to_text()
    if wanted.kind == "MX":
        return f"{wanted.priority} {canonical(wanted.value)}."
    return f"{canonical(wanted.value)}." if wanted.kind in {"CNAME", "NS"} else wanted.value
