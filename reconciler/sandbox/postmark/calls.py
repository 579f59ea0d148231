"""What a call carries: its JSON body and its query, both with keys in any letter case."""

import json
import secrets
from collections.abc import Sequence
from typing import Any

from reconciler.sandbox.app import Call
from reconciler.sandbox.postmark.answers import Refused

Json = dict[str, Any]


def read_json(call: Call) -> Any:
    """Parse the body; the keys of all objects come in lower case (postmark.md §1.1)."""
    try:
        return _fold(json.loads(call.body))
    except (ValueError, RecursionError):
        raise Refused(402) from None


def _fold(value: Any) -> Any:
    if isinstance(value, dict):
        return {key.lower(): _fold(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_fold(item) for item in value]
    return value


def read_object(call: Call) -> Json:
    """Return the body as an object; no body at all counts as an empty one."""
    # Clients built on axios send a literal `null` where they mean no body.
    body = read_json(call) if call.body else None
    if body is not None and not isinstance(body, dict):
        raise Refused(403, field="body")
    return body or {}


def read_query(call: Call, name: str) -> str | None:
    values = [value for key, value in call.query.multi_items() if key.lower() == name.lower()]
    return values[-1] if values else None


def read_page(call: Call, items: Sequence[Any], *, code: int) -> list[Any]:
    """Cut out the page asked for; `code` refuses missing or wrong numbers (postmark.md §1.9)."""
    count = _read_number(read_query(call, "count"), code)
    offset = _read_number(read_query(call, "offset"), code)
    if not 1 <= count <= 500:
        raise Refused(code)
    return in_answer_order(call, items[offset : offset + count])


def _read_number(text: str | None, code: int) -> int:
    if text is None or not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Refused(code)
    return int(text)


def in_answer_order(call: Call, items: Sequence[Any]) -> list[Any]:
    """Keep the order of creation, unless the setting `shuffle` asks for any (postmark.md §1.9)."""
    ordered = list(items)
    if call.world.settings.get("shuffle"):
        secrets.SystemRandom().shuffle(ordered)
    return ordered


def path_id(call: Call) -> str:
    """Return the number in the path as the key it has in the state."""
    return call.params["id"].lstrip("0")
