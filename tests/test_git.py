"""The past of the configuration, from real repositories: nothing is checked out or followed."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from reconciler.errors import RevisionError
from reconciler.git import APPLIED, Repository

MOST = 1_000_000
WHO = ("-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false")
NONE = ("-c", "protocol.file.allow=always")


def git(folder: Path, *arguments: str) -> str:
    command = ["git", *WHO, *NONE, "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def committed(folder: Path, files: dict[str, str], *, message: str = "one") -> str:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    monkeypatch.chdir(folder)
    return folder


def texts(ref: str, *paths: str, recursive: bool = False, most: int = MOST) -> dict[str, bytes]:
    found = [Path(each) for each in paths]
    here = Repository.of(Path.cwd())
    read = here.texts_at(ref, found, recursive=recursive, most=most)
    return {str(path): text for path, text in read.items()}


def test_a_file_is_read_as_it_was_and_the_working_tree_is_left_as_it_is(repository: Path) -> None:
    first = committed(repository, {"esp.yaml": "one\n", "other.yaml": "x"})
    committed(repository, {"esp.yaml": "two\n"})
    (repository / "esp.yaml").write_text("three\n")
    assert texts(first, "esp.yaml") == {"esp.yaml": b"one\n"}
    assert texts("HEAD", "./esp.yaml") == {"esp.yaml": b"two\n"}
    assert (repository / "esp.yaml").read_text() == "three\n"


def test_a_folder_stands_for_its_yaml_files_as_in_the_working_tree(repository: Path) -> None:
    names = (
        "a.yaml",
        "b.yml",
        ".hidden.yaml",
        "secrets.sops.yaml",
        "c.json",
        "below/d.yaml",
        ".below/e.yaml",
        "below/deeper/f.yml",
    )
    committed(repository, {f"conf/{name}": name for name in names})
    assert set(texts("HEAD", "conf")) == {"conf/a.yaml", "conf/b.yml"}
    assert set(texts("HEAD", "conf", recursive=True)) == {
        "conf/a.yaml",
        "conf/b.yml",
        "conf/below/d.yaml",
        "conf/below/deeper/f.yml",
    }


def test_a_folder_with_the_name_of_a_file_is_no_configuration(repository: Path) -> None:
    committed(repository, {"conf/a.yaml": "a", "conf/old.yaml/notes.txt": "x"})
    assert set(texts("HEAD", "conf")) == {"conf/a.yaml"}
    assert set(texts("HEAD", "conf", recursive=True)) == {"conf/a.yaml"}


def test_paths_are_told_as_they_were_named_from_wherever(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed(repository, {"conf/esp.yaml": "one", "top.yaml": "two"})
    monkeypatch.chdir(repository / "conf")
    assert texts("HEAD", "esp.yaml") == {"esp.yaml": b"one"}
    assert texts("HEAD", ".") == {"esp.yaml": b"one"}
    assert texts("HEAD", "../top.yaml") == {"../top.yaml": b"two"}
    absolute = str(repository / "conf" / "esp.yaml")
    assert texts("HEAD", absolute) == {absolute: b"one"}


def test_the_top_of_the_repository_is_a_folder_too(repository: Path) -> None:
    committed(repository, {"esp.yaml": "one", "below/x.yaml": "two"})
    assert texts("HEAD", ".") == {"esp.yaml": b"one"}


def test_names_of_any_kind_are_read(repository: Path) -> None:
    names = ["ä ö.yaml", "new\nline.yaml", '"quoted".yaml', "tab\t.yaml", "*.yaml", ":(top).yaml"]
    committed(repository, {f"conf/{name}": name for name in names})
    assert texts("HEAD", "conf") == {f"conf/{name}": name.encode() for name in names}


def test_content_of_any_kind_is_read_byte_for_byte(repository: Path) -> None:
    content = bytes(range(256)) + b"\n\n" + b"0" * 40 + b" blob 3\n"
    (repository / "a.yaml").write_bytes(content)
    (repository / "b.yaml").write_bytes(b"")
    committed(repository, {"c.yaml": "c"})
    assert texts("HEAD", ".") == {"a.yaml": content, "b.yaml": b"", "c.yaml": b"c"}


def test_what_was_not_there_gives_nothing(repository: Path) -> None:
    first = committed(repository, {"esp.yaml": "one"})
    committed(repository, {"conf/new.yaml": "two"})
    assert texts(first, "conf", "conf/new.yaml", "esp.yaml") == {"esp.yaml": b"one"}


@pytest.mark.parametrize("path", ["link.yaml", "folder", "folder/esp.yaml", "conf"])
def test_links_are_refused_wherever_they_stand(repository: Path, path: str) -> None:
    committed(repository, {"esp.yaml": "one", "real/esp.yaml": "two"})
    (repository / "conf").mkdir()
    (repository / "link.yaml").symlink_to("/etc/passwd")
    (repository / "conf" / "link.yaml").symlink_to("/etc/passwd")
    (repository / "folder").symlink_to("real")
    committed(repository, {"x.yaml": "x"})
    with pytest.raises(RevisionError, match="a link, which is not followed"):
        texts("HEAD", path)


@pytest.mark.parametrize("path", ["sub", "sub/esp.yaml"])
def test_submodules_are_refused(repository: Path, tmp_path: Path, path: str) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    committed(other, {"esp.yaml": "one"})
    git(repository, "submodule", "--quiet", "add", str(other), "sub")
    committed(repository, {"x.yaml": "x"})
    with pytest.raises(RevisionError, match="a submodule, whose files are not in this repository"):
        texts("HEAD", path)


def test_a_submodule_in_a_folder_is_refused_where_it_would_be_entered(
    repository: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    committed(other, {"esp.yaml": "one"})
    git(repository, "submodule", "--quiet", "add", str(other), "conf/sub")
    committed(repository, {"conf/a.yaml": "a"})
    assert set(texts("HEAD", "conf")) == {"conf/a.yaml"}
    with pytest.raises(RevisionError, match="conf/sub at HEAD: a submodule"):
        texts("HEAD", "conf", recursive=True)


def same(path: str, *, most: int = MOST) -> bool:
    here = Repository.of(Path.cwd())
    return here.is_same(here.commit_of("HEAD"), Path(path), most=most)


def test_a_file_is_the_same_only_where_it_is_known_to_be(repository: Path) -> None:
    (repository / "link").symlink_to("kept")
    committed(repository, {"kept": "one", "edited": "one", "gone": "one", "real/f": "one"})
    (repository / "folder").symlink_to("real")
    (repository / "edited").write_text("two")
    (repository / "gone").unlink()
    (repository / "new").write_text("one")
    assert same("kept")
    assert same("kept", most=3)
    assert not same("kept", most=2)
    for each in ("edited", "gone", "new", "nowhere", "link", "folder/f", "real", "nul\0"):
        assert not same(each), each


@pytest.mark.parametrize("target", ["/dev/zero", "/dev/stdin", "/etc/hostname", "../outside"])
def test_what_leads_out_of_the_repository_is_never_read(repository: Path, target: str) -> None:
    (repository / "link").symlink_to(target)
    (repository.parent / "outside").write_text("x")
    committed(repository, {"a": "a"})
    assert not same(target)
    assert not same("link")


@pytest.mark.timeout(20)
def test_no_pipe_is_waited_for(repository: Path) -> None:
    committed(repository, {"pipe": "one"})
    (repository / "pipe").unlink()
    os.mkfifo(repository / "pipe")
    assert not same("pipe")


def test_what_is_too_long_is_not_read(repository: Path) -> None:
    committed(repository, {"esp.yaml": "12345"})
    with pytest.raises(RevisionError, match=r"esp\.yaml at HEAD: longer than 4 bytes"):
        texts("HEAD", "esp.yaml", most=4)


@pytest.mark.parametrize(
    "ref", ["--output=evil", "-h", "", " ", "HEAD~9", "no such", "main:esp.yaml", "a\x1b[31mb"]
)
def test_a_ref_that_is_no_commit_is_refused(repository: Path, ref: str) -> None:
    committed(repository, {"esp.yaml": "one"})
    with pytest.raises(RevisionError) as caught:
        texts(ref, "esp.yaml")
    assert str(caught.value).isprintable()
    assert sorted(each.name for each in repository.iterdir()) == [".git", "esp.yaml"]


def test_a_misspelt_branch_meets_the_nearest(repository: Path) -> None:
    committed(repository, {"esp.yaml": "one"})
    with pytest.raises(RevisionError, match="did you mean `main`"):
        texts("mian", "esp.yaml")


def test_a_shallow_clone_says_what_depth_is_needed(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = committed(repository, {"esp.yaml": "one"})
    committed(repository, {"esp.yaml": "two"})
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{repository}", str(clone))
    monkeypatch.chdir(clone)
    with pytest.raises(RevisionError, match=r"`fetch-depth: 0` on GitHub, `GIT_DEPTH: 0`"):
        texts(first, "esp.yaml")


def test_a_clone_that_left_out_the_past_says_so_and_fetches_nothing(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = committed(repository, {"esp.yaml": "one"})
    committed(repository, {"esp.yaml": "two"})
    for setting in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        git(repository, "config", setting, "true")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--filter=blob:none", f"file://{repository}", str(clone))
    monkeypatch.chdir(clone)
    with pytest.raises(RevisionError, match="make it without `--filter`"):
        texts(first, "esp.yaml")


def test_outside_of_a_repository_there_is_no_past(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RevisionError, match="not in a Git repository"):
        Repository.of(tmp_path)


def test_without_the_program_it_is_said_so(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(repository))
    with pytest.raises(RevisionError, match="git: the program is not there"):
        Repository.of(repository)


def test_a_path_in_another_repository_is_refused(repository: Path, tmp_path: Path) -> None:
    committed(repository, {"esp.yaml": "one"})
    with pytest.raises(RevisionError, match="not in the repository at"):
        texts("HEAD", str(tmp_path / "elsewhere.yaml"))


def test_a_ref_is_moved_from_where_it_was(repository: Path) -> None:
    first = committed(repository, {"esp.yaml": "one"})
    second = committed(repository, {"esp.yaml": "two"})
    here = Repository.of(repository)
    assert here.find(APPLIED) is None
    for commit in (first, second, second, first):
        here.record(APPLIED, commit)
        assert here.find(APPLIED) == commit


def test_a_ref_is_recorded_where_names_are_longer(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--object-format=sha256")
    commit = committed(tmp_path, {"esp.yaml": "one"})
    here = Repository.of(tmp_path)
    here.record(APPLIED, commit)
    assert here.find(APPLIED) == commit


def environment_of(repository: Path) -> Sequence[str]:
    return (repository / "seen").read_text().split("\n")


def test_git_is_given_no_tokens_of_the_environment(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed(repository, {"esp.yaml": "one"})
    program = repository / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nenv > {repository}/seen\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("MAILGUN_API_KEY", "canary")
    with pytest.raises(RevisionError):
        Repository.of(repository)
    assert not [line for line in environment_of(repository) if "canary" in line]
