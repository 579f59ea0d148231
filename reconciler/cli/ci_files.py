"""The CI files of a configuration repository: those that the examples hold, from the package."""

from collections.abc import Mapping
from pathlib import Path, PurePath

_PACKAGE = Path(__file__).resolve().parents[1]
_FOLDER = _PACKAGE / "ci" if (_PACKAGE / "ci").is_dir() else _PACKAGE.parent / "examples"
_WORKFLOWS = PurePath(".github/workflows")
_FILES: Mapping[str, Mapping[str, PurePath]] = {
    "github": {
        "github/pull-request.yml": _WORKFLOWS / "esp-pull-request.yml",
        "github/apply.yml": _WORKFLOWS / "esp-apply.yml",
        "github/drift.yml": _WORKFLOWS / "esp-drift.yml",
    },
    "gitlab": {"gitlab/esp-reconcile.gitlab-ci.yml": PurePath(".gitlab-ci.yml")},
    "none": {},
}
FORGES = tuple(_FILES)


def ci_files(forge: str) -> dict[str, str]:
    """Return the CI files for a forge, by where they belong in a repository."""
    return {
        str(place): (_FOLDER / name).read_text(encoding="utf-8")
        for name, place in _FILES[forge].items()
    }
