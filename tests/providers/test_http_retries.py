"""Which call is repeated after which failure, how often, and after how long a wait."""

import time
from email.utils import formatdate
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import Line, Step, call, whole, writer

from reconciler.errors import (
    AuthenticationFailed,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    ServiceError,
    Unavailable,
    UnexpectedAnswer,
)
from reconciler.providers.api.waits import (
    LONGEST_WAIT,
    Allowance,
    allowance_of,
    as_time,
    backoff,
    wait_asked_for,
)

WRITES = ["POST", "PUT", "PATCH", "DELETE"]
METHODS = ["GET", *WRITES]
GOOD = httpx.Response(200, json={"ID": 1})
NOW = 1_800_000_000.0


def bad_gzip(_: httpx.Request) -> httpx.Response:
    return httpx.Response(
        200,
        headers={"Content-Encoding": "gzip"},
        stream=httpx.ByteStream(b"this is not gzip at all"),
    )


NOT_TAKEN: list[Step] = [
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
]
DOUBTFUL: list[Step] = [
    httpx.Response(408),
    httpx.Response(500),
    httpx.Response(502),
    httpx.Response(503),  # it may come from what stands in between, after the effect
    httpx.Response(504),
    httpx.Response(520),
    httpx.ReadTimeout,
    httpx.WriteTimeout,
    httpx.ReadError,
    httpx.WriteError,
    httpx.RemoteProtocolError,
    bad_gzip,
]


@pytest.mark.parametrize("failure", NOT_TAKEN + DOUBTFUL)
def test_a_get_is_repeated_after_any_failure_that_may_pass(failure: Step) -> None:
    with writer(failure, failure, GOOD) as (client, line):
        assert call(client, "GET") == {"ID": 1}
        assert line.calls == ["GET /x"] * 3
        assert len(line.pauses) == 2


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("failure", NOT_TAKEN)
def test_a_write_is_repeated_when_it_surely_had_no_effect(method: str, failure: Step) -> None:
    with writer(failure, GOOD) as (client, line):
        assert call(client, method) == {"ID": 1}
        assert line.calls == [f"{method} /x"] * 2


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("failure", DOUBTFUL)
def test_a_write_that_may_have_had_an_effect_is_sent_once(method: str, failure: Step) -> None:
    with writer(failure, GOOD) as (client, line):
        with pytest.raises(OutcomeUnknown, match=f"{method} /x: .*whether it took effect"):
            call(client, method)
        assert line.calls == [f"{method} /x"]
        assert line.pauses == []


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("retries", [0, 1, 3, 5])
def test_calls_are_repeated_as_often_as_retry_attempts_says(method: str, retries: int) -> None:
    with writer(httpx.ConnectError, retries=retries) as (client, line):
        with pytest.raises(Unavailable):
            call(client, method)
        assert len(line.calls) == retries + 1
        assert len(line.pauses) == retries


def test_a_get_that_is_never_answered_says_why_and_that_it_may_pass() -> None:
    with writer(httpx.ReadTimeout) as (client, _):
        with pytest.raises(Unavailable) as caught:
            client.get("/x")
        assert str(caught.value) == (
            "GET /x: api.postmarkapp.com timed out (ReadTimeout). "
            "Check the network, and try again later."
        )
        assert caught.value.status is None


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, InvalidRequest),
        (401, AuthenticationFailed),
        (403, PermissionDenied),
        (404, NotFound),
        (422, InvalidRequest),
        (301, UnexpectedAnswer),
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_a_refusal_is_never_repeated(method: str, status: int, error: type[ServiceError]) -> None:
    with writer(httpx.Response(status)) as (client, line):
        with pytest.raises(error):
            call(client, method)
        assert len(line.calls) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_that_is_asked_for_is_kept_with_a_little_jitter(status: int) -> None:
    with writer(httpx.Response(status, headers={"Retry-After": "7"}), GOOD) as (client, line):
        client.get("/x")
        assert 7.0 < line.pauses[0] <= 7.1


def test_without_a_wait_asked_for_the_waits_double() -> None:
    with writer(httpx.Response(503), retries=5) as (client, line):
        with pytest.raises(Unavailable):
            client.get("/x")
        for wait, most in zip(line.pauses, [1.0, 2.0, 4.0, 8.0, 8.0], strict=True):
            assert most / 2 <= wait <= most


@given(st.integers(0, 1000))
def test_backoff_stays_between_half_a_second_and_eight(attempt: int) -> None:
    assert 0.5 <= backoff(attempt) <= 8.0


