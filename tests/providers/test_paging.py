"""Lists that are told in pages come whole, or not at all."""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import Line

from reconciler.errors import ReconcileError, UnexpectedAnswer
from reconciler.model import Address, Resource
from reconciler.providers.mailgun.domains import Domains as MailgunDomains
from reconciler.providers.postmark.domains import Domains as PostmarkDomains
from reconciler.providers.postmark.streams import Streams

BOX = Address(("box",))
Pages = Callable[[int, int], dict[str, Any]]


def postmark_names(pages: Pages, calls: list[tuple[int, int]] | None = None) -> list[str]:
    def answer(request: httpx.Request) -> httpx.Response:
        asked = int(request.url.params["count"]), int(request.url.params["offset"])
        (calls if calls is not None else []).append(asked)
        return httpx.Response(200, json=pages(*asked))

    with Line(answer, retries=0) as line:
        found = PostmarkDomains().list(line.postmark(), BOX)
        return [resource.address.name for resource in found]


def mailgun_names(pages: Pages, calls: list[tuple[int, int]] | None = None) -> list[str]:
    def answer(request: httpx.Request) -> httpx.Response:
        asked = int(request.url.params["limit"]), int(request.url.params["skip"])
        (calls if calls is not None else []).append(asked)
        return httpx.Response(200, json=pages(*asked))

    with Line(answer, service="mailgun", retries=0) as line:
        found = MailgunDomains().list(line.mailgun(), BOX)
        return [resource.address.name for resource in found]


def name(number: int) -> str:
    return f"d{number}.example"


def names(count: int) -> list[str]:
    return [name(number) for number in range(count)]


def domain(number: int) -> dict[str, Any]:
    return {"ID": number + 1, "Name": name(number), "name": name(number)}


def domains(count: int) -> list[dict[str, Any]]:
    return [domain(number) for number in range(count)]


def postmark_page(items: Sequence[Any], total: Any) -> dict[str, Any]:
    return {"TotalCount": total, "Domains": list(items)}


def mailgun_page(items: Sequence[Any] | None, total: Any) -> dict[str, Any]:
    return {"total_count": total, "items": items if items is None else list(items)}


@pytest.mark.parametrize(
    ("count", "calls"),
    [
        (0, [(500, 0)]),
        (1, [(500, 0)]),
        (500, [(500, 0)]),
        (501, [(500, 0), (500, 500)]),
        (1234, [(500, 0), (500, 500), (500, 1000)]),
    ],
)
def test_postmark_lists_are_read_in_as_few_pages_as_there_are(
    count: int, calls: list[tuple[int, int]]
) -> None:
    made: list[tuple[int, int]] = []
    everything = domains(count)
    found = postmark_names(
        lambda count, offset: postmark_page(everything[offset : offset + count], len(everything)),
        made,
    )
    assert found == names(count)
    assert made == calls


@pytest.mark.parametrize(
    ("count", "calls"),
    [(0, [(1000, 0)]), (1000, [(1000, 0)]), (2001, [(1000, 0), (1000, 1000), (1000, 2000)])],
)
def test_mailgun_lists_are_read_in_as_few_pages_as_there_are(
    count: int, calls: list[tuple[int, int]]
) -> None:
    made: list[tuple[int, int]] = []
    everything = domains(count)
    found = mailgun_names(
        lambda limit, skip: mailgun_page(everything[skip : skip + limit], len(everything)), made
    )
    assert found == names(count)
    assert made == calls


LISTS = [(postmark_names, postmark_page), (mailgun_names, mailgun_page)]
BOTH = pytest.mark.parametrize(("read", "page"), LISTS, ids=["postmark", "mailgun"])


@BOTH
def test_a_service_that_gives_shorter_pages_than_asked_for_is_read_to_its_end(
    read: Any, page: Any
) -> None:
    assert read(lambda _, start: page(domains(250)[start : start + 100], 250)) == names(250)


@BOTH
def test_pages_that_overlap_give_each_item_once(read: Any, page: Any) -> None:
    found = read(lambda _, start: page(domains(30)[max(0, start - 3) : start + 10], 30))
    assert found == names(30)


