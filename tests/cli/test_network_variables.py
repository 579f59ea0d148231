"""Variables about proxies and certificates that cannot be used are named, and not shown."""

import json
import os
from pathlib import Path

import httpx
import pytest
from program import Served, run

from reconciler.errors import UsageError
from reconciler.web.network import connections_to

PROXY = "http://127.0.0.1:1"
CONFIG = """\
version: 1
providers:
  p:
    service: postmark
    token: {env: POSTMARK_SERVER_TOKEN}
    tracking: {opens: true}
    advanced: {retry_attempts: 0}
"""
TOKEN = {"POSTMARK_SERVER_TOKEN": "x"}
SOCKS = "a SOCKS proxy cannot be used"
NO_PROXY = "the URL of a proxy, such as http://proxy.example.com:3128, is wanted"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "esp.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "empty").write_text("", encoding="utf-8")
    (tmp_path / "canary.pem").write_text("canary, and no certificate", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    return tmp_path


PROXIES = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy", "All_Proxy"]
UNUSABLE = {
    "socks5://u:canary@127.0.0.1:1080": SOCKS,
    "SOCKS5H://canary": SOCKS,
    "socks4a://canary:1": SOCKS,
    "ftp://canary:canary@x": NO_PROXY,
    "http://u:canary@": NO_PROXY,
    "http://[::1": NO_PROXY,
    "http://canary:70000": NO_PROXY,
    "canary:0": NO_PROXY,
    "canary:port": NO_PROXY,
    "http://ca nary": NO_PROXY,
    "http://u:can@ary@x:1": NO_PROXY,
    "://canary": NO_PROXY,
    " http://canary:1": NO_PROXY,
    "http://canary/?x": NO_PROXY,
    "http://xn--canary-\u00fc:1": NO_PROXY,
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, "http://canary:70000") for name in PROXIES),
        *(("HTTPS_PROXY", value) for value in UNUSABLE),
    ],
)
def test_a_proxy_that_cannot_be_used_is_a_usage_error_that_names_the_variable(
    folder: Path, name: str, value: str
) -> None:
    done = run("plan", "--format", "json", cwd=folder, env={**TOKEN, name: value})
    assert done.code == 64, done
    assert f"Error: {name}: {UNUSABLE[value]}" in done.err
    assert "unset it" in done.err
    assert done.json["error"]["type"] == "UsageError"
    assert "canary" not in done.out + done.err


@pytest.mark.parametrize("name", PROXIES)
@pytest.mark.parametrize("value", UNUSABLE)
def test_no_connection_is_made_past_a_proxy_that_cannot_be_used(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in PROXIES:
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=f"^{name}: {UNUSABLE[value]}") as refused:
        connections_to(httpx.URL("https://api.mailgun.net"), 1.0)
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("[::1", "`[::1`"),
        ("a.example:port", "`a.example:port`"),
        ("localhost, ::::x", "`::::x`"),
        ("localhost,http://u:p@x,https://u:canary,7@x:y", "entry 3"),
    ],
)
def test_a_list_of_exceptions_that_cannot_be_used_is_named(
    folder: Path, name: str, value: str, told: str
) -> None:
    for more in ({}, {"HTTPS_PROXY": PROXY}):
        done = run("plan", cwd=folder, env={**TOKEN, **more, name: value})
        assert (done.code, done.out) == (64, "")
        assert done.err == (
            f"Error: {name}: a list of hosts is wanted, as localhost,.example.com, and {told} is "
            "none; correct or unset it\n"
        )


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"SSL_CERT_FILE": "/nowhere/canary"}, "SSL_CERT_FILE: the file cannot be used (No such"),
        ({"SSL_CERT_FILE": "empty"}, "SSL_CERT_FILE: the file cannot be used (no certificate in"),
        ({"SSL_CERT_FILE": "canary.pem"}, "SSL_CERT_FILE: the file cannot be used (no certif"),
        ({"SSL_CERT_FILE": "folder"}, "SSL_CERT_FILE: the file cannot be used (Is a directory)"),
        (
            {"SSL_CERT_FILE": "empty", "SSL_CERT_DIR": "folder"},
            "SSL_CERT_FILE or SSL_CERT_DIR: the",
        ),
        ({"SSL_CERT_DIR": "/nowhere/canary"}, "SSL_CERT_DIR: there is no folder with certificates"),
        ({"SSL_CERT_DIR": "empty"}, "SSL_CERT_DIR: there is no folder with certificates"),
        ({"SSL_CERT_DIR": "folder"}, "SSL_CERT_DIR: there is no folder with certificates"),
        ({"SSLKEYLOGFILE": "/nowhere/canary"}, "SSLKEYLOGFILE: the file cannot be used (No such"),
    ],
)
def test_certificates_that_cannot_be_read_are_told_by_their_variable(
    folder: Path, variables: dict[str, str], why: str
) -> None:
    for command in ("plan", "apply --yes"):
        done = run(*command.split(), cwd=folder, env={**TOKEN, **variables})
        assert (done.code, done.out) == (64, "")
        assert done.err.startswith(f"Error: {why}")
        assert "unset it" in done.err
        assert "canary" not in done.err


