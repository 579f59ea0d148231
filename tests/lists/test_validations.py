"""Validations in parts, by the library: waits, lost answers, and what is paid in the end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from reconciler import Options, load
from reconciler.errors import Untrusted
from reconciler.library.recalling import Memory
from reconciler.library.validating import NotBegun, Validation, list_validation
from reconciler.lists.jobs import Job
from reconciler.lists.ledger import Ledger
from reconciler.lists.merging import merge
from reconciler.lists.reading import read_list
from reconciler.lists.surveying import survey
from reconciler.sandbox import Sandbox
from reconciler.sandbox.control import Fault

CONFIG = load([Path(__file__).parents[2] / "examples" / "esp.yaml"])
ACCOUNT = CONFIG.providers["marketing"]
NAMES = [f"u{number}@example.com" for number in range(9)]


class Trial:
    """A list of nine addresses in three parts, a sandbox, and pauses that let time pass in it."""

    def __init__(self, **settings: Any) -> None:
        self.box = Sandbox()
        self.box.world.settings.update({"mailgun_bulk_step": 0, **settings})
        self.pauses: list[float] = []
        self.kept: list[Job] = []
        self.told: list[tuple[int, int]] = []
        self.during_pause: Callable[[], None] = lambda: None

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        for job in self.jobs.values():
            job["created_at"] -= seconds * 10
        self.during_pause()

    @property
    def jobs(self) -> dict[str, Any]:
        found: dict[str, Any] = self.box.world.mailgun["regions"]["eu"]["jobs"]
        return found

    def requests(self, start: str) -> int:
        entries = self.box.mailgun_eu.control._requests  # noqa: SLF001 - no control call in process
        return sum(f"{entry['method']} {entry['path']}".startswith(start) for entry in entries)

    def fault(self, **said: Any) -> None:
        self.box.mailgun_eu.control._faults.append(Fault(**said))  # noqa: SLF001

    @contextmanager
    def opened(self, folder: Path, job: Job | None = None) -> Iterator[Validation]:
        path = folder / "list.csv"
        path.write_text("\n".join(["email", *NAMES]))
        self.file = read_list(path)
        how = Options(sandbox=self.box, pause=self.pause)
        with Ledger.opened() as self.ledger, list_validation(CONFIG, ACCOUNT, how) as service:
            survey(self.file, self.ledger, None, lambda *_: None)
            job = job or Job.begun(self.file.digest, [1, 4, 7], is_preview=False)
            yield Validation(
                service, self.ledger, job, self.kept.append, how, lambda *at: self.told.append(at)
            )

    def unanswered(self) -> int:
        return merge(self.file, self.ledger, 1).unanswered


def test_each_part_is_asked_for_once_and_remembered_before(tmp_path: Path) -> None:
    trial = Trial()
    with trial.opened(tmp_path) as validation:
        validation.run()
        assert trial.unanswered() == 0
    assert trial.requests("POST") == len(trial.jobs) == 3
    assert [sum(part.is_asked_for for part in job.parts) for job in trial.kept] == [0, 1, 2, 3, 3]
    assert trial.kept[-1].is_done
    assert trial.told[-1] == (9, 9)


def test_too_many_jobs_means_to_wait_for_the_others(tmp_path: Path) -> None:
    trial = Trial(mailgun_bulk_parallel=1, mailgun_bulk_step=1)
    with trial.opened(tmp_path) as validation:
        validation.run()
        assert trial.unanswered() == 0
    assert len(trial.jobs) == 3
    assert trial.pauses


def test_a_lost_request_is_not_sent_again_by_itself(tmp_path: Path) -> None:
    trial = Trial()
    trial.fault(method="POST", path="/v4/address/validate/bulk/*", drop="before")
    with trial.opened(tmp_path) as validation, pytest.raises(NotBegun, match="not begun a second"):
        validation.run()
    assert (trial.requests("POST"), len(trial.jobs)) == (1, 0)
    assert trial.kept[-1].parts[0].is_asked_for
    with trial.opened(tmp_path, trial.kept[-1]) as validation:
        validation.look()
        assert validation.unpaid() == 9
        validation.run()
        assert trial.unanswered() == 0
    assert len(trial.jobs) == 3


def test_parts_that_are_there_are_not_asked_for_again(tmp_path: Path) -> None:
    trial = Trial(mailgun_bulk_step=1e9)
    trial.during_pause = lambda: (_ for _ in ()).throw(KeyboardInterrupt)
    with trial.opened(tmp_path) as validation, pytest.raises(KeyboardInterrupt):
        validation.run()
    job = trial.kept[-1].marked(trial.kept[-1].parts[2], is_asked_for=False)
    del trial.jobs[job.parts[2].id]
    trial.box.world.settings["mailgun_bulk_step"] = 0
    before = trial.requests("POST")
    with trial.opened(tmp_path, job) as validation:
        validation.look()
        assert validation.unpaid() == 3
        validation.run()
        assert trial.unanswered() == 0
    assert trial.requests("POST") == before + 1


def test_a_job_that_vanishes_is_told(tmp_path: Path) -> None:
    trial = Trial(mailgun_bulk_step=1e9)
    trial.during_pause = lambda: trial.jobs.clear()  # noqa: PLW0108 - the dictionary is another one
    with trial.opened(tmp_path) as validation, pytest.raises(NotBegun, match="knows of no job"):
        validation.run()
    assert trial.requests("POST") == 3


def test_a_state_that_never_ends_ends_us(tmp_path: Path) -> None:
    trial = Trial(mailgun_bulk_step=1e12)
    with trial.opened(tmp_path) as validation:
        validation.options = Options(pause=lambda _: None)
        with pytest.raises(NotBegun, match="still at it after"):
            validation.run()


def test_a_real_service_is_asked_at_a_calm_pace(tmp_path: Path) -> None:
    pauses: list[float] = []
    trial = Trial(mailgun_bulk_step=1e12)
    with trial.opened(tmp_path) as validation:
        validation.options = Options(pause=pauses.append)
        with pytest.raises(NotBegun):
            validation.run()
    assert min(pauses) == 10
    assert max(pauses) == 30


def test_an_untrusted_run_opens_no_session(tmp_path: Path) -> None:
    how = Options(sandbox=Sandbox(), untrusted=True)
    with pytest.raises(Untrusted), list_validation(CONFIG, ACCOUNT, how):
        pass
    assert list(tmp_path.iterdir()) == []


def test_one_list_of_one_provider_at_one_place_is_remembered(tmp_path: Path) -> None:
    memory = Memory.of(tmp_path, "marketing", "https://api.example.com", tmp_path / "a.csv")
    job = Job.begun("0" * 64, [1], is_preview=False)
    memory.keep(job)
    assert memory.resumed("0" * 64) == job
    for other in (
        Memory.of(tmp_path, "other", "https://api.example.com", tmp_path / "a.csv"),
        Memory.of(tmp_path, "marketing", "https://api.eu.example.com", tmp_path / "a.csv"),
        Memory.of(tmp_path, "marketing", "https://api.example.com", tmp_path / "b.csv"),
    ):
        assert Job.of(other.state.job(other.key)) is None
