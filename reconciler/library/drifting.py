"""Look for drift: what is live beside what is declared, and beside what was applied."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from reconciler.engine.crew import resting
from reconciler.engine.drift.causes import Base
from reconciler.engine.drift.verdict import Drift, Unmanaged, find_drift
from reconciler.engine.live import Progress, in_silence
from reconciler.engine.survey import survey
from reconciler.errors import RevisionError
from reconciler.git import APPLIED, Repository
from reconciler.library.credentials import fields_of, seal_what_resolves
from reconciler.library.options import Options
from reconciler.library.reconciler import Planner
from reconciler.library.revisions import STDIN, Revision, file_of, revision_at
from reconciler.model import Acceptance, Account, Address, Config, Resource

_SAYS_WHICH_ACCOUNT = {"service": "", "region": "us", "server": ""}
"""Keys of a provider by whose change its addresses lead to other things, and what none means.

A server may have been named that was meant before by its token alone.
"""


def look_for_drift(
    planner: Planner,
    *,
    base: Base | None = None,
    accepted: Sequence[Acceptance] = (),
    today: date | None = None,
    unmanaged: Unmanaged = Unmanaged.WARN,
    progress: Progress = in_silence,
) -> Drift:
    """Read what can be read, and tell how and why it is not as declared; change nothing.

    `today`, by which acceptances expire, is that of UTC unless it is given. Raises UsageError for
    a selection that met nothing.
    """
    found = survey(
        planner.config,
        planner.sessions,
        planner.selection,
        whole=planner.whole,
        connections=planner.options.connections,
        progress=progress,
        pause=resting(planner.options.pause),
    )
    return find_drift(
        found,
        base=base,
        accepted=accepted,
        today=today or datetime.now(UTC).date(),
        unmanaged=unmanaged,
        selection=planner.selection,
    )


def base_at(
    ref: str | None, paths: Sequence[Path], planner: Planner, *, recursive: bool = False
) -> Base | None:
    """Return what the files and folders at `paths` declared at a ref, for `planner` to look for.

    Without a ref it is the one that was recorded, and None if none was. Raises RevisionError.
    """
    if ref is None and not _is_recorded(paths):
        return None
    then = revision_at(APPLIED if ref is None else ref, paths, recursive=recursive)
    return base_of(then, planner.config, planner.options)


def _is_recorded(paths: Sequence[Path]) -> bool:
    if STDIN in paths:
        return False
    try:
        folder = paths[0] if paths[0].is_dir() else paths[0].parent
        return Repository.of(folder).find(APPLIED) is not None
    except RevisionError:
        return False


def base_of(then: Revision, now: Config, options: Options) -> Base:
    """Return what was declared at a commit, to be compared with the configuration of `now`.

    Its secrets are resolved as they are today, after the tokens of `now`. What that cannot tell is
    left unsure: references that lead nowhere any more, and files that are not what they were at the
    commit. A provider that reached other accounts then declared nothing here.
    """
    kept = {
        address: each
        for address, each in then.config.desired.items()
        if _is_same_account(then.config.providers.get(address.provider), now, address)
    }
    sealed, unknown = seal_what_resolves(replace(then.config, desired=kept), options)
    unsure = {
        address: names
        for address, each in sealed.desired.items()
        if (names := unknown.get(address, frozenset()) | _changed(each, then.has_changed))
    }
    return Base(sealed.desired, then.commit, unsure)


def _is_same_account(then: Account | None, now: Config, address: Address) -> bool:
    today = now.providers.get(address.provider)
    if then is None or today is None:
        return False
    said = (
        {account.node.text(key) or unsaid for account in (then, today)} - {""}
        for key, unsaid in _SAYS_WHICH_ACCOUNT.items()
    )
    return all(len(values) <= 1 for values in said)


def _changed(resource: Resource, has_changed: Callable[[Path], bool]) -> frozenset[str]:
    names = [
        name
        for name, reference in resource.references.items()
        if (path := file_of(reference)) and has_changed(path)
    ]
    return fields_of(resource, names)
