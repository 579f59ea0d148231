"""The vendor's own Python client (`postmark-python`) drives the sandbox."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from postmark import sync
from postmark.exceptions import (
    InvalidAPIKeyException,
    PostmarkAPIException,
    RateLimitException,
    ServerException,
    ValidationException,
)
from postmark.models.servers.enums import DeliveryType, ServerColor, TrackLinks
from postmark.models.streams.enums import MessageStreamType, UnsubscribeHandlingType
from postmark_box import Served, fresh, run, served

TRANSACTIONAL, BROADCASTS = MessageStreamType.TRANSACTIONAL, MessageStreamType.BROADCASTS
TRIGGERS = {
    "Open": {"Enabled": True, "PostFirstOpenOnly": True},
    "Bounce": {"Enabled": True, "IncludeContent": False},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("state")) as running:
        yield running


@pytest.fixture
def box(server: Served) -> Served:
    return fresh(server)


@pytest.fixture(scope="module")
def clients(server: Served) -> Iterator[tuple[Any, Any]]:
    port = server.ports["postmark"]
    account: Any = sync.AccountClient(port["account_token"], retries=0, base_url=port["url"])
    own: Any = sync.ServerClient(port["server_token"], retries=0, base_url=port["url"])
    with account, own:
        yield account, own


@pytest.fixture
def account(box: Served, clients: tuple[Any, Any]) -> Any:  # noqa: ARG001 - as new
    return clients[0]


@pytest.fixture
def own(box: Served, clients: tuple[Any, Any]) -> Any:  # noqa: ARG001 - as new
    """Return the client of one server, as its token makes it."""
    return clients[1]


def publish(box: Served, domain: str) -> None:
    box.control("postmark", "POST", "dns", {"domain": domain, "published": True})


def test_a_domain_lives_from_its_creation_to_its_deletion(box: Served, account: Any) -> None:
    made = account.domain.create("box.example.net", "pm-bounces.box.example.net")
    assert (made.name, made.return_path_domain) == (
        "box.example.net",
        "pm-bounces.box.example.net",
    )
    assert made.dkim_pending_host.endswith("pm._domainkey.box.example.net")
    assert account.domain.get(made.id) == made
    assert made.id in [each.id for each in account.domain.list().items]
    assert not account.domain.verify_dkim(made.id).dkim_verified
    publish(box, "box.example.net")
    verified = account.domain.verify_dkim(made.id)
    assert (verified.dkim_verified, verified.dkim_host, verified.dkim_pending_host) == (
        True,
        made.dkim_pending_host,
        "",
    )
    assert account.domain.verify_return_path(made.id).return_path_domain_verified
    assert account.domain.verify_spf(made.id).spf_verified
    edited = account.domain.edit(made.id, "other.box.example.net")
    assert edited.return_path_domain == "other.box.example.net"
    assert account.domain.edit(made.id, "").return_path_domain == ""
    assert account.domain.delete(made.id).message == "Domain box.example.net removed."
    assert made.id not in [each.id for each in account.domain.list().items]


def test_a_dkim_key_is_rotated_after_it_was_verified_and_not_before(
    box: Served, account: Any
) -> None:
    made = account.domain.create("box.example.net")
    with pytest.raises(ValidationException, match="This DKIM is already being renewed") as error:
        account.domain.rotate_dkim(made.id)
    assert error.value.error_code == 505
    publish(box, "box.example.net")
    account.domain.verify_dkim(made.id)
    rotated = account.domain.rotate_dkim(made.id)
    assert account.domain.get(made.id).dkim_pending_host == rotated.dkim_pending_host
    assert rotated.dkim_host == made.dkim_pending_host
    assert rotated.dkim_pending_host
    assert rotated.dkim_pending_text_value != made.dkim_pending_text_value


def test_domains_and_senders_come_in_pages(account: Any) -> None:
    for number in range(5):
        account.domain.create(f"d{number}.example.net")
    total = account.domain.list(count=1).total
    pages = [account.domain.list(count=2, offset=offset).items for offset in range(0, total, 2)]
    ids = [each.id for page in pages for each in page]
    assert len(ids) == len(set(ids)) == total


def test_a_sender_lives_from_its_creation_to_its_deletion(box: Served, account: Any) -> None:
    made = account.signature.create(
        "ops@example.org", "Ops", "help@example.org", "pm.example.org", "Please confirm."
    )
    assert (made.email_address, made.reply_to_email_address, made.domain) == (
        "ops@example.org",
        "help@example.org",
        "example.org",
    )
    assert made.confirmation_personal_note == "Please confirm."
    assert not made.confirmed
    assert account.signature.get(made.id) == made
    assert account.signature.resend_confirmation(made.id).message == (
        "Confirmation email for Sender Signature ops@example.org was re-sent."
    )
    edited = account.signature.edit(made.id, "Operations", reply_to="")
    assert (edited.name, edited.reply_to_email_address) == ("Operations", "")
    assert edited.return_path_domain == "pm.example.org"
    box.control("postmark", "POST", "settings", {"confirmed_senders": ["ops@example.org"]})
    (listed,) = [each for each in account.signature.list().items if each.id == made.id]
    assert (listed.name, listed.confirmed) == ("Operations", True)
    with pytest.raises(ValidationException) as error:
        account.signature.resend_confirmation(made.id)
    assert error.value.error_code == 506
    assert account.signature.delete(made.id).message == "Signature ops@example.org removed."
    with pytest.raises(ValidationException) as error:
        account.signature.get(made.id)
    assert error.value.error_code == 501


def test_a_server_lives_from_its_creation_to_its_deletion(account: Any) -> None:
    made = account.server.create(
        "Contract",
        color=ServerColor.RED,
        smtp_api_activated=False,
        raw_email_enabled=True,
        delivery_type=DeliveryType.SANDBOX,
        inbound_hook_url="https://hooks.example.com/in",
        bounce_hook_url="https://hooks.example.com/bounce",
        inbound_domain="inbound.example.com",
        inbound_spam_threshold=9,
        track_opens=True,
        track_links=TrackLinks.HTML_ONLY,
        enable_smtp_api_error_hooks=True,
    )
    assert account.server.get(made.id) == made
    assert (made.color, made.delivery_type, made.track_links, made.inbound_spam_threshold) == (
        ServerColor.RED,
        DeliveryType.SANDBOX,
        TrackLinks.HTML_ONLY,
        9,
    )
    assert account.server.list(name="ontrac").items == [made]
    edited = account.server.edit(made.id, track_opens=False, bounce_hook_url="")
    assert edited == made.model_copy(update={"track_opens": False, "bounce_hook_url": ""})
    assert account.server.delete(made.id).message == "Server Contract removed."
    with pytest.raises(PostmarkAPIException) as error:
        account.server.get(made.id)
    assert (error.value.http_status, error.value.error_code) == (404, 0)


def test_a_server_found_by_the_account_opens_with_its_own_token(box: Served, account: Any) -> None:
    made = account.server.create("Contract")
    url = box.ports["postmark"]["url"]
    opened: Any = sync.ServerClient(made.api_tokens[0], retries=0, base_url=url)
    with opened as client:
        assert client.server.get() == made
        streams = sorted(each.id for each in client.stream.list().items)
    assert streams == ["broadcast", "inbound", "outbound"]


def test_a_server_edits_its_own_settings_one_by_one(own: Any) -> None:
    before = own.server.get()
    edited = own.server.edit(color=ServerColor.ORANGE)
    assert edited == before.model_copy(update={"color": ServerColor.ORANGE})
    edited = own.server.edit(track_links=TrackLinks.TEXT_ONLY, inbound_spam_threshold=30)
    assert (edited.track_links, edited.inbound_spam_threshold) == (TrackLinks.TEXT_ONLY, 30)
    assert own.server.get() == edited


def test_a_stream_is_made_edited_archived_and_brought_back(own: Any) -> None:
    made = own.stream.create(
        "letters", "Letters", BROADCASTS, "Monthly", UnsubscribeHandlingType.POSTMARK
    )
    assert own.stream.get("letters") == made
    assert (made.description, made.updated_at, made.archived_at) == ("Monthly", None, None)
    edited = own.stream.edit("letters", description="Weekly")
    assert (edited.name, edited.description) == ("Letters", "Weekly")
    assert edited.updated_at is not None
    assert [each.id for each in own.stream.list(BROADCASTS).items].count("letters") == 1
    archived = own.stream.archive("letters")
    assert archived.expected_purge_date is not None
    assert "letters" not in [each.id for each in own.stream.list().items]
    whole = own.stream.list(include_archived=True)
    assert "letters" in [each.id for each in whole.items]
    assert whole.total == len(whole.items)
    assert own.stream.get("letters").archived_at is not None
    back = own.stream.unarchive("letters")
    assert (back.archived_at, back.expected_purge_date) == (None, None)


def test_a_transactional_stream_handles_no_unsubscribes_by_itself(own: Any) -> None:
    made = own.stream.create("alerts", "Alerts", TRANSACTIONAL)
    handling = made.subscription_management_configuration.unsubscribe_handling_type
    assert handling is UnsubscribeHandlingType.NONE


def test_a_webhook_lives_from_its_creation_to_its_deletion(own: Any) -> None:
    made = own.webhooks.create(
        "https://hooks.example.com/a",
        message_stream="outbound",
        http_auth={"Username": "u", "Password": "p"},
        http_headers=[{"Name": "X-Team", "Value": "mail"}],
        triggers=TRIGGERS,
    )
    assert own.webhooks.get(made.id) == made
    assert made in own.webhooks.list("outbound")
    assert made not in own.webhooks.list("broadcast")
    assert (made.http_auth.username, made.http_auth.password) == ("u", "p")
    assert (made.triggers.open.post_first_open_only, made.triggers.click.enabled) == (True, False)
    edited = own.webhooks.edit(made.id, triggers={"Click": {"Enabled": True}})
    assert (edited.triggers.click.enabled, edited.triggers.open) == (True, made.triggers.open)
    assert edited.http_headers == made.http_headers
    edited = own.webhooks.edit(made.id, url="https://hooks.example.com/b", http_headers=[])
    assert (edited.url, edited.http_headers) == ("https://hooks.example.com/b", [])
    assert edited.http_auth == made.http_auth
    assert own.webhooks.delete(made.id).message == f"Webhook {made.id} removed."
    with pytest.raises(ValidationException) as error:
        own.webhooks.get(made.id)
    assert error.value.error_code == 1352
    assert error.value.message == "The webhook for the provided 'ID' was not found."


def test_a_webhook_without_a_stream_reports_on_outbound(own: Any) -> None:
    made = own.webhooks.create("https://hooks.example.com/a")
    assert made.message_stream == "outbound"
    assert not made.triggers.delivery.enabled


ACCOUNT_REFUSALS: dict[str, tuple[int, Callable[[Any], Any]]] = {
    "unknown domain": (510, lambda a: a.domain.get(99)),
    "unknown domain to delete": (510, lambda a: a.domain.delete(99)),
    "domain without a name": (514, lambda a: a.domain.create("")),
    "single label": (516, lambda a: a.domain.create("localhost")),
    "domain of 256 letters": (515, lambda a: a.domain.create("a" * 252 + ".com")),
    "public domain": (503, lambda a: a.domain.create("gmail.com")),
    "foreign return path": (522, lambda a: a.domain.create("a.example.net", "b.example.org")),
    "domain twice": (512, lambda a: [a.domain.create("a.example.net") for _ in range(2)]),
    "domain pages of none": (500, lambda a: a.domain.list(count=0)),
    "domain pages of too many": (500, lambda a: a.domain.list(count=501)),
    "unknown sender": (501, lambda a: a.signature.get(99)),
    "sender without an address": (520, lambda a: a.signature.create("", "X")),
    "bad address": (522, lambda a: a.signature.create("x", "X")),
    "sender at a public domain": (503, lambda a: a.signature.create("x@gmail.com", "X")),
    "sender twice": (504, lambda a: [a.signature.create("a@b.net", "X") for _ in range(2)]),
    "long note": (
        521,
        lambda a: a.signature.create("a@b.net", "X", confirmation_personal_note="x" * 401),
    ),
    "server pages of none": (600, lambda a: a.server.list(count=0)),
    "server without a name": (608, lambda a: a.server.create("")),
    "server twice": (603, lambda a: [a.server.create("Twice") for _ in range(2)]),
    "internal hook": (606, lambda a: a.server.create("X", inbound_hook_url="http://127.0.0.1/")),
    "spam threshold": (611, lambda a: a.server.create("X", inbound_spam_threshold=31)),
    "inbound domain twice": (
        602,
        lambda a: [a.server.create(name, inbound_domain="in.example.com") for name in "XY"],
    ),
}


@pytest.mark.parametrize(("code", "call"), ACCOUNT_REFUSALS.values(), ids=ACCOUNT_REFUSALS)
def test_refusals_of_the_account_come_with_their_code(
    account: Any, code: int, call: Callable[[Any], Any]
) -> None:
    with pytest.raises(ValidationException) as error:
        call(account)
    assert (error.value.error_code, error.value.http_status) == (code, 422)


def fill(own: Any) -> None:
    for number in range(8):
        own.stream.create(f"s{number}", "S", TRANSACTIONAL)


SERVER_REFUSALS: dict[str, tuple[int, Callable[[Any], Any]]] = {
    "unknown stream": (1226, lambda s: s.stream.get("nowhere")),
    "stream without an ID": (1222, lambda s: s.stream.create("", "X", TRANSACTIONAL)),
    "stream without a name": (1223, lambda s: s.stream.create("x", "", TRANSACTIONAL)),
    "long stream name": (1224, lambda s: s.stream.create("x", "x" * 101, TRANSACTIONAL)),
    "too many streams": (1225, fill),
    "bad stream ID": (1227, lambda s: s.stream.create("X!", "X", TRANSACTIONAL)),
    "second inbound stream": (
        1228,
        lambda s: s.stream.create("x", "X", MessageStreamType.INBOUND),
    ),
    "archived default": (1229, lambda s: s.stream.archive("outbound")),
    "stream twice": (1230, lambda s: s.stream.create("outbound", "X", TRANSACTIONAL)),
    "long description": (1231, lambda s: s.stream.create("x", "X", TRANSACTIONAL, "x" * 1001)),
    "not archived": (1232, lambda s: s.stream.unarchive("outbound")),
    "pm-": (1233, lambda s: s.stream.create("pm-x", "X", TRANSACTIONAL)),
    "markup": (1234, lambda s: s.stream.edit("outbound", "<b>")),
    "reserved": (1237, lambda s: s.stream.create("all", "X", TRANSACTIONAL)),
    "custom": (
        1238,
        lambda s: s.stream.edit(
            "broadcast", unsubscribe_handling_type=UnsubscribeHandlingType.CUSTOM
        ),
    ),
    "broadcasts without unsubscribes": (
        1239,
        lambda s: s.stream.create(
            "x", "X", BROADCASTS, unsubscribe_handling_type=UnsubscribeHandlingType.NONE
        ),
    ),
    "webhooks of an unknown stream": (1226, lambda s: s.webhooks.list("nowhere")),
    "webhook of an archived stream": (
        1350,
        lambda s: (
            s.stream.archive("broadcast"),
            s.webhooks.create("https://hooks.example.com/", "broadcast"),
        ),
    ),
    "webhook of inbound": (
        1351,
        lambda s: s.webhooks.create("https://hooks.example.com/", "inbound"),
    ),
    "unknown webhook": (1352, lambda s: s.webhooks.delete(99)),
    "webhook without a URL": (1354, lambda s: s.webhooks.create("")),
    "header name": (
        1358,
        lambda s: s.webhooks.create(
            "https://hooks.example.com/", http_headers=[{"Name": "a b", "Value": "1"}]
        ),
    ),
    "unknown trigger": (
        1361,
        lambda s: s.webhooks.create("https://hooks.example.com/", triggers={"Never": {}}),
    ),
    "server without settings": (609, lambda s: s.server.edit()),
    "server without a name": (608, lambda s: s.server.edit(name="")),
}


@pytest.mark.parametrize(("code", "call"), SERVER_REFUSALS.values(), ids=SERVER_REFUSALS)
def test_refusals_of_a_server_come_with_their_code(
    own: Any, code: int, call: Callable[[Any], Any]
) -> None:
    with pytest.raises(ValidationException) as error:
        call(own)
    assert (error.value.error_code, error.value.http_status) == (code, 422)


def test_a_failed_probe_of_the_url_is_refused(box: Served, own: Any) -> None:
    box.control("postmark", "POST", "settings", {"postmark_webhook_probe": "fail"})
    with pytest.raises(ValidationException) as error:
        own.webhooks.create("https://hooks.example.com/", triggers=TRIGGERS)
    assert error.value.error_code == 1364
    assert error.value.message == "0/2 triggers verified successfully"
    assert [each.url for each in own.webhooks.list()] == ["https://hooks.example.net/old"]


@pytest.mark.parametrize(
    ("kind", "token"), [("Account", "server_token"), ("Server", "account_token"), ("Server", "")]
)
def test_tokens_that_are_wrong_or_swapped_are_refused(box: Served, kind: str, token: str) -> None:
    port = box.ports["postmark"]
    maker: Any = getattr(sync, f"{kind}Client")
    opened = maker(port.get(token, "nothing"), retries=0, base_url=port["url"])
    with opened as client, pytest.raises(InvalidAPIKeyException) as error:
        client.server.list() if kind == "Account" else client.server.get()
    assert (error.value.error_code, error.value.http_status) == (10, 401)
    assert error.value.message == f"Request does not contain a valid {kind} token."


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        ({"status": 429, "body": {"ErrorCode": 429, "Message": "Slow"}}, RateLimitException, 429),
        ({"status": 429}, RateLimitException, 0),
        ({"status": 503, "body": {"ErrorCode": 100, "Message": "Away"}}, ServerException, 100),
        ({"status": 500}, ServerException, 0),
        ({"status": 403, "body": "<html>"}, PostmarkAPIException, 0),
    ],
)
def test_planted_faults_are_the_clients_own_exceptions(
    box: Served, own: Any, fault: dict[str, Any], kind: type[PostmarkAPIException], code: int
) -> None:
    box.control("postmark", "POST", "faults", {"path": "/server", **fault})
    with pytest.raises(kind) as error:
        own.server.get()
    assert (error.value.http_status, error.value.error_code) == (fault["status"], code)
    assert own.server.get().name


CONFIG = """\
version: 1
providers:
  t:
    service: postmark
    token: {env: POSTMARK_SERVER_TOKEN}
    account_token: {env: POSTMARK_ACCOUNT_TOKEN}
    tracking: {opens: true, links: text_only}
    settings: {color: orange, inbound_spam_threshold: 4, raw_email: true}
    domains: {box.example.net: {return_path: pm.box.example.net}}
    senders: {ops@example.org: {name: Ops, reply_to: a@example.org, personal_note: Hello}}
    streams: {letters: {type: broadcasts, name: Letters, description: Weekly}}
    webhooks:
      - url: https://hooks.example.com/a
        stream: letters
        triggers: {open: {first_only: true}, bounce: true}
        auth: {username: u, password: {env: ESP_PASSWORD}}
        headers: {X-Team: mail}
