"""What an earlier run began on a list, and whether another may begin."""

from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import Refused
from reconciler.lists.jobs import Job
from reconciler.state import State


class AlreadyBegun(Refused):
    """The list was paid for already, or may have been."""


class NothingToResume(Refused):
    """There is no job, or none of this list."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of one list, at one place of jobs, for one provider."""

    state: State
    key: str

    @classmethod
    def of(cls, folder: Path, provider: str, at: str, path: Path) -> "Memory":
        return cls(State(folder), f"validate-list {provider} {at} {path.resolve()}")

    def keep(self, job: Job) -> None:
        """Raises StateUnusable."""
        self.state.keep_job(self.key, job.as_data())

    def resumed(self, digest: str) -> Job:
        """Return the job to go on with. Raises NothingToResume."""
        job = Job.of(self.state.job(self.key))
        if job is None:
            raise NothingToResume(
                "--resume: nothing is remembered of a validation of this list, by this provider "
                "and at this place; --state names the folder where it is remembered"
            )
        if job.digest != digest:
            raise NothingToResume(
                f"--resume: the list was changed since its validation was begun ({_when(job)}); "
                "put it back as it was, or give that validation up with --anew"
            )
        return job

    def check_new(self, digest: str) -> None:
        """Raise AlreadyBegun if the list was paid for, or another one is still under way."""
        job = Job.of(self.state.job(self.key))
        if job is None or not job.may_be_paid:
            return
        if job.digest == digest:
            what = "was validated" if job.is_done else "is being validated"
            raise AlreadyBegun(
                f"this list {what} already ({_when(job)}): --resume fetches the results without "
                "paying again, and --anew pays once more"
            )
        if not job.is_done:
            raise AlreadyBegun(
                f"a validation of this file was begun ({_when(job)}) and not ended, and the file "
                "was changed since: put it back and --resume, or give that up with --anew"
            )


def _when(job: Job) -> str:
    return f"{job.at:%Y-%m-%d %H:%M} UTC"
