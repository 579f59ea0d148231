"""What is asked of a forge and what its answers mean: pages, limits, and words of a stranger."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from at_a_forge import HEAD, PULL, REPOSITORY, SERVICES, TOKEN, Service, at, forge_of, served
from double import answer
from double_world import Refusal, Reply, Request, World

from reconciler.errors import (
    AuthenticationFailed,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    ReconcileError,
    ServiceError,
    Unavailable,
    UnexpectedAnswer,
)
from reconciler.forges import Forge
from reconciler.forges.client import LONGEST_WAIT, Waited, wait_asked_for
from reconciler.web import Answer

MERGED = "fedcba0987654321" * 2 + "fedcba09"


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("count", [0, 1, 100, 101, 300])
def test_all_pages_are_read_in_order(service: Service, count: int) -> None:
    world = World()
    with forge_of(world, service) as forge:
        for number in range(count):
            world.add_comment(REPOSITORY[service], PULL, "somebody", f"{number}")
        assert [each.body for each in forge.comments(PULL)] == [f"{n}" for n in range(count)]
    assert len(world.requests) == max(1, -(-count // 100))


def test_notes_of_the_system_are_none() -> None:
    world = World()
    with forge_of(world, "gitlab") as forge:
        world.add_comment("7", PULL, "somebody", "added 1 commit", system=True)
        world.add_comment("7", PULL, "somebody", "remark")
        assert [each.body for each in forge.comments(PULL)] == ["remark"]


@pytest.mark.parametrize("service", SERVICES)
def test_comments_too_long_for_one_page_are_read_in_smaller_ones(service: Service) -> None:
    world = World()
    longest = "x" * (1_000_000 if service == "gitlab" else 262_144)
    with forge_of(world, service) as forge:
        for _ in range(70):
            world.add_comment(REPOSITORY[service], PULL, "mallory", longest)
        assert len(forge.comments(PULL)) == 70


def with_header(world: World, name: str, value: str, request: Request) -> Reply:
    reply = answer(world, request)
    return replace(reply, headers={**reply.headers, name: value})


@pytest.mark.parametrize(
    "link",
    [
        '<https://evil.example.com/repos/octo/mail/issues/5/comments?page=2>; rel="next"',
        '<http://127.0.0.1:1/repos/octo/mail/issues/5/comments?page=2>; rel="next"',
        '<//evil.example.com/?page=2>; rel="next"',
        '<http://[::1/?page=2>; rel="next"',
        '</repos/octo/mail/issues/5/comments?page=2>; rel="next"',
        "<http://127.0.0.1@evil.example.com/?page=2>; rel=next",
    ],
)
def test_a_next_page_elsewhere_is_not_asked_for(link: str) -> None:
    world = World()
    answering = partial(with_header, world, "Link", link)
    with (
        forge_of(world, answering=answering) as forge,
        pytest.raises(UnexpectedAnswer, match="outside of the API"),
    ):
        forge.comments(PULL)
    assert len(world.requests) == 1


def test_pages_that_lead_to_each_other_end_in_an_error() -> None:
    world = World()

    def circle(request: Request) -> Reply:
        link = f'<{request.base}/x?page=2&per_page=100>; rel="next"'
        return with_header(world, "Link", link, request)

    with (
        forge_of(world, answering=circle) as forge,
        pytest.raises(UnexpectedAnswer, match="lead to each other"),
    ):
        forge.comments(PULL)
    assert len(world.requests) == 2


@pytest.mark.parametrize("page", ["x", "-1", "1&private_token=x", "9" * 400, "²"])
def test_a_next_page_that_is_no_number_is_not_asked_for(page: str) -> None:
    world = World()
    sent = page.encode().decode("latin-1")
    answering = partial(with_header, world, "X-Next-Page", sent)
    with (
        forge_of(world, "gitlab", answering=answering) as forge,
        pytest.raises(UnexpectedAnswer, match="X-Next-Page"),
    ):
        forge.comments(PULL)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (302, UnexpectedAnswer),
        (400, InvalidRequest),
        (401, AuthenticationFailed),
        (403, PermissionDenied),
        (404, NotFound),
        (410, NotFound),
        (422, InvalidRequest),
        (500, OutcomeUnknown),
        (503, OutcomeUnknown),
    ],
)
def test_a_refused_write_is_told_by_its_kind(
    service: Service, status: int, error: type[ServiceError]
) -> None:
    world = World()
    world.refusals.append(Refusal(status, "Body is too long", {"Location": "http://127.0.0.1:1/"}))
    with forge_of(world, service) as forge, pytest.raises(error) as caught:
        forge.add_comment(PULL, "text")
    assert type(caught.value) is error
    assert str(caught.value).startswith("POST /")
    assert f"HTTP {status}" in str(caught.value)
    assert world.comments(REPOSITORY[service], PULL) == []


def test_a_refused_token_is_told_what_it_needs() -> None:
    world = World()
    with forge_of(world, "gitlab", token="glcbt-64_job") as forge, pytest.raises(ServiceError) as e:
        forge.add_comment(PULL, "text")
    assert "CI_JOB_TOKEN cannot write notes" in str(e.value)


@pytest.mark.parametrize(
    "headers",
    [{"retry-after": "11"}, {"x-ratelimit-remaining": "0", "retry-after": "11"}],
)
@pytest.mark.parametrize("status", [403, 429])
def test_a_limit_is_waited_for_as_told(status: int, headers: Mapping[str, str]) -> None:
    world, waited = World(), list[float]()
    world.refusals.append(Refusal(status, "You have exceeded a secondary rate limit", headers))
    with forge_of(world, pause=waited.append) as forge:
        assert forge.comments(PULL) == []
    assert waited == [11]


def test_a_403_that_is_no_limit_is_not_waited_for() -> None:
    world, waited = World(), list[float]()
    headers = {"x-ratelimit-remaining": "4999", "x-ratelimit-reset": "5"}
    world.refusals.append(Refusal(403, "Resource not accessible by integration", headers))
    with forge_of(world, pause=waited.append) as forge, pytest.raises(PermissionDenied):
        forge.comments(PULL)
    assert waited == []


def test_limits_are_waited_for_no_longer_than_two_minutes_in_all() -> None:
    world, waited = World(), list[float]()
    world.refusals.extend(Refusal(429, "slow down", {"retry-after": "50"}) for _ in range(5))
    with forge_of(world, pause=waited.append) as forge, pytest.raises(RateLimited) as caught:
        forge.comments(PULL)
    assert waited == [50, 50]
    assert "Run again in 50 seconds" in str(caught.value)
    assert sum(waited) <= LONGEST_WAIT


@pytest.mark.parametrize("headers", [{"retry-after": "0"}, {"retry-after": "0.0001"}])
def test_who_says_at_once_again_and_again_is_not_asked_for_ever(headers: Mapping[str, str]) -> None:
    waited = list[float]()
    limit = Reply(429, {"message": "slow down"}, headers)

    def pause(seconds: float) -> None:
        waited.append(seconds)
        assert len(waited) <= LONGEST_WAIT

    with (
        forge_of(World(), pause=pause, answering=lambda _: limit) as forge,
        pytest.raises(RateLimited),
    ):
        forge.comments(PULL)
    assert sum(waited) <= LONGEST_WAIT


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 60),
        ({"retry-after": "3", "x-ratelimit-reset": "1500"}, 3),
        ({"retry-after": "Thu, 01 Jan 1970 00:17:20 GMT"}, 40),
        ({"x-ratelimit-reset": "1030"}, 30),
        ({"ratelimit-reset": "1030"}, 30),
        ({"x-ratelimit-reset": "12"}, 60),
        ({"retry-after": "soon"}, 60),
        ({"retry-after": "-5"}, 60),
        ({"retry-after": "nan"}, 60),
        ({"retry-after": "inf"}, 60),
        ({"retry-after": "9" * 400}, 60),
    ],
)
def test_a_wait_is_read_from_headers(headers: Mapping[str, str], seconds: float) -> None:
    assert wait_asked_for(Answer(429, headers, b""), now=1000) == seconds


def test_a_read_is_repeated_and_a_write_is_not() -> None:
    world = World()
    world.refusals.extend([Refusal(502, "x", methods=["GET"])] * 2)
    with forge_of(world) as forge:
        assert forge.comments(PULL) == []
        world.refusals.append(Refusal(502, "x", methods=["POST"]))
        with pytest.raises(OutcomeUnknown):
            forge.add_comment(PULL, "text")
        world.refusals.extend([Refusal(502, "x", methods=["GET"])] * 3)
        with pytest.raises(Unavailable):
            forge.comments(PULL)
    assert len(world.refusals) == 0


def test_a_forge_that_is_not_there_is_named() -> None:
    with at("http://127.0.0.1:9", "github") as forge, pytest.raises(Unavailable) as caught:
        forge.comments(PULL)
    assert "GET /repos/octo/mail/issues/5/comments: no answer from 127.0.0.1" in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [None, {}, "x", 5, [5], [None], [{}], [{"id": "1"}], [{"id": True}], [{"id": -1}], {"a": []}],
)
def test_an_answer_of_another_shape_is_an_error(data: Any) -> None:
    with (
        forge_of(World(), answering=lambda _: Reply(200, data)) as forge,
        pytest.raises(UnexpectedAnswer, match="GET /repos"),
    ):
        forge.comments(PULL)


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[1" + b"0" * 5_000 + b"]", b"[" * 200_000, b"\xff\xfe"]
)
def test_an_answer_that_is_no_json_is_an_error_that_does_not_quote_it(content: bytes) -> None:
    with forge_of(World(), answering=lambda _: Reply(200, content)) as forge:
        for call, error in ((CALLS["list"], UnexpectedAnswer), (CALLS["add"], ServiceError)):
            with pytest.raises(error, match=r"(GET|POST) /repos") as caught:
                call(forge)
            assert "html" not in str(caught.value)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("data", [{}, {"login": "", "username": ""}, {"login": 5}, [], None])
def test_an_account_without_a_name_is_nobody(service: Service, data: Any) -> None:
    with (
        forge_of(World(), service, answering=lambda _: Reply(200, data)) as forge,
        pytest.raises(UnexpectedAnswer, match="GET /user"),
    ):
        forge.me()


@pytest.mark.parametrize(
    "data", [{}, [], None, {"data": None, "errors": []}, {"data": {"viewer": 5}}]
)
def test_an_app_that_is_told_no_author_is_taken_for_the_workflow(data: Any) -> None:
    def answering(request: Request) -> Reply:
        return Reply(200, data) if request.path == "/graphql" else Reply(403, {"message": "no"})

    with forge_of(World(), answering=answering) as forge:
        assert forge.me() == "github-actions[bot]"


def test_two_minutes_are_waited_in_all_to_learn_the_author() -> None:
    waited = list[float]()

    def answering(request: Request) -> Reply:
        if request.method == "GET" and waited:
            return Reply(403, {"message": "no"})
        return Reply(429, {"message": "slow down"}, {"retry-after": "100"})

    with forge_of(World(), pause=waited.append, answering=answering) as forge:
        assert forge.me() == "github-actions[bot]"
    assert waited == [100]


def test_an_enterprise_server_is_asked_beside_its_rest_api() -> None:
    asked = list[str]()

    def answering(request: Request) -> Reply:
        asked.append(f"{request.method} {request.path}")
        told = {"data": {"viewer": {"login": "mail-bot[bot]"}}}
        return Reply(200, told) if request.method == "POST" else Reply(403, {"message": "no"})

    with (
        served(World(), "github", answering) as url,
        at(f"{url}/api/v3", "github") as forge,
    ):
        assert forge.me() == "mail-bot[bot]"
    assert asked == ["GET /api/v3/user", "POST /api/graphql"]


def test_fields_of_another_type_are_not_taken() -> None:
    item = {"id": 7, "user": ["x"], "body": 5, "html_url": None}
    with forge_of(World(), answering=lambda _: Reply(200, [item])) as forge:
        (comment,) = forge.comments(PULL)
    assert (comment.id, comment.author, comment.body, comment.url) == (7, "", "", "")


CALLS: Mapping[str, Callable[[Forge], object]] = {
    "add": lambda forge: forge.add_comment(PULL, "x"),
    "list": lambda forge: forge.comments(PULL),
    "head": lambda forge: forge.head_of(PULL),
    "delete": lambda forge: forge.delete_comment(PULL, 1),
    "issue": lambda forge: forge.edit_issue(1, title="x"),
}
ECHOES = [TOKEN, f"Bearer {TOKEN}", TOKEN[:12], TOKEN[-9:], "x" * 75 + TOKEN, f"a\n::b::{TOKEN}"]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 422, 429, 500])
@pytest.mark.parametrize("service", SERVICES)
def test_the_token_is_in_no_error_whatever_the_forge_says(
    call: str, status: int, service: Service
) -> None:
    said = iter(ECHOES * 9)

    def echo(_: Request) -> Reply:
        words = next(said)
        data = {"message": words, "error": words, "login": words}
        return Reply(status, data, {"Location": f"/{TOKEN}"})

    with forge_of(World(), service, answering=echo) as forge:
        for _ in ECHOES:
            with pytest.raises((ReconcileError, Waited)) as caught:
                CALLS[call](forge)
            error = caught.value
            shown = f"{error} {error!r} {error.__context__!r} {error.__cause__!r}"
            assert not any(TOKEN[at : at + 8] in shown for at in range(len(TOKEN) - 7))
            assert str(error).isprintable()


OTHERS = {
    "key-ab83a521f9c543c583089e048e687c5f": "no: … is wrong",
    base64.b64encode(TOKEN.encode()).decode(): "no: … is wrong",
    TOKEN.encode().hex(): "no: … is wrong",
    "installation": "no: installation is wrong",
}


@pytest.mark.parametrize(("word", "shown"), OTHERS.items(), ids=["key", "base64", "hex", "word"])
def test_no_word_is_shown_that_may_be_a_secret_in_some_form(word: str, shown: str) -> None:
    said = {"message": f"no: {word} is wrong"}
    with (
        forge_of(World(), answering=lambda _: Reply(422, said)) as forge,
        pytest.raises(InvalidRequest, match=shown),
    ):
        forge.add_comment(PULL, "x")


def test_foreign_words_stay_on_one_line_and_are_cut() -> None:
    told = "bad\n::error::\x1b[31m" + "x" * 500
    with (
        forge_of(World(), answering=lambda _: Reply(422, {"message": told})) as forge,
        pytest.raises(InvalidRequest) as caught,
    ):
        forge.add_comment(PULL, "x")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("service", SERVICES)
def test_a_commit_leads_to_the_pull_request_that_it_was_merged_by(service: Service) -> None:
    world, name = World(), REPOSITORY[service]
    with forge_of(world, service) as forge:
        assert forge.pull_request_of(HEAD) == PULL
        assert forge.pull_request_of(MERGED) is None
        world.add_pull(name, 3, head=HEAD, state="closed")
        assert forge.pull_request_of(HEAD) == PULL
        world.add_pull(name, 9, head=MERGED)
        world.add_pull(name, 8, state="closed", merged_as=MERGED)
        assert forge.pull_request_of(MERGED) == 8
        assert forge.head_of(PULL) == HEAD


def test_a_pull_request_to_another_repository_does_not_count() -> None:
    world = World()
    with forge_of(world) as forge:
        world.add_pull(REPOSITORY["github"], PULL, head=HEAD, repository="else/where")
        assert forge.pull_request_of(HEAD) is None


def test_issues_are_those_with_the_label_and_no_pull_requests() -> None:
    world = World()
    with served(world, "github") as url, at(url, "github") as forge:
        world.add_pull(REPOSITORY["github"], PULL, labels=["drift"])
        for number in range(120):
            labels = ["drift"] if number % 2 else []
            world.add_issue(REPOSITORY["github"], "x", {"title": f"{number}", "labels": labels})
        found = forge.issues("drift", "all")
        assert len(found) == 60
        assert [each.number for each in found] == sorted(each.number for each in found)
    assert not any("search" in each for each in world.requests)
