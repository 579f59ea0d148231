"""What goes through the tunnel of a proxy."""

import socket
import ssl
import threading
from io import BytesIO

import httpx
import pytest
from listening import (
    GET,
    GOOD,
    NAME,
    POST,
    Listener,
    connection_to,
    saying,
    silent_until,
    tunnelling,
)

from reconciler.errors import Unavailable
from reconciler.web.client import Web
from reconciler.web.download import download
from reconciler.web.endpoint import Endpoint, Proxy
from reconciler.web.exchange import check_and_retry


def test_requests_go_through_one_tunnel_of_a_proxy_that_sees_none_of_them(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Listener(saying(GOOD), tls) as server, Listener(tunnelling(server.port)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:pass@127.0.0.1:{proxy.port}")
        with connection_to(f"https://{NAME}") as connection:
            assert [connection.ask(each, 20).status for each in (GET, POST)] == [200, 200]
        (seen,) = proxy.asked
        assert seen.startswith(b"CONNECT api.example.test:443 HTTP/1.1\r\n")
        assert b"proxy-authorization: basic dxnlcjpwyxnz" in seen.lower()
        assert len(server.asked) == 2
        assert not any(b"proxy-authorization" in each.lower() for each in server.asked)
        assert (proxy.met, server.met) == (1, 1)


def test_a_tunnel_that_failed_is_dug_anew(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Listener(saying(GOOD), tls) as server:
        tunnel, refusals = tunnelling(server.port), iter([True, True])

        def talk(connection: socket.socket) -> bool:
            if not next(refusals, False):
                return tunnel(connection)
            connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return True

        with Listener(talk) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
            with connection_to("https://localhost") as stranger:
                for error in (httpx.ProxyError, httpx.ProxyError, *[httpx.ConnectError] * 2):
                    with pytest.raises(error):
                        stranger.ask(POST, 20)
            with connection_to(f"https://{NAME}") as connection:
                assert connection.ask(POST, 20).status == 200
        hosts = [each.split()[1] for each in proxy.asked]
        assert hosts == [b"localhost:443"] * 4 + [b"api.example.test:443"]
        assert len(server.asked) == 1


@pytest.mark.parametrize("tunnels", [1, 2])
def test_a_tunnel_is_used_again_unless_it_was_closed(
    tunnels: int, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        Listener(saying(GOOD, keeps=tunnels == 1), tls) as server,
        Listener(tunnelling(server.port)) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        with connection_to(f"https://{NAME}") as connection:
            for number in (1, 2):
                assert connection.ask(POST, 20).status == 200
                if tunnels > 1:
                    proxy.threads[number].join(20)
        assert (proxy.met, server.met) == (tunnels, tunnels)


def test_a_host_that_is_excepted_is_reached_without_the_proxy(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Listener(saying(GOOD), tls) as server:
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with connection_to(f"https://127.0.0.1:{server.port}") as connection:
            assert connection.ask(GET, 20).status == 200


def test_a_proxy_that_is_spoken_to_over_tls_is_believed_as_a_service_is(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Listener(saying(GOOD), tls) as server, Listener(tunnelling(server.port), tls) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"https://127.0.0.1:{proxy.port}")
        with connection_to(f"https://{NAME}") as connection:
            assert [connection.ask(each, 20).body for each in (GET, POST)] == [b"ok"] * 2
        assert (proxy.met, server.met) == (1, 1)


def test_who_poses_as_a_proxy_is_told_no_password(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Listener(saying(GOOD), tls) as stranger:
        monkeypatch.setenv("HTTPS_PROXY", f"https://user:pass@localhost:{stranger.port}")
        with (
            connection_to(f"https://{NAME}") as connection,
            pytest.raises(httpx.ProxyError, match="cannot be reached") as failed,
        ):
            connection.ask(POST, 20)
        assert "certificate" in str(failed.value.__cause__)
        assert stranger.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    ],
)
@pytest.mark.usefixtures("tls")
def test_without_a_tunnel_nothing_was_sent(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with Listener(saying(answer, keeps=False)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        with (
            connection_to(f"https://{NAME}") as connection,
            pytest.raises(httpx.ProxyError),
        ):
            connection.ask(POST, 20)
        assert [each.split()[0] for each in proxy.asked] == [b"CONNECT"]


def failure(**variables: str) -> str:
    """Return what a request through a proxy of the environment ends in, and a download as well."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        with Web() as web, pytest.raises(Unavailable) as failed:
            web.request("POST", f"https://{NAME}/x")
        with pytest.raises(Unavailable) as lost:
            download(f"https://{NAME}/x", BytesIO(), most=1)
    said = str(failed.value).removeprefix(f"POST {NAME}: no way to {NAME}: ")
    fact, _, way_out = said.partition(". ")
    assert str(lost.value) == f"GET {NAME}: no answer, or not all of one ({fact}). {way_out}"
    return said


@pytest.mark.parametrize(
    ("answer", "fact"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "answered HTTP 407"),
        (b"HTTP/1.1 403 Forbidden by canary\r\nContent-Length: 0\r\n\r\n", "answered HTTP 403"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "answered HTTP 502"),
        (b"", "gave no answer (RemoteProtocolError)"),
    ],
)
@pytest.mark.usefixtures("tls")
def test_a_failure_of_a_proxy_is_told_as_its_own(answer: bytes, fact: str) -> None:
    with Listener(saying(answer, keeps=False)) as proxy:
        said = failure(HTTPS_PROXY=f"http://user:canary@127.0.0.1:{proxy.port}")
    assert said == (
        f"the proxy 127.0.0.1:{proxy.port}, which HTTPS_PROXY names, {fact}. "
        "Check HTTPS_PROXY, and try again later."
    )


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"HTTPS_PROXY": "u:canary@127.0.0.1:1"}, "HTTPS_PROXY"),
        ({"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "127.0.0.1:1"}, "https_proxy"),
        ({"HTTPS_PROXY": "127.0.0.1:1", "ALL_PROXY": "127.0.0.1:9"}, "HTTPS_PROXY"),
        ({"All_Proxy": "http://127.0.0.1:1", "HTTP_PROXY": "127.0.0.1:9"}, "All_Proxy"),
        (
            {"HTTPS_PROXY": "127.0.0.1:9", "https_proxy": "", "ALL_PROXY": "127.0.0.1:1"},
            "ALL_PROXY",
        ),
    ],
)
@pytest.mark.usefixtures("tls")
def test_a_proxy_that_cannot_be_reached_is_told_with_the_variable_that_names_it(
    variables: dict[str, str], name: str
) -> None:
    assert failure(**variables) == (
        f"the proxy 127.0.0.1:1, which {name} names, cannot be reached (ConnectError). "
        f"Check {name}, and try again later."
    )


def test_a_proxy_that_no_variable_names_is_told_by_its_place() -> None:
    error = Proxy(Endpoint("2001:db8::1", 3128), []).failure("answered HTTP 502")
    assert str(error) == "the proxy [2001:db8::1]:3128 answered HTTP 502"
    assert check_and_retry(error) == "Check the proxy, and try again later."


@pytest.mark.usefixtures("tls")
def test_a_proxy_that_says_nothing_is_waited_for_no_longer_than_a_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone = threading.Event()
    with Listener(silent_until(gone)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        with (
            connection_to(f"https://{NAME}", timeout=0.2) as connection,
            pytest.raises(httpx.ProxyError),
        ):
            connection.ask(POST, 20)
        gone.set()


def test_an_address_of_ipv6_is_named_in_brackets() -> None:
    assert Endpoint("2001:db8::1", 443).authority == b"[2001:db8::1]:443"
    assert Endpoint("api.example.test", 443).authority == b"api.example.test:443"
