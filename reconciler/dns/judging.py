"""Judges one wanted record by what its zone, the resolver and the service say of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler.dns import spf
from reconciler.dns.answers import Answer, canonical
from reconciler.dns.causes import (
    PROXIED,
    Case,
    conflict,
    explain,
    is_proxied_at_resolver,
    proxied,
)
from reconciler.dns.comparing import OK, compare, is_spf, merged, spf_records
from reconciler.dns.findings import Finding, Judgement, Verdict, Wanted
from reconciler.dns.view import View
from reconciler.dns.zones import Published, Told

_MINUTE, _HOUR = 60, 3600


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges records with what one run sees; `now` is when it looked."""

    view: View
    now: datetime

    def find(self, wanted: Wanted, siblings: Sequence[Wanted]) -> Finding:
        """Return what became of a record; `siblings` are all of its type and host, it included."""
        if not (wanted.name and wanted.value.strip()):
            fact = "the service does not say which record it wants"
            return _finding(wanted, None, None, Judgement(Verdict.UNKNOWN, fact))
        if any(each.is_withheld for each in siblings):
            return _finding(wanted, None, None, _uncompared(wanted))
        published = self.view.authorities.published(wanted.name, wanted.kind)
        resolved = self.view.resolver.values(wanted.name, wanted.kind)
        judgement = self._judge(wanted, siblings, published, resolved)
        values = {value for each in published.told for value in each.answer.values}
        return _finding(
            wanted,
            None if published.fault else tuple(sorted(values)),
            resolved.values if resolved.was_asked else None,
            judgement,
        )

    def _judge(
        self, wanted: Wanted, siblings: Sequence[Wanted], published: Published, resolved: Answer
    ) -> Judgement:
        if published.fault:
            return self._unknown(wanted, siblings, published, resolved)
        judged = [(each, self._compared(wanted, siblings, each.answer)) for each in published.told]
        wrong = [(each, judgement) for each, judgement in judged if not judgement.is_ok]
        if 0 < len(wrong) < len(judged):
            right = next(each.by for each, judgement in judged if judgement.is_ok)
            fact = f"the name server {right} has it, and {wrong[0][0].by} of the same zone not yet"
            wait = self._wait(published.zone.negative_ttl)
            advice = f"Wait until the zone reaches all of its name servers. {wait}"
            return Judgement(Verdict.NOT_PROPAGATED, fact, advice)
        each, judgement = (wrong or judged)[0]
        case = Case(wanted, published.zone, each.answer, judgement, self.view)
        judgement = explain(case) if wrong else self._confirm(case, siblings, resolved)
        return replace(
            judgement, fact="; ".join((judgement.fact, *_notes(wanted, each, judgement)))
        )

    def _compared(self, wanted: Wanted, siblings: Sequence[Wanted], answer: Answer) -> Judgement:
        judgement = compare(wanted, siblings, answer.values)
        records = spf_records(answer.values)
        return self._evaluated(wanted, records, judgement) if is_spf(wanted) else judgement

    def _evaluated(self, wanted: Wanted, records: Sequence[str], judgement: Judgement) -> Judgement:
        """Return the judgement of SPF records that takes in what they include."""
        if len(records) != 1:
            return judgement
        visit = _Visit(self.view, _included(wanted.value))
        count = spf.lookups(records[0], wanted.name, visit.ask)
        is_over = count.lookups > spf.MOST_LOOKUPS or count.voids > spf.MOST_VOIDS
        is_below = visit.has_seen_all and not visit.wanted & _included(records[0])
        if not (judgement.is_ok or is_below):
            after = spf.lookups(merged(wanted, records), wanted.name, visit.ask)
            advice = (
                f"{judgement.advice} (look-ups: {count.lookups} now, {after.lookups} then, of "
                f"{spf.MOST_LOOKUPS})"
            )
            return replace(judgement, advice=advice)
        if is_over:
            advice = "Remove includes that are not needed, or move senders to subdomains."
            fact = f"{count.error}, so that receivers treat it as no SPF: `{records[0]}`"
            return Judgement(Verdict.TOO_MANY_LOOKUPS, fact, advice)
        if count.error:
            fact = f"it says what is wanted, but receivers treat it as no SPF: {count.error}"
            return Judgement(Verdict.MISMATCH, fact, f"Correct the record `{records[0]}`")
        return OK

    def _confirm(self, case: Case, siblings: Sequence[Wanted], resolved: Answer) -> Judgement:
        """Return the judgement of a record that its zone has as it is wanted."""
        wanted, zone = case.wanted, case.zone
        beside = self._beside_cname(wanted)
        if beside:
            return conflict(wanted, beside, zone)
        if resolved.failure == "SERVFAIL":
            fact = "the zone has it, but the resolver fails (SERVFAIL): DNSSEC may be broken"
            advice = f"Check the DS records and signatures of {zone.name}: others may not see it."
            return Judgement(Verdict.UNKNOWN, fact, advice)
        is_seen = resolved.values == case.answer.values
        if resolved.was_asked and not is_seen:
            seen = self._compared(wanted, siblings, resolved)
            if not seen.is_ok:
                return self._not_propagated(case, resolved)
        if wanted.is_verified is False:
            fact = "it is published as it is wanted, and the service has not looked again"
            advice = "Have the service verify it; that can take it some minutes."
            return Judgement(Verdict.UNVERIFIED, fact, advice, is_fault=not wanted.is_optional)
        if not resolved.was_asked:
            return replace(
                OK, fact=f"{OK.fact}; the resolver could not be asked: {resolved.reason}"
            )
        return case.judgement

    def _beside_cname(self, wanted: Wanted) -> list[str]:
        """Return what stands beside a CNAME: few servers let it, and none should."""
        if wanted.kind != "CNAME":
            return []
        stand = {kind: self.view.held(wanted.name, kind) for kind in ("TXT", "MX")}
        return [f"{kind} `{value}`" for kind, values in stand.items() for value in values]

    def _not_propagated(self, case: Case, resolved: Answer) -> Judgement:
        wanted, zone = case.wanted, case.zone
        if wanted.kind == "CNAME" and is_proxied_at_resolver(self.view, wanted.name):
            # Who holds the zone is found by the resolver, so Cloudflare itself would hide the
            # CNAME; behind an authority that was named it may be the public face.
            if zone.is_given:
                return proxied(wanted, f"the authority has it, but publicly {PROXIED}")
            old = "Cloudflare's proxy"
        else:
            old = ", ".join(f"`{value}`" for value in resolved.values) or "no such record"
        fact = f"{zone.title} has it, and the resolver still has {old}"
        kept = resolved.ttl if resolved.ttl is not None else zone.negative_ttl
        return Judgement(Verdict.NOT_PROPAGATED, fact, self._wait(kept))

    def _wait(self, seconds: int | None) -> str:
        if seconds is None:
            return "Wait, for a day at most."
        until = self.now + timedelta(seconds=seconds)
        return f"Wait until {until:%Y-%m-%d %H:%M} UTC at most, in {_duration(seconds)}."

    def _unknown(
        self,
        wanted: Wanted,
        siblings: Sequence[Wanted],
        published: Published,
        resolved: Answer,
    ) -> Judgement:
        """Return the judgement where nobody who holds the zone could be asked."""
        fact = f"the authority could not be asked: {published.fault}"
        if resolved.was_asked:
            is_seen = compare(wanted, siblings, resolved.values).is_ok
            fact += f"; the resolver {'has' if is_seen else 'does not have'} the record"
        elif resolved.failure == "SERVFAIL":
            fact += "; the resolver fails (SERVFAIL): DNSSEC may be broken"
        else:
            fact += f"; nor could the resolver: {resolved.reason}"
        advice = "Look from where port 53 is open, or name a server with --authority."
        if published.zone.name_servers and published.zone.fault:
            advice = f"The record belongs to {published.zone.title}."
        return Judgement(Verdict.UNKNOWN, fact, advice)


