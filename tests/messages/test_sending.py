"""Sending, to a server on loopback: once, signed, followed nowhere, and silent about addresses."""

import hmac
import json
import logging
import socket
import traceback
from typing import Any
from uuid import UUID

import pytest
from receiver import Receiver, serving

from reconciler.errors import MessageFailed, ReconcileError
from reconciler.messages import Hook, HookReference, Message, Signal, beat, send, signal_for
from reconciler.messages.heartbeat import LONGEST_BODY, signal_url
from reconciler.model import Secret
from reconciler.web import Web

CANARY = "T0CANARY9"
MESSAGE = Message("drift", "Drift \U0001f600", "sha256:0", counts={"drift": 3}, notes=["é<!here>"])
RUN_ID = UUID(int=7)
KEY = "the key\udcff"


def sent(*arguments: Any, seconds: float = 30.0, **keywords: Any) -> None:
    with Web(seconds=seconds) as web:
        send(web, *arguments, **keywords)


def beaten(*arguments: Any, **keywords: Any) -> None:
    with Web() as web:
        beat(web, *arguments, **keywords)


def hook(server: Receiver, receiver: str = "json", path: str = f"/{CANARY}") -> Hook:
    return HookReference("HOOK", receiver).resolve({"HOOK": server.url + path})


def assert_silent(error: BaseException) -> None:
    """Whatever can be printed of an error, and of those behind it, tells no address."""
    shown = "".join(traceback.format_exception(error))
    assert CANARY not in shown
    behind: BaseException | None = error
    while behind:
        assert CANARY not in f"{behind!r} {behind.args}"
        behind = behind.__cause__ or behind.__context__


@pytest.mark.parametrize("receiver", ["slack", "teams", "discord", "json"])
def test_each_receiver_is_sent_its_own_form_once(receiver: str) -> None:
    with serving(Receiver()) as server:
        sent(hook(server, receiver), MESSAGE, key=Secret(KEY))
    request = server.only
    assert (request.method, request.path) == ("POST", f"/{CANARY}")
    assert request.headers["content-type"] == "application/json"
    own = {"slack": "blocks", "teams": "attachments", "discord": "content", "json": "summary"}
    assert own[receiver] in json.loads(request.body)
    assert ("x-esp-signature" in request.headers) == (receiver == "json")


def test_a_signature_is_that_of_exactly_the_bytes_that_came() -> None:
    with serving(Receiver()) as server:
        sent(hook(server), MESSAGE, key=Secret(KEY))
        sent(hook(server), MESSAGE)
    signed, unsigned = server.received
    digest = hmac.new(b"the key\xff", signed.body.encode(), "sha256").hexdigest()
    assert signed.headers["x-esp-signature"] == f"sha256={digest}"
    assert "x-esp-signature" not in unsigned.headers
    assert json.loads(signed.body)["notes"] == ["é<!here>"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_not_followed(status: int) -> None:
    with serving(Receiver()) as other:
        moved = Receiver(status, {"Location": f"{other.url}/{CANARY}"})
        with serving(moved) as server, pytest.raises(MessageFailed, match=f"{status}") as caught:
            sent(hook(server), MESSAGE)
    assert other.received == []
    assert len(server.received) == 1
    assert_silent(caught.value)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413, 429, 500, 503])
def test_a_refusal_names_receiver_variable_and_status_and_quotes_nothing(status: int) -> None:
    refusing = Receiver(status, answer=f"no such hook: /{CANARY}".encode())
    with serving(refusing) as server, pytest.raises(MessageFailed) as caught:
        sent(hook(server, "slack"), MESSAGE)
    assert str(caught.value).startswith(f"slack (HOOK): it answered {status}")
    assert len(server.received) == 1
    assert_silent(caught.value)


@pytest.mark.parametrize("status", [200, 202, 204])
def test_any_success_is_one(status: int) -> None:
    with serving(Receiver(status)) as server:
        sent(hook(server), MESSAGE)
    assert len(server.received) == 1