@pytest.mark.parametrize("method", METHODS)
def test_a_wait_that_is_too_long_ends_at_once_with_the_time_to_come_back(method: str) -> None:
    answer = httpx.Response(429, headers={"Retry-After": "86400"})
    with writer(answer) as (client, line):
        with pytest.raises(RateLimited) as caught:
            call(client, method)
        assert line.pauses == []
        assert len(line.calls) == 1
    tomorrow = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86400))
    assert str(caught.value).startswith(
        f"{method} /x: the service asks to wait longer than 120 seconds"
    )
    assert f"Run again after {tomorrow} " in str(caught.value)
    assert caught.value.status == 429


REFUSALS: list[Step] = [
    httpx.Response(429),
    httpx.Response(429, headers={"Retry-After": "1"}),
    httpx.Response(429, headers={"X-RateLimit-Reset": "0"}),
    httpx.Response(429, json={"ErrorCode": 429, "Message": "Rate Limit Exceeded"}),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("retries", [0, 3])
def test_a_refusal_for_being_too_fast_costs_no_repeat(
    method: str, refusal: Step, retries: int
) -> None:
    with writer(*[refusal] * 8, GOOD, retries=retries) as (client, line):
        assert call(client, method) == {"ID": 1}
        assert line.calls == [f"{method} /x"] * 9


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("refusal", REFUSALS)
def test_who_is_only_ever_refused_ends_after_two_minutes(method: str, refusal: Step) -> None:
    with writer(refusal) as (client, line):
        with pytest.raises(RateLimited) as caught:
            call(client, method)
        assert 60 < sum(line.pauses) <= LONGEST_WAIT + 1
        sent = len(line.calls)
        with pytest.raises(RateLimited, match="refused every call"):
            call(client, method)
        assert len(line.calls) == sent
    assert str(caught.value) == (
        f"{method} /x: the service has refused every call (HTTP 429) for 120 seconds. "
        "Run again later, with fewer --connections, or with a lower --rate."
    )


def test_what_asks_for_too_long_a_wait_is_not_asked_by_others_meanwhile() -> None:
    with writer(httpx.Response(429, headers={"Retry-After": "3600"})) as (client, line):
        for _ in range(3):
            with pytest.raises(
                RateLimited, match=r"asks to wait longer than 120 seconds. Run again after 2"
            ):
                call(client, "GET")
        assert len(line.calls) == 1


@pytest.mark.parametrize("service", ["postmark", "mailgun"])
def test_the_headers_of_a_good_answer_are_heeded(service: str) -> None:
    headers = {"X-RateLimit-Limit": "1", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "5"}
    answer = httpx.Response(200, json={"items": []}, headers=headers)
    with Line(answer, service=service) as line:
        client = line.mailgun().client if service == "mailgun" else line.postmark().server
        client.get("/v4/domains")
        client.get("/v4/domains")
        assert line.pauses == pytest.approx([5.0])


@pytest.mark.parametrize(
    ("headers", "allowance"),
    [
        ({"X-RateLimit-Remaining": "3", "X-RateLimit-Reset": "9"}, Allowance(3, 9.0, is_own=False)),
        (
            {"X-Request-Remaining": "0", "X-Request-Reset": f"{NOW + 2:.0f}"},
            Allowance(0, 2.0, is_own=True),
        ),
        (
            {"RateLimit-Remaining": "0", "RateLimit-Reset": f"{(NOW + 4) * 1000:.0f}"},
            Allowance(0, 4.0, is_own=False),
        ),
        ({"X-RateLimit-Remaining": "0"}, None),
        ({"X-RateLimit-Remaining": "-1", "X-RateLimit-Reset": "9"}, None),
        ({"X-RateLimit-Remaining": "many", "X-RateLimit-Reset": "9"}, None),
        ({"X-RateLimit-Remaining": "9" * 5000, "X-RateLimit-Reset": "9"}, None),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "nan"}, None),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "86400"}, None),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{NOW - 5:.0f}"}, None),
        ({}, None),
    ],
)
def test_what_is_left_is_read_from_headers_of_three_families(
    headers: dict[str, str], allowance: Allowance | None
) -> None:
    found = allowance_of(whole(httpx.Response(200, headers=headers)), lambda: NOW)
    assert found == allowance


def test_the_longest_wait_is_still_waited() -> None:
    answer = httpx.Response(429, headers={"Retry-After": f"{LONGEST_WAIT:.0f}"})
    with writer(answer, GOOD) as (client, line):
        assert client.get("/x") == {"ID": 1}
        assert line.pauses[0] >= LONGEST_WAIT


def test_without_repeats_left_no_time_is_waited() -> None:
    answer = httpx.Response(503, headers={"Retry-After": "86400"})
    with writer(answer, retries=0) as (client, line):
        with pytest.raises(Unavailable, match="HTTP 503"):
            client.get("/x")
        assert line.pauses == []


def asked(response: httpx.Response) -> float | None:
    return wait_asked_for(whole(response), lambda: NOW)