@BOTH
def test_an_item_that_is_listed_twice_counts_once(read: Any, page: Any) -> None:
    assert read(lambda *_: page([domain(0), domain(0), domain(1)], 2)) == names(2)


@BOTH
@pytest.mark.parametrize("known", [0, 1, 7])
def test_an_empty_page_before_the_declared_total_is_an_error(
    read: Any, page: Any, known: int
) -> None:
    with pytest.raises(UnexpectedAnswer, match=f"ends after {known} of 20; nothing is planned"):
        read(lambda _, start: page(domains(known)[start:], 20))


@BOTH
def test_the_same_page_again_and_again_is_an_error(read: Any, page: Any) -> None:
    calls: list[tuple[int, int]] = []
    with pytest.raises(UnexpectedAnswer, match="not whole"):
        read(lambda *_: page(domains(10), 20), calls)
    assert len(calls) == 2


@BOTH
def test_a_list_that_never_ends_is_an_error(read: Any, page: Any) -> None:
    calls: list[tuple[int, int]] = []
    with pytest.raises(UnexpectedAnswer, match="does not end"):
        read(lambda _, start: page([domain(start)], start + 2), calls)
    assert len(calls) == 1000


@BOTH
def test_more_items_than_declared_are_an_error(read: Any, page: Any) -> None:
    with pytest.raises(UnexpectedAnswer, match="not whole"):
        read(lambda *_: page(domains(3), 2))


@BOTH
def test_a_list_that_shrinks_while_it_is_read_is_an_error(read: Any, page: Any) -> None:
    """The first item was deleted after its page was read: the last one moved up, out of sight."""

    def pages(_: int, start: int) -> dict[str, Any]:
        answer: dict[str, Any] = page(domains(10), 11) if start == 0 else page([], 10)
        return answer

    with pytest.raises(UnexpectedAnswer, match="changed while it was read"):
        read(pages)


