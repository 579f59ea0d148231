"""Validation of one address (mailgun.md §12.1)."""

from starlette.responses import Response

from reconciler.sandbox.mailgun.account import Endpoints, Visit
from reconciler.sandbox.mailgun.answers import bad_request, reply
from reconciler.sandbox.mailgun.fields import flag
from reconciler.sandbox.mailgun.verdicts import judge

ENDPOINTS = Endpoints()


@ENDPOINTS.on("GET", "/v4/address/validate")
@ENDPOINTS.on("POST", "/v4/address/validate")
def validate(visit: Visit) -> Response:
    """Judge one address; the words of the refusals are ours."""
    address = visit.fields.get("address")
    if not address:
        raise bad_request("'address' parameter is required")
    if len(address) > 512:
        raise bad_request("'address' parameter must be at most 512 characters long")
    has_lookup = visit.fields.read({"provider_lookup": flag}).get("provider_lookup", True)
    return reply(judge(address, has_lookup=has_lookup))
