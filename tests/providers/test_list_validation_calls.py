"""The calls of list validation, against a service that answers by a script."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from scripted import Line

from reconciler.errors import (
    AlreadyExists,
    InvalidRequest,
    OutcomeUnknown,
    ServiceError,
    Unavailable,
    UnexpectedAnswer,
)
from reconciler.providers.mailgun.list_validation import (
    JobState,
    ListValidation,
    Stage,
    TooManyJobs,
)

UPLOAD = ("list.csv", b"email\nann@example.com\n", "text/csv")


def answer(code: int = 200, /, **body: Any) -> httpx.Response:
    return httpx.Response(code, json=body)


def calls(line: Line) -> ListValidation:
    return ListValidation(line.mailgun().client)


def line_of(*steps: Any) -> Line:
    return Line(*steps, service="mailgun")


def job_of(**body: Any) -> JobState | None:
    return calls(line_of(answer(**body))).job("esp-1")


def test_a_list_is_sent_as_one_file() -> None:
    line = line_of(answer(202, id="esp-1", message="The validation job was submitted."))
    calls(line).submit("esp-1", UPLOAD)
    request = line.script.seen[0]
    assert (request.method, request.url.path) == ("POST", "/v4/address/validate/bulk/esp-1")
    assert request.headers["content-type"].startswith("multipart/form-data")
    assert b'name="file"; filename="list.csv"' in request.content
    assert UPLOAD[1] in request.content


@pytest.mark.parametrize("lost", [httpx.ReadError, httpx.ReadTimeout, answer(503), answer(500)])
def test_a_lost_answer_is_no_reason_to_send_again(lost: Any) -> None:
    line = line_of(lost)
    for call in (calls(line).submit, calls(line).submit_preview):
        line.script.seen.clear()
        with pytest.raises(OutcomeUnknown):
            call("esp-1", UPLOAD)
        assert len(line.script.seen) == 1


def test_what_was_surely_never_sent_is_sent_again_whole() -> None:
    line = line_of(httpx.ConnectError, answer(202))
    calls(line).submit("esp-1", UPLOAD)
    assert [UPLOAD[1] in request.content for request in line.script.seen] == [True, True]
    with pytest.raises(Unavailable):
        calls(line_of(httpx.ConnectError)).submit("esp-1", UPLOAD)


@pytest.mark.parametrize(
    "text",
    [
        "Too many validation jobs are running",
        "You have reached the number of concurrent jobs",
        "only 5 parallel validations are allowed",
    ],
)
def test_a_400_about_other_jobs_means_to_wait(text: str) -> None:
    for call in ("submit", "submit_preview"):
        with pytest.raises(TooManyJobs):
            getattr(calls(line_of(answer(400, message=text))), call)("esp-1", UPLOAD)
    with pytest.raises(TooManyJobs):
        calls(line_of(answer(400, message=text))).promote("esp-1")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("The file must not be larger than 25 MB", InvalidRequest),
        ("Too many columns", InvalidRequest),
        ("A list named 'esp-1' already exists", AlreadyExists),
    ],
)
def test_other_400s_are_what_they_say(text: str, error: type[ServiceError]) -> None:
    with pytest.raises(error) as refusal:
        calls(line_of(answer(400, message=text))).submit("esp-1", UPLOAD)
    assert type(refusal.value) is error


@pytest.mark.parametrize(
    ("status", "stage"),
    [
        ("created", Stage.RUNNING),
        ("processing", Stage.RUNNING),
        ("completed", Stage.RUNNING),
        ("uploading", Stage.RUNNING),
        ("uploaded", Stage.DONE),
        ("Uploaded", Stage.DONE),
        ("failed", Stage.FAILED),
        ("deleted", Stage.FAILED),
        ("contemplating", Stage.RUNNING),
    ],
)
def test_only_uploaded_is_done(status: str, stage: Stage) -> None:
    job = job_of(status=status)
    assert job is not None
    assert job.stage is stage


def test_a_job_may_leave_out_and_invent_what_it_likes() -> None:
    job = job_of(
        status="processing", records_processed=None, download_url="soon", created_at="Mon", x=[1]
    )
    assert job == JobState(Stage.RUNNING, "processing", links={})
    job = job_of(status="uploaded", records_processed=7, download_url={"csv": "u", "json": None})
    assert job == JobState(Stage.DONE, "uploaded", 7, links={"csv": "u"})
    job = job_of(status="failed", reason="bad\x1b[31m file")
    assert job is not None
    assert job.reason == "bad [31m file"


def test_no_job_is_none_and_no_route_is_an_error() -> None:
    assert calls(line_of(answer(404, message="Validation job not found"))).job("esp-1") is None
    with pytest.raises(UnexpectedAnswer):
        calls(line_of(answer(404, error="not found"))).job("esp-1")
    with pytest.raises(UnexpectedAnswer, match="no `status`"):
        job_of(id="esp-1")


@pytest.mark.parametrize("wrap", [lambda view: {"preview": view}, lambda view: view])
def test_a_preview_is_read_with_its_wrapper_and_without(
    wrap: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    view = {
        "status": "preview_complete",
        "quantity": 8,
        "valid": True,
        "summary": {"result": {"deliverable": 75, "unknown": "x", "sent by key": 9}, "risk": None},
    }
    found = calls(line_of(answer(**wrap(view)))).preview("esp-1")
    assert found == (True, True, 8, {"deliverable": 75.0}, {})


def test_an_id_cannot_lead_to_another_path() -> None:
    line = line_of(answer(404, message="Validation job not found"))
    calls(line).job("../../../v3/domains")
    assert (
        line.script.seen[0].url.raw_path == b"/v4/address/validate/bulk/..%2F..%2F..%2Fv3%2Fdomains"
    )
