"""The lock files have all that is asked for, by digest, and name no place to fetch it from."""

import json
import re
import tomllib
from itertools import chain
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
NPM_LOCK = ROOT / "tests" / "contract" / "javascript" / "package-lock.json"
# Each is a requirement with its digests; comments stand on lines of their own.
ENTRIES = [
    line
    for line in LOCK.replace("\\\n", " ").splitlines()
    if line and not line.startswith((" ", "#"))
]


def asked_for() -> list[Requirement]:
    project = PYPROJECT["project"]
    lists = (
        project["dependencies"],
        *project["optional-dependencies"].values(),
        *PYPROJECT["dependency-groups"].values(),
        PYPROJECT["build-system"]["requires"],
    )
    return [Requirement(each) for each in chain(*lists)]


def test_the_lock_has_all_that_is_asked_for_in_an_allowed_version() -> None:
    locked = [Requirement(entry.partition(" --hash")[0]) for entry in ENTRIES]
    versions = {
        canonicalize_name(each.name): str(each.specifier).removeprefix("==") for each in locked
    }
    wrong = [
        str(each)
        for each in asked_for()
        if versions.get(canonicalize_name(each.name), "0") not in each.specifier
    ]
    assert wrong == [], "run `make lock`"


def test_every_entry_of_the_lock_is_one_version_with_digests() -> None:
    assert ENTRIES
    entry = re.compile(r"[a-z0-9-]+==[^\s;]+( ;.*?)?(\s+--hash=sha256:[0-9a-f]{64})+")
    assert [each for each in ENTRIES if not entry.fullmatch(each)] == []


def test_the_build_backend_is_the_one_that_is_installed_before() -> None:
    assert set(PYPROJECT["build-system"]["requires"]) <= set(
        PYPROJECT["dependency-groups"]["build"]
    )


def test_no_lock_says_where_packages_come_from() -> None:
    packages: dict[str, Any] = json.loads(NPM_LOCK.read_text(encoding="utf-8"))["packages"]
    others = {name: each for name, each in packages.items() if name}
    assert others
    assert all("integrity" in each and "resolved" not in each for each in others.values())
    assert "://" not in LOCK
    assert "--index-url" not in LOCK
