"""A forge to test against, and what stands for jobs that run at it."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Literal

from double import Answering, answer, serving
from double_gitlab import PROJECT_AUTHOR
from double_world import World

from reconciler.forges import Forge, Note, Run, Site, open_forge
from reconciler.model import Secret

Service = Literal["github", "gitlab"]
Pause = Callable[[float], None]
Job = Callable[[int, Forge, Pause], object]
SERVICES: tuple[Service, ...] = ("github", "gitlab")
REPOSITORY = {"github": "octo/mail", "gitlab": "7"}
BOT = {"github": "github-actions[bot]", "gitlab": PROJECT_AUTHOR}
TOKEN = "ghs_c4n4ryT0kenThatNobodyMaySee00000000"
HEAD = "1234567890abcdef" * 2 + "12345678"
PULL = 5
WHERE = Path()


@contextmanager
def forge_of(
    world: World,
    service: Service = "github",
    *,
    token: str = TOKEN,
    pause: Pause = lambda _: None,
    answering: Answering | None = None,
) -> Iterator[Forge]:
    """Serve a world, and yield what speaks to it; pull request 5 is there."""
    with served(world, service, answering) as url, at(url, service, token, pause) as forge:
        yield forge


@contextmanager
def served(world: World, service: Service, answering: Answering | None = None) -> Iterator[str]:
    world.add_pull(REPOSITORY[service], PULL, head=HEAD)
    with serving(answering or partial(answer, world)) as url:
        yield url


@contextmanager
def at(
    url: str,
    service: Service,
    token: str = TOKEN,
    pause: Pause = lambda _: None,
) -> Iterator[Forge]:
    api_url = f"{url}/api/v4" if service == "gitlab" else url
    site = Site(
        service=service,
        api_url=api_url,
        repository=REPOSITORY[service],
        pull_request=PULL,
        head=HEAD,
        run=Run(1),
        run_url="",
        commit_url="",
        blob_url="",
        workspace=WHERE,
        token=Secret(token),
    )
    with open_forge(site, pause) as forge:
        yield forge


def note_of(run: int, attempt: int = 1, summary: str | None = None) -> Note:
    told = f"what run {run} found" if summary is None else summary
    return Note(Run(run, attempt), HEAD, "drift", f"sha256:{run:064x}", told)


def bodies(world: World, service: Service = "github", author: str | None = None) -> list[str]:
    """Return the bodies that our bot, or somebody, has below the pull request, the oldest first."""
    who = author or BOT[service]
    comments = world.comments(REPOSITORY[service], PULL)
    return [each["body"] for each in comments if each["author"] == who]


class Moments:
    """A moment passes once all jobs that run wait for it: none has a request under way then."""

    def __init__(self, jobs: int) -> None:
        self._changed = threading.Condition()
        self._jobs, self._waiting, self._passed = jobs, 0, 0

    def pause(self, _: float) -> None:
        with self._changed:
            self._waiting += 1
            until = self._passed + 1
            self._pass_if_all_wait()
            assert self._changed.wait_for(lambda: self._passed >= until, timeout=60)

    def leave(self) -> None:
        with self._changed:
            self._jobs -= 1
            self._pass_if_all_wait()

    def _pass_if_all_wait(self) -> None:
        if self._waiting and self._waiting == self._jobs:
            self._waiting, self._passed = 0, self._passed + 1
            self._changed.notify_all()


def at_once(url: str, service: Service, jobs: int, job: Job) -> None:
    """Run jobs 1 to N at once, each given its number; raise what one of them raised."""
    moments, failures, start = Moments(jobs), list[BaseException](), threading.Barrier(jobs)

    def work(number: int) -> None:
        try:
            with at(url, service) as forge:
                forge.me()
                start.wait(60)
                job(number, forge, moments.pause)
        except BaseException as failure:  # noqa: BLE001 - it is raised where it is seen
            failures.append(failure)
        finally:
            moments.leave()

    threads = [threading.Thread(target=work, args=(number + 1,)) for number in range(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for failure in failures:
        raise failure


def jitter(seed: int) -> Callable[[str], None]:
    """Return latency that is drawn anew for each request, of up to 20 milliseconds."""
    drawn = random.Random(seed)
    return lambda _: time.sleep(drawn.uniform(0, 0.02))
