"""The double as a program, as runners of CI use it; and its limits, which clients rely on."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from at_a_forge import HEAD, PULL, REPOSITORY, SERVICES, Service, at, forge_of, note_of
from double import answer, serving
from double_world import World

from reconciler.errors import InvalidRequest
from reconciler.forges import post, read
from reconciler.web import Web

PROGRAM = Path(__file__).with_name("double.py")


@contextmanager
def program(*options: str) -> Iterator[str]:
    command = [sys.executable, str(PROGRAM), "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def asked(url: str, method: str, path: str, content: Any = None) -> Any:
    with Web() as web:
        answer = web.request(method, f"{url}{path}", json=content)
    assert answer.status == 200
    return json.loads(answer.body)


@pytest.mark.parametrize("service", SERVICES)
def test_the_program_keeps_its_state_in_a_file(service: Service, tmp_path: Path) -> None:
    state, name = tmp_path / "state.json", REPOSITORY[service]
    with program("--state", str(state), "--latency", "2") as url:
        asked(url, "PUT", f"/_pulls/{name}/{PULL}", {"head": HEAD})
        with at(url, service) as forge:
            post(forge, PULL, "key", note_of(1), lambda _: "text", pause=lambda _: None)
        told = asked(url, "GET", "/_state")
    assert json.loads(state.read_text())["repositories"] == told["repositories"]
    assert told["repositories"][name]["comments"][0]["body"].startswith("text")
    assert any(each.startswith("POST ") for each in told["requests"])
    with program("--state", str(state)) as url, at(url, service) as forge:
        assert read(forge, PULL, "key") == note_of(1)
        asked(url, "PUT", "/_read_only", content=True)
        assert len(forge.comments(PULL)) == 1


def test_the_program_knows_persons_by_their_tokens() -> None:
    with program("--user", "ghp_x=octocat") as url, at(url, "github", "ghp_x") as forge:
        assert forge.me() == "octocat"


def test_github_counts_bytes() -> None:
    most = "é" * (262_144 // 2)
    with forge_of(World()) as forge:
        assert forge.add_comment(PULL, most).body == most
        for write in (
            lambda: forge.add_comment(PULL, f"{most}x"),
            lambda: forge.edit_comment(PULL, 1001, f"{most}x"),
            lambda: forge.open_issue("title", f"{most}x", []),
        ):
            with pytest.raises(InvalidRequest, match="HTTP 422"):
                write()
        number = forge.open_issue("title", most, []).number
        assert forge.edit_issue(number, body=f"{most}x").body == most


def test_gitlab_counts_characters() -> None:
    most = "\U0001f600" * 1_000_000
    with forge_of(World(), "gitlab") as forge:
        assert forge.add_comment(PULL, most).body == most
        with pytest.raises(InvalidRequest, match="HTTP 400"):
            forge.add_comment(PULL, f"{most}x")


@pytest.mark.parametrize(
    ("path", "size", "first"),
    [
        (f"/repos/{REPOSITORY['github']}/issues/{PULL}/comments", 30, "0"),
        (f"/api/v4/projects/{REPOSITORY['gitlab']}/merge_requests/{PULL}/notes", 20, "129"),
    ],
)
def test_pages_are_short_unless_more_is_asked_for(path: str, size: int, first: str) -> None:
    world = World()
    for name in REPOSITORY.values():
        world.add_pull(name, PULL)
        for number in range(130):
            world.add_comment(name, PULL, "x", f"{number}")
    headers = {"Authorization": "Bearer x"}
    queries = ("", "?per_page=100", "?per_page=500", "?per_page=100&page=2")
    with serving(partial(answer, world)) as url, Web(headers=headers) as web:
        pages = [json.loads(web.request("GET", f"{url}{path}{each}").body) for each in queries]
    assert [len(page) for page in pages] == [size, 100, 100, 30]
    assert pages[0][0]["body"] == first
