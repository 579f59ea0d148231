"""One change of each type, and what becomes of it when one session carries it out."""

from typing import Any, ClassVar

from library import Keeper, Kept, made
from shelf import ROOT, Shelves, desired

from reconciler.engine.attempt import Attempt, Result
from reconciler.engine.plan import decide
from reconciler.errors import (
    AlreadyExists,
    NotFound,
    OutcomeUnknown,
    ServiceError,
    UnexpectedAnswer,
)
from reconciler.model import Address, Change, Create, Delete, Update


class Paired(Kept):
    """Of which the service makes a second one."""

    has_twins: ClassVar[bool] = True


KEPT, PAIRED = Kept(), Paired()
A, B = ROOT / "shelves" / "a", ROOT / "shelves" / "b"
OTHER = Address(("q",)) / "shelves" / "a"


def update(kind: Shelves = KEPT, before: Any = 1, **fields: Any) -> Update:
    live = made(kind, A, depth=before, colour="red")
    change, refusals = decide(desired(kind, A, **(fields or {"depth": 2})), live)
    assert isinstance(change, Update), refusals
    return change


def creation(kind: Shelves = KEPT) -> Create:
    return Create(desired(kind, A, depth=2))


def carried_out(change: Change, session: Keeper, repeats: int = 2) -> tuple[Result, list[float]]:
    waited: list[float] = []
    return Attempt(session, repeats, waited.append).carry_out(change), waited


def there_before(change: Update | Delete) -> Keeper:
    return Keeper(change.live)


def of(error: type[ServiceError]) -> ServiceError:
    return error("POST /shelves", "said no")


DOUBTFUL = (OutcomeUnknown, UnexpectedAnswer, AlreadyExists, NotFound)


def changes() -> dict[str, Change]:
    return {"create": creation(), "update": update(), "delete": Delete(made(KEPT, A))}


def prepared(verb: str) -> tuple[Change, Keeper]:
    change = changes()[verb]
    return change, Keeper() if isinstance(change, Create) else there_before(change)
