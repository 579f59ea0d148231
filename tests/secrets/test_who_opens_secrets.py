"""Who may open a secret: a list, held against the sources."""

import ast
from collections.abc import Iterator
from pathlib import Path

from reconciler import model

SOURCES = Path(model.__file__).parents[1]
OPENERS = {
    "model/secret.py": "seals it, under a key that is drawn for the run",
    "providers/api/auth.py": "sends it, to authenticate",
    "providers/api/client.py": "sends it, as content",
    "providers/api/disclosure.py": "looks whether an answer repeats it",
    "providers/urls.py": "makes the mark by which a URL that may not be shown is told from others",
    "forges/client.py": "looks whether an answer repeats it",
    "forges/github.py": "puts it into the header by which GitHub is told it",
    "forges/site.py": "checks that a token has the form of one",
    "web/client.py": "sends it, in a header",
    "messages/heartbeat.py": "puts the signal behind the address of a check",
    "messages/sending.py": "sends it, as the address of a webhook, and signs with it",
    "render/__init__.py": "writes it for an application, into a file for its owner only",
    "secrets/__init__.py": "checks that a token has the form of one",
    "secrets/draft.py": "gives it to sops, through a pipe, to encrypt it",
    "secrets/sops.py": "looks whether it stands in its file in the clear",
    "cli/secrets.py": "shows it, when a person at a terminal said yes",
}


def opening(path: Path) -> Iterator[int]:
    """Yield the lines on which a source opens a secret, or reaches for what it holds."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (isinstance(node, ast.Attribute) and node.attr in {"reveal", "_value"}) or (
            isinstance(node, ast.Constant) and node.value in {"reveal", "_value"}
        ):
            yield node.lineno


def test_only_those_on_the_list_open_a_secret_and_all_of_them_do() -> None:
    found = {
        str(path.relative_to(SOURCES))
        for path in SOURCES.rglob("*.py")
        if "sandbox" not in path.parts and any(opening(path))
    }
    assert found == OPENERS.keys()


def test_the_sandbox_never_sees_a_secret_as_such() -> None:
    for path in (SOURCES / "sandbox").rglob("*.py"):
        assert "Secret" not in path.read_text(encoding="utf-8")


def test_nobody_else_starts_a_program() -> None:
    starters = {
        str(path.relative_to(SOURCES))
        for path in SOURCES.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and "subprocess" in {each.name for each in node.names}
    }
    # The first starts sops; age-keygen and git are shown no secret and asked for none.
    assert starters == {"secrets/program.py", "secrets/age.py", "git.py"}
