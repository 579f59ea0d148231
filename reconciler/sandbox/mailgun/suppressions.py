"""Bounces, unsubscribes, complaints and the allowlist of a domain (mailgun.md §10, OAS)."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from reconciler.sandbox.mailgun.account import Endpoints, Handler, Visit
from reconciler.sandbox.mailgun.address_lists import MOST_BYTES, read_rows
from reconciler.sandbox.mailgun.allowance import take
from reconciler.sandbox.mailgun.answers import RefusedError, bad_request, message, refused, reply
from reconciler.sandbox.mailgun.fields import Fields
from reconciler.sandbox.mailgun.suppression_lists import (
    LISTS,
    UNSUBSCRIBES,
    Given,
    Suppression,
    SuppressionList,
    fold,
    read_batch,
)

ENDPOINTS = Endpoints()
MOST_IN_BATCH = 1000
MOST_PER_PAGE = 1000
# At least this long in a recording (§3.1).
WINDOW = 15.0

Step = Callable[[Visit, SuppressionList], Response]


def _serve(method: str, path: str, step: Step) -> None:
    """Register one step for each of the lists, below their names."""
    for each in LISTS:
        ENDPOINTS.on(method, path.format(list=each.name))(_limited(step, each))


def _limited(step: Step, of: SuppressionList) -> Handler:
    """Count the call, and tell how many are left, as recorded (§3.1)."""

    def handle(visit: Visit) -> Response:
        limit = visit.setting("suppression_limit", 2500)
        allowance = take(visit.world, "suppressions", limit, WINDOW)
        headers = allowance.headers("X-Request")
        if allowance.is_exceeded:
            raise RefusedError(reply({"message": "Too many requests"}, 429, headers))  # text ours
        response = step(visit, of)
        response.headers.update(headers)
        return response

    return handle


def _list(visit: Visit, of: SuppressionList) -> Response:
    kept = of.of(visit.domain())
    question = _read_question(visit.fields)
    names = sorted(name for name in kept if name.startswith(question.term))
    shown = question.cut(names)
    url = f"{visit.base_url}/v3/{visit.name()}/{of.name}"
    return reply({"items": [kept[name] for name in shown], "paging": _paging(url, question, shown)})


@dataclass(frozen=True, slots=True)
class _Question:
    """Which page of a list is asked for; `divider` is the address that it lies before or after."""

    limit: int
    page: str
    divider: str
    term: str

    def cut(self, names: Sequence[str]) -> Sequence[str]:
        """Return a page of sorted names: what goes between two calls shifts no other entry.

        The order in which the service lists is not known.
        """
        match self.page:
            case "next":
                start = bisect_right(names, self.divider)
            case "previous":
                end = bisect_left(names, self.divider)
                return names[max(0, end - self.limit) : end]
            case "last":
                start = max(0, len(names) - self.limit)
            case _:
                start = 0
        return names[start : start + self.limit]


def _read_question(fields: Fields) -> _Question:
    limit = fields.number("limit", 100) or 100
    if limit > MOST_PER_PAGE:
        raise bad_request("Limit parameter can't be larger than 1000")  # as for credentials (§9)
    return _Question(
        limit,
        fields.get("page").lower(),
        fields.get("address").lower(),
        fields.get("term").lower(),
    )


def _paging(url: str, question: _Question, shown: Sequence[str]) -> dict[str, str]:
    """Link to the pages around; beyond an end, the way back leads to the page at that end."""
    pages = {
        "previous": ("previous", shown[0]) if shown else ("last", ""),
        "first": ("first", ""),
        "next": ("next", shown[-1]) if shown else ("first", ""),
        "last": ("last", ""),
    }
    if not shown and question.page in ("next", "previous"):
        pages[question.page] = (question.page, question.divider)
    return {name: f"{url}?{urlencode(_query(question, *page))}" for name, page in pages.items()}


def _query(question: _Question, page: str, divider: str) -> dict[str, Any]:
    query = {"page": page, "address": divider, "limit": question.limit, "term": question.term}
    return {name: value for name, value in query.items() if value}


def _get(visit: Visit, of: SuppressionList) -> Response:
    return reply(_named(visit, of))


def _named(visit: Visit, of: SuppressionList) -> Suppression:
    suppression = of.of(visit.domain()).get(_key(visit))
    if suppression is None:
        raise refused(404, message=of.missing)
    return suppression


def _key(visit: Visit) -> str:
    return visit.call.params["value"].lower()


def _add(visit: Visit, of: SuppressionList) -> Response:
    """Add all of a batch or none of it."""
    entry = visit.domain()
    batch, is_list = _read_batch(visit)
    if len(batch) > MOST_IN_BATCH:
        raise bad_request(f"Batch size should be less than {MOST_IN_BATCH}")
    suppressions = [of.read(given) for given in batch]
    for each in suppressions:
        of.add(entry, each)
    if is_list:
        return message(of.added_many.format(count=len(suppressions)))
    # OAS tells this text for the allowlist only; the others are worded alike.
    return message(of.added, **_name_of(of, suppressions[0]))


def _read_batch(visit: Visit) -> tuple[list[Given], bool]:
    media_type = visit.call.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type == "application/json":
        return read_batch(visit.call.body)
    fields = visit.fields
    lists = {name: fields.all(name) for name in ("tag", "tags")}
    return [fold({name: fields.get(name) for name, _ in fields} | lists)], False


def _name_of(of: SuppressionList, suppression: Suppression) -> dict[str, str]:
    names = ("type", of.key) if "type" in suppression else (of.key,)
    return {name: suppression[name] for name in names}


def _import(visit: Visit, of: SuppressionList) -> Response:
    """Take a file in under any name, as SDKs differ in it, and leave out the rows that are wrong.

    The service reads the file afterwards, and nothing says what becomes of such rows.
    """
    entry = visit.domain()
    for given in _read_file(visit):
        try:
            of.add(entry, of.read(given))
        except RefusedError:
            continue
    return reply({"message": "file uploaded successfully for processing. standby..."}, 202)


def _read_file(visit: Visit) -> list[Given]:
    content = visit.fields.upload()
    if content is None:
        raise bad_request("Missing parameter 'file'")  # text ours
    if len(content) > MOST_BYTES:
        raise bad_request("The file must not be larger than 25 MB")  # text ours
    rows = read_rows(content)
    header = [name.strip() for name in rows[0]] if rows else []
    if not {"address", "domain"} & {name.lower() for name in header}:
        raise bad_request("while reading csv header")
    return [fold(dict(zip(header, row, strict=False))) for row in rows[1:]]


def _remove(visit: Visit, of: SuppressionList) -> Response:
    suppression = _named(visit, of)
    del of.of(visit.domain())[_key(visit)]
    return message(of.removed, **{of.key: suppression[of.key]})


def _remove_unsubscribe(visit: Visit, of: SuppressionList) -> Response:
    """Take back the tag that is named, or all; OAS tells of the first only in a refusal's text."""
    kept, key, tag = of.of(visit.domain()), _key(visit), visit.fields.get("tag")
    tags = kept[key]["tags"] if key in kept else []
    left = [each for each in tags if tag and each != tag]
    if left == tags:
        raise refused(404, message="Unsubscribe event for this tag does not exist")
    suppression = kept.pop(key)
    if left:
        kept[key] = suppression | {"tags": left}
    return message(of.removed, address=suppression["address"])


def _clear(visit: Visit, of: SuppressionList) -> Response:
    of.of(visit.domain()).clear()
    return message(of.cleared)


_ALL = "/v3/{{name}}/{list}"
# Local parts may hold slashes.
_ONE = _ALL + "/{{value:path}}"
ENDPOINTS.on("DELETE", _ONE.format(list=UNSUBSCRIBES.name))(
    _limited(_remove_unsubscribe, UNSUBSCRIBES)
)
_serve("GET", _ALL, _list)
_serve("POST", _ALL, _add)
_serve("DELETE", _ALL, _clear)
_serve("POST", _ALL + "/import", _import)
_serve("GET", _ONE, _get)
_serve("DELETE", _ONE, _remove)
