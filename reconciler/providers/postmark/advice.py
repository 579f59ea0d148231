"""The way out of each refusal of Postmark's, by its error code (postmark.md §11)."""

from collections.abc import Mapping
from http import HTTPStatus

_CODES = "https://postmarkapp.com/developer/api/overview#error-codes"
_HIDDEN = (
    "The account has it although its list does not show it, so it may just be being deleted: run "
    "again later, or ask Postmark's support if it stays so."
)
_VALUE = "Correct the value that it names in the YAML."
_OUR_FAULT = (
    "That is a fault of esp-reconcile, not of the YAML; please report it with what --debug says."
)
_GONE = "Somebody else removed it meanwhile: run again, and it is planned anew."
_LATER = "Run again later."

ADVICE: Mapping[int, str] = {
    11: "Correct each value that it names in the YAML.",
    100: _LATER,
    101: f"{_LATER} If it stays so, ask Postmark's support.",
    **dict.fromkeys((402, 409, 500, 502, 600, 609, 1355, 1356, 1357, 1361, 1363), _OUR_FAULT),
    **dict.fromkeys((403, 511, 514, 515, 516, 520, 521, 607, 608, 611, 612, 613), _VALUE),
    **dict.fromkeys((1222, 1223, 1224, 1227, 1231, 1354, 1360, 1362), _VALUE),
    422: "Check that the token belongs to this account, and that the account is approved.",
    429: "Run again later, with fewer --connections, or with a lower --rate.",
    **dict.fromkeys((501, 510, 1352), _GONE),
    503: "Use a domain of your own.",
    **dict.fromkeys((504, 512), _HIDDEN),
    505: "Publish the pending key first; until then there is nothing to renew.",
    506: "There is nothing left to confirm.",
    507: "Ask its owner, or Postmark's support, to release it, or use an address of your own.",
    508: "Publish the pending DKIM record and `run verify`, or `run rotate-dkim` to begin anew.",
    513: "Ask its owner, or Postmark's support, to release it.",
    522: "A `return_path` or tracking domain is a subdomain of its domain, such as "
    "pm-bounces.example.com of example.com; an address is one of an existing domain.",
    523: "Publish the CNAME that the plan's notes name, wait until DNS shows it, and run again.",
    602: "Take it off the other server first, or choose another `inbound_domain`.",
    603: "Rename the other server first, or choose another `settings.name`.",
    604: "Ask Postmark's support to allow the deletion of servers.",
    605: _LATER,
    606: "Use a URL that can be reached from the internet, with a public host name.",
    610: "Publish an MX record of `inbound_domain` that points to inbound.postmarkapp.com, and run "
    "again.",
    614: "The account's plan allows no more of these.",
    615: f"See {_CODES}.",
    709: "The DKIM key is not set up: `run rotate-dkim`, or ask Postmark's support.",
    1220: "Use the token of the server that the stream is on; it may be one that may not do this.",
    1221: "Say `type: transactional` or `type: broadcasts`.",
    1225: "Archive a stream that is no longer used.",
    1226: "The server has no such stream: declare it under `streams`, or name one that it has.",
    1228: "Use the stream `inbound`, which is there by default.",
    1229: "Take `ensure: absent` off this default stream.",
    1230: "An archived stream keeps its ID for 45 days, until it is purged: choose another ID, or "
    "run again then.",
    1232: "Declare a new stream under another ID.",
    1233: "Choose an ID that does not begin with pm-.",
    1234: "Take < and > out of the name and the description.",
    1237: "Choose another ID: Postmark keeps this one for itself.",
    1238: "Ask Postmark's support to approve custom unsubscribe handling.",
    1239: "Say `unsubscribe_handling: postmark` for broadcasts, and `none` for an inbound stream.",
    1240: "Say `none`, `postmark` or `custom`.",
    1241: _LATER,
    1350: "Declare the stream under `streams` to bring it back, or name another one.",
    1351: "An inbound stream has no webhooks; see `settings.inbound_hook`.",
    1353: "Take the trigger off: streams of this type have no such event.",
    1358: "Correct the header's name: letters, digits and - are allowed.",
    1359: "Remove a webhook of this stream that is no longer used (`ensure: absent`, --prune), or "
    "give one URL more triggers.",
    1364: "Mend the receiver, which must answer 200 to a sample of each event, or say "
    "`verify: false` to store the webhook unverified.",
    1480: "Add this machine to the IP addresses that the account allows.",
}


def advice(code: int | None, status: int) -> str:
    """Return the way out of a refusal; where there is no better one, where codes are explained."""
    if code is None:
        return ADVICE[429] if status == HTTPStatus.TOO_MANY_REQUESTS else ""
    return ADVICE.get(code, f"Postmark explains its codes at {_CODES}.")
