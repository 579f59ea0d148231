"""What receivers ask of a sending domain beyond what its service does: DMARC, and for bulk mail."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.dns import dmarc
from reconciler.dns.answers import canonical
from reconciler.dns.findings import Finding, Verdict
from reconciler.dns.lookup import Ask
from reconciler.dns.senders import Advice, advice_for
from reconciler.dns.view import View

_DNS_IS_RIGHT = frozenset({Verdict.OK, Verdict.UNVERIFIED})
_SIGNS = "._domainkey."


@dataclass(frozen=True, slots=True)
class Sending:
    """The finding on a domain's DMARC record, and what bulk senders are asked for."""

    dmarc: Finding
    advice: tuple[Advice, ...]


def sending(
    domain: str, findings: Sequence[Finding], view: View, *, bounces_go_to: str | None
) -> Sending:
    """Look at what the findings on a domain's records leave open.

    `bounces_go_to` is the host whose SPF record counts for it; None if that is one of its service,
    which has a record of its own and is not aligned.
    """
    ask = _asking(view)
    found = dmarc.find(domain, ask)
    modes = found.policy or dmarc.Policy()
    signers = {_signer(each) for each in findings if _SIGNS in each.host}
    aligned = [dmarc.aligned(found, each, ask, mode=modes.adkim) for each in signers]
    return Sending(
        _finding(domain, found),
        advice_for(
            domain,
            policy=found,
            spf=True if bounces_go_to is None else _holds(findings, bounces_go_to),
            dkim=_all(_is_right(each) for each in findings if _SIGNS in each.host),
            spf_aligned=False
            if bounces_go_to is None
            else dmarc.aligned(found, bounces_go_to, ask, mode=modes.aspf),
            dkim_aligned=_any(aligned),
        ),
    )


def _asking(view: View) -> Ask:
    """Return what asks the view, and takes a top-level domain that cannot be asked for silent.

    Few have a policy for those below them, and a name server of one's own knows none of them.
    """

    def ask(name: str, kind: str) -> Sequence[str] | None:
        values = view.values(name, kind)
        is_top = name.count(".") == 1
        return () if values is None and is_top else values

    return ask


def _signer(finding: Finding) -> str:
    return canonical(finding.host).partition(_SIGNS)[2]


def _is_right(finding: Finding) -> bool | None:
    return None if finding.verdict is Verdict.UNKNOWN else finding.verdict in _DNS_IS_RIGHT


def _holds(findings: Sequence[Finding], host: str) -> bool | None:
    """Return whether the host has its SPF record: one of its own, or by its CNAME."""
    own = [each for each in findings if canonical(each.host) == host and each.type != "MX"]
    return _all(map(_is_right, own))


def _all(values: Iterable[bool | None]) -> bool | None:
    known = list(values)
    if not known or False in known:
        return False
    return None if None in known else True


def _any(values: Sequence[bool | None]) -> bool | None:
    if True in values:
        return True
    return None if None in values else False


def _finding(domain: str, found: dmarc.Found) -> Finding:
    verdict, fact, advice = _judged(domain, found)
    return Finding(
        domain=domain,
        purpose="DMARC",
        type="TXT",
        host=f"_dmarc.{found.place or domain}",
        expected=dmarc.LEAST,
        authority=None,
        resolver=None,
        verdict=verdict,
        fact=fact,
        advice=advice,
        is_fault=verdict is not Verdict.OK,
    )


def _judged(domain: str, found: dmarc.Found) -> tuple[Verdict, str, str]:
    line = f'_dmarc.{domain}. 3600 IN TXT "{dmarc.LEAST}"'
    if found.faults:
        return Verdict.MISMATCH, "; ".join(found.faults), "Leave one valid record there."
    if found.policy is None and found.unknown:
        return Verdict.UNKNOWN, "whether there is a DMARC record could not be asked", ""
    if found.policy is None:
        fact = "there is no DMARC record for it, nor above it"
        return Verdict.MISSING, fact, f"Gmail, Yahoo and Microsoft want one at least: {line}"
    if found.policy.faults:
        faults = "; ".join(found.policy.faults)
        return Verdict.MISMATCH, f"the record at {found.place} has mistakes: {faults}", ""
    remarks = "".join(f"; {each}" for each in found.policy.remarks)
    return Verdict.OK, f"{found.place} asks receivers for `{found.asks}`{remarks}", ""