@pytest.mark.parametrize("name", ["canary.pipe", "canary.link", "/dev/zero"])
def test_certificates_in_a_pipe_or_a_device_are_not_waited_for(folder: Path, name: str) -> None:
    os.mkfifo(folder / "canary.pipe")
    (folder / "canary.link").symlink_to("canary.pipe")
    done = run("plan", cwd=folder, env={**TOKEN, "SSL_CERT_FILE": name})
    assert (done.code, done.out) == (64, "")
    assert done.err == (
        "Error: SSL_CERT_FILE: the file cannot be used (not a regular file); name a file of "
        "certificates in PEM format, or unset it\n"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_certificates_that_may_not_be_read_are_told_by_their_variable(folder: Path) -> None:
    (folder / "canary.pem").chmod(0)
    done = run("plan", cwd=folder, env={**TOKEN, "SSL_CERT_FILE": "canary.pem"})
    assert done.code == 64
    assert "SSL_CERT_FILE: the file cannot be used (Permission denied)" in done.err


@pytest.mark.parametrize(
    "variables",
    [
        {"HTTPS_PROXY": PROXY},
        {"https_proxy": "127.0.0.1:1", "HTTP_PROXY": "", "ALL_PROXY": ""},
        {
            "HTTPS_PROXY": "http://user:p%40ss@127.0.0.1:1/",
            "NO_PROXY": "localhost:*, 10.0.0.0/8 .a,::1,[::1],[::1]:80,fe80::/10,<local>",
        },
        {"HTTPS_PROXY": "http://[::1]:1", "SSL_CERT_FILE": "", "SSL_CERT_DIR": ""},
    ],
)
def test_a_proxy_that_does_not_answer_is_no_usage_error(
    folder: Path, variables: dict[str, str]
) -> None:
    done = run("plan", "--format", "json", cwd=folder, env={**TOKEN, **variables})
    assert done.code == 1
    assert done.json["error"]["type"] == "ReadFailed"
    assert ":1, which " in done.err
    assert "user" not in done.err


def test_a_proxy_that_cannot_be_reached_is_told_as_that(folder: Path) -> None:
    done = run("plan", cwd=folder, env={**TOKEN, "HTTPS_PROXY": "http://u:canary@127.0.0.1:1"})
    assert (
        "no way to api.postmarkapp.com: the proxy 127.0.0.1:1, which HTTPS_PROXY names, cannot be "
        "reached (ConnectError). Check HTTPS_PROXY, and try again later."
    ) in done.err
    assert "canary" not in done.err


def test_where_no_proxy_is_used_none_is_looked_at(box: Served, folder: Path) -> None:
    odd = {"HTTPS_PROXY": "socks5://x", "NO_PROXY": "[::1"}
    for arguments, env in (((), box.env), (("--sandbox",), {"SSL_CERT_FILE": "/nowhere"})):
        done = run(*arguments, "plan", "--format", "json", cwd=folder, env={**odd, **env})
        assert done.code == 0, done
        assert json.loads(done.out)["changes"]