def test_a_server_that_never_answers_is_given_up() -> None:
    with serving(Receiver(mute=True)) as server, pytest.raises(MessageFailed) as caught:
        sent(hook(server), MESSAGE, seconds=0.2)
    assert str(caught.value).startswith("json (HOOK): no answer came")
    assert len(server.received) == 1
    assert_silent(caught.value)


def test_a_port_where_nobody_listens_is_a_failure_without_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    nobody = Hook("slack", "HOOK", Secret(f"http://127.0.0.1:{port}/{CANARY}"))
    with pytest.raises(MessageFailed, match=r"slack \(HOOK\)") as caught:
        sent(nobody, MESSAGE)
    assert_silent(caught.value)


@pytest.mark.parametrize("url", ["http://example.com/", "ftp://127.0.0.1/", "file:///"])
def test_an_address_that_nobody_checked_is_not_sent_to_either(url: str) -> None:
    with pytest.raises(ReconcileError) as caught:
        sent(Hook("json", "HOOK", Secret(url + CANARY)), MESSAGE)
    assert_silent(caught.value)


def test_no_library_logs_an_address(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(Receiver()) as server:
        sent(hook(server), MESSAGE, key=Secret(KEY))
        beaten(hook(server), "start", run_id=RUN_ID)
    assert CANARY not in "".join(record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(
    ("base", "signal", "wanted"),
    [
        ("https://hc.example.com/u", "success", "https://hc.example.com/u"),
        ("https://hc.example.com/u/", "start", "https://hc.example.com/u/start"),
        (
            "https://hc.example.com/k/slug?create=1",
            "fail",
            "https://hc.example.com/k/slug/fail?create=1",
        ),
        ("https://hc.example.com/u#x", "log", "https://hc.example.com/u/log"),
        ("https://hc.example.com/u?a=%20&b", "log", "https://hc.example.com/u/log?a=%20&b"),
    ],
)
def test_a_signal_stands_behind_the_path_and_what_is_asked_for_stays(
    base: str, signal: Signal, wanted: str
) -> None:
    paired = f"{wanted}{'&' if '?' in wanted else '?'}rid={RUN_ID}"
    assert signal_url(base, signal) == wanted
    assert signal_url(base, signal, RUN_ID) == paired


def test_the_pair_of_another_run_is_not_kept() -> None:
    found = signal_url("https://hc.example.com/u?rid=old&create=1", "success", RUN_ID)
    assert found == f"https://hc.example.com/u?create=1&rid={RUN_ID}"


def test_a_heartbeat_pairs_start_and_end() -> None:
    with serving(Receiver()) as server:
        check = hook(server, "heartbeat", f"/{CANARY}?create=1")
        beaten(check, "start", run_id=RUN_ID)
        beaten(check, signal_for("drift"), body="drift: 3", run_id=RUN_ID)
    start, end = server.received
    assert (start.path, end.path) == (f"/{CANARY}/start", f"/{CANARY}")
    assert start.query == end.query == f"create=1&rid={RUN_ID}"
    assert (start.body, end.body) == ("", "drift: 3")
    assert end.method == "POST"


def test_the_body_of_a_heartbeat_is_cut_between_characters() -> None:
    with serving(Receiver()) as server:
        beaten(hook(server), "fail", body="a\x1b[31m\n" + "€" * LONGEST_BODY)
    sent = server.only.body
    assert sent.startswith("a\\x1b[31m\n€")
    assert LONGEST_BODY - 3 < len(sent.encode()) <= LONGEST_BODY
    assert sent.endswith("€")


def test_a_heartbeat_that_fails_tells_no_address() -> None:
    with serving(Receiver(404)) as server, pytest.raises(MessageFailed, match="404") as caught:
        beaten(hook(server, "heartbeat"), "start")
    assert str(caught.value).startswith("heartbeat (HOOK): ")
    assert_silent(caught.value)


@pytest.mark.parametrize("state", ["in-sync", "drift", "pending", "partial"])
def test_a_check_that_ran_is_a_success_whatever_it_saw(state: str) -> None:
    assert signal_for(state) == "success"


def test_only_who_could_not_look_fails() -> None:
    assert signal_for("error") == "fail"
