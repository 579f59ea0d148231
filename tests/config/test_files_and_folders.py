"""Several files are one configuration, and every mistake in any of them is told at once."""

import os
from pathlib import Path

import pytest
from loading import MAILGUN, POSTMARK

from reconciler.config import load_config
from reconciler.errors import ConfigError
from reconciler.providers import SERVICES


def told(*paths: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_config(paths, SERVICES)
    assert str(caught.value).splitlines() == [str(each) for each in caught.value.findings]
    return [str(each) for each in caught.value.findings]


def test_files_are_merged_by_provider(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POSTMARK)
    (tmp_path / "b.yml").write_text(MAILGUN)
    config = load_config([tmp_path / "a.yaml", tmp_path / "b.yml"], SERVICES)
    assert list(config.providers) == ["p", "m"]
    assert load_config([tmp_path], SERVICES).digest == config.digest


def test_a_provider_in_two_files_names_both_places(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(POSTMARK)
    first, second = f"{tmp_path}/a.yaml:3:3", f"{tmp_path}/b.yaml:3:3"
    assert told(tmp_path) == [f"{second}: provider `p` is declared twice; first at {first}"]


def test_one_file_named_twice_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(POSTMARK)
    assert list(load_config([path, tmp_path, path], SERVICES).providers) == ["p"]


def test_other_files_in_a_folder_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "esp.yaml").write_text(POSTMARK)
    for name in (".sops.yaml", "secrets.sops.yaml", "a.sops.yml", ".hidden.yaml", ".#esp.yaml"):
        (tmp_path / name).write_text("not: [ours")
    for name in ("esp.json", "README.md", "esp.yaml~", "esp.yaml.bak"):
        (tmp_path / name).write_text("not: [ours")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "esp.yaml").write_text("not: [ours")
    assert list(load_config([tmp_path], SERVICES).providers) == ["p"]


def test_a_broken_link_in_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POSTMARK)
    (tmp_path / "b.yaml").symlink_to(tmp_path / "nowhere")
    assert told(tmp_path) == [f"{tmp_path}/b.yaml: cannot be read: No such file or directory"]


def test_all_mistakes_of_all_files_come_at_once_and_sorted(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("version: 1\nproviders: [\n")
    (tmp_path / "b.yaml").write_text(f"{MAILGUN}    zzzz: 1\n    domain: a.example.com\n")
    (tmp_path / "a.yaml").write_text(f"{POSTMARK}    zzzz: 1\n    tracking: {{delivery: true}}\n")
    found = told(
        *(tmp_path / name for name in ("c.yaml", "missing.yaml", "b.yaml", "a.yaml")),
        tmp_path / "nothing",
    )
    assert [each.removeprefix(f"{tmp_path}/").split(": ")[0] for each in found] == [
        "a.yaml:7:5",
        "a.yaml:8:26",
        "b.yaml:7:5",
        "b.yaml:8:13",
        "c.yaml:2:12",
        "missing.yaml",
        "nothing",
    ]


def test_places_are_sorted_as_numbers(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POSTMARK + "".join(f"    zzz{n}: 1\n" for n in range(9)))
    lines = [int(each.split(":")[1]) for each in told(tmp_path / "a.yaml")]
    assert lines == list(range(7, 16))


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "nofile.yaml"
    begin = "name your configuration, or begin one with `version: 1` and `providers:`"
    assert told(path) == [f"{path}: no such file; {begin}"]
    (tmp_path / "esp.yml").write_text(POSTMARK)
    assert told(path) == [f"{path}: no such file; {begin}"]


def test_a_link_to_nowhere_is_not_called_a_missing_file(tmp_path: Path) -> None:
    (tmp_path / "esp.yaml").symlink_to("nowhere.yaml")
    assert told(tmp_path / "esp.yaml") == [f"{tmp_path}/esp.yaml: a link to what is not there"]


@pytest.mark.parametrize("missing", ["esp.yaml", "epp.yml", "cofn"])
def test_the_nearest_file_or_folder_is_named(missing: str, tmp_path: Path) -> None:
    (tmp_path / "esp.yml").write_text(POSTMARK)
    (tmp_path / "esp.sops.yaml").write_text("")
    (tmp_path / "conf").mkdir()
    near = tmp_path / ("conf" if missing == "cofn" else "esp.yml")
    path = tmp_path / missing
    assert told(path) == [f"{path}: no such file; did you mean `{near}`?"]


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    message = "no YAML file in this folder; hidden ones and `*.sops.*` do not count"
    assert told(tmp_path) == [f"{tmp_path}: {message}"]


@pytest.mark.parametrize("name", ["n" * 5000, "a\0b", "file.yaml/below.yaml"])
def test_a_path_that_cannot_be_one_is_a_finding(name: str, tmp_path: Path) -> None:
    (tmp_path / "file.yaml").write_text(POSTMARK)
    (found,) = told(tmp_path / name)
    assert ": cannot be read: " in found or ": no such file; " in found


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_files_that_may_not_be_read_are_findings(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POSTMARK)
    (tmp_path / "a.yaml").chmod(0)
    assert told(tmp_path / "a.yaml") == [f"{tmp_path}/a.yaml: cannot be read: Permission denied"]


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    with path.open("wb") as file:
        file.truncate(32 * 1024 * 1024 + 1)
    assert told(path) == [f"{path}: the file is larger than 32 MiB"]


def test_a_pipe_can_be_read(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, POSTMARK.encode())
    os.close(writing)
    assert list(load_config([Path(f"/dev/fd/{reading}")], SERVICES).providers) == ["p"]
    os.close(reading)
    assert list(tmp_path.iterdir()) == []


def test_no_file_at_all_is_an_empty_configuration() -> None:
    assert load_config([], SERVICES).providers == {}
