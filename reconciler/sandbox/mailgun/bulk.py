"""Validation of whole lists: jobs that go through their states by themselves (mailgun.md §12.2)."""

import csv
import io
import json
import secrets
import time
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from reconciler.sandbox.app import Call, Routes
from reconciler.sandbox.mailgun import verdicts
from reconciler.sandbox.mailgun.account import Endpoints, Region, Visit
from reconciler.sandbox.mailgun.address_lists import new_name, read_addresses
from reconciler.sandbox.mailgun.answers import bad_request, message, not_found, refused, reply

ENDPOINTS = Endpoints()
DOWNLOADS = Routes(ignore_case=False)
ALL = "/v4/address/validate/bulk"
ONE = ALL + "/{list_id}"
STATES = ("created", "processing", "completed", "uploading", "uploaded")
STATES_OF_FAILURE = ("created", "processing", "failed")
ENDS = ("uploaded", "failed", "deleted")
COLUMNS = (
    "address",
    "result",
    "risk",
    "reason",
    "is_role_address",
    "is_disposable_address",
    "did_you_mean",
)
Job = dict[str, Any]


def _jobs(visit: Visit) -> dict[str, Job]:
    jobs: dict[str, Job] = visit.region.state["jobs"]
    return jobs


@ENDPOINTS.on("POST", ONE)
def submit(visit: Visit) -> Response:
    name = new_name(visit, _jobs(visit))
    start_job(visit, name, read_addresses(visit))
    return reply({"id": name, "message": "The validation job was submitted."}, 202)


def start_job(visit: Visit, name: str, addresses: list[str]) -> None:
    """Start one of at most `mailgun_bulk_parallel` jobs; sources disagree between 5 and 10."""
    running = sum(_status(visit, job) not in ENDS for job in _jobs(visit).values())
    if running >= visit.setting("bulk_parallel", 5):
        raise bad_request("Too many validation jobs are running")  # text ours
    _jobs(visit)[name] = {
        "created_at": time.time(),
        "quantity": len(addresses),
        "addresses": list(dict.fromkeys(address.lower() for address in addresses)),
        "token": secrets.token_hex(16),
        "is_deleted": False,
        "failure": visit.setting("bulk_failure"),
    }


def _status(visit: Visit, job: Job) -> str:
    return "deleted" if job["is_deleted"] else _entered(visit, job)[0]


def _entered(visit: Visit, job: Job) -> tuple[str, float]:
    """Return the state that a job is in by itself, and since when.

    How long the service takes for each of them is not known: the switches say it.
    """
    states = STATES_OF_FAILURE if job.get("failure") else STATES
    state, since = states[0], job["created_at"]
    for following in states[1:]:
        until = since + _delay(visit, state)
        if until > time.time():
            break
        state, since = following, until
    return state, since


def _delay(visit: Visit, state: str) -> float:
    delays: Mapping[str, float] = visit.setting("bulk_delays", {})
    step: float = visit.setting("bulk_step", 0.3)
    return delays.get(state, step)


@ENDPOINTS.on("GET", ONE)
def get_job(visit: Visit) -> Response:
    return reply(_view(visit, *_named(visit)))


def _named(visit: Visit) -> tuple[str, Job]:
    name = visit.call.params["list_id"]
    if name not in _jobs(visit):
        raise refused(404, message="Validation job not found")  # text ours
    return name, _jobs(visit)[name]


def _view(visit: Visit, name: str, job: Job) -> dict[str, Any]:
    status = _status(visit, job)
    is_done = status not in ("created", "processing", "failed")
    return {
        "id": name,
        "created_at": int(job["created_at"]),
        "quantity": job["quantity"],
        "records_processed": _processed(visit, job),
        "status": status,
        **({"reason": job["failure"]} if status == "failed" else {}),
        **({"summary": _summary(job)} if is_done else {}),
        **({"download_url": _download_urls(visit, job)} if status == "uploaded" else {}),
    }


def _processed(visit: Visit, job: Job) -> int | None:
    """Count up while a job is processed; a failed one says no number, as one that waits (§12.2)."""
    state, since = _entered(visit, job)
    if state in ("created", "failed"):
        return None
    total = len(job["addresses"])
    if state != "processing":
        return total
    return int(total * (time.time() - since) / _delay(visit, state))


def _summary(job: Job) -> dict[str, Any]:
    """Judge a list once: it may be long, and a client asks until its job is done."""
    if "summary" not in job:
        job["summary"] = verdicts.summary(job["addresses"])
    summary: dict[str, Any] = job["summary"]
    return summary


