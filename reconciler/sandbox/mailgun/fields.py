"""Form fields: where they may stand in a request, and which values they take."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from starlette.datastructures import UploadFile

from reconciler.sandbox.app import Call
from reconciler.sandbox.mailgun.answers import bad_request

Reader = Callable[[str, str], Any]

FLAGS = {"true": True, "yes": True, "false": False, "no": False}
ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+")
HOST_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}")
# All that fits into 64 bits; Python itself refuses to read numbers of thousands of digits.
LONGEST_NUMBER = 18
# mailgun-php sends repeated fields as `url[0]`, `url[1]`.
INDEX = re.compile(r"\[\d*\]$")


class Fields:
    """The fields of a multipart or urlencoded body and of the query alike (mailgun.md §3)."""

    def __init__(self, call: Call) -> None:
        pairs = [*call.form.multi_items(), *call.query.multi_items()]
        self._pairs = [(INDEX.sub("", name), value) for name, value in pairs]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((name, _as_text(value)) for name, value in self._pairs)

    def all(self, name: str) -> list[str]:
        return [_as_text(value) for key, value in self._pairs if key == name]

    def get(self, name: str, default: str = "") -> str:
        return next(iter(self.all(name)), default)

    def content(self, name: str) -> bytes | None:
        """Return an uploaded file, or the text given in place of one."""
        value = next((value for key, value in self._pairs if key == name), None)
        return None if value is None else _as_bytes(value)

    def upload(self) -> bytes | None:
        """Return the first uploaded file, whatever its field is called."""
        files = (value for _, value in self._pairs if isinstance(value, UploadFile))
        return next(map(_as_bytes, files), None)

    def is_file(self, name: str) -> bool:
        return any(key == name and isinstance(value, UploadFile) for key, value in self._pairs)

    def has(self, name: str) -> bool:
        return any(key == name for key, _ in self._pairs)

    def need(self, name: str) -> str:
        """Return a field that must be there; the refusal is worded as for webhooks (§8.1)."""
        if not (text := self.get(name)):
            raise bad_request(f"Missing parameter '{name}'")
        return text

    def read(self, readers: Mapping[str, Reader]) -> dict[str, Any]:
        """Return the given ones of the fields in the table; an empty value counts as not given."""
        return {
            name: reader(name, text)
            for name, reader in readers.items()
            if (text := self.get(name)) != ""
        }

    def number(self, name: str, default: int) -> int:
        text = self.get(name)
        return whole_number(name, text) if text else default


def _as_bytes(value: UploadFile | str) -> bytes:
    if isinstance(value, str):
        return value.encode()
    value.file.seek(0)
    return value.file.read()


def _as_text(value: UploadFile | str) -> str:
    return value if isinstance(value, str) else _as_bytes(value).decode(errors="replace")


def page(fields: Fields) -> slice:
    """Read `limit` and `skip`; the ceiling's text is the one of credentials (§4.4, §9)."""
    limit, skip = fields.number("limit", 100) or 100, fields.number("skip", 0)
    if limit > 1000:
        raise bad_request("Limit parameter can't be larger than 1000")
    return slice(skip, skip + limit)


# The wording of these refusals is ours, unless a comment says otherwise: no source gives it.


def text_value(_name: str, text: str) -> str:
    return text


def flag(name: str, text: str) -> bool:
    if text.lower() not in FLAGS:
        raise bad_request(f"Invalid value for parameter '{name}': expected yes, no, true or false")
    return FLAGS[text.lower()]


def one_of(*choices: str) -> Reader:
    def read(name: str, text: str) -> str:
        if text.lower() not in choices:
            wanted = ", ".join(choices)
            raise bad_request(f"Invalid value for parameter '{name}': expected one of {wanted}")
        return text.lower()

    return read


def whole_number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER):
        raise bad_request(f"Invalid value for parameter '{name}': expected a number")
    return int(text)


def atom(name: str, text: str) -> str:
    if not ATOM.fullmatch(text):
        raise bad_request(f"Invalid value for parameter '{name}': must be a valid atom")
    return text


def host_name(name: str, text: str) -> str:
    host = text.lower().rstrip(".")
    if not HOST_NAME.fullmatch(host):
        raise bad_request(f"Invalid value for parameter '{name}': not a valid domain name")
    return host


def web_address(name: str, text: str) -> str:
    if not re.match(r"https?://[^/\s]+", text):
        raise bad_request(f"Invalid value for parameter '{name}': not a valid url")
    return text


def password(_name: str, text: str) -> str:
    """Check the length; the text for too short is from §4.6, the one for too long is ours."""
    if not 5 <= len(text) <= 32:
        size = "short" if len(text) < 5 else "long"
        raise bad_request(f"Password is too {size}. It must be between 5 and 32 characters.")
    return text
