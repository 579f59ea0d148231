"""Where the vendor's client and ours make the same call, they send the same request."""

from typing import Any

import pytest
from mailgun_box import Sent, ours, theirs

NAME = "mg.example.com"
HOOK = "https://hooks.example.com"

SAME: dict[str, tuple[str, str, Any]] = {
    "open tracking": (
        "{}",
        "{tracking: {opens: {active: true, place_at_the_top: true}}}",
        lambda client: client.domains_tracking_open.put(
            domain=NAME, data={"active": "true", "place_at_the_top": "true"}
        ),
    ),
    "click tracking": (
        "{}",
        "{tracking: {clicks: html_only}}",
        lambda client: client.domains_tracking_click.put(domain=NAME, data={"active": "htmlonly"}),
    ),
    "unsubscribe tracking": (
        "{}",
        "{tracking: {unsubscribe: {active: true, html_footer: <p>x</p>, text_footer: x}}}",
        lambda client: client.domains_tracking_unsubscribe.put(
            domain=NAME, data={"active": "true", "html_footer": "<p>x</p>", "text_footer": "x"}
        ),
    ),
    "a webhook that is made": (
        "{}",
        f"{{webhooks: {{clicked: ['{HOOK}/a', '{HOOK}/b']}}}}",
        lambda client: client.domains_webhooks.create(
            domain=NAME, data={"id": "clicked", "url": [f"{HOOK}/a", f"{HOOK}/b"]}
        ),
    ),
    "a webhook that is replaced": (
        f"{{webhooks: {{clicked: ['{HOOK}/a']}}}}",
        f"{{webhooks: {{clicked: ['{HOOK}/b', '{HOOK}/c']}}}}",
        lambda client: client.domains_webhooks.put(
            domain=NAME, webhook_name="clicked", data={"url": [f"{HOOK}/b", f"{HOOK}/c"]}
        ),
    ),
    "a webhook that is deleted": (
        f"{{webhooks: {{clicked: ['{HOOK}/a']}}}}",
        "{webhooks: {clicked: []}}",
        lambda client: client.domains_webhooks.delete(domain=NAME, webhook_name="clicked"),
    ),
    "a list of webhooks": (
        "{}",
        "{webhooks: {clicked: []}}",
        lambda client: client.domains_webhooks.get(domain=NAME),
    ),
    "the tracking": (
        "{}",
        "{tracking: {opens: false}}",
        lambda client: client.domains_tracking.get(domain=NAME),
    ),
    "a selector": (
        "{dkim: {selector: one}}",
        "{dkim: {selector: two}}",
        lambda client: client.domains_dkimselector.put(domain=NAME, data={"dkim_selector": "two"}),
    ),
    "a deletion": (
        "{}",
        "{ensure: absent}",
        lambda client: client.domains.delete(domain=NAME),
    ),
    "the list of domains": (
        "{}",
        "{spam_action: tag}",
        lambda client: client.domainlist.get(filters={"limit": "1000", "skip": "0"}),
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_the_vendor_s_request_is_among_ours(name: str) -> None:
    before, after, call = SAME[name]
    assert theirs(call) in ours(after, before)


@pytest.mark.parametrize(
    ("before", "after", "call"),
    [
        (
            "",
            "{spam_action: tag, wildcard: true, dkim_key_size: 2048}",
            lambda client: client.domains.create(
                data={
                    "name": NAME,
                    "spam_action": "tag",
                    "wildcard": "true",
                    "dkim_key_size": "2048",
                }
            ),
        ),
        (
            "{}",
            "{spam_action: block, web_prefix: click}",
            lambda client: client.domains.put(
                domain=NAME, data={"spam_action": "block", "web_prefix": "click"}
            ),
        ),
    ],
    ids=["create", "update"],
)
def test_a_domain_is_written_alike_in_the_version_that_is_current(
    before: str, after: str, call: Any
) -> None:
    """Both versions take the same fields; ours is the current one (mailgun.md §4.1)."""
    found = theirs(call)
    current = Sent(found.method, found.path.replace("/v3/", "/v4/"), found.fields)
    assert current in ours(after, before)
