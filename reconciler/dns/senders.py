"""What Gmail, Yahoo and Microsoft ask of who sends to them in bulk, as far as DNS shows it."""

from dataclasses import dataclass

from reconciler.dns.dmarc import LEAST, Found

BULK = (
    "Gmail, Yahoo and Microsoft ask this of who sends to one of them about 5,000 messages a day, "
    "over all subdomains; who did so once stays a bulk sender. Gmail and Microsoft reject the rest."
)
"""Whom it concerns. Gmail and Yahoo since February 2024, Microsoft since May 2025 (550 5.7.515);
Gmail has rejected for good, instead of for now, since November 2025."""
_ALL = ("Gmail", "Yahoo", "Microsoft")
_GMAIL_AND_YAHOO = ("Gmail", "Yahoo")


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing that is asked for: a word for programs, a sentence, who asks, and if it holds.

    `holds` is None if that cannot be told from DNS, or could not be asked.
    """

    about: str
    sentence: str
    holds: bool | None
    asked_by: tuple[str, ...] = _ALL


def advice_for(
    domain: str,
    *,
    policy: Found,
    spf: bool | None,
    dkim: bool | None,
    spf_aligned: bool | None,
    dkim_aligned: bool | None,
) -> tuple[Advice, ...]:
    """Say what bulk mail from addresses at a domain needs, and whether it has it.

    `policy` is what `dmarc.find` finds for the domain. `spf` tells whether the domain that bounces
    go to has an SPF record that can be evaluated, `dkim` whether a working key is published;
    `spf_aligned` and `dkim_aligned` are what `dmarc.aligned` says of that domain and of the one
    that signs. None is for what could not be asked.
    """
    return (
        _spf(domain, holds=spf),
        _dkim(domain, holds=dkim),
        _dmarc(domain, policy),
        _alignment(domain, spf=_both(spf, spf_aligned), dkim=_both(dkim, dkim_aligned)),
        Advice(
            "one-click-unsubscribe",
            "Marketing mail has List-Unsubscribe and List-Unsubscribe-Post headers (RFC 8058), and "
            "who unsubscribes gets none after two days: your application sees to that.",
            None,
            _GMAIL_AND_YAHOO,
        ),
        Advice(
            "spam-rate",
            "Fewer than 0.30 % of the messages are reported as spam, better fewer than 0.10 %: "
            "Google Postmaster Tools shows it.",
            None,
            _GMAIL_AND_YAHOO,
        ),
    )


def _spf(domain: str, *, holds: bool | None) -> Advice:
    sentence = {
        True: f"SPF covers the bounce address of mail from {domain}.",
        False: f"SPF does not cover the bounce address of mail from {domain}: publish its records.",
        None: f"Whether SPF covers the bounce address of mail from {domain} could not be asked.",
    }
    return Advice("spf", sentence[holds], holds)


def _dkim(domain: str, *, holds: bool | None) -> Advice:
    sentence = {
        True: f"A DKIM key for mail from {domain} is published.",
        False: f"No working DKIM key for mail from {domain} is published: publish its record.",
        None: f"Whether a DKIM key for mail from {domain} is published could not be asked.",
    }
    return Advice("dkim", sentence[holds], holds)


def _dmarc(domain: str, found: Found) -> Advice:
    if found.policy is not None and not found.policy.is_ignored:
        where = f"_dmarc.{found.place} asks for {found.asks}"
        return Advice("dmarc", f"DMARC is published: {where}.", holds=True)
    if found.unknown:
        return Advice("dmarc", f"Whether {domain} is under DMARC could not be asked.", None)
    if found.policy is not None:
        sentence = f"Receivers ignore the DMARC record at _dmarc.{found.place}: correct it."
    else:
        sentence = f'DMARC is missing: publish at least "{LEAST}" as TXT at _dmarc.{domain}.'
    return Advice("dmarc", sentence, holds=False)


def _alignment(domain: str, *, spf: bool | None, dkim: bool | None) -> Advice:
    proofs = [name for name, holds in (("SPF", spf), ("DKIM", dkim)) if holds]
    if proofs:
        sentence = f"{' and '.join(proofs)} {_prove(proofs)} the From domain {domain} (alignment)."
        return Advice("alignment", sentence, holds=True)
    if spf is None or dkim is None:
        sentence = f"Whether SPF or DKIM proves the From domain {domain} could not be asked."
        return Advice("alignment", sentence, None)
    sentence = (
        f"Neither SPF nor DKIM proves the From domain {domain}: sign with it, or let bounces go to "
        "a subdomain of it (alignment)."
    )
    return Advice("alignment", sentence, holds=False)


def _prove(proofs: list[str]) -> str:
    return "prove" if len(proofs) > 1 else "proves"


def _both(one: bool | None, other: bool | None) -> bool | None:  # noqa: FBT001 -- two of a kind
    """Return the conjunction of two answers, of which one that is False decides."""
    if one is False or other is False:
        return False
    return None if one is None or other is None else True
