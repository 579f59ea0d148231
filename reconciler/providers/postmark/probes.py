"""Samples of events that Postmark sends to a webhook's URL, and what came of them (§8.3)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reconciler.model import Performed, Resource

Report = Mapping[str, Any]
_TRIGGERS = ("Open", "Click", "Delivery", "Bounce", "SpamComplaint", "SubscriptionChange")


def probed(live: Resource, report: Report) -> Performed:
    """Say how each sample fared. The report's own words are left out: they may quote secrets.

    It is new, and its shape known from the documentation only: where it tells nothing, `live` does.
    """
    told = report.get("Results")
    samples = [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []
    failed = [each for each in samples if each.get("Success") is not True]
    verdict = report.get("Success")
    succeeded = not failed and (verdict if isinstance(verdict, bool) else not live.notes)
    sentence = _sentence(len(samples), len(failed), succeeded=succeeded)
    return Performed(live, sentence, succeeded, tuple(_fates(samples)))


def _sentence(samples: int, failed: int, *, succeeded: bool) -> str:
    if samples and (failed or succeeded):
        return f"the URL took {samples - failed} of {samples} samples"
    return "the URL is verified" if succeeded else "the URL is not verified"


def _fates(samples: Sequence[Report]) -> Iterator[str]:
    for each in samples:
        told = each.get("TriggerType")
        trigger = told if told in _TRIGGERS else "another trigger"
        status = each.get("StatusCode")
        answer = f"HTTP {status}" if isinstance(status, int) and status else "no answer"
        yield f"{trigger}: {'ok' if each.get('Success') is True else 'failed'}, {answer}"
