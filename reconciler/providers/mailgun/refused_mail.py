"""Why Mailgun refuses a mail, and the way out (mailgun.md §2.1, §11)."""

from collections.abc import Mapping

from reconciler.errors import (
    AuthenticationFailed,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    ServiceError,
)
from reconciler.model import SampleMail

_RECIPIENTS = (
    "Sandbox domains and free accounts write to authorized recipients only, of which there are at "
    "most five: add the address under Mailgun → Account settings → Authorized recipients, have its "
    "owner click the link in the mail, and send again; or add a domain of your own. Test mode does "
    "not lift this."
)
_UNVERIFIED = (
    "Publish the domain's DNS records (`domains records {domain}`), then `domains verify {domain}`."
)
_LIMIT = (
    "A new account may be on probation, with a limit for each hour, which Mailgun's support lifts; "
    "free plans have one for each day, and an account one for each month if it was set."
)
_BY_TEXT: Mapping[str, str] = {
    "authorized recipients": _RECIPIENTS,
    "free accounts are for test": _RECIPIENTS,
    "probation": _LIMIT,
    "limit": _LIMIT,
    "unverified": _UNVERIFIED,
    "not verified": _UNVERIFIED,
    "dns configuration": _UNVERIFIED,
    "disabled": "The account or the domain is disabled: ask Mailgun's support.",
    "'to'": "Correct the address of --to.",
    "to parameter": "Correct the address of --to.",
    "from parameter": "Correct the address of --from, or of `sender`.",
}


def explained(error: ServiceError, mail: SampleMail) -> ServiceError:
    """Return a refusal with the way out, where more is to be said of a mail's than of others."""
    way_out = _way_out(error, mail)
    if not way_out:
        return error
    return type(error)(
        error.request, error.fact, advice=way_out, status=error.status, code=error.code
    )


def _way_out(error: ServiceError, mail: SampleMail) -> str:
    if isinstance(error, AuthenticationFailed):
        return (
            f"The key is wrong or disabled, or {mail.domain} is in another account, or in another "
            "region than `region` says: here that is answered alike. A domain sending key sends "
            "from its own domain only. `check` tells more."
        )
    if isinstance(error, NotFound):
        return f"The account has no domain {mail.domain} in this region: name one with --domain."
    if isinstance(error, OutcomeUnknown | RateLimited):
        return ""  # whose way out is to look, and to wait
    text = error.fact.lower()
    found = next((advice for phrase, advice in _BY_TEXT.items() if phrase in text), "")
    return found.format(domain=mail.domain)
