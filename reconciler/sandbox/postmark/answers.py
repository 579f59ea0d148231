"""What Postmark answers: bare JSON for successes, `ErrorCode` and `Message` for refusals."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

HEADERS = {"cache-control": "private"}

# postmark.md §11 ends with the list of the codes whose wire texts are known; all others are
# worded by us.
MESSAGES: Mapping[int, str] = {
    10: "Request does not contain a valid {kind} token.",
    300: "{problem}",
    400: (
        "The 'From' address you supplied ({address}) is not a Sender Signature on your account. "
        "Please add and confirm this address in order to be able to use it in the 'From' field "
        "of your messages."
    ),
    401: "The Sender Signature for the 'From' address you supplied ({address}) is not confirmed.",
    402: "Received invalid JSON input.",
    403: "Invalid request field(s): '{field}'.",
    406: (
        "You tried to send to recipients that have been marked as inactive. "
        "Found inactive addresses: {addresses}. Inactive recipients are ones that have generated "
        "a hard bounce, a spam complaint, or a manual suppression."
    ),
    409: "The headers 'Accept' and, with a body, 'Content-Type' must name 'application/json'.",
    410: "A batch must not hold more than 500 messages.",
    411: "The attachment type '{extension}' is not allowed.",
    412: (
        "While your account is pending approval, all recipient addresses must share the domain "
        "of the 'From' address."
    ),
    500: "'count' (1 to 500) and 'offset' (0 or more) are required.",
    501: "This Sender Signature was not found.",
    502: "There is no data to update.",
    503: "The public domain '{domain}' cannot be used.",
    504: "A Sender Signature for {address} already exists.",
    505: "This DKIM is already being renewed.",
    506: "This Sender Signature is already confirmed.",
    510: "This domain was not found.",
    511: "The field '{field}' is missing or invalid.",
    512: "The domain '{domain}' already exists.",
    514: "The field 'Name' is required.",
    515: "The field 'Name' is longer than 255 characters.",
    516: "The field 'Name' is not a valid domain name.",
    520: "The field 'FromEmail' is required.",
    521: "The field '{field}' is too long.",
    522: "The field '{field}' is not valid.",
    600: "'count' (1 to 500) and 'offset' (0 or more) are required.",
    602: "The inbound domain '{domain}' is used by another server.",
    603: "A server with the name '{name}' already exists.",
    604: "You are not allowed to delete servers.",
    606: "The URL in '{field}' is invalid or points to an internal address.",
    607: "The field 'Color' is not one of the known colors.",
    608: "The server name is missing or invalid.",
    609: "There is no data to update.",
    610: "The inbound domain '{domain}' has no MX record that points to Postmark.",
    611: "The field 'InboundSpamThreshold' must be between 0 and 30.",
    612: "The field 'TrackLinks' must be None, HtmlAndText, HtmlOnly or TextOnly.",
    613: "The field 'DeliveryType' must be Live or Sandbox.",
    614: "Your plan does not allow more of these.",
    700: "'count' (1 to 500) and 'offset' (0 or more, both at most 10000) are required.",
    701: "This message was not found.",
    1221: "The field 'MessageStreamType' is missing or invalid.",
    1222: "The field 'ID' is required.",
    1223: "The field 'Name' is required.",
    1224: "The field 'Name' is longer than 100 characters.",
    1225: "The server has reached its maximum of message streams.",
    1226: "The message stream for the provided 'ID' was not found.",
    1227: (
        "The field 'ID' must start with a letter and hold at most 30 lower-case letters, digits, "
        "hyphens and underscores."
    ),
    1228: "A server can have only one inbound stream.",
    1229: "The default streams 'outbound' and 'inbound' cannot be archived.",
    1230: "A message stream with this 'ID' already exists.",
    1231: "The field 'Description' is longer than 1000 characters.",
    1232: "This message stream cannot be unarchived.",
    1233: "The field 'ID' must not start with 'pm-'.",
    1234: "The field '{field}' must not contain markup.",
    1235: "The stream provided: '{stream}' does not exist on this server.",
    1236: "The stream provided: '{stream}' is an inbound stream and cannot send.",
    1237: "The field 'ID' is a reserved word.",
    1238: "The unsubscribe handling type 'Custom' needs approval.",
    1239: "This unsubscribe handling type is not allowed for this type of stream.",
    1240: "The field 'UnsubscribeHandlingType' must be None, Postmark or Custom.",
    1350: "Webhooks cannot be added to an archived message stream.",
    1351: "Webhooks cannot be added to an inbound message stream.",
    1352: "The webhook for the provided 'ID' was not found.",
    1354: "The field 'Url' is missing or invalid.",
    1355: "The request has no body.",
    1356: "The field 'ID' must not be given.",
    1357: "The field '{field}' cannot be changed.",
    1358: "'{name}' is not a valid HTTP header name.",
    1359: "The message stream has reached its maximum of webhooks.",
    1360: "The field '{field}' is not valid.",
    1361: "The field '{field}' does not exist.",
    1363: "The field 'Status' must not be given.",
    1364: "{verified}",
    1400: "The field 'Suppressions' is missing or invalid.",
    1401: "Not more than 50 addresses can be given.",
    1402: "The field '{field}' is not valid.",
}
STATUSES: Mapping[int, int] = {10: 401, 409: 415}


class Refused(Exception):
    """The service refuses a call with an `ErrorCode`; `details` are further keys of the body."""

    def __init__(self, code: int, **words: str) -> None:
        super().__init__(code)
        self.code = code
        self.envelope = {"ErrorCode": code, "Message": MESSAGES[code].format(**words)}
        self.details: dict[str, Any] = {}

    def with_details(self, details: Mapping[str, Any]) -> "Refused":
        self.details.update(details)
        return self

    def response(self) -> Response:
        """Repeat the code in a header (postmark.md §1.1)."""
        headers = HEADERS | {"x-pm-apierrorcode": str(self.code)}
        return _Json(self.envelope | self.details, STATUSES.get(self.code, 422), headers)


class Bare(Exception):
    """The service answers with a status and an empty body, as for a missing server."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status

    def response(self) -> Response:
        return Response(status_code=self.status, headers=HEADERS)


class _Json(JSONResponse):
    media_type = "application/json; charset=utf-8"

    def render(self, content: Any) -> bytes:
        # Unlike Starlette's, this survives lone surrogates, which JSON bodies can carry in.
        return json.dumps(content).encode("ascii")


def success(content: Any) -> Response:
    """Every success is HTTP 200, creates and deletes included (postmark.md §1.1)."""
    return _Json(content, 200, HEADERS)


def done(message: str) -> dict[str, Any]:
    return {"ErrorCode": 0, "Message": message}
