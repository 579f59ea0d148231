"""Those who read `.env` files, each for real: they agree on little."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from dotenv import dotenv_values
from required import JAVASCRIPT, PHP

Values = dict[str, str | None]
ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": "/nowhere"}
NO_MORE: Mapping[str, str] = {}
NPM = """
import dotenv from "dotenv";
import { readFileSync } from "node:fs";
console.log(JSON.stringify(dotenv.parse(readFileSync(process.argv[2]))));
"""
VLUCAS = f"""
require "{PHP}/Dotenv/autoload.php";
echo json_encode(Dotenv\\Dotenv::parse(file_get_contents($argv[1])), JSON_THROW_ON_ERROR);
"""
SYMFONY = f"""
require "{PHP}/Symfony/Component/Dotenv/autoload.php";
$read = (new Symfony\\Component\\Dotenv\\Dotenv())->parse(file_get_contents($argv[1]));
echo json_encode($read, JSON_THROW_ON_ERROR);
"""
RUBY = (
    'require "json"; require "dotenv"; puts JSON.generate(Dotenv::Parser.call(File.read(ARGV[0])))'
)


def run(
    *command: str | Path, cwd: Path | None = None, environment: Mapping[str, str] = NO_MORE
) -> str:
    """Return what a program prints; it fails if it does, or warns."""
    done = subprocess.run(
        command,
        env={**ENVIRONMENT, **environment},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert (done.returncode, done.stderr.decode()) == (0, ""), done.stdout.decode()
    return done.stdout.decode()


def of_environment(printed: str) -> Values:
    """Return what `env -0` printed."""
    pairs = (each.partition("=") for each in printed.split("\0") if each)
    return {name: value for name, _, value in pairs}


def by_shell(name: str) -> Callable[[Path], Values]:
    return lambda path: of_environment(run(name, "-c", 'set -a; . "$1"; env -0', name, path))


def by_npm(path: Path) -> Values:
    script = path.with_suffix(".mjs")
    script.write_text(NPM)
    # Modules are looked for beside the script, and nowhere else.
    packages = script.parent / "node_modules"
    if not packages.exists():
        packages.symlink_to(JAVASCRIPT / "node_modules")
    return _object(run("node", script, path))


def by_node(path: Path) -> Values:
    script = "console.log(JSON.stringify(process.env))"
    return _object(run("node", f"--env-file={path}", "-e", script))


def by_php(script: str) -> Callable[[Path], Values]:
    return lambda path: _object(run("php", "-r", script, path))


def by_ruby(path: Path) -> Values:
    return _object(run("ruby", "-e", RUBY, path))


def by_godotenv(path: Path) -> Values:
    return of_environment(run("godotenv", "-f", path, "env", "-0"))


READERS: Mapping[str, tuple[str | None, Callable[[Path], Values]]] = {
    "python-dotenv": (None, dotenv_values),
    "bash": (None, by_shell("bash")),
    "sh": (None, by_shell("sh")),
    "npm dotenv": ("node", by_npm),
    "node --env-file": ("node", by_node),
    "phpdotenv": ("php", by_php(VLUCAS)),
    "symfony": ("php", by_php(SYMFONY)),
    "ruby": ("ruby", by_ruby),
    "godotenv": ("godotenv", by_godotenv),
}
"""By name, what `required.needs` is to be asked for, and the reader."""


def has_env_file() -> bool:
    """Whether Node.js is new enough to read such files itself (20.6)."""
    node = shutil.which("node")
    return bool(node) and "--env-file" in run(str(node), "--help")


def _object(text: str) -> Values:
    found: Values = json.loads(text)
    return found
