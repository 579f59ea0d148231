"""How each service says no, and which error of ours each of its refusals becomes."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import whole

from reconciler.errors import (
    AlreadyExists,
    AuthenticationFailed,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServiceError,
    Unavailable,
    UnexpectedAnswer,
)
from reconciler.providers.api import safe_text
from reconciler.providers.mailgun.dialect import MailgunDialect
from reconciler.providers.postmark.session import ACCOUNT_DIALECT, SERVER_DIALECT
from reconciler.web import Answer

REQUEST = "PUT /domains/7"


def in_json(status: int, body: Any) -> Answer:
    """Unlike httpx's own `json=`, this can write what Python can: NaN and lone surrogates."""
    return whole(httpx.Response(status, content=json.dumps(body).encode()))


def postmark(status: int, code: Any = None, text: Any = "words", **more: Any) -> ServiceError:
    body = {"ErrorCode": code, "Message": text, **more}
    answer = whole(httpx.Response(status)) if code is None else in_json(status, body)
    return SERVER_DIALECT.error(REQUEST, answer)


def mailgun(status: int, body: Any, region: str = "us") -> ServiceError:
    return MailgunDialect(region).error(REQUEST, in_json(status, body))


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, 10, AuthenticationFailed),
        (422, 10, AuthenticationFailed),
        (403, 10, AuthenticationFailed),
        (401, None, AuthenticationFailed),
        (403, None, PermissionDenied),
        (422, 1480, PermissionDenied),
        (403, 1480, PermissionDenied),
        (429, None, RateLimited),
        (429, 429, RateLimited),
        (422, 429, RateLimited),
        (404, None, NotFound),
        (422, 501, NotFound),
        (404, 501, NotFound),
        (422, 510, NotFound),
        (422, 1226, NotFound),
        (422, 1352, NotFound),
        (422, 504, AlreadyExists),
        (422, 512, AlreadyExists),
        (422, 1230, AlreadyExists),
        (500, 101, Unavailable),
        (500, 501, Unavailable),
        (500, 709, Unavailable),
        (503, 100, Unavailable),
        (500, None, Unavailable),
        (502, None, Unavailable),
        (504, None, Unavailable),
        (408, None, Unavailable),
        (408, 504, Unavailable),
        (400, 1002, InvalidRequest),
        (413, None, InvalidRequest),
        (415, 409, InvalidRequest),
        *(
            (422, code, InvalidRequest)
            for code in (
                *(11, 300, 400, 401, 402, 403, 405, 406, 409, 410, 411, 412, 413, 422),
                *(500, 502, 503, 505, 506, 507, 508, 511, 513, 514, 515, 516, 520, 521, 522, 523),
                *(600, 602, 603, 604, 605, 606, 607, 608, 609, 610, 611, 612, 613, 614, 615),
                *(1220, 1221, 1222, 1223, 1224, 1225, 1227, 1228, 1229, 1231, 1232, 1233, 1234),
                *(1235, 1236, 1237, 1238, 1239, 1240, 1241, 1350, 1351, 1353, 1354, 1355, 1356),
                *(1357, 1358, 1359, 1360, 1361, 1362, 1363, 1364, 1400, 1450, 99999, 0, -1),
            )
        ),
    ],
)
def test_postmark_is_understood_by_code_and_then_by_status(
    status: int, code: int | None, error: type[ServiceError]
) -> None:
    found = postmark(status, code)
    assert type(found) is error
    assert (found.status, found.code, found.request) == (status, code, REQUEST)


def test_a_postmark_error_names_request_status_code_text_and_advice() -> None:
    assert str(postmark(422, 513, "This domain is taken.")) == (
        'PUT /domains/7: HTTP 422, error code 513: "This domain is taken." '
        "Ask its owner, or Postmark's support, to release it."
    )


@pytest.mark.parametrize(
    ("dialect", "header", "other"),
    [
        (SERVER_DIALECT, "X-Postmark-Server-Token", "account token"),
        (ACCOUNT_DIALECT, "X-Postmark-Account-Token", "server token"),
    ],
)
def test_a_refused_postmark_token_says_which_header_was_sent_and_what_it_is_mistaken_for(
    dialect: Any, header: str, other: str
) -> None:
    answer = in_json(401, {"ErrorCode": 10, "Message": "no"})
    message = str(dialect.error("GET /server", answer))
    assert header in message
    assert f"swapped with the {other}" in message
    assert "API Tokens" in message


@pytest.mark.parametrize("code", [None, [], {}, "ten", True, "1e5", 1.5])
def test_a_postmark_code_that_is_no_number_does_not_break_the_error(code: Any) -> None:
    answer = whole(httpx.Response(422, json={"ErrorCode": code, "Message": "words"}))
    assert isinstance(SERVER_DIALECT.error(REQUEST, answer), InvalidRequest)


@pytest.mark.parametrize("number", [b"1e999", b"NaN", b"-Infinity", b"9" * 5000])
def test_a_postmark_code_beyond_all_numbers_does_not_break_the_error(number: bytes) -> None:
    answer = whole(httpx.Response(422, content=b'{"ErrorCode": ' + number + b"}"))
    assert isinstance(SERVER_DIALECT.error(REQUEST, answer), InvalidRequest)


