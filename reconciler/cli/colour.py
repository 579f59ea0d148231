"""Whether a stream gets colours: what the user says, else what will show them."""

import os
import stat
from collections.abc import Mapping
from typing import Any

WHEN = ("auto", "always", "never")
_FORCED = ("FORCE_COLOR", "CLICOLOR_FORCE")
_LOGS_WITH_COLOURS = ("GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI", "TRAVIS")
"""Variables of CI services whose logs show colours; they read from a pipe."""


class Colour:
    """What `--color` says; there is one command line, and so one of it."""

    when = "auto"

    def is_wanted(self, stream: Any, environment: Mapping[str, str] = os.environ) -> bool:
        if self.when != "auto":
            return self.when == "always"
        if environment.get("NO_COLOR") or environment.get("TERM") == "dumb":
            return False
        if any(environment.get(name, "0") not in {"", "0"} for name in _FORCED):
            return True
        if stream.isatty():
            return True
        is_logged = any(environment.get(name) for name in _LOGS_WITH_COLOURS)
        return is_logged and _is_pipe(stream)


def _is_pipe(stream: Any) -> bool:
    """Whether a stream is one, as a CI service's is; what goes into a file is no log."""
    try:
        return stat.S_ISFIFO(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return False


COLOUR = Colour()
