"""The vendor's JavaScript client keeps suppressions, follows failing jobs, reads subaccounts."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from mailgun_box import Served, fresh, served
from mailgun_javascript import Cycle, cycles, refused
from required import needs

WORDS = {
    "bounces": "Address not found in bounces table",
    "complaints": "No spam complaints found for this address",
    "unsubscribes": "Address not found in unsubscribers table",
    "whitelists": "Address/Domain not found in allowlist table",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    needs("node")
    with served(tmp_path_factory.mktemp("state")) as running:
        yield running


@pytest.fixture
def box(server: Served) -> Served:
    return fresh(server)


@pytest.fixture
def cycle(box: Served) -> Cycle:
    return cycles(box)


def names(page: dict[str, Any], key: str = "address") -> list[str]:
    return [item[key] for item in page["items"]]


@pytest.mark.parametrize("transport", ["built-in", "form-data", "fetch"])
def test_suppressions_are_created_uploaded_listed_and_destroyed(
    cycle: Cycle, transport: str
) -> None:
    for name, told in cycle("suppressions", transport=transport).items():
        is_allowlist = name == "whitelists"
        key, date = ("value", "createdAt") if is_allowlist else ("address", "created_at")
        table = "allowlists" if is_allowlist else name
        assert told["created"]["message"].endswith(f"been added to the {table} table")
        assert told["got"][key] == "Ann@example.com"
        assert datetime.fromisoformat(told["got"][date]).year > 2000
        assert told["uploaded"]["message"].startswith("file uploaded successfully")
        assert names(told["listed"], key) == ["Ann@example.com", "bob@example.com"]
        assert told["destroyed"][key] == "Ann@example.com"
        assert told["missing"] == refused(404, WORDS[name])
        assert told["cleared"]["message"].endswith("for this domain have been removed")
        assert told["none"]["items"] == []


def test_what_is_special_about_each_list_comes_through(cycle: Cycle) -> None:
    told = cycle("suppressions")
    bounce, leave = told["bounces"]["got"], told["unsubscribes"]["got"]
    assert (bounce["code"], bounce["error"]) == (550, "")
    assert leave["tags"] == ["*"]
    assert told["whitelists"]["created"]["type"] == "address"


def test_suppressions_come_in_pages(cycle: Cycle) -> None:
    told = cycle("suppressionPages")
    assert told["created"]["message"] == "3 addresses have been added to the bounces table"
    assert names(told["first"]) == names(told["back"]) == ["a@example.com", "b@example.com"]
    assert names(told["second"]) == ["c@example.com"]
    assert names(told["third"]) == []
    assert told["first"]["pages"]["next"]["iteratorPosition"] == "b@example.com"


def test_tags_and_domains_are_given_in_the_client_s_own_ways(cycle: Cycle) -> None:
    told = cycle("suppressionPages")
    assert told["left"]["message"] == "2 addresses have been added to the unsubscribes table"
    assert told["tags"]["tags"] == ["news", "x"]
    assert (told["allowed"]["type"], told["allowed"]["value"]) == ("domain", "example.com")
    text = "address parameter is not a valid address. please check documentation"
    assert told["wrong"] == refused(400, text)


def test_a_failed_job_has_nothing_to_download(box: Served, cycle: Cycle) -> None:
    settings = {"mailgun_bulk_step": 0, "mailgun_bulk_failure": "the file could not be read"}
    box.control("mailgun_us", "POST", "settings", settings)
    job = cycle("bulkFailure")["got"]
    assert (job["status"], job["quantity"]) == ("failed", 3)
    assert not {"summary", "downloadUrl"} & job.keys()


def test_subaccounts_tell_when_they_were_made(cycle: Cycle) -> None:
    told = cycle("subaccounts")
    created = told["created"]
    # JavaScript writes null for a date that it could not read.
    assert all(datetime.fromisoformat(created[each]) for each in ("created_at", "updated_at"))
    assert told["listed"] == {"total": 1, "subaccounts": [created]}
    disabled = told["disabled"]["subaccount"]
    # The client leaves dates as they are here.
    assert (disabled["status"], disabled["created_at"][-4:]) == ("disabled", " GMT")
    assert told["again"] == refused(400, "subaccount is already disabled")
    assert told["destroyed"]["message"] == "Subaccount successfully deleted"
