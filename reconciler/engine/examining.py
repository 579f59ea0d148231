"""Examine providers: make their services' looks, and keep what each came to."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from reconciler.engine.crew import Crew
from reconciler.engine.live import Sessions
from reconciler.errors import AuthenticationFailed, ReconcileError
from reconciler.model import Account, Examination, Health, Observation, TokenKind

_BARRED = Observation(Health.UNKNOWN, "not looked at, since a token was refused")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What one look at a provider came to, after `seconds` if anything was asked.

    `key` is that of the token which was looked at, if it was one, and `token` what it is; `sender`
    is the address, if it was that.
    """

    provider: str
    service: str
    subject: str
    observation: Observation
    seconds: float | None = None
    key: str = ""
    sender: str = ""
    token: TokenKind | None = None

    @property
    def has_failed(self) -> bool:
        return self.observation.health is Health.FAILED


def examine(
    accounts: Iterable[Account],
    sessions: Sessions,
    *,
    connections: int,
    clock: Callable[[], float],
) -> Mapping[str, Sequence[Checked]]:
    """Look at providers side by side, and at what there is of each one thing after the other."""
    accounts = list(accounts)
    with Crew(connections) as crew:
        found = crew.all(
            (each.name, partial(_examined, each, sessions[each.name], clock)) for each in accounts
        )
    return {each.name: looks for each, looks in zip(accounts, found, strict=True)}


def _examined(account: Account, session: Any, clock: Callable[[], float]) -> list[Checked]:
    found: list[Checked] = []
    for each in account.service.examinations(account, session):
        begun = clock()
        observation = _look(each, is_refused=any(c.key and c.has_failed for c in found))
        seconds = None if observation is _BARRED else clock() - begun
        found.append(
            checked(
                account,
                each.subject,
                observation,
                key=each.key,
                sender=each.sender,
                seconds=seconds,
            )
        )
    return found


def _look(examination: Examination, *, is_refused: bool) -> Observation:
    """Look, and take a refused token for the answer to whatever needed it."""
    try:
        return examination.look()
    except AuthenticationFailed as error:
        if is_refused and not examination.key:
            return _BARRED
        return Observation(Health.FAILED, str(error))
    except ReconcileError as error:
        return Observation(Health.FAILED, str(error))


def checked(
    account: Account,
    subject: str,
    observation: Observation,
    *,
    key: str = "",
    sender: str = "",
    seconds: float | None = None,
) -> Checked:
    return Checked(
        provider=account.name,
        service=account.service.name,
        subject=subject,
        observation=observation,
        seconds=seconds,
        key=key,
        sender=sender,
        token=account.service.token_kinds.get(key),
    )


def passed(looks: Iterable[Checked]) -> Iterator[tuple[str, bool]]:
    """Yield, by provider, whether nothing of it failed."""
    by_provider: dict[str, bool] = {}
    for each in looks:
        by_provider[each.provider] = by_provider.get(each.provider, True) and not each.has_failed
    yield from by_provider.items()
