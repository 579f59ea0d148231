"""Whether a domain takes mail: asked of the name servers, once for each domain."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import dns.exception
import dns.rdatatype
import dns.resolver

HasMail = Callable[[str], bool | None]
"""Whether a domain takes mail; None where it could not be asked."""
SECONDS = 5.0
"""What one domain may take, however many servers and repeats that is."""
_AT_ONCE = 24
_AHEAD = 4 * _AT_ONCE


def mail_asked_of(hosts: Sequence[str] = (), port: int = 53) -> HasMail | None:
    """Return what asks name servers, or the system's; None where the system knows of none."""
    try:
        resolver = dns.resolver.Resolver(configure=not hosts)
    except dns.resolver.NoResolverConfiguration:
        return None
    if hosts:
        resolver.nameservers = list(hosts)
        resolver.port = port
    resolver.lifetime = SECONDS
    return _mail_of(resolver)


def _mail_of(resolver: dns.resolver.Resolver) -> HasMail:
    """Return what asks a resolver. Only an answer counts: silence says nothing of a domain."""

    def has_mail(domain: str) -> bool | None:
        try:
            exchanges = _asked(resolver, domain, "MX")
            if exchanges:
                # One that is the root says that there is none (RFC 7505).
                return any(each.exchange != dns.name.root for each in exchanges)
            # Without any, mail goes to the domain's own host (RFC 5321 §5.1).
            return any(_asked(resolver, domain, kind) for kind in ("A", "AAAA"))
        except dns.resolver.NXDOMAIN:
            return False
        except (dns.exception.DNSException, UnicodeError):
            return None

    return has_mail


def _asked(resolver: dns.resolver.Resolver, domain: str, kind: str) -> list[Any]:
    """Raises NXDOMAIN, and DNSException for what could not be asked."""
    answer = resolver.resolve(f"{domain}.", kind, raise_on_no_answer=False, search=False)
    return list(answer.rrset or ())


def without_mail(
    domains: Iterable[str], has_mail: HasMail
) -> Generator[tuple[str, bool], None, None]:
    """Yield each domain, and whether it surely takes no mail; several are asked at once."""
    crew = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="dns")
    asked = deque[tuple[str, Future[bool | None]]]()
    try:
        for domain in domains:
            asked.append((domain, crew.submit(has_mail, domain)))
            if len(asked) == _AHEAD:
                yield _ended(*asked.popleft())
        while asked:
            yield _ended(*asked.popleft())
    finally:
        # Who is interrupted does not wait for silent servers.
        crew.shutdown(wait=False, cancel_futures=True)


def _ended(domain: str, answer: Future[bool | None]) -> tuple[str, bool]:
    return domain, answer.result() is False
