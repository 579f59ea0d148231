"""What a name server answered: values, nothing, or why it could not be asked."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rdtypes.ANY.MX
import dns.rdtypes.ANY.SOA
import dns.rdtypes.ANY.TXT
import dns.rdtypes.nsbase
import dns.rrset


class Outcome(StrEnum):
    FOUND = "found"
    NO_DATA = "no data"
    NO_NAME = "no such name"
    NOT_ASKED = "could not ask"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. Names have lower-case letters and no final dot, MX values are `10 host`.

    `ttl` is how many seconds the values may be kept, or that there are none: then it comes from
    the SOA record, whose owner is `apex`, and so it does where an SOA record was asked for.
    `chain` holds the targets of CNAMEs met on the way. `reason` says why the server, or one that
    a CNAME leads to, could not be asked, and `failure` is the word for it where it refused
    (SERVFAIL). A referral is one such reason: `referred` is the zone's name and `servers` those who
    hold it.
    """

    outcome: Outcome
    values: tuple[str, ...] = ()
    ttl: int | None = None
    chain: tuple[str, ...] = ()
    apex: str = ""
    is_authoritative: bool = False
    reason: str = ""
    failure: str = ""
    referred: str = ""
    servers: tuple[str, ...] = ()

    @property
    def was_asked(self) -> bool:
        return self.outcome is not Outcome.NOT_ASKED

    @property
    def is_found(self) -> bool:
        return self.outcome is Outcome.FOUND

    @property
    def is_name_there(self) -> bool:
        """Whether the name exists, with this type, another one or a CNAME."""
        return self.outcome in {Outcome.FOUND, Outcome.NO_DATA} or bool(self.chain)

    def behind(self, first: "Answer") -> "Answer":
        """Return this answer as the one to a name whose CNAMEs led here."""
        return replace(
            self, chain=first.chain + self.chain, is_authoritative=first.is_authoritative
        )


def not_asked(reason: str, failure: str = "") -> Answer:
    return Answer(Outcome.NOT_ASKED, reason=reason, failure=failure)


def canonical(name: str) -> str:
    """Return a name as names are compared: lower case, IDNA, no final dot. "" is the root."""
    try:
        return name_text(dns.name.from_text(name.strip()))
    except dns.exception.DNSException:
        return name.strip().lower().removesuffix(".")


def name_text(name: dns.name.Name) -> str:
    return name.canonicalize().to_text(omit_final_dot=True).removesuffix(".")


def read(response: dns.message.Message) -> Answer:
    """Return what a response says. Raises DNSException for one that contradicts itself."""
    code = response.rcode()
    if code not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
        word = dns.rcode.to_text(code)
        return not_asked(f"it answers {word}", word)
    if not isinstance(response, dns.message.QueryMessage):
        raise dns.message.NotQueryResponse
    chaining = response.resolve_chaining()
    is_authoritative = bool(response.flags & dns.flags.AA)
    chain = tuple(name_text(each[0].target) for each in chaining.cnames)
    if chaining.answer is not None:
        values = tuple(sorted({value_text(each) for each in chaining.answer}))
        return Answer(Outcome.FOUND, values, int(chaining.minimum_ttl), chain, "", is_authoritative)
    soa = next(_authority(response, dns.rdatatype.SOA, chaining.canonical_name), None)
    delegation = next(_authority(response, dns.rdatatype.NS, chaining.canonical_name), None)
    is_missing = code == dns.rcode.NXDOMAIN
    if not (is_authoritative or is_missing or soa or chain) and delegation:
        return _referral(delegation)
    return Answer(
        Outcome.NO_NAME if is_missing else Outcome.NO_DATA,
        ttl=int(chaining.minimum_ttl) if soa else None,
        chain=chain,
        apex=name_text(soa.name) if soa else "",
        is_authoritative=is_authoritative,
    )


def _minima(answer: dns.rrset.RRset) -> Iterator[int]:
    """Yield how long an SOA record lets others keep in mind that there is nothing at a name."""
    yield answer.ttl
    for each in answer:
        if isinstance(each, dns.rdtypes.ANY.SOA.SOA):
            yield each.minimum


def _authority(
    response: dns.message.Message, kind: dns.rdatatype.RdataType, name: dns.name.Name
) -> Iterator[dns.rrset.RRset]:
    """Yield what the authority section says of the name's zone; of others it may say nothing."""
    for rrset in response.authority:
        if rrset.rdtype == kind and name.is_subdomain(rrset.name):
            yield rrset


def _referral(delegation: dns.rrset.RRset) -> Answer:
    zone = name_text(delegation.name)
    servers = tuple(sorted(value_text(each) for each in delegation))
    return Answer(
        Outcome.NOT_ASKED,
        reason=f"it refers to {', '.join(servers)} for the zone {zone or '.'}",
        referred=zone,
        servers=servers,
    )


def value_text(data: dns.rdata.Rdata) -> str:
    """Return a value as it is compared; the strings of a TXT record are one text."""
    match data:
        case dns.rdtypes.ANY.TXT.TXT():
            return b"".join(data.strings).decode("utf-8", "backslashreplace")
        case dns.rdtypes.ANY.MX.MX():
            return f"{data.preference} {name_text(data.exchange) or '.'}"
        case dns.rdtypes.nsbase.NSBase():
            return name_text(data.target)
    return data.to_text()
