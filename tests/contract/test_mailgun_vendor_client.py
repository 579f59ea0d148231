"""The vendor's own Python client drives the sandbox as it drives the service."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mailgun_box import Served, fresh, served, vendor

NAME = "mg.example.org"
HOOK = "https://hooks.example.com"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("state")
    with served(folder) as running:
        yield running


@pytest.fixture
def box(server: Served) -> Served:
    return fresh(server)


def made(client: Any) -> None:
    answer = client.domains.create(data={"name": NAME, "spam_action": "tag"})
    assert answer.status_code == 200
    assert answer.json()["message"] == "Domain DNS records have been created"


@pytest.mark.parametrize("region", ["us", "eu"])
def test_a_domain_is_made_read_changed_verified_and_deleted(box: Served, region: str) -> None:
    with vendor(box, region) as client:
        made(client)
        assert NAME in [each["name"] for each in client.domainlist.get().json()["items"]]
        assert client.domains.get(domain=NAME).json()["domain"]["spam_action"] == "tag"
        changed = client.domains.put(domain=NAME, data={"spam_action": "block"}).json()
        assert changed["message"] == "Domain has been updated"
        assert changed["domain"]["spam_action"] == "block"
        verified = client.domains.put(domain=NAME, verify=True).json()
        assert verified["message"] == "Domain DNS records have been updated"
        gone = client.domains.delete(domain=NAME).json()
        assert gone["message"] == "Domain will be deleted in the background"


def test_a_domain_of_one_region_is_not_found_in_the_other(box: Served) -> None:
    with vendor(box) as here, vendor(box, "eu") as there:
        made(here)
        answer = there.domains.get(domain=NAME)
        assert (answer.status_code, answer.json()) == (404, {"message": "Domain not found"})
        taken = there.domains.create(data={"name": NAME})
        assert taken.status_code == 400


def test_tracking_is_switched_section_by_section(box: Served) -> None:
    with vendor(box) as client:
        made(client)
        for section, endpoint in {
            "open": client.domains_tracking_open,
            "click": client.domains_tracking_click,
            "unsubscribe": client.domains_tracking_unsubscribe,
        }.items():
            answer = endpoint.put(domain=NAME, data={"active": "yes", "skip_verification": "no"})
            assert answer.json()["message"] == "Domain tracking settings have been updated"
            assert answer.json()[section]["active"] is True
        told = client.domains_tracking.get(domain=NAME).json()["tracking"]
        assert all(told[each]["active"] is True for each in ("open", "click", "unsubscribe"))


def test_webhooks_are_made_replaced_and_deleted_by_event(box: Served) -> None:
    with vendor(box) as client:
        made(client)
        hooks = client.domains_webhooks
        data: dict[str, Any] = {"id": "clicked", "url": [f"{HOOK}/a"]}
        assert hooks.create(domain=NAME, data=data).json() == {
            "message": "Webhook has been created",
            "webhook": {"urls": [f"{HOOK}/a"]},
        }
        assert hooks.create(domain=NAME, data=data).status_code == 400
        data = {"url": [f"{HOOK}/b", f"{HOOK}/c"]}
        hooks.put(domain=NAME, webhook_name="clicked", data=data)
        told = {"clicked": {"urls": [f"{HOOK}/b", f"{HOOK}/c"]}}
        assert hooks.get(domain=NAME).json() == {"webhooks": told}
        assert hooks.delete(domain=NAME, webhook_name="clicked").status_code == 200
        assert hooks.get(domain=NAME, webhook_name="clicked").status_code == 404


def test_account_webhooks_are_made_changed_and_deleted(box: Served) -> None:
    with vendor(box) as client:
        hooks = client.account_webhooks
        data = {"url": f"{HOOK}/all", "event_types": ["delivered"], "description": "d"}
        id_ = hooks.create(data=data).json()["webhook_id"]
        data["event_types"] = ["delivered", "opened"]
        assert hooks.put(webhook_id=id_, data=data).status_code == 204
        (told,) = hooks.get().json()["webhooks"]
        assert told["event_types"] == ["delivered", "opened"]
        assert hooks.delete(webhook_id=id_).status_code == 204
        assert hooks.get().json() == {"webhooks": []}


def test_dkim_keys_are_made_listed_and_deleted(box: Served) -> None:
    with vendor(box) as client:
        made(client)
        data = {"signing_domain": NAME, "selector": "second", "bits": "2048"}
        key = client.dkim_keys.create(data=data).json()
        assert (key["selector"], key["dns_record"]["is_active"]) == ("second", False)
        again = client.dkim_keys.create(data=data)
        assert again.json() == {"message": "failed to create domain key: duplicate key"}
        found = client.dkim_keys.get(filters={"signing_domain": NAME, "limit": "10"}).json()
        assert [each["selector"] for each in found["items"]] == ["smtp", "second"]
        query = {"signing_domain": NAME, "selector": "second"}
        assert client.dkim_keys.delete(filters=query).json() == {"message": "success"}


def test_the_selector_and_the_authority_are_changed(box: Served) -> None:
    with vendor(box) as client:
        made(client)
        selector = client.domains_dkimselector.put(domain=NAME, data={"dkim_selector": "s"})
        assert selector.json() == {"message": "DKIM selector changed"}
        told = client.domains_dkimauthority.put(domain=NAME, data={"self": "true"}).json()
        assert told["changed"] is False


def test_a_message_is_queued_in_test_mode_and_refused_with_a_bad_key(box: Served) -> None:
    data = {
        "from": "a@mg.example.net",
        "to": "b@example.com",
        "subject": "Hello",
        "text": "Hello",
        "o:testmode": "yes",
        "o:tag": ["one", "two"],
    }
    with vendor(box) as client:
        answer = client.messages.create(data=data, domain="mg.example.net")
        assert answer.json()["message"] == "Queued. Thank you."
        assert answer.json()["id"].endswith("@mg.example.net>")
        missing = client.messages.create(data={"to": "b@example.com"}, domain="mg.example.net")
        assert missing.status_code == 400
