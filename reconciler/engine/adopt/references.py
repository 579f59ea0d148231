"""Names for what the YAML may only refer to: one for each secret of a run, however often it is."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from reconciler.engine.adopt.said import Said
from reconciler.model import Sealed, Secret
from reconciler.source import nothing

_PREFIX = "ESP_HOOK"
"""Of names that may be sent as content, by default."""
_MOST = 100
_HALF = re.compile("[\ud800-\udfff]")
"""What comes of JSON that holds one half of a pair."""
_NO_LINE = (
    "a password or header of it is empty, or not one line without blanks around it, and no "
    "reference leads to such a one"
)
_A_TOKEN = "a password or header of it is a token of this run, which no YAML may send as content"  # noqa: S105
_NO_TEXT = "it holds half a character, which YAML cannot say"
_SIGNS = re.compile(r"[^A-Z0-9]+")

Refer = Callable[[str], Any]
"""Returns what the YAML says for a name, such as `{env: NAME}`."""


class References:
    """`taken` are names that lead to something already, and so to nothing else, with what if known.

    `is_token` says of a secret that it may be sent to authenticate only.
    """

    def __init__(
        self,
        refer: Refer,
        taken: Mapping[str, Sealed | None] = nothing(),
        is_token: Callable[[Secret], bool] = lambda _: False,
    ) -> None:
        self._refer = refer
        self._is_token = is_token
        self.taken = taken
        self._names = {sealed: name for name, sealed in taken.items() if sealed}
        self.secrets: dict[str, Secret] = {}
        """What each name has to lead to."""

    def obstacle(self, value: Any) -> str:
        """Return why the YAML cannot say a value; "" if it can."""
        if isinstance(value, Mapping):
            return next(filter(None, map(self.obstacle, [*value, *value.values()])), "")
        if isinstance(value, list):
            return next(filter(None, map(self.obstacle, value)), "")
        if isinstance(value, Secret):
            return _NO_LINE if not value.is_one_line() else _A_TOKEN * self._is_token(value)
        return _NO_TEXT if isinstance(value, str) and _HALF.search(value) else ""

    def spelt(self, said: Said) -> Any:
        """Return a statement's value as the YAML says it, with references for secrets."""
        return self._spelt(said.statement.value, _words(said))

    def _spelt(self, value: Any, words: tuple[str, ...]) -> Any:
        if isinstance(value, Secret):
            return self._refer(self._name(value, words))
        if isinstance(value, Mapping):
            return {key: self._spelt(each, (*words, key)) for key, each in value.items()}
        return value

    def _name(self, secret: Secret, words: tuple[str, ...]) -> str:
        known = self._names.get(secret.sealed())
        if known:
            self.secrets[known] = secret
            return known
        told = [word for word in words if word not in {"auth", "headers"}]
        wanted = _SIGNS.sub("_", "_".join((_PREFIX, *told)).upper())[:_MOST].strip("_")
        name, number = wanted, 1
        while name in self.secrets or name in self.taken:
            number += 1
            name = f"{wanted}_{number}"
        self._names[secret.sealed()] = name
        self.secrets[name] = secret
        return name


def _words(said: Said) -> tuple[str, ...]:
    """Return what a secret's name begins with: the host that it is sent to, or the field's keys."""
    value = said.statement.value
    url = value.get("url") if isinstance(value, Mapping) else None
    if not isinstance(url, str):
        return said.path[-1:]
    return (urlsplit(url).hostname or "",)