class _Visit:
    """Answers an SPF evaluation, and notes whether the wanted includes are part of it.

    What these hold is the service's own affair: one that is not found where we ask is not counted
    as the owner's mistake.
    """

    def __init__(self, view: View, wanted: frozenset[str]) -> None:
        self._view = view
        self.wanted = wanted
        self._seen: set[str] = set()

    @property
    def has_seen_all(self) -> bool:
        return bool(self.wanted) and self.wanted <= self._seen

    def ask(self, name: str, kind: str) -> Sequence[str] | None:
        found = self._view.values(name, kind)
        if kind == "TXT" and canonical(name) in self.wanted:
            self._seen.add(canonical(name))
            return found if found and spf_records(found) else None
        return found


def _uncompared(wanted: Wanted) -> Judgement:
    """Return the judgement where what is to stand at the name, in whole or in part, is not told."""
    fact = "what the service wants there repeats a secret of this run, and is not compared"
    advice = "Compare it at the service itself, or give the secret a value that no record repeats."
    return Judgement(Verdict.UNKNOWN, fact, advice, is_fault=not wanted.is_optional)


def _notes(wanted: Wanted, told: Told, judgement: Judgement) -> Iterator[str]:
    if wanted.is_verified and judgement.verdict not in {Verdict.OK, Verdict.STALE}:
        yield "the service still says that it is verified"
    if not told.answer.is_authoritative:
        yield f"{told.by} told so without authority (no AA flag)"


def _included(record: str) -> frozenset[str]:
    return frozenset(map(canonical, spf.includes(record)))


def _finding(
    wanted: Wanted,
    authority: tuple[str, ...] | None,
    resolver: tuple[str, ...] | None,
    judgement: Judgement,
) -> Finding:
    return Finding(
        wanted.domain,
        wanted.purpose,
        wanted.type,
        wanted.host,
        wanted.expected,
        authority,
        resolver,
        judgement.verdict,
        _sentence(judgement.fact),
        _sentence(judgement.advice),
        judgement.is_fault,
    )


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + ("" if not words or words.endswith(".") else ".")


def _duration(seconds: int) -> str:
    if seconds < 2 * _MINUTE:
        return f"{seconds} seconds"
    if seconds < 2 * _HOUR:
        return f"{-(-seconds // _MINUTE)} minutes"
    return f"{-(-seconds // _HOUR)} hours"
