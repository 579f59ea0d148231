"""Open, click and unsubscribe tracking (mailgun.md §6.1, §6.2)."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from reconciler.sandbox.mailgun.account import Endpoints, Visit
from reconciler.sandbox.mailgun.answers import message, not_found, reply
from reconciler.sandbox.mailgun.fields import Reader, flag, text_value

ENDPOINTS = Endpoints()

# Recorded from a domain whose tracking was never touched.
DEFAULT_TRACKING: Mapping[str, Mapping[str, Any]] = {
    "open": {"active": False, "place_at_the_top": False},
    "click": {"active": False},
    "unsubscribe": {
        "active": False,
        "html_footer": '\n<br>\n<p><a href="%unsubscribe_url%">unsubscribe</a></p>\n',
        "text_footer": "\n\nTo unsubscribe click: <%unsubscribe_url%>\n\n",
    },
}


def flag_or_htmlonly(name: str, text: str) -> bool | str:
    return "htmlonly" if text.lower() == "htmlonly" else flag(name, text)


# An empty footer counts as not given; whether the service would clear the footer is not known.
SECTIONS: Mapping[str, Mapping[str, Reader]] = {
    "open": {"active": flag, "place_at_the_top": flag},
    "click": {"active": flag_or_htmlonly},
    "unsubscribe": {"active": flag, "html_footer": text_value, "text_footer": text_value},
}


@ENDPOINTS.on("GET", "/v3/domains/{name}/tracking")
def get_tracking(visit: Visit) -> Response:
    entry = visit.domain()
    sections = {name: _view(visit, entry["tracking"][name]) for name in SECTIONS}
    return reply({"tracking": {**sections, "web_scheme": entry["domain"]["web_scheme"]}})


@ENDPOINTS.on("PUT", "/v3/domains/{name}/tracking/{section}")
def update_tracking(visit: Visit) -> Response:
    """Unknown fields are ignored, omitted ones keep their value, one section is echoed."""
    section = visit.call.params["section"]
    if section not in SECTIONS:
        return not_found()
    values = visit.domain()["tracking"][section]
    values.update(visit.fields.read(SECTIONS[section]))
    text = "Domain tracking settings have been updated"
    return message(text, **{section: _view(visit, values)})


def _view(visit: Visit, values: Mapping[str, Any]) -> dict[str, Any]:
    """Show `htmlonly` as true, unless the switch says as itself: sources disagree."""
    is_spelled_out = visit.setting("htmlonly_text")
    active = values["active"] if is_spelled_out else bool(values["active"])
    return {**values, "active": active}
