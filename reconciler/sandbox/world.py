"""What the sandbox remembers: one document of plain data, kept in a file when a folder is given."""

import json
import shlex
import threading
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeGuard

from reconciler.errors import ReconcileError
from reconciler.folder import Folder

FORMAT = 1
Credentials = Mapping[str, str]


class StateDamaged(ReconcileError):
    """The file is there, and is not what this version wrote: only its user may give it up."""


class StateUnusable(ReconcileError):
    """The file cannot be read or written."""


class World:
    """The state of both services: `credentials`, `postmark`, `mailgun`, `dns` and `settings`.

    Every call is answered while `lock` is held, so that handlers see and leave a whole state;
    after each call that may have changed something the state is written out in one step.

    `anew` starts from the seed whatever the file holds; only its credentials are kept, if there
    are any. Raises StateDamaged (without `anew`), StateUnusable.
    """

    def __init__(
        self,
        directory: Path | None,
        seed: Callable[[Credentials | None], dict[str, Any]],
        *,
        anew: bool = False,
    ) -> None:
        self.lock = threading.RLock()
        self._seed = seed
        self._folder = Folder(directory) if directory else None
        # To draw the keys of a new account takes longer than all else in a reset.
        self._as_new: dict[str, Any] | None = None
        self._document = self._begin(anew=anew)
        self.save(first=True)

    def _begin(self, *, anew: bool) -> dict[str, Any]:
        try:
            found = self._load()
        except StateDamaged:
            if not anew:
                raise
            found = None
        if found and not anew:
            return found
        return self._seed(found["credentials"] if found else None) | {"format": FORMAT}

    def _load(self) -> dict[str, Any] | None:
        if self._folder is None:
            return None
        file = self._folder.file
        try:
            document = json.loads(self._folder.read())
        except FileNotFoundError:
            return None
        except OSError as problem:
            raise StateUnusable(f"{file}: {problem.strerror}") from None
        except (ValueError, RecursionError):
            document = None
        if not _is_ours(document):
            raise StateDamaged(
                f"{file} is no state of a sandbox of this version. To start anew: "
                f"esp-reconcile --sandbox-dir {shlex.quote(str(file.parent))} sandbox reset"
            )
        return document

    def save(self, *, first: bool = False) -> None:
        """Write the state out in one step. Raises StateUnusable, with the file as it was."""
        if self._folder is None:
            return
        try:
            if first:
                self._folder.make()
            self._folder.write(json.dumps(self._document).encode())
        except OSError as problem:
            raise StateUnusable(
                f"the sandbox cannot keep its state in {self._folder.file}: {problem.strerror}"
            ) from None

    def reset(self) -> None:
        """Go back to the seeded account; the credentials stay, so that clients go on working."""
        if self._as_new is None:
            self._as_new = self._seed(self.credentials) | {"format": FORMAT}
        self._document = deepcopy(self._as_new)
        self.save()

    @property
    def credentials(self) -> Mapping[str, str]:
        """`postmark_server_token`, `postmark_account_token` and `mailgun_api_key`."""
        credentials: Mapping[str, str] = self._document["credentials"]
        return credentials

    @property
    def postmark(self) -> dict[str, Any]:
        return self._section("postmark")

    @property
    def mailgun(self) -> dict[str, Any]:
        return self._section("mailgun")

    @property
    def settings(self) -> dict[str, Any]:
        """Switches for behaviour that the fact sheets leave open, and for delays in seconds."""
        return self._section("settings")

    def _section(self, name: str) -> dict[str, Any]:
        section: dict[str, Any] = self._document.setdefault(name, {})
        return section

    def publish(self, domain: str, *, published: bool) -> None:
        """Say that the DNS records asked for below `domain` are (no longer) published."""
        self._section("dns")[domain.lower().rstrip(".")] = published

    def is_published(self, host: str) -> bool:
        """The nearest enclosing domain that was said anything about decides."""
        labels = host.lower().rstrip(".").split(".")
        dns = self._section("dns")
        for start in range(len(labels)):
            name = ".".join(labels[start:])
            if name in dns:
                return bool(dns[name])
        return False


def _is_ours(document: Any) -> TypeGuard[dict[str, Any]]:
    sections = ("credentials", "postmark", "mailgun", "dns", "settings")
    return (
        isinstance(document, dict)
        and document.get("format") == FORMAT
        and all(isinstance(document.get(name), dict) for name in sections)
    )
