"""`/senders`: single addresses to send from, confirmed by mail (postmark.md §3)."""

from functools import partial

from reconciler.sandbox.app import Call, Routes
from reconciler.sandbox.postmark import dkim
from reconciler.sandbox.postmark.account import find_domain, find_sender, take_id
from reconciler.sandbox.postmark.answers import Refused, done
from reconciler.sandbox.postmark.calls import Json, path_id, read_object, read_page
from reconciler.sandbox.postmark.domains import RETURN_PATH_TARGET
from reconciler.sandbox.postmark.fields import (
    PUBLIC_MAIL_DOMAINS,
    Field,
    email_address,
    or_empty,
    read_fields,
    require,
    subdomain_of,
    text_matching,
    text_up_to,
)
from reconciler.sandbox.postmark.tokens import account_endpoint
from reconciler.sandbox.world import World

# `example.com` was refused to senders live, `example.*` to domains never was (postmark.md §2.3).
REFUSED_DOMAINS = PUBLIC_MAIL_DOMAINS | {"example.com"}
SHORT_FIELDS = ("ID", "Domain", "EmailAddress", "ReplyToEmailAddress", "Name", "Confirmed")
FROM = (Field("FromEmail", text_up_to(255), 521), Field("FromEmail", email_address, 522))
# What is sent and what is answered differ in name (postmark.md §3).
ANSWERED_AS = {"FromEmail": "EmailAddress", "ReplyToEmail": "ReplyToEmailAddress"}

routes = Routes(ignore_case=True)
endpoint = partial(account_endpoint, routes)


def writable_fields(domain: str) -> tuple[Field, ...]:
    return (
        Field("Name", text_matching(r"(?s).*\S.*"), 511),
        Field("Name", text_up_to(255), 521),
        Field("ReplyToEmail", text_up_to(255), 521),
        Field("ReplyToEmail", or_empty(email_address), 522),
        Field("ReturnPathDomain", text_up_to(255), 521),
        Field("ReturnPathDomain", or_empty(subdomain_of(domain)), 522),
        Field("ConfirmationPersonalNote", text_up_to(400), 521),
    )


def new_sender(account: Json, address: str, name: str) -> Json:
    domain = address.rpartition("@")[2]
    sender: Json = {
        "ID": take_id(account),
        "Domain": domain,
        "EmailAddress": address,
        "ReplyToEmailAddress": "",
        "Name": name,
        "Confirmed": False,
        **dkim.new_signing(domain),
        "ReturnPathDomain": "",
        "ReturnPathDomainVerified": False,
        "ReturnPathDomainCNAMEValue": RETURN_PATH_TARGET,
        "ConfirmationPersonalNote": "",
    }
    account["senders"][str(sender["ID"])] = sender
    return sender


def confirm_clicked(world: World) -> None:
    """Confirm who, by the setting `confirmed_senders`, has clicked the link in the mail.

    A click counts once: a sender that is deleted and made anew has to be confirmed anew.
    """
    waiting = world.settings.get("confirmed_senders") or []
    for address in list(waiting):
        if sender := find_sender(world.postmark, address):
            sender["Confirmed"] = True
            waiting.remove(address)


def _full(call: Call, sender: Json) -> Json:
    signing = _signing(call, sender)
    return sender | dkim.pick(signing, dkim.SPF_FIELDS + dkim.DKIM_FIELDS)


def _signing(call: Call, sender: Json) -> Json:
    """Return what holds the sender's DKIM data: its domain, if the account has it."""
    return find_domain(call.world.postmark, sender["Domain"]) or sender


@endpoint("GET", "/senders")
def list_senders(call: Call) -> Json:
    senders = list(call.world.postmark["senders"].values())
    page = read_page(call, senders, code=500)
    return {
        "TotalCount": len(senders),
        "SenderSignatures": [dkim.pick(sender, SHORT_FIELDS) for sender in page],
    }


@endpoint("POST", "/senders")
def create_sender(call: Call) -> Json:
    given = read_object(call)
    address = _read_address(call, given)
    require(given, "Name", 511)
    values = read_fields(given, writable_fields(address.rpartition("@")[2]))
    sender = new_sender(call.world.postmark, address, values["Name"])
    _write(sender, values)
    return _full(call, sender)


def _read_address(call: Call, given: Json) -> str:
    require(given, "FromEmail", 520)
    address: str = read_fields(given, FROM)["FromEmail"]
    domain = address.rpartition("@")[2]
    if domain.lower() in REFUSED_DOMAINS:
        raise Refused(503, domain=domain)
    if find_sender(call.world.postmark, address):
        raise Refused(504, address=address)
    return address


def _write(sender: Json, values: Json) -> None:
    if values.get("ReturnPathDomain", sender["ReturnPathDomain"]) != sender["ReturnPathDomain"]:
        sender["ReturnPathDomainVerified"] = False
    sender.update({ANSWERED_AS.get(name, name): value for name, value in values.items()})


def _find(call: Call) -> Json:
    sender: Json | None = call.world.postmark["senders"].get(path_id(call))
    if sender is None:
        raise Refused(501)
    return sender


@endpoint("GET", "/senders/{id:int}")
def get_sender(call: Call) -> Json:
    return _full(call, _find(call))


@endpoint("PUT", "/senders/{id:int}")
def edit_sender(call: Call) -> Json:
    """Let `Name` be left out: documented as required, though live edits go without it."""
    sender = _find(call)
    given = read_object(call)
    if not given:
        raise Refused(502)
    _write(sender, read_fields(given, writable_fields(sender["Domain"])))
    return _full(call, sender)


@endpoint("DELETE", "/senders/{id:int}")
def delete_sender(call: Call) -> Json:
    sender = _find(call)
    del call.world.postmark["senders"][path_id(call)]
    return done(f"Signature {sender['EmailAddress']} removed.")


@endpoint("POST", "/senders/{id:int}/resend")
def resend_confirmation(call: Call) -> Json:
    sender = _find(call)
    if sender["Confirmed"]:
        raise Refused(506)
    address = sender["EmailAddress"]
    return done(f"Confirmation email for Sender Signature {address} was re-sent.")


@endpoint("POST", "/senders/{id:int}/verifyspf")
def verify_spf(call: Call) -> Json:
    sender = _find(call)
    _signing(call, sender)["SPFVerified"] = True
    return _full(call, sender)


@endpoint("POST", "/senders/{id:int}/requestnewdkim")
def request_new_dkim(call: Call) -> Json:
    sender = _find(call)
    dkim.rotate(_signing(call, sender))
    # The wording is ours: only the refusal was ever recorded.
    return done(f"New DKIM for Sender Signature {sender['EmailAddress']} was requested.")
