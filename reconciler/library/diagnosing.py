"""Diagnose DNS: what services ask for, held against what is published."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from reconciler.dns import Finding, Network, Wanted, diagnose
from reconciler.dns.senders import Advice
from reconciler.dns.sending import Sending, sending
from reconciler.dns.view import View
from reconciler.library.domains import Domain
from reconciler.model import Address, DnsRecord, Withheld
from reconciler.providers.desired import host_name

_THREADS = 16


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found of one domain: each record that is wanted, DMARC, and what receivers ask.

    `untold` are records for which the service tells no value yet.
    """

    address: Address
    findings: tuple[Finding, ...]
    sending: Sending | None
    untold: tuple[DnsRecord, ...] = ()

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        return (*self.findings, *((self.sending.dmarc,) if self.sending else ()))

    @property
    def advice(self) -> tuple[Advice, ...]:
        return self.sending.advice if self.sending else ()

    @property
    def is_healthy(self) -> bool:
        return bool(self.findings) and not any(each.is_fault for each in self.all_findings)


def diagnosed(domains: Sequence[Domain], network: Network) -> list[Diagnosis]:
    """Look up what is published for domains; those that do not exist yet have no findings."""
    view = View(network)
    wanted = {domain.address: tuple(wanted_of(domain)) for domain in domains}
    found = iter(diagnose([each for those in wanted.values() for each in those], view))
    findings = {address: tuple(islice(found, len(those))) for address, those in wanted.items()}

    def conclude(domain: Domain) -> Diagnosis:
        own = findings[domain.address]
        untold = tuple(each for each in domain.records if not (each.value or each.is_unused))
        has_all_hosts = not any(isinstance(each.host, Withheld) for each in domain.records)
        if domain.address not in domain.overview.live or not has_all_hosts:
            # Without its hosts nobody can say who signs, and where bounces go.
            return Diagnosis(domain.address, own, None, untold)
        rest = sending(domain.address.name, own, view, bounces_go_to=_bounces_go_to(domain))
        return Diagnosis(domain.address, own, rest, untold)

    with ThreadPoolExecutor(_THREADS) as threads:
        return list(threads.map(conclude, domains))


def wanted_of(domain: Domain) -> Iterator[Wanted]:
    """Yield the records that a domain's service asks for and tells, as they are looked up."""
    live = domain.overview.live.get(domain.address)
    is_https = live is not None and live.attributes.get("web_scheme") == "https"
    for each in domain.records:
        if each.value and not each.is_unused:
            yield Wanted(
                domain=domain.address.name,
                purpose=each.purpose,
                type=each.type,
                host=each.host,
                value=each.value,
                priority=each.priority,
                is_verified=each.is_verified,
                is_optional=each.is_optional,
                may_be_proxied=is_https and each.purpose == "tracking",
            )


def _bounces_go_to(domain: Domain) -> str | None:
    """Return the host whose SPF record counts: a return path of the domain's own, or itself."""
    paths = [each.host for each in domain.records if each.purpose == "Return-Path"]
    if paths:
        return host_name(paths[0])
    has_own = any(each.purpose == "SPF" for each in domain.records)
    return domain.address.name if has_own else None