"""


def test_what_the_client_wrote_is_nothing_to_change(
    box: Served, account: Any, own: Any, tmp_path: Path
) -> None:
    own.server.edit(
        track_opens=True,
        track_links=TrackLinks.TEXT_ONLY,
        color=ServerColor.ORANGE,
        inbound_spam_threshold=4,
        raw_email_enabled=True,
    )
    account.domain.create("box.example.net", "pm.box.example.net")
    account.signature.create(
        "ops@example.org", "Ops", "a@example.org", confirmation_personal_note="Hello"
    )
    own.stream.create("letters", "Letters", BROADCASTS, "Weekly")
    own.webhooks.create(
        "https://hooks.example.com/a",
        "letters",
        {"Username": "u", "Password": "p"},
        [{"Name": "X-Team", "Value": "mail"}],
        TRIGGERS,
    )
    (tmp_path / "esp.yaml").write_text(CONFIG, encoding="utf-8")
    env = {**box.env, "ESP_PASSWORD": "p"}
    found = run("plan", "--detailed-exitcode", cwd=tmp_path, env=env)
    assert found.code == 0, found.out + found.err


def test_what_we_applied_is_what_the_client_reads(
    box: Served, account: Any, own: Any, tmp_path: Path
) -> None:
    (tmp_path / "esp.yaml").write_text(CONFIG, encoding="utf-8")
    done = run("apply", "--yes", cwd=tmp_path, env={**box.env, "ESP_PASSWORD": "p"})
    assert done.code == 0, done.out + done.err
    settings = own.server.get()
    assert (settings.track_opens, settings.track_links) == (True, TrackLinks.TEXT_ONLY)
    assert (settings.color, settings.inbound_spam_threshold) == (ServerColor.ORANGE, 4)
    (domain,) = [d for d in account.domain.list().items if d.name == "box.example.net"]
    assert account.domain.get(domain.id).return_path_domain == "pm.box.example.net"
    (sender,) = [s for s in account.signature.list().items if s.email_address == "ops@example.org"]
    assert account.signature.get(sender.id).confirmation_personal_note == "Hello"
    assert own.stream.get("letters").description == "Weekly"
    (hook,) = own.webhooks.list("letters")
    assert (hook.http_auth.password, hook.http_headers[0].value) == ("p", "mail")
    assert hook.triggers.open.post_first_open_only
    assert hook.triggers.bounce.enabled
