import pytest
from mailgun_account import DOMAIN, MailgunAccount, content, refusal

DEFAULTS = {
    "open": {"active": False, "place_at_the_top": False},
    "click": {"active": False},
    "unsubscribe": {
        "active": False,
        "html_footer": '\n<br>\n<p><a href="%unsubscribe_url%">unsubscribe</a></p>\n',
        "text_footer": "\n\nTo unsubscribe click: <%unsubscribe_url%>\n\n",
    },
    "web_scheme": "https",
}
TRACKING = f"/v3/domains/{DOMAIN}/tracking"
UPDATED = "Domain tracking settings have been updated"


def account_with_domain(**settings: object) -> MailgunAccount:
    account = MailgunAccount(**settings)
    account.create(web_scheme="https")
    return account


def test_untouched_tracking_is_off_and_has_the_default_footers() -> None:
    assert account_with_domain().get(TRACKING) == {"tracking": DEFAULTS}


@pytest.mark.parametrize(
    ("section", "data", "changed"),
    [
        ("open", {"active": "yes"}, {"active": True}),
        ("open", {"place_at_the_top": "true"}, {"place_at_the_top": True}),
        ("click", {"active": "true"}, {"active": True}),
        ("click", {"active": "htmlonly"}, {"active": True}),
        ("click", {"active": "no"}, {"active": False}),
        ("unsubscribe", {"active": "true"}, {"active": True}),
        ("unsubscribe", {"html_footer": "<p>\n"}, {"html_footer": "<p>\n"}),
        ("unsubscribe", {"text_footer": ""}, {}),
        ("open", {"active": "yes", "skip_verification": "false"}, {"active": True}),
    ],
)
def test_a_change_echoes_its_section_and_keeps_the_rest(
    section: str, data: dict[str, str], changed: dict[str, object]
) -> None:
    account = account_with_domain()
    wanted = DEFAULTS[section] | changed  # type: ignore[operator]
    body = content(account.us.put(f"{TRACKING}/{section}", data=data))
    assert body == {"message": UPDATED, section: wanted}
    assert account.get(TRACKING)["tracking"] == DEFAULTS | {section: wanted}


@pytest.mark.parametrize(
    ("section", "value"),
    [("open", "htmlonly"), ("unsubscribe", "htmlonly"), ("click", "sometimes")],
)
def test_a_value_that_the_section_does_not_know_is_refused(section: str, value: str) -> None:
    account = account_with_domain()
    assert account.us.put(f"{TRACKING}/{section}", data={"active": value}).status_code == 400
    assert account.get(TRACKING)["tracking"] == DEFAULTS


def test_htmlonly_can_be_made_to_read_back_as_itself() -> None:
    account = account_with_domain(mailgun_htmlonly_text=True)
    body = content(account.us.put(f"{TRACKING}/click", data={"active": "htmlonly"}))
    assert body["click"] == {"active": "htmlonly"}
    assert account.get(TRACKING)["tracking"]["click"] == {"active": "htmlonly"}


def test_tracking_of_an_unknown_domain_is_not_found() -> None:
    us = MailgunAccount().us
    assert refusal(us.get(TRACKING), 404) == "Domain not found"
    assert refusal(us.put(f"{TRACKING}/open"), 404) == "Domain not found"


def test_there_is_no_other_section() -> None:
    response = account_with_domain().us.put(f"{TRACKING}/pixel", data={"active": "yes"})
    assert content(response, 404) == {"error": "not found"}


def test_the_connection_settings_are_flat_and_belong_to_the_domain() -> None:
    account = account_with_domain()
    path = f"/v3/domains/{DOMAIN}/connection"
    assert account.get(path) == {"require_tls": False, "skip_verification": False}
    body = content(account.us.put(path, data={"require_tls": "true"}))
    assert body == {
        "message": "Domain connection settings have been updated, "
        "may take 10 minutes to fully propagate",
        "require_tls": True,
        "skip_verification": False,
    }
    assert account.get(f"/v4/domains/{DOMAIN}")["domain"]["require_tls"] is True