@BOTH
def test_a_list_that_grows_while_it_is_read_is_read_to_its_new_end(read: Any, page: Any) -> None:
    assert read(lambda _, start: page(domains(12)[start : start + 10], 11 + start // 10)) == names(
        12
    )


@BOTH
@pytest.mark.parametrize("items", [[None], [1], ["d.example"], [[]], [{}], "abc", 5, {}, False])
def test_items_that_are_none_are_an_error(read: Any, page: Any, items: Any) -> None:
    key = "items" if read is mailgun_names else "Domains"
    with pytest.raises(UnexpectedAnswer, match="no list of"):
        read(lambda *_: page([], 1) | {key: items})


@BOTH
@pytest.mark.parametrize("bad", [None, "", 5, [], {}])
def test_an_item_without_a_name_is_an_error(read: Any, page: Any, bad: Any) -> None:
    with pytest.raises(UnexpectedAnswer):
        read(lambda *_: page([domain(0) | {"Name": bad, "name": bad}], 1))


@pytest.mark.parametrize("bad", [None, "", [], {}, 1.5])
def test_a_postmark_item_without_an_id_is_an_error(bad: Any) -> None:
    with pytest.raises(UnexpectedAnswer, match="no list of Domains"):
        postmark_names(lambda *_: postmark_page([domain(0) | {"ID": bad}], 1))


def test_a_total_may_come_as_text() -> None:
    assert len(postmark_names(lambda *_: postmark_page(domains(1), "1"))) == 1


@pytest.mark.parametrize("total", [None, "one", [], 1.5, -1])
def test_a_postmark_list_without_a_total_is_an_error(total: Any) -> None:
    with pytest.raises(UnexpectedAnswer, match="no TotalCount"):
        postmark_names(lambda *_: postmark_page(domains(1), total))
    with pytest.raises(UnexpectedAnswer, match="no TotalCount"):
        postmark_names(lambda *_: {"Domains": domains(1)})


def test_a_postmark_answer_that_is_another_object_is_an_error() -> None:
    with pytest.raises(UnexpectedAnswer, match="GET /domains: the answer holds no list"):
        postmark_names(lambda *_: {"TotalCount": 0, "Servers": []})


def test_an_empty_mailgun_list_may_be_null() -> None:
    assert mailgun_names(lambda *_: mailgun_page(None, 0)) == []
    assert mailgun_names(lambda *_: {"items": None}) == []


def test_a_null_mailgun_list_before_the_total_is_an_error() -> None:
    with pytest.raises(UnexpectedAnswer, match="ends after 0 of 3"):
        mailgun_names(lambda *_: mailgun_page(None, 3))


def test_a_mailgun_answer_without_items_is_an_error() -> None:
    with pytest.raises(UnexpectedAnswer, match="no list of items"):
        mailgun_names(lambda *_: {"total_count": 0})


@pytest.mark.parametrize("total", [None, "5", []])
def test_without_a_total_a_mailgun_list_is_read_until_a_page_is_empty(total: Any) -> None:
    """A short page proves nothing: a service may give 100 where 1000 were asked for."""
    pages = [domains(250)[start : start + 100] for start in (0, 100, 200)] + [[]]
    assert mailgun_names(lambda _, skip: mailgun_page(pages[-(-skip // 100)], total)) == names(250)


def test_without_a_total_a_mailgun_page_with_nothing_new_is_the_end() -> None:
    """Of a service that declares no total and knows no pages, there is one page to be had."""
    assert mailgun_names(lambda *_: {"items": domains(5)}) == names(5)


@given(st.data())
def test_whatever_a_service_answers_a_list_is_whole_or_an_error(data: st.DataObject) -> None:
    true = data.draw(st.integers(0, 12))
    read, page = data.draw(st.sampled_from(LISTS))

    def pages(_: int, start: int) -> Any:
        size = data.draw(st.integers(0, 6))
        lag = data.draw(st.integers(0, 2))
        return page(domains(true)[max(0, start - lag) :][:size], true)

    with suppress(UnexpectedAnswer):
        assert read(pages) == names(true)


@pytest.mark.parametrize("total", [0, 2, 4, None, "3"])
def test_a_stream_list_that_differs_from_its_total_is_an_error(total: Any) -> None:
    items = [{"ID": "outbound"}, {"ID": "inbound"}, {"ID": "broadcast"}]
    answer = httpx.Response(200, json={"MessageStreams": items, "TotalCount": total})
    with Line(answer, retries=0) as line, pytest.raises(UnexpectedAnswer, match=r"of .* streams"):
        list(Streams().list(line.postmark(), BOX))


@pytest.mark.parametrize("items", [None, [None], [{}], [{"ID": ""}], [{"ID": []}], {}, "x"])
def test_a_stream_list_of_other_things_is_an_error(items: Any) -> None:
    answer = httpx.Response(200, json={"MessageStreams": items, "TotalCount": 1})
    with Line(answer, retries=0) as line, pytest.raises(UnexpectedAnswer):
        list(Streams().list(line.postmark(), BOX))


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("TotalCount", "Domains", "MessageStreams", "ID", "Name", "ReturnPathDomain"),
                    *("items", "total_count", "name", "domain", "sending_dns_records", "tracking"),
                    *("disabled", "message_ttl", "open", "click", "active", "record_type", "state"),
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["TotalCount", "Domains", "MessageStreams", "ID"]), ODD))
def test_odd_objects_of_postmark_end_in_resources_or_an_error_of_ours(body: Any) -> None:
    with Line(_raw(body), retries=0) as line:
        session = line.postmark()
        for kind in line.kinds:
            _read_all(kind, session)


@given(
    st.dictionaries(st.sampled_from(["items", "total_count", "domain", "tracking"]), ODD)
    | st.fixed_dictionaries({"domain": ODD, "sending_dns_records": ODD, "tracking": ODD})
)
def test_odd_objects_of_mailgun_end_in_resources_or_an_error_of_ours(body: Any) -> None:
    with Line(_raw(body), service="mailgun", retries=0) as line:
        session = line.mailgun()
        for kind in line.kinds:
            _read_all(kind, session)


def _raw(body: Any) -> httpx.Response:
    return httpx.Response(200, content=json.dumps(body).encode())


def _read_all(kind: Any, session: Any) -> None:
    known = Resource(address=BOX / "d.example" / kind.name, kind=kind, remote_id="7")
    with suppress(ReconcileError):
        kind.read(session, known)
    with suppress(ReconcileError):
        for found in kind.list(session, BOX / "d.example"):
            kind.read(session, found)
