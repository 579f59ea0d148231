"""DKIM keys of domains and senders: pending, then active, then revoked (postmark.md §2.2, §2.5)."""

from datetime import timedelta

from reconciler.sandbox.dkim_record import new_record
from reconciler.sandbox.postmark.answers import Refused
from reconciler.sandbox.postmark.calls import Json
from reconciler.sandbox.postmark.clock import utc_now
from reconciler.sandbox.world import World

SPF_FIELDS = ("SPFVerified", "SPFHost", "SPFTextValue")
DKIM_FIELDS = (
    "DKIMVerified",
    "WeakDKIM",
    "DKIMHost",
    "DKIMTextValue",
    "DKIMPendingHost",
    "DKIMPendingTextValue",
    "DKIMRevokedHost",
    "DKIMRevokedTextValue",
    "SafeToRemoveRevokedKeyFromDNS",
    "DKIMUpdateStatus",
)


def new_signing(domain: str) -> Json:
    """Return the SPF and DKIM fields of a name that was just added: one key, pending."""
    signing: Json = {
        "SPFVerified": False,
        "SPFHost": domain,
        "SPFTextValue": "v=spf1 a mx include:spf.mtasv.net ~all",
        "DKIMVerified": False,
        "WeakDKIM": False,
        "DKIMHost": "",
        "DKIMTextValue": "",
        "DKIMRevokedHost": "",
        "DKIMRevokedTextValue": "",
        "SafeToRemoveRevokedKeyFromDNS": False,
    }
    return signing | _new_pending_key(signing)


def rotate(signing: Json) -> None:
    if signing["DKIMPendingHost"]:
        raise Refused(505)
    signing.update(_new_pending_key(signing))


def _new_pending_key(signing: Json) -> Json:
    return {
        "DKIMPendingHost": _new_host(signing),
        "DKIMPendingTextValue": new_record(),
        "DKIMUpdateStatus": "Pending",
    }


def _new_host(signing: Json) -> str:
    """Name the selector after the second, or the next free one: two keys never share a host."""
    moment = utc_now()
    taken = {signing["DKIMHost"], signing["DKIMRevokedHost"]}
    while (host := f"{moment:%Y%m%d%H%M%S}pm._domainkey.{signing['SPFHost']}") in taken:
        moment += timedelta(seconds=1)
    return host


def verify(signing: Json, world: World) -> None:
    """Look for the pending key's record; `DKIMVerified` never falls back (postmark.md §2.2)."""
    if not signing["DKIMPendingHost"]:
        # When the former key is safe to remove is not documented: at the next check, we chose.
        signing["SafeToRemoveRevokedKeyFromDNS"] = bool(signing["DKIMRevokedHost"])
    elif world.is_published(signing["DKIMPendingHost"]):
        _promote(signing)


def _promote(signing: Json) -> None:
    if signing["DKIMHost"]:
        signing["DKIMRevokedHost"] = signing["DKIMHost"]
        signing["DKIMRevokedTextValue"] = signing["DKIMTextValue"]
        signing["SafeToRemoveRevokedKeyFromDNS"] = False
    signing["DKIMHost"] = signing["DKIMPendingHost"]
    signing["DKIMTextValue"] = signing["DKIMPendingTextValue"]
    signing["DKIMPendingHost"] = signing["DKIMPendingTextValue"] = ""
    signing["DKIMVerified"] = True
    signing["DKIMUpdateStatus"] = "Verified"


def pick(record: Json, names: tuple[str, ...]) -> Json:
    return {name: record[name] for name in names}
