"""Somebody swaps files for links while they are read: what was opened is what is judged."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from reconciler.errors import SecretError
from reconciler.files import read_plainly
from reconciler.model import Reference
from reconciler.secrets import Resolver
from reconciler.source import Location

INSIDE, OUTSIDE = "inside-b1946ac9", "outside-5d41402a"


@contextmanager
def swapping(path: Path, outside: Path) -> Iterator[None]:
    """Put a link in the place of a file or folder and back again, as fast as can be."""
    done = threading.Event()
    link, aside = path.with_name("link"), path.with_name("aside")

    def swap() -> None:
        while not done.is_set():
            link.symlink_to(outside)
            path.rename(aside)
            link.rename(path)
            path.unlink()
            aside.rename(path)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("conf/secrets/below", INSIDE), ("outside", OUTSIDE)):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "key").write_text(text)
    (tmp_path / "conf" / "secrets" / "key").write_text(INSIDE)
    return tmp_path


def reference(folder: Path, source: str, target: str) -> Reference:
    return Reference(source, target, Location(str(folder / "conf" / "esp.yaml"), 1, 1), "data")


def by_file(target: str) -> Callable[[Path], str]:
    return lambda folder: Resolver({}).resolve(reference(folder, "file", target)).reveal()


def by_sops(target: str) -> Callable[[Path], str]:
    """Let a program that stands in for sops say what it was given."""

    def read(folder: Path) -> str:
        program = folder / "program"
        if not program.exists():
            program.write_text('#!/bin/sh\nexec sed \'s/.*/{"data": "&"}/\'\n')
            program.chmod(0o755)
        environment = {"ESP_RECONCILE_SOPS": str(program), "PATH": os.environ["PATH"]}
        tree = Resolver(environment).sops.tree(reference(folder, "sops", target))
        return str(tree["data"].reveal())

    return read


def by_path(target: str) -> Callable[[Path], str]:
    return lambda folder: read_plainly(folder / "conf" / target, 100).decode()


@pytest.mark.parametrize(
    ("swapped", "target", "read", "times"),
    [
        ("conf/secrets/key", "outside/key", by_file("secrets/key"), 4000),
        ("conf/secrets/below", "outside", by_file("secrets/below/key"), 4000),
        ("conf/secrets", "outside", by_file("secrets/key"), 4000),
        ("conf/secrets/key", "outside/key", by_sops("secrets/key"), 150),
        ("conf/secrets/below", "outside", by_sops("secrets/below/key"), 150),
        ("conf/secrets/key", "outside/key", by_path("secrets/key"), 4000),
    ],
)
def test_no_read_goes_outside_while_a_link_comes_and_goes(
    folder: Path, swapped: str, target: str, read: Callable[[Path], str], times: int
) -> None:
    found = []
    with swapping(folder / swapped, folder / target):
        for _ in range(times):
            with suppress(SecretError, OSError):
                found.append(read(folder))
    assert [each for each in found if OUTSIDE in each] == []
    assert INSIDE in read(folder)
