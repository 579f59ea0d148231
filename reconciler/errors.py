"""What can go wrong, as one tree. Each message names the place, the fact and the way out.

ReconcileError                  exit 1
├── UsageError                  exit 64  the command line asks for something that is not there
├── ConfigError                          findings in the YAML, all of them
├── SecretError                          a reference that cannot be resolved
│   ├── SopsMissing                      the program is not there
│   ├── SopsTooOld
│   ├── SopsFailed                       for a reason of its own
│   ├── NoKeyForFile                     none of the user's keys opens it
│   ├── FileTampered                     what was decrypted is not what was encrypted
│   ├── NotEncrypted                     a plain file where an encrypted one belongs
│   └── NotInFile                        the file has no such key
├── RevisionError                        a revision in Git that cannot be read
├── InvalidReport                        a saved report that is not whole, or not ours
├── InvalidRecord                        a DNS record that no zone, or no reader, can take
├── ReadFailed                           one or more reads failed: nothing was planned
├── ServiceError                         METHOD path: status, the service's code and text
│   ├── AuthenticationFailed             the token was refused
│   ├── PermissionDenied                 the token may not do this
│   ├── NotFound
│   ├── AlreadyExists
│   ├── InvalidRequest                   the service refused the content
│   ├── RateLimited                      still, after all retries
│   ├── Unavailable                      no answer, a 5xx or a 408, after all retries
│   ├── OutcomeUnknown                   a write that may or may not have taken effect
│   └── UnexpectedAnswer                 not what the service is documented to answer
├── Interrupted                          asked to stop meanwhile
│   └── NotBegun                         before anything of a change was sent
├── NotConverged                         re-read after a change, and not as desired
├── MessageFailed                        a message or heartbeat was not taken; never the exit code
├── Overtaken                            made, and changed by another writer since
├── AppliedInPart                        some fields were written, and others refused
└── Refused                     exit 4   nothing was written
    ├── ImmutableField                   a difference that cannot be applied
    ├── WrongServer                      a token reaches another server than the YAML names
    ├── Untrusted                        a secret is needed, and the run may have none
    ├── GuardExceeded                    more deletions than allowed
    ├── CallsExceeded                    more calls than allowed
    ├── StalePlan                        a planned object changed since
    └── InvalidPlanFile                  edited, cut short, or of another format
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from reconciler.source import Finding, printable


class ReconcileError(Exception):
    """The root: whatever of ours reaches a user, with the exit code that goes with it."""

    exit_code: ClassVar[int] = 1


class UsageError(ReconcileError):
    exit_code = 64


class ConfigError(ReconcileError):
    """`findings` holds every error found, sorted by place; `warnings` what is doubtful besides.

    `advice` is what helps with all of them together, as lines below theirs.
    """

    def __init__(
        self, findings: Sequence[Finding], warnings: Sequence[Finding] = (), *, advice: str = ""
    ) -> None:
        self.findings = tuple(sorted(findings))
        self.warnings = tuple(sorted(warnings))
        self.advice = advice
        lines = [*(str(finding) for finding in self.findings), *advice.splitlines()]
        super().__init__("\n".join(lines))


class SecretError(ReconcileError):
    pass


class SopsMissing(SecretError):
    pass


class SopsTooOld(SecretError):
    pass


class SopsFailed(SecretError):
    pass


class NoKeyForFile(SecretError):
    pass


class FileTampered(SecretError):
    pass


class NotEncrypted(SecretError):
    pass


class NotInFile(SecretError):
    pass


class RevisionError(ReconcileError):
    pass


class InvalidReport(ReconcileError):
    pass


class InvalidRecord(ReconcileError):
    """`why` is the reason, without the record that it is about."""

    def __init__(self, record: str, why: str) -> None:
        self.why = printable(why)
        super().__init__(f"{printable(record)}: {self.why}")


class ServiceError(ReconcileError):
    """`status` is None when no answer came; `code` is the service's own number, if it gave one.

    `fact` is the message without the request and the advice.
    """

    def __init__(
        self,
        request: str,
        fact: str,
        *,
        advice: str = "",
        status: int | None = None,
        code: int | None = None,
    ) -> None:
        self.request = request
        self.fact = fact
        self.status = status
        self.code = code
        stop = "" if fact.endswith((".", '."')) else "."
        super().__init__(printable(f"{request}: {fact}" + (f"{stop} {advice}" if advice else "")))


class AuthenticationFailed(ServiceError):
    pass


class PermissionDenied(ServiceError):
    pass


class NotFound(ServiceError):
    pass


class AlreadyExists(ServiceError):
    pass


class InvalidRequest(ServiceError):
    pass


class RateLimited(ServiceError):
    pass


class Unavailable(ServiceError):
    pass


class OutcomeUnknown(ServiceError):
    pass


class UnexpectedAnswer(ServiceError):
    pass


class ReadFailed(ReconcileError):
    """`errors` holds, with the provider's name, the first failed read of each."""

    def __init__(self, errors: Sequence[tuple[str, ReconcileError]]) -> None:
        self.errors = tuple(error for _, error in errors)
        super().__init__("\n".join(f"{provider}: {error}" for provider, error in errors))


class Interrupted(ReconcileError):
    pass


class NotBegun(Interrupted):
    """Nothing of a change was sent by then."""


class NotConverged(ReconcileError):
    pass


class MessageFailed(ReconcileError):
    pass


class Overtaken(ReconcileError):
    pass


class AppliedInPart(ReconcileError):
    """`applied` are the fields that were written, `failed` holds the error of each other one.

    With `is_made` something was made although none of the fields is named.
    """

    def __init__(
        self,
        applied: Sequence[str],
        failed: Mapping[str, ReconcileError],
        *,
        is_made: bool = False,
    ) -> None:
        self.applied = tuple(applied)
        self.failed = dict(failed)
        self.is_made = is_made or bool(applied)
        told: dict[str, list[str]] = {}
        for name, error in failed.items():
            told.setdefault(str(error), []).append(f"`{name}`")
        parts = [f"{', '.join(names)}: {why}" for why, names in told.items()]
        if applied:
            done = ", ".join(f"`{name}`" for name in sorted(applied))
            parts = [*(each.rstrip(".") for each in parts), f"applied: {done}"]
        super().__init__("; ".join(parts))


class Refused(ReconcileError):
    exit_code = 4


class ImmutableField(Refused):
    pass


class WrongServer(Refused):
    pass


class Untrusted(Refused):
    pass


class GuardExceeded(Refused):
    pass


class CallsExceeded(Refused):
    pass


class StalePlan(Refused):
    pass


class InvalidPlanFile(Refused):
    pass
