"""The floors of the house: who may import whom, and where each third-party library lives."""

import ast
import functools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "reconciler"
GROUND = {"source", "files", "folder", "errors", "fields", "model"}
FLOORS: dict[str, set[str]] = {
    "source": set(),
    "files": set(),
    "folder": {"files"},
    "state": {"errors", "folder"},
    "fields": set(),
    "errors": {"source"},
    "git": {"errors", "files", "source"},
    "model": {"fields", "source"},
    **dict.fromkeys(("config", "secrets", "engine", "render"), GROUND),
    "sandbox": GROUND | {"web"},
    "dns": GROUND,
    "handover": GROUND,
    "web": {"source", "errors", "model"},
    "providers": GROUND | {"web"},
    "lists": GROUND | {"state"},
    "messages": {"source", "errors", "model", "web"},
    "forges": {"source", "files", "errors", "model", "web"},
    "reports": GROUND | {"engine", "state", "dns", "lists"},
    "dashboard": GROUND | {"reports", "web"},
    "library": GROUND
    | {"config", "secrets", "dns", "engine", "providers", "git", "lists", "state"},
}
"""What each floor may import, besides itself. `cli` may import all; nothing may import `cli`.

The first module, "", is the library's face, which knows `library`.
"""
LONGEST_FILE, LONGEST_FUNCTION = 400, 40
HOMES = {
    "httpx": {"providers", "sandbox/transport", "web"},
    "httpcore": {"web/conversation", "web/route"},
    "h11": {"web/conversation"},
    "deepdiff": {"engine/diff"},
    "dns": {"dns", "lists"},
    "yaml": {"config", "handover", "render/quoting", "secrets/rules"},
    "jsonschema": {"config"},
    "click": {"cli"},
    "jinja2": {"dashboard"},
    "starlette": {"dashboard/serving", "sandbox"},
    "uvicorn": {"web/serving", "sandbox/serve"},
    "cryptography": {"sandbox"},
    "email_validator": {"lists"},
    "disposable_email_domains": {"lists"},
}


@dataclass(frozen=True)
class Import:
    """One import: the module it stands in, and the module (or name) it brings in."""

    by: str
    what: str
    line: int
    is_inner: bool

    @property
    def is_ours(self) -> bool:
        return self.what.split(".")[0] == "reconciler"

    def __str__(self) -> str:
        return f"reconciler/{self.by}.py:{self.line} imports {self.what}"


@functools.cache
def modules() -> dict[str, Path]:
    """Return the sources by path without suffix; a package goes by its folder's name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).with_suffix("").as_posix()
        found[name.removesuffix("/__init__") if name != "__init__" else ""] = path
    return found


def imports_of(name: str, path: Path) -> Iterator[Import]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    inner = {node for function in functions for node in ast.walk(function)}
    for node in ast.walk(tree):
        is_inner = node in inner
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(name, alias.name, node.lineno, is_inner)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            for alias in node.names:
                yield Import(name, f"{node.module}.{alias.name}", node.lineno, is_inner)


@functools.cache
def imports() -> list[Import]:
    """Return all imports; they are looked for by who needs them, and not by each worker."""
    return [each for name, path in modules().items() for each in imports_of(name, path)]


@functools.cache
def ours() -> list[Import]:
    return [each for each in imports() if each.is_ours]


@functools.cache
def foreign() -> list[Import]:
    return [each for each in imports() if not each.is_ours]


def floor(name: str) -> str:
    return name.split("/", maxsplit=1)[0]


def module_of(what: str) -> str:
    """Return the module of ours that an imported name is, or stands in."""
    parts = what.split(".")[1:]
    known = modules()
    while parts and "/".join(parts) not in known:
        parts.pop()
    return "/".join(parts)


def test_every_floor_is_known() -> None:
    found = {floor(name) for name in modules()} - {"", "__main__", "cli"}
    assert found == set(FLOORS)


@pytest.mark.parametrize("name", sorted(FLOORS))
def test_a_floor_imports_only_what_stands_below_it(name: str) -> None:
    allowed = FLOORS[name] | {name}
    found = [each for each in ours() if floor(each.by) == name]
    assert [str(each) for each in found if floor(module_of(each.what)) not in allowed] == []


def test_nobody_imports_the_command_line() -> None:
    users = {each.by for each in ours() if floor(module_of(each.what)) == "cli"}
    assert {user for user in users if floor(user) != "cli"} == {"__main__"}


def test_the_two_services_know_nothing_of_each_other() -> None:
    for floor_name in ("providers", "sandbox"):
        for one, other in (("postmark", "mailgun"), ("mailgun", "postmark")):
            found = [
                str(each)
                for each in ours()
                if f"{each.by}/".startswith(f"{floor_name}/{one}/")
                and f"{module_of(each.what)}/".startswith(f"{floor_name}/{other}/")
            ]
            assert found == []


def test_imports_stand_at_the_top_except_on_the_command_line() -> None:
    """What many runs need not, and takes longest to load, is the exception."""
    inner = {
        (each.by, module_of(each.what) if each.is_ours else each.what)
        for each in imports()
        if each.is_inner and floor(each.by) != "cli"
    }
    assert inner == {
        ("engine/diff", "deepdiff.DeepDiff"),
        ("web/network", "web/connection"),  # httpcore, h11
    }


@pytest.mark.parametrize("library", sorted(HOMES))
def test_a_library_has_one_home(library: str) -> None:
    users = {each.by for each in foreign() if each.what.split(".")[0] == library}
    homes = HOMES[library]
    assert users, f"{library} is used nowhere"
    strangers = {user for user in users if not any(f"{user}/".startswith(f"{h}/") for h in homes)}
    assert strangers == set()


def test_no_library_is_used_without_a_home() -> None:
    standard = sys.stdlib_module_names
    found = {each.what.split(".")[0] for each in foreign()}
    assert found - standard == set(HOMES)


def test_no_module_imports_itself_in_a_circle() -> None:
    graph: dict[str, set[str]] = {name: set() for name in modules()}
    for each in ours():
        target = module_of(each.what)
        if target not in {"", each.by}:
            graph[each.by].add(target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"imported in a circle: {' -> '.join(error.args[1])}")


def test_the_ground_uses_the_standard_library_only() -> None:
    assert [str(each) for each in foreign() if each.by in GROUND and not _is_standard(each)] == []


def _is_standard(each: Import) -> bool:
    return each.what.split(".")[0] in sys.stdlib_module_names


def test_no_file_has_over_400_lines_and_no_function_over_40() -> None:
    long = []
    for name, path in modules().items():
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > LONGEST_FILE:
            long.append(name)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                long += [f"{name}.{node.name}"] * (lines > LONGEST_FUNCTION)
    assert long == []
