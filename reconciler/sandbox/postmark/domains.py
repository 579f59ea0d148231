"""`/domains`: names to send from, with their DKIM keys and return paths (postmark.md §2)."""

from functools import partial

from reconciler.sandbox.app import Call, Routes
from reconciler.sandbox.postmark import dkim
from reconciler.sandbox.postmark.account import find_domain, take_id
from reconciler.sandbox.postmark.answers import Refused, done
from reconciler.sandbox.postmark.calls import Json, path_id, read_object, read_page
from reconciler.sandbox.postmark.fields import (
    PUBLIC_MAIL_DOMAINS,
    Field,
    domain_name,
    or_empty,
    read_fields,
    require,
    subdomain_of,
    text_up_to,
)
from reconciler.sandbox.postmark.tokens import account_endpoint

RETURN_PATH_TARGET = "pm.mtasv.net"
TRACKING_TARGET = "click.pstmrk.it"  # the field is undocumented, its value ours (postmark.md §2.6)
SHORT_FIELDS = (
    "ID",
    "Name",
    "SPFVerified",
    "DKIMVerified",
    "WeakDKIM",
    "ReturnPathDomainVerified",
)
NAME = (Field("Name", text_up_to(255), 515), Field("Name", domain_name, 516))

routes = Routes(ignore_case=True)
endpoint = partial(account_endpoint, routes)


def writable_fields(domain: str, *names: str) -> list[Field]:
    below = or_empty(subdomain_of(domain))
    checks = ((text_up_to(255), 521), (below, 522))
    return [Field(name, read, code) for name in names for read, code in checks]


def new_domain(account: Json, name: str, return_path: str = "") -> Json:
    domain: Json = {
        "ID": take_id(account),
        "Name": name,
        **dkim.new_signing(name),
        "ReturnPathDomain": return_path,
        "ReturnPathDomainVerified": False,
        "ReturnPathDomainCNAMEValue": RETURN_PATH_TARGET,
        "CustomTrackingDomain": "",
        "CustomTrackingVerified": False,
        "CustomTrackingDomainCNAMEValue": "",
    }
    account["domains"][str(domain["ID"])] = domain
    return domain


@endpoint("GET", "/domains")
def list_domains(call: Call) -> Json:
    domains = list(call.world.postmark["domains"].values())
    page = read_page(call, domains, code=500)
    return {
        "TotalCount": len(domains),
        "Domains": [dkim.pick(domain, SHORT_FIELDS) for domain in page],
    }


@endpoint("POST", "/domains")
def create_domain(call: Call) -> Json:
    given = read_object(call)
    name = _read_name(given)
    _check_free(call, name)
    # The custom tracking domain is known of edits only (postmark.md §2.6).
    values = read_fields(given, writable_fields(name, "ReturnPathDomain"))
    domain = new_domain(call.world.postmark, name)
    _write(domain, values)
    return domain


def _read_name(given: Json) -> str:
    require(given, "Name", 514)
    name: str = read_fields(given, NAME)["Name"]
    if name.lower() in PUBLIC_MAIL_DOMAINS:
        raise Refused(503, domain=name)
    return name


def _check_free(call: Call, name: str) -> None:
    account = call.world.postmark
    if find_domain(account, name):
        raise Refused(512, domain=name)
    limit = call.world.settings.get("postmark_max_domains")
    if limit is not None and len(account["domains"]) >= limit:
        raise Refused(614)


def _write(domain: Json, values: Json) -> None:
    """Reset the verified flag of what changes, which is inferred (postmark.md §2.4)."""
    if values.get("ReturnPathDomain", domain["ReturnPathDomain"]) != domain["ReturnPathDomain"]:
        domain["ReturnPathDomainVerified"] = False
    tracking = values.get("CustomTrackingDomain", domain["CustomTrackingDomain"])
    if tracking != domain["CustomTrackingDomain"]:
        domain["CustomTrackingVerified"] = False
        domain["CustomTrackingDomainCNAMEValue"] = TRACKING_TARGET if tracking else ""
    domain.update(values)


def _find(call: Call) -> Json:
    domain: Json | None = call.world.postmark["domains"].get(path_id(call))
    if domain is None:
        raise Refused(510)
    return domain


@endpoint("GET", "/domains/{id:int}")
def get_domain(call: Call) -> Json:
    return _find(call)


@endpoint("PUT", "/domains/{id:int}")
def edit_domain(call: Call) -> Json:
    domain = _find(call)
    given = read_object(call)
    if not given:
        raise Refused(502)
    fields = writable_fields(domain["Name"], "ReturnPathDomain", "CustomTrackingDomain")
    _write(domain, read_fields(given, fields))
    return domain


@endpoint("DELETE", "/domains/{id:int}")
def delete_domain(call: Call) -> Json:
    """Leave the senders of the domain alone (postmark.md §2.7)."""
    domain = _find(call)
    del call.world.postmark["domains"][path_id(call)]
    return done(f"Domain {domain['Name']} removed.")


@endpoint("PUT", "/domains/{id:int}/verifydkim")
def verify_dkim(call: Call) -> Json:
    domain = _find(call)
    dkim.verify(domain, call.world)
    return domain


@endpoint("PUT", "/domains/{id:int}/verifyreturnpath")
def verify_return_path(call: Call) -> Json:
    domain = _find(call)
    domain["ReturnPathDomainVerified"] = _is_published(call, domain["ReturnPathDomain"])
    return domain


@endpoint("PUT", "/domains/{id:int}/verifycustomtracking")
def verify_custom_tracking(call: Call) -> Json:
    domain = _find(call)
    domain["CustomTrackingVerified"] = _is_published(call, domain["CustomTrackingDomain"])
    return domain


def _is_published(call: Call, host: str) -> bool:
    return bool(host) and call.world.is_published(host)


@endpoint("POST", "/domains/{id:int}/verifyspf")
def verify_spf(call: Call) -> Json:
    """Say yes without any record, as the live service does (postmark.md §2.5)."""
    domain = _find(call)
    domain["SPFVerified"] = True
    return dkim.pick(domain, dkim.SPF_FIELDS)


@endpoint("POST", "/domains/{id:int}/rotatedkim")
def rotate_dkim(call: Call) -> Json:
    domain = _find(call)
    dkim.rotate(domain)
    return dkim.pick(domain, ("ID", "Name", *dkim.DKIM_FIELDS))
