"""The third-party client `postmarker`, which is built on requests, drives the sandbox."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from postmark_box import Served, fresh, served
from postmarker.core import PostmarkClient  # type: ignore[import-untyped]
from postmarker.exceptions import ClientError  # type: ignore[import-untyped]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("state")) as running:
        yield running


@pytest.fixture
def box(server: Served) -> Served:
    return fresh(server)


@pytest.fixture
def client(box: Served) -> Iterator[PostmarkClient]:
    port = box.ports["postmark"]
    made = PostmarkClient(port["server_token"], port["account_token"], root_api_url=port["url"])
    yield made
    made.session.close()


def test_a_domain_lives_from_its_creation_to_its_deletion(
    box: Served, client: PostmarkClient
) -> None:
    made = client.domains.create("box.example.net", "pm.box.example.net")
    assert (made.Name, made.ReturnPathDomain) == ("box.example.net", "pm.box.example.net")
    assert client.domains.get(made.ID).as_dict() == made.as_dict()
    assert "box.example.net" in [each.Name for each in client.domains.all()]
    assert made.verifydkim()["DKIMVerified"] is False
    with pytest.raises(ClientError) as error:
        made.rotatedkim()
    assert error.value.error_code == 505
    box.control("postmark", "POST", "dns", {"domain": "box.example.net", "published": True})
    assert made.verifydkim()["DKIMHost"] == made.DKIMPendingHost
    assert made.verifyreturnpath()["ReturnPathDomainVerified"] is True
    assert made.rotatedkim()["DKIMPendingHost"]
    assert made.verifyspf()["SPFVerified"] is True
    made.edit(ReturnPathDomain="other.box.example.net")
    assert client.domains.get(made.ID).ReturnPathDomain == "other.box.example.net"
    # It sends null for what is not given, which leaves the value alone.
    made.edit(ReturnPathDomain=None)
    assert client.domains.get(made.ID).ReturnPathDomain == "other.box.example.net"
    made.edit(ReturnPathDomain="")
    assert client.domains.get(made.ID).ReturnPathDomain == ""
    assert made.delete() == "Domain box.example.net removed."
    assert made.ID not in [each.ID for each in client.domains.all()]


def test_all_domains_come_whatever_the_size_of_a_page(client: PostmarkClient) -> None:
    for number in range(5):
        client.domains.create(f"d{number}.example.net")
    names = {each.Name for each in client.domains.all()}
    client.domains.max_chunk_size = 2
    assert {each.Name for each in client.domains.all()} == names
    assert len(client.domains.all(count=3, offset=1)) == 3


def test_a_sender_lives_from_its_creation_to_its_deletion(
    box: Served, client: PostmarkClient
) -> None:
    made = client.senders.create("ops@example.org", "Ops", "help@example.org", "pm.example.org")
    assert (made.EmailAddress, made.ReplyToEmailAddress, made.Confirmed) == (
        "ops@example.org",
        "help@example.org",
        False,
    )
    assert client.senders.get(made.ID).as_dict() == made.as_dict()
    assert "ops@example.org" in [each.EmailAddress for each in client.senders.all()]
    made.edit(Name="Operations")
    read = client.senders.get(made.ID)
    assert (read.Name, read.ReplyToEmailAddress) == ("Operations", "help@example.org")
    made.edit(Name="Operations", ReplyToEmail="")
    assert client.senders.get(made.ID).ReplyToEmailAddress == ""
    assert made.resend() == "Confirmation email for Sender Signature ops@example.org was re-sent."
    assert made.verifyspf()["SPFVerified"] is True
    with pytest.raises(ClientError) as error, pytest.warns(match="deprecated"):
        made.requestnewdkim()
    assert str(error.value) == "[505] This DKIM is already being renewed."
    box.control("postmark", "POST", "settings", {"confirmed_senders": ["ops@example.org"]})
    assert client.senders.get(made.ID).Confirmed is True
    assert made.delete() == "Signature ops@example.org removed."


def test_a_server_edits_its_own_settings(client: PostmarkClient) -> None:
    own = client.server.get()
    before = own.as_dict()
    own.edit(TrackOpens=True, Color="RED", TrackLinks="htmlonly")
    assert client.server.get().as_dict() == before | {
        "TrackOpens": True,
        "Color": "red",
        "TrackLinks": "HtmlOnly",
    }


REFUSALS: dict[str, tuple[int, Callable[[PostmarkClient], Any]]] = {
    "unknown domain": (510, lambda client: client.domains.get(99)),
    "domain without a name": (514, lambda client: client.domains.create("")),
    "bad domain": (516, lambda client: client.domains.create("localhost")),
    "public domain": (503, lambda client: client.domains.create("gmail.com")),
    "domain twice": (512, lambda client: [client.domains.create("a.net") for _ in range(2)]),
    "foreign return path": (522, lambda client: client.domains.create("a.net", "b.org")),
    "unknown sender": (501, lambda client: client.senders.get(99)),
    "sender without address": (520, lambda client: client.senders.create("", "X")),
    "sender at example.com": (503, lambda client: client.senders.create("a@example.com", "X")),
    "sender twice": (504, lambda client: [client.senders.create("a@b.net", "X") for _ in "12"]),
    "colour": (607, lambda client: client.server.edit(Color="")),
    "server's name": (608, lambda client: client.server.edit(Name="")),
    "no data": (609, lambda client: client.server.edit()),
    "links": (612, lambda client: client.server.edit(TrackLinks="")),
    "type": (403, lambda client: client.server.edit(TrackOpens="yes")),
}


@pytest.mark.parametrize(("code", "call"), REFUSALS.values(), ids=REFUSALS)
def test_refusals_come_with_their_code(
    client: PostmarkClient, code: int, call: Callable[[PostmarkClient], Any]
) -> None:
    with pytest.raises(ClientError) as error:
        call(client)
    assert error.value.error_code == code
    assert str(error.value).startswith(f"[{code}] ")


def test_swapped_tokens_are_refused(box: Served) -> None:
    port = box.ports["postmark"]
    swapped = PostmarkClient(port["account_token"], port["server_token"], root_api_url=port["url"])
    with swapped.session:
        for call in (swapped.server.get, swapped.domains.all):
            with pytest.raises(ClientError) as error:
                call()
            assert error.value.error_code == 10
    assert str(error.value) == "[10] Request does not contain a valid Account token."


def test_an_answer_without_json_is_an_error_of_requests(
    box: Served, client: PostmarkClient
) -> None:
    box.control("postmark", "POST", "faults", {"path": "/server", "status": 403, "body": "<html>"})
    with pytest.raises(requests.HTTPError, match="403"):
        client.server.get()
