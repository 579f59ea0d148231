"""Which files a configuration consists of, and what stands in them."""

import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from reconciler.config.syntax import MAX_BYTES, parse
from reconciler.errors import ConfigError
from reconciler.files import LeadsOut, read_plainly
from reconciler.source import Finding, Location, Node

ACCEPTED_FILE = "accepted-drift.yaml"
"""Stands beside the configuration, and is none."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file; `is_found` says that nobody named it, but the folder that it is in."""

    path: Path
    is_found: bool = False


def read_texts(paths: Sequence[Path], *, recursive: bool = False) -> dict[Path, str]:
    """Return the content of files, and of the configurations in folders, with its line breaks.

    Raises ConfigError as `load_config` does; what it would find in them is not looked for.
    """
    findings: list[Finding] = []
    texts = {}
    for source in sources_in(paths, findings, recursive=recursive):
        raw = content_of(source.path, findings) or b""
        root, _ = parse(raw, "")
        if source.is_found and root is not None and not is_ours(root):
            continue
        try:
            texts[source.path] = raw.decode()
        except UnicodeDecodeError:
            findings.append(_about(source.path, "not UTF-8 text; save the file as UTF-8"))
    if findings:
        raise ConfigError(findings, [])
    return texts


def is_ours(root: Node) -> bool:
    """Whether a file that nobody named means to be a configuration."""
    keys = set(root.children)
    if "accepted" in keys and not {"providers", "profiles"} & keys:
        return False
    is_versioned = "version" in keys and (root.children["version"].data == 1 or len(keys) == 1)
    return is_versioned or bool({"providers", "profiles"} & keys)


def sources_in(
    paths: Iterable[Path], findings: list[Finding], *, recursive: bool = False
) -> list[Source]:
    """Return the files that are named, and those in folders that are; each once."""
    sources: dict[Path, Source] = {}
    for path in paths:
        try:
            is_folder = stat.S_ISDIR(path.stat().st_mode)
            found = _in_folder(path, recursive=recursive) if is_folder else [Source(path)]
        except FileNotFoundError:
            is_link = path.is_symlink()
            message = "a link to what is not there" if is_link else f"no such file{_way_out(path)}"
            findings.append(_about(path, message))
        except (OSError, ValueError) as problem:
            findings.append(_unreadable(path, problem))
        else:
            sources |= {each.path: each for each in found if each.path not in sources}
            if not found:
                findings.append(
                    _about(
                        path, "no YAML file in this folder; hidden ones and `*.sops.*` do not count"
                    )
                )
    return list(sources.values())


def _way_out(missing: Path) -> str:
    """Return the file or folder of the nearest name, or else how a configuration begins."""
    beside: list[Path] = []
    with suppress(OSError, ValueError):
        beside = [each for each in missing.parent.iterdir() if each.is_dir()]
        beside += _yaml_files(missing.parent)
    names = {each.stem: each for each in beside if not each.name.startswith(".")}
    if near := get_close_matches(missing.stem, names, n=1):
        return f"; did you mean `{names[near[0]]}`?"
    return "; name your configuration, or begin one with `version: 1` and `providers:`"


def _about(path: Path, message: str) -> Finding:
    return Finding(Location(str(path)), message, "unreadable-file")


def _unreadable(path: Path, problem: OSError | ValueError) -> Finding:
    reason = problem.strerror if isinstance(problem, OSError) else problem
    return _about(path, f"cannot be read: {reason}")


def _in_folder(folder: Path, *, recursive: bool) -> list[Source]:
    """Return the YAML files in a folder, and with `recursive` below it; no link leads on."""
    found = [Source(path, is_found=True) for path in _yaml_files(folder)]
    for each in sorted(folder.iterdir()) if recursive else ():
        if each.is_dir() and not each.is_symlink() and not each.name.startswith("."):
            found += _in_folder(each, recursive=True)
    return found


def _yaml_files(folder: Path) -> list[Path]:
    """Return the configuration files in a folder; hidden ones and others of ours are none."""
    return [
        path
        for path in sorted(folder.iterdir())
        if path.suffix in {".yaml", ".yml"}
        and ".sops." not in path.name
        and path.name != ACCEPTED_FILE
        and not path.name.startswith(".")
        and not path.is_dir()
    ]


def content_of(path: Path, findings: list[Finding]) -> bytes | None:
    try:
        return read_plainly(path, MAX_BYTES)
    except LeadsOut as problem:
        # Messages quote keys, and those of a file elsewhere are nobody's business.
        findings.append(_about(path, f"{problem.strerror}; name the file that it leads to"))
    except OSError as problem:
        findings.append(_unreadable(path, problem))
    return None
