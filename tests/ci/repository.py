"""A configuration repository that begins with the example, and is kept where it can be cloned."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).parents[2]
EXAMPLES = REPO / "examples"
EXAMPLE = (EXAMPLES / "esp.yaml").read_text(encoding="utf-8")
APPLIED = "refs/esp-reconcile/applied"
AUTHOR = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
} | {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Somebody"), ("EMAIL", "somebody@example.com"))
}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env=AUTHOR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@dataclass(frozen=True)
class Repository:
    """`bare` is what is cloned and pushed to, and `work` where people work."""

    bare: Path
    work: Path

    @classmethod
    def begin(cls, root: Path, files: Mapping[str, str]) -> "Repository":
        bare, work = root / "bare.git", root / "work"
        git(root, "init", "--quiet", "--bare", "--initial-branch=main", str(bare))
        git(root, "init", "--quiet", "--initial-branch=main", str(work))
        git(work, "remote", "add", "origin", str(bare))
        made = cls(bare, work)
        made._commit("main", files)
        return made

    def change(self, branch: str, *replaced: tuple[str, str]) -> str:
        """Commit the example with some of its text replaced to a branch that begins at main."""
        text = EXAMPLE
        for old, new in replaced:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        git(self.work, "switch", "--quiet", "--force-create", branch, "main")
        return self._commit(branch, {"esp.yaml": text})

    def merge(self, branch: str) -> str:
        git(self.work, "switch", "--quiet", "main")
        git(self.work, "merge", "--quiet", "--no-ff", "--no-edit", branch)
        git(self.work, "push", "--quiet", "origin", "main")
        return self.commit_of("main")

    def commit_of(self, revision: str) -> str:
        return git(self.work, "rev-parse", revision)

    def applied(self) -> str:
        return git(self.bare, "rev-parse", APPLIED)

    def clone(self, folder: Path, *, branch: str = "main", merging: str = "") -> Path:
        """Check a branch out as CI does, for a pull request with another merged for a try."""
        git(self.work, "clone", "--quiet", "--branch", branch, str(self.bare), str(folder))
        if merging:
            git(folder, "merge", "--quiet", "--no-ff", "--no-edit", f"origin/{merging}")
        return folder

    def _commit(self, branch: str, files: Mapping[str, str]) -> str:
        for name, text in files.items():
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        git(self.work, "add", "--all")
        git(self.work, "commit", "--quiet", "--message", "Change the mail")
        git(self.work, "push", "--quiet", "--force", "origin", branch)
        return self.commit_of(branch)
