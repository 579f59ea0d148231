"""The commit whose configuration was applied last: Git keeps it, and `drift` compares with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from reconciler.cli.configuration import DEFAULT_FILE
from reconciler.cli.options import is_recursive, tell
from reconciler.engine.planfile import SavedPlan
from reconciler.errors import RevisionError, UsageError
from reconciler.git import APPLIED, Repository
from reconciler.library.revisions import revision_at
from reconciler.model import Config

_HEAD = "HEAD"

record_ref = click.option(
    "--record-ref",
    is_flag=True,
    help=f"Record the commit as {APPLIED} once all of it is applied, for `drift` to compare with.",
)


@dataclass(frozen=True, slots=True)
class Recording:
    """The commit that is being applied."""

    repository: Repository
    commit: str

    def record(self) -> None:
        """Move the ref; what was applied is applied, even if that fails."""
        try:
            self.repository.record(APPLIED, self.commit)
        except RevisionError as error:
            tell(f"Warning: applied, but not recorded as {APPLIED}: {error}")


def recording_of(
    files: Sequence[Path], config: Config, only: Sequence[str], saved: SavedPlan | None
) -> Recording:
    """Return what will be recorded. Raises UsageError for an apply that is not of all of a commit.

    Raises RevisionError where there is no commit.
    """
    if only or (saved and (saved.document["only"] or saved.document.get("since"))):
        raise UsageError("--record-ref says that all was applied, and this is only a part of it")
    paths = files or (DEFAULT_FILE,)
    then = revision_at(_HEAD, paths, recursive=is_recursive())
    if then.config.digest != config.digest:
        raise UsageError(
            f"--record-ref: the configuration is not that of the commit {then.commit[:12]}; commit "
            "it first"
        )
    folder = paths[0] if paths[0].is_dir() else paths[0].parent
    return Recording(Repository.of(folder), then.commit)
