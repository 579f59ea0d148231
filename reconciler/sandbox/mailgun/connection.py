"""The deprecated connection settings, in the flat form that was recorded (mailgun.md §5)."""

from starlette.responses import Response

from reconciler.sandbox.mailgun.account import Endpoints, Visit
from reconciler.sandbox.mailgun.answers import message, reply
from reconciler.sandbox.mailgun.fields import Reader, flag

ENDPOINTS = Endpoints()
CONNECTION: dict[str, Reader] = {"require_tls": flag, "skip_verification": flag}


@ENDPOINTS.on("GET", "/v3/domains/{name}/connection")
def get_connection(visit: Visit) -> Response:
    domain = visit.domain()["domain"]
    return reply({name: domain[name] for name in CONNECTION})


@ENDPOINTS.on("PUT", "/v3/domains/{name}/connection")
def update_connection(visit: Visit) -> Response:
    domain = visit.domain()["domain"]
    domain.update(visit.fields.read(CONNECTION))
    return message(
        "Domain connection settings have been updated, may take 10 minutes to fully propagate",
        **{name: domain[name] for name in CONNECTION},
    )
