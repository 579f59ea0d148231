"""The vendor's own Python client suppresses addresses in the sandbox, and finds them again."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from postmark import sync
from postmark.exceptions import ValidationException
from postmark.models.suppressions.enums import SuppressionOrigin, SuppressionReason
from postmark_box import Served, fresh, served

ADDRESSES = ["ann@shop.example.org", "bob@shop.example.org"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("state")) as running:
        yield running


@pytest.fixture
def suppressions(server: Served) -> Iterator[Any]:
    """Return what manages the suppressions of one server."""
    port = fresh(server).ports["postmark"]
    own: Any = sync.ServerClient(port["server_token"], retries=0, base_url=port["url"])
    with own:
        yield own.suppressions


def found(suppressions: Any, **filters: Any) -> list[str]:
    return sorted(each.email_address for each in suppressions.dump("outbound", **filters))


def test_addresses_are_suppressed_and_let_in_again(suppressions: Any) -> None:
    made = suppressions.create("outbound", [*ADDRESSES, "nobody"])
    assert [each.status for each in made] == ["Suppressed", "Suppressed", "Failed"]
    assert found(suppressions) == ADDRESSES
    (gone,) = suppressions.delete("outbound", ADDRESSES[:1])
    assert (gone.email_address, gone.status) == (ADDRESSES[0], "Deleted")
    assert found(suppressions) == ADDRESSES[1:]


def test_every_filter_leaves_out_what_it_does_not_fit(suppressions: Any) -> None:
    suppressions.create("outbound", ADDRESSES)
    assert found(suppressions, email_address="") == ADDRESSES
    assert found(suppressions, email_address=ADDRESSES[0].upper()) == ADDRESSES[:1]
    assert found(suppressions, email_address="nobody") == []
    assert found(suppressions, origin=SuppressionOrigin.CUSTOMER) == ADDRESSES
    assert found(suppressions, origin=SuppressionOrigin.RECIPIENT) == []
    assert found(suppressions, suppression_reason=SuppressionReason.HARD_BOUNCE) == []
    assert found(suppressions, to_date=date(2000, 1, 1)) == []
    assert found(suppressions, from_date=date(2000, 1, 1)) == ADDRESSES


def test_an_unknown_stream_has_no_suppressions(suppressions: Any) -> None:
    with pytest.raises(ValidationException):
        suppressions.dump("nowhere")