@pytest.mark.parametrize(
    ("status", "body", "error", "text"),
    [
        (401, {"message": "Invalid private key"}, AuthenticationFailed, "Invalid private key"),
        (403, {"message": "Forbidden"}, PermissionDenied, "Forbidden"),
        (404, {"message": "Domain not found"}, NotFound, "Domain not found"),
        (404, {"Description": "x509 cert not found"}, NotFound, "x509 cert not found"),
        (404, {"error": "not found"}, UnexpectedAnswer, "not found"),
        (404, [], UnexpectedAnswer, None),
        (400, {"message": "This domain name is already taken"}, AlreadyExists, "already taken"),
        (400, {"message": "Domain d.example Already Exists"}, AlreadyExists, "Already Exists"),
        (409, {"Description": "key already exists"}, AlreadyExists, "key already exists"),
        (400, {"message": "Password is too short"}, InvalidRequest, "Password is too short"),
        (400, {"Reason": "invalid CNAME record"}, InvalidRequest, "invalid CNAME record"),
        (402, {"Reason": "upgrade your account"}, InvalidRequest, "upgrade your account"),
        (409, {"Description": "still valid"}, InvalidRequest, "still valid"),
        (400, {"Field": "url", "Value": "ftp://x"}, InvalidRequest, "url: ftp://x"),
        (400, {"Field": "url"}, InvalidRequest, "url: invalid"),
        (400, {"message": "one", "error": "two", "Reason": "three"}, InvalidRequest, '"one"'),
        (400, {"message": "", "Reason": "three"}, InvalidRequest, '"three"'),
        (400, {"message": {"a": [1]}}, InvalidRequest, "{'a': [1]}"),
        (400, {}, InvalidRequest, "without a text"),
        (413, None, InvalidRequest, "without a text"),
        (420, {"message": "recipient limit exceeded"}, RateLimited, "limit exceeded"),
        (429, {"retry-seconds": 60}, RateLimited, "HTTP 429, without a text"),
        (500, {"message": "already exists"}, Unavailable, "already exists"),
        (408, {"message": "already exists"}, Unavailable, "already exists"),
        (408, "slow", Unavailable, "HTTP 408, without a text"),
        (502, "bad", Unavailable, "HTTP 502, without a text"),
        (503, {"error": "down"}, Unavailable, "down"),
    ],
)
def test_mailgun_is_understood_by_status_shape_and_text(
    status: int, body: Any, error: type[ServiceError], text: str | None
) -> None:
    found = mailgun(status, body)
    assert type(found) is error
    assert str(found).startswith(f"PUT /domains/7: HTTP {status}")
    assert (found.status, found.code) == (status, None)
    assert text is None or text in str(found)


@pytest.mark.parametrize(("region", "other"), [("us", "eu"), ("eu", "us")])
def test_a_refused_mailgun_key_names_the_other_region_and_sending_keys(
    region: str, other: str
) -> None:
    message = str(mailgun(401, {"message": "Invalid private key"}, region))
    assert f"may live in the region `{other}` while the configuration says `{region}`" in message
    assert "domain sending key" in message


def test_a_refused_mailgun_role_is_told_of_roles_and_the_allowlist() -> None:
    message = str(mailgun(403, {"message": "Forbidden"}))
    assert "admin or developer" in message
    assert "IP allowlist" in message


def test_plain_text_is_shown_and_html_is_not() -> None:
    dialect = MailgunDialect("us")
    plain = whole(
        httpx.Response(401, headers={"Content-Type": "text/plain"}, content=b"Forbidden\n")
    )
    page = whole(httpx.Response(401, html="<html>Forbidden</html>"))
    assert '"Forbidden"' in str(dialect.error(REQUEST, plain))
    assert "html" not in str(dialect.error(REQUEST, page))


EVIL = "a\x1b[31mred\x07\r\nError: b\u202ec\u200b\x00\ud800\x9b2J\u2028d"


@pytest.mark.parametrize("service", ["postmark", "mailgun", "plain"])
def test_control_characters_of_a_service_do_not_reach_the_terminal(service: str) -> None:
    found = {
        "postmark": lambda: postmark(422, 511, EVIL),
        "mailgun": lambda: mailgun(400, {"message": EVIL}),
        "plain": lambda: MailgunDialect("us").error(
            REQUEST,
            whole(
                httpx.Response(
                    400,
                    headers={"Content-Type": "text/plain"},
                    content=EVIL.encode("utf-8", "surrogatepass"),
                )
            ),
        ),
    }[service]()
    assert str(found).isprintable()
    str(found).encode("utf-8")
    assert "red" in str(found)


@given(st.text())
def test_safe_text_is_one_printable_line_of_bounded_length(text: str) -> None:
    safe = safe_text(text)
    assert safe == "" or safe.isprintable()
    assert len(safe) <= 300
    assert safe_text(safe) == safe.strip()


@pytest.mark.parametrize("text", ["x" * 100_000, {"k": "y" * 100_000}, ["z"] * 100_000])
def test_a_long_text_is_cut(text: Any) -> None:
    assert len(str(postmark(422, 511, text))) < 600
    assert len(str(mailgun(400, {"message": text}))) < 600
    assert len(str(mailgun(400, {"Field": text, "Value": text}))) < 600


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["ErrorCode", "Message", "message", "Reason", "Field", "error", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(st.integers(300, 599), JSON)
def test_any_json_with_any_status_is_an_error_of_one_line(status: int, body: Any) -> None:
    answer = in_json(status, body)
    for dialect in (SERVER_DIALECT, ACCOUNT_DIALECT, MailgunDialect("eu")):
        found = dialect.error(REQUEST, answer)
        assert isinstance(found, ServiceError)
        assert str(found).isprintable()


@given(st.integers(300, 599), st.binary(max_size=80))
def test_any_bytes_with_any_status_are_an_error_of_one_line(status: int, body: bytes) -> None:
    answer = whole(httpx.Response(status, headers={"Content-Type": "text/plain"}, content=body))
    for dialect in (SERVER_DIALECT, ACCOUNT_DIALECT, MailgunDialect("eu")):
        assert str(dialect.error(REQUEST, answer)).isprintable()
