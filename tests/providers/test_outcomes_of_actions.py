"""What became of an action, where the service answers otherwise than the sandbox does."""

from typing import Any

import pytest

from reconciler.model import TO_PUBLISH, Address, DnsRecord, Resource
from reconciler.providers.lookup import looked_up
from reconciler.providers.postmark.probes import probed
from reconciler.providers.postmark.webhooks import Webhooks

LIVE = Resource(
    address=Address(("t", "webhooks", "outbound", "https://a.example")), kind=Webhooks()
)
UNVERIFIED = Resource(address=LIVE.address, kind=LIVE.kind, notes=("it is not verified",))
FINE = {"TriggerType": "Open", "Success": True, "StatusCode": 200, "Message": "canary"}
BAD = {"TriggerType": "Click", "Success": False, "StatusCode": 0, "Message": "canary"}


@pytest.mark.parametrize(
    ("live", "report", "succeeded", "sentence"),
    [
        (LIVE, {"Success": True, "Results": [FINE]}, True, "the URL took 1 of 1 samples"),
        (LIVE, {"Success": False, "Results": [FINE, BAD]}, False, "the URL took 1 of 2 samples"),
        (LIVE, {"Results": [FINE, BAD]}, False, "the URL took 1 of 2 samples"),
        (LIVE, {"Success": True, "Results": [BAD]}, False, "the URL took 0 of 1 samples"),
        (LIVE, {"Success": False, "Results": []}, False, "the URL is not verified"),
        (LIVE, {"Success": True, "Results": []}, True, "the URL is verified"),
        (LIVE, {}, True, "the URL is verified"),
        (UNVERIFIED, {}, False, "the URL is not verified"),
        (UNVERIFIED, {"Results": "none"}, False, "the URL is not verified"),
        (UNVERIFIED, {"Success": "no", "Results": [3]}, False, "the URL is not verified"),
    ],
)
def test_a_report_of_samples_is_read_whatever_it_lacks(
    live: Resource, report: dict[str, Any], succeeded: Any, sentence: str
) -> None:
    done = probed(live, report)
    assert done.succeeded is succeeded
    assert sentence in done.sentence
    assert "canary" not in repr(done)


def test_a_sample_without_an_answer_is_told_as_that() -> None:
    assert probed(LIVE, {"Results": [BAD, {}, {**FINE, "TriggerType": "canary"}]}).details == (
        "Click: failed, no answer",
        "another trigger: failed, no answer",
        "another trigger: ok, HTTP 200",
    )


@pytest.mark.parametrize("is_verified", [True, False])
@pytest.mark.parametrize("state", [TO_PUBLISH, "verified"])
def test_a_look_at_dns_succeeds_if_all_is_found_and_the_service_is_content(
    state: str, is_verified: Any
) -> None:
    record = DnsRecord("SPF", "TXT", "a.example", "v=spf1", state)
    live = Resource(address=LIVE.address, kind=LIVE.kind, records=(record,))
    done = looked_up(live, is_verified=is_verified, doubt="; wait")
    assert done.succeeded == (is_verified and state != TO_PUBLISH)
    assert done.sentence.endswith("; wait") != done.succeeded