def _download_urls(visit: Visit, job: Job) -> dict[str, str]:
    """Link to the results, for a time if `mailgun_download_lifetime` sets one.

    Links of cloud storage carry their end. Whether asking for the job again gives links that live
    anew is not known: `mailgun_download_renewal` says it.
    """
    lifetime = visit.setting("download_lifetime")
    is_renewed = visit.setting("download_renewal", default=True)
    since = time.time() if is_renewed else _entered(visit, job)[1]
    query = "" if lifetime is None else f"?{urlencode({'expires': since + lifetime})}"
    url = f"{visit.base_url}/bulk-results/{job['token']}"
    return {form: f"{url}/{form}.zip{query}" for form in WRITERS}


@ENDPOINTS.on("GET", ALL)
def list_jobs(visit: Visit) -> Response:
    newest = list(reversed(_jobs(visit)))
    limit = visit.fields.number("limit", 500) or 500
    start = page_start(newest, visit.fields.get("page"), visit.fields.get("pivot"), limit)
    shown = newest[start : start + limit]
    items = [_view(visit, name, _jobs(visit)[name]) for name in shown]
    paging = page_links(f"{visit.base_url}{ALL}", shown, limit)
    return reply({"jobs": items, "total": len(newest), "paging": paging})


@ENDPOINTS.on("GET", "/v4/address/validate/jobs")
def list_all_jobs(visit: Visit) -> Response:
    """Leave out the jobs of mailing lists: the sandbox has none."""
    return list_jobs(visit)


def page_start(names: list[str], page: str, pivot: str, limit: int) -> int:
    at = names.index(pivot) if pivot in names else 0
    last = max(0, len(names) - 1) // limit * limit
    return {"last": last, "next": at + 1, "prev": max(0, at - limit)}.get(page, 0)


def page_links(path: str, shown: list[str], limit: int) -> dict[str, str]:
    """Links carry `limit`, `page` and `pivot`; one of them is called `previous` (PHP, OLD)."""
    first, last = (shown[0], shown[-1]) if shown else ("", "")
    pages = {"first": "", "last": "", "next": last, "prev": first}
    links = {
        page: f"{path}?{urlencode({'limit': limit, 'page': page, 'pivot': pivot})}"
        for page, pivot in pages.items()
    }
    return {"previous" if page == "prev" else page: link for page, link in links.items()}


@ENDPOINTS.on("DELETE", ONE)
def cancel(visit: Visit) -> Response:
    """Drop a running job; take the results from an uploaded one and mark it (OLD)."""
    name, job = _named(visit)
    if _status(visit, job) == "uploaded":
        job["is_deleted"] = True
    else:
        del _jobs(visit)[name]
    return message("Validation job canceled.")


@DOWNLOADS.route("GET", "/bulk-results/{token}/{form}.zip")
def download(call: Call) -> Response:
    """Ask for no key: real results lie in cloud storage, where the link is the permission."""
    jobs = Region(call.world, call.params["region"]).state["jobs"].values()
    job = next((job for job in jobs if job["token"] == call.params["token"]), None)
    form = call.params["form"]
    if job is None or job["is_deleted"] or form not in WRITERS:
        return not_found()
    if _has_expired(call):
        return Response("Request has expired", 403, media_type="text/plain")
    rows = map(verdicts.judge, job["addresses"])
    return Response(_zipped(f"results.{form}", WRITERS[form](rows)), media_type="application/zip")


def _has_expired(call: Call) -> bool:
    """Tell by the link's own end. What a storage then answers, the sheet does not say."""
    if call.world.settings.get("mailgun_download_lifetime") is None:
        return False
    try:
        # Anything but a later time has expired, `nan` too.
        return not float(call.query.get("expires", "")) > time.time()
    except ValueError:
        return True


def _zipped(name: str, content: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def _as_csv(rows: Iterable[verdicts.Verdict]) -> str:
    """Use the fields of the single call; the real columns are not known."""
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, COLUMNS, extrasaction="ignore", restval="")
    writer.writeheader()
    writer.writerows(row | {"reason": ", ".join(row["reason"])} for row in rows)
    return buffer.getvalue()


def _as_json(rows: Iterable[verdicts.Verdict]) -> str:
    return json.dumps(list(rows))


WRITERS: Mapping[str, Any] = {"csv": _as_csv, "json": _as_json}
