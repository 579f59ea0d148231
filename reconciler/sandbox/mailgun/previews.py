"""Free estimates of a list's health (mailgun.md §12.3)."""

import time
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from reconciler.sandbox.mailgun import verdicts
from reconciler.sandbox.mailgun.account import Endpoints, Visit
from reconciler.sandbox.mailgun.address_lists import new_name, read_addresses
from reconciler.sandbox.mailgun.answers import bad_request, no_content, refused, reply
from reconciler.sandbox.mailgun.bulk import start_job

ENDPOINTS = Endpoints()
ALL = "/v4/address/validate/preview"
ONE = ALL + "/{list_id}"
MOST_RUNNING = 10
Preview = dict[str, Any]


def _previews(visit: Visit) -> dict[str, Preview]:
    previews: dict[str, Preview] = visit.region.state["previews"]
    return previews


@ENDPOINTS.on("POST", ONE)
def submit(visit: Visit) -> Response:
    name = new_name(visit, _previews(visit))
    running = [item for item in _previews(visit).values() if not _is_complete(visit, item)]
    if len(running) >= MOST_RUNNING:
        raise bad_request("Too many previews are running")  # text ours
    addresses = read_addresses(visit)
    _previews(visit)[name] = {"created_at": time.time(), "addresses": addresses}
    return reply({"id": name, "message": "The bulk preview was submitted."}, 202)


def _is_complete(visit: Visit, preview: Preview) -> bool:
    ready_at: float = preview["created_at"] + visit.setting("bulk_step", 0.3)
    return ready_at <= time.time()


@ENDPOINTS.on("GET", ONE)
def get_preview(visit: Visit) -> Response:
    """One page of the documentation shows this without the wrapper."""
    return reply({"preview": _view(visit, *_named(visit))})


def _named(visit: Visit) -> tuple[str, Preview]:
    name = visit.call.params["list_id"]
    if name not in _previews(visit):
        raise refused(404, message="Preview not found")  # text ours
    return name, _previews(visit)[name]


def _view(visit: Visit, name: str, preview: Preview) -> dict[str, Any]:
    is_complete = _is_complete(visit, preview)
    return {
        "id": name,
        "valid": True,
        "status": "preview_complete" if is_complete else "preview_processing",
        "quantity": len(preview["addresses"]),
        "created_at": int(preview["created_at"]),
        **({"summary": _summary(preview)} if is_complete else {}),
    }


def _summary(preview: Preview) -> dict[str, Any]:
    """Judge a list once, as for a job."""
    if "summary" not in preview:
        preview["summary"] = _shares(preview["addresses"])
    summary: dict[str, Any] = preview["summary"]
    return summary


def _shares(addresses: list[str]) -> dict[str, dict[str, float]]:
    return {name: _percentages(counts) for name, counts in verdicts.summary(set(addresses)).items()}


def _percentages(counts: Mapping[str, int]) -> dict[str, float]:
    total = sum(counts.values()) or 1
    return {bucket: round(100 * count / total, 2) for bucket, count in counts.items()}


@ENDPOINTS.on("GET", ALL)
def list_previews(visit: Visit) -> Response:
    items = [_view(visit, name, item) for name, item in reversed(_previews(visit).items())]
    return reply({"previews": items, "total": len(items)})


@ENDPOINTS.on("PUT", ONE)
def promote(visit: Visit) -> Response:
    name, preview = _named(visit)
    start_job(visit, new_name(visit, visit.region.state["jobs"]), preview["addresses"])
    del _previews(visit)[name]
    text = "The bulk preview job was promoted to a bulk validation job."
    return reply({"message": text}, 202)


@ENDPOINTS.on("DELETE", ONE)
def delete_preview(visit: Visit) -> Response:
    name, _ = _named(visit)
    del _previews(visit)[name]
    return no_content()