@pytest.mark.parametrize(
    "name", ["Retry-After", "X-RateLimit-Reset", "X-Request-Reset", "RateLimit-Reset"]
)
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("12", 12.0),
        ("1.5", 1.5),
        (f"{NOW + 30:.0f}", 30.0),
        (f"{NOW + 2.25:.2f}", 2.25),
        (f"{(NOW + 45) * 1000:.0f}", 45.0),
        (formatdate(NOW + 60, usegmt=True), 60.0),
    ],
)
def test_each_form_of_each_header_is_understood(name: str, value: str, seconds: float) -> None:
    assert asked(httpx.Response(429, headers={name: value})) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ({"retry-seconds": 60}, 60.0),
        ({"retry-seconds": "60"}, 60.0),
        ({"message": "rate limit exceeded, try again after 9 seconds"}, 9.0),
        ({"message": "Try again after 1 second"}, 1.0),
        ({"message": f"exceeded, try again after {formatdate(NOW + 31, usegmt=True)}"}, 31.0),
        (
            {
                "message": "Domain X is not allowed to send: recipient limit exceeded, "
                f"try again after {formatdate(NOW + 31, usegmt=True).replace('GMT', 'UTC')}"
            },
            31.0,
        ),
    ],
)
def test_each_form_of_a_body_is_understood(body: Any, seconds: float) -> None:
    assert asked(httpx.Response(420, json=body)) == pytest.approx(seconds)


def test_a_420_of_mailgun_is_waited_for_and_repeated() -> None:
    soon = formatdate(time.time() + 20, usegmt=True).replace("GMT", "UTC")
    limit = httpx.Response(420, json={"message": f"limit exceeded, try again after {soon}"})
    with Line(limit, httpx.Response(200, json={"items": []}), service="mailgun") as line:
        assert line.mailgun().client.get("/v4/domains") == {"items": []}
        assert 15 < line.pauses[0] < 22


def test_a_header_goes_before_the_body() -> None:
    response = httpx.Response(429, headers={"Retry-After": "3"}, json={"retry-seconds": 60})
    assert asked(response) == 3.0


@pytest.mark.parametrize(
    "value",
    [
        "",
        "soon",
        "-5",
        "nan",
        "inf",
        "-inf",
        "1e300",
        "9" * 400,
        "0x10",
        f"{NOW - 30:.0f}",
        f"{(NOW - 30) * 1000:.0f}",
        formatdate(NOW - 60, usegmt=True),
        "Mon, 25 Aug 99999 07:00:31 GMT",
        "Mon, 25-Aug-299999999999999999995 07:03:01 GMT",
        "\x80\xff",
    ],
)
@pytest.mark.parametrize("name", ["Retry-After", "X-RateLimit-Reset"])
def test_a_wait_that_says_nothing_is_passed_over_for_the_next_hint(name: str, value: str) -> None:
    headers = [(name.encode(), value.encode("latin-1"))]
    assert asked(httpx.Response(429, headers=headers)) is None
    assert asked(httpx.Response(429, headers=headers, json={"retry-seconds": 5})) == 5.0


@pytest.mark.parametrize(
    "body",
    [
        b'{"retry-seconds": -1}',
        b'{"retry-seconds": null}',
        b'{"retry-seconds": [1]}',
        b'{"retry-seconds": NaN}',
        b'{"retry-seconds": Infinity}',
        b'{"retry-seconds": ' + b"9" * 400 + b"}",
        b'{"retry-seconds": ' + b"9" * 5000 + b"}",
        b'["retry-seconds"]',
        b"[" * 100_000,
        b"null",
        b"try again after many seconds",
        b"try again after Mon, 99 Foo 2025 07:00:31 UTC",
        b"\xff\xfe\x00",
    ],
)
def test_a_body_that_says_no_time_is_passed_over(body: bytes) -> None:
    assert asked(httpx.Response(429, content=body)) is None


@given(st.binary(max_size=200), st.text(max_size=60))
def test_no_answer_breaks_the_reading_of_waits(body: bytes, header: str) -> None:
    headers = [(b"Retry-After", header.encode("utf-8"))]
    wait = asked(httpx.Response(429, headers=headers, content=body))
    assert wait is None or wait >= 0
    if wait is not None:
        assert as_time(wait).endswith(" UTC")


@pytest.mark.parametrize("charset", ["base64", "zip", "undefined", "rot13", "no-such", "utf-7"])
def test_a_charset_that_is_none_for_text_breaks_nothing(charset: str) -> None:
    headers = {"Content-Type": f"text/plain; charset={charset}", "Retry-After": "x"}
    answer = httpx.Response(429, headers=headers, content=b"try again after 4 seconds")
    assert asked(answer) == 4.0
    with Line(answer, service="mailgun", retries=0) as line, pytest.raises(RateLimited):
        line.mailgun().client.get("/v4/domains")
