"""What people see: colours where they are shown, width, what is alike once, and completion."""

import io
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from program import Served, run
from terminal import on_terminal

from reconciler.cli.colour import Colour
from reconciler.reports.changes import View, with_short_keys

MANY = """\
version: 1
providers:
  m:
    service: mailgun
    token: {env: MAILGUN_API_KEY}
    region: eu
    tracking: {opens: true}
    domains:
      a.example.com: {}
      b.example.com: {}
      c.example.com: {}
      d.example.com: {}
      e.example.com: {spam_action: tag}
"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("when", "environment", "on_terminal", "elsewhere"),
    [
        ("auto", {}, True, False),
        ("auto", {"NO_COLOR": "1"}, False, False),
        ("auto", {"NO_COLOR": ""}, True, False),
        ("auto", {"FORCE_COLOR": "1"}, True, True),
        ("auto", {"CLICOLOR_FORCE": "1"}, True, True),
        ("auto", {"FORCE_COLOR": "0"}, True, False),
        ("auto", {"TERM": "dumb", "FORCE_COLOR": "1"}, False, False),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, False),
        ("always", {"NO_COLOR": "1"}, True, True),
        ("never", {"FORCE_COLOR": "1"}, False, False),
        ("auto", {"GITHUB_ACTIONS": "true"}, True, False),
    ],
)
def test_colours_are_where_they_are_asked_for_or_shown(
    when: str,
    environment: Mapping[str, str],
    on_terminal: bool,  # noqa: FBT001
    elsewhere: bool,  # noqa: FBT001
) -> None:
    colour = Colour()
    colour.when = when
    assert colour.is_wanted(Terminal(), environment) is on_terminal
    assert colour.is_wanted(io.StringIO(), environment) is elsewhere


def test_the_pipe_of_a_ci_service_gets_colours_and_a_file_does_not(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading), os.fdopen(writing, "w") as pipe, (tmp_path / "f").open("w") as file:
        assert Colour().is_wanted(pipe, {"GITLAB_CI": "true"})
        assert not Colour().is_wanted(pipe, {})
        assert not Colour().is_wanted(file, {"GITLAB_CI": "true"})


def test_the_option_wins_on_the_command_line(box: Served, folder: Path) -> None:
    _, shown = on_terminal(folder, box.env, "--color", "never", "plan")
    assert "\x1b[" not in shown
    coloured = run("--color", "always", "plan", cwd=folder, env=box.env)
    assert "\x1b[32m+ domains/mg.example.com\x1b[0m" in coloured.out
    dumb = run("plan", cwd=folder, env={**box.env, "TERM": "dumb", "FORCE_COLOR": "1"})
    assert "\x1b" not in dumb.out + dumb.err


def test_what_is_alike_is_shown_once_with_its_number_and_names(box: Served, tmp_path: Path) -> None:
    (tmp_path / "esp.yaml").write_text(MANY, encoding="utf-8")
    folded = run("plan", cwd=tmp_path, env=box.env).out
    names = "a.example.com, b.example.com, c.example.com"
    assert f"  + domains/*  (4: {names} and 1 more)  (esp.yaml:9:7)\n" in folded
    assert '  + domains/e.example.com  (esp.yaml:13:7)\n      spam_action  "tag"\n' in folded
    tracking = "  + domains/*/tracking  (5: a.example.com, b.example.com, c.example.com and 2 more)"
    assert f"{tracking}  (esp.yaml:9:7)\n      opens  true\n" in folded
    whole = run("plan", "--no-fold", cwd=tmp_path, env=box.env).out
    assert whole.count("      opens  true\n") == 5
    assert "Plan: 10 to create, 0 to update, 0 to delete." in folded
    assert folded.splitlines()[-1] == whole.splitlines()[-1]


def test_deletions_come_first_and_each_by_its_name(box: Served, folder: Path) -> None:
    text = (folder / "esp.yaml").read_text(encoding="utf-8")
    absent = "      old.example.com: {ensure: absent}\n"
    names = [f"gone{number}.example.com" for number in range(3)]
    for name in names:
        box.postmark("POST", "/domains", {"Name": name})
    more = "".join(absent.replace("old.example.com", name) for name in names)
    marked = text.replace("      old.example.com: {ensure: absent}", more + absent.rstrip(), 1)
    (folder / "esp.yaml").write_text(marked, encoding="utf-8")
    lines = run("plan", cwd=folder, env=box.env).out.splitlines()
    first = lines.index("transactional") + 1
    shown = [line.split()[1] for line in lines[first : first + 4]]
    assert sorted(shown) == sorted(f"domains/{name}" for name in [*names, "old.example.com"])


def test_the_switches_of_a_new_thing_are_those_that_are_on(box: Served, folder: Path) -> None:
    shown = run("plan", cwd=folder, env=box.env).out
    assert '      triggers  ["bounce", "delivery"]\n' in shown
    assert "spam_complaint" not in shown


@pytest.mark.parametrize("width", [40, 80, 120])
def test_long_lines_are_broken_at_the_width_with_an_indent(width: int) -> None:
    text = "m/domains/a.example.com: " + "several words that go on " * 10
    first, *others = View(width).wrapped(text).split("\n")
    assert others
    assert first.startswith("  m/domains")
    assert all(line.startswith("      ") for line in others)
    assert all(len(line) <= width for line in (first, *others))
    assert " ".join(line.strip() for line in (first, *others)) == text.strip()


def plan_of_a_footer(folder: Path, box: Served, text: str) -> str:
    (folder / "esp.yaml").write_text(
        "version: 1\nproviders:\n  m:\n    service: mailgun\n    token: {env: MAILGUN_API_KEY}\n"
        "    region: eu\n    domains:\n      mail.example.net:\n        tracking:\n"
        f"          unsubscribe: {{active: true, text_footer: '{text}'}}\n",
        encoding="utf-8",
    )
    return run("plan", cwd=folder, env=box.env).out


def test_a_long_value_is_shown_whole(box: Served, tmp_path: Path) -> None:
    words = " ".join(f"word{number}" for number in range(60))
    assert f'"{words}"' in plan_of_a_footer(tmp_path, box, words)
    _, shown = on_terminal(tmp_path, box.env, "plan")
    lines = [line.rstrip("\r").rpartition("\r")[2] for line in shown.split("\n")]
    assert max(map(len, lines)) <= 80
    assert f'"{words}"' in " ".join(line.strip() for line in lines)
    rows = [line for line in lines if "word" in line]
    assert len({len(line) - len(line.lstrip()) for line in rows[1:]}) == 1


def test_of_a_value_that_nobody_would_read_the_length_is_told(box: Served, tmp_path: Path) -> None:
    shown = plan_of_a_footer(tmp_path, box, "a" * 3000)
    assert f'"{"a" * 1999}… (3,002 signs in all, which JSON has)' in shown


def test_where_nobody_says_how_wide_it_is_no_line_is_broken() -> None:
    assert View().wrapped("word " * 100) == "  " + "word " * 100


def test_a_long_key_is_its_beginning_and_its_end() -> None:
    key = "MIGf" + "A1b2/+" * 30 + "DAQAB"
    assert with_short_keys(f"x TXT k=rsa; p={key}") == "x TXT k=rsa; p=MIGf…DAQAB"
    assert with_short_keys("v=DMARC1; p=none") == "v=DMARC1; p=none"


def test_help_groups_the_commands_by_what_people_come_for(tmp_path: Path) -> None:
    shown = run("--help", cwd=tmp_path).out
    places = [shown.index(f"\n{each}:\n") for each in ("Every day", "Adopt", "Operate", "Try out")]
    assert places == sorted(places)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(tmp_path: Path, shell: str) -> None:
    done = run("completion", shell, cwd=tmp_path)
    assert done.code == 0
    assert f"_ESP_RECONCILE_COMPLETE={shell}_complete" in done.out


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("pl", ["plan"]),
        ("run rot", ["rotate-dkim"]),
        ("run verify transactional/dom", ["transactional/domains/example.com"]),
        ("explain marketing/domains/promo", ["marketing/domains/promo.example.com"]),
        ("plan --only mark", ["marketing/*", "marketing/domains/*"]),
    ],
)
def test_what_can_be_meant_is_completed(folder: Path, words: str, offered: list[str]) -> None:
    env = {
        "_ESP_RECONCILE_COMPLETE": "bash_complete",
        "COMP_WORDS": f"esp-reconcile {words}",
        "COMP_CWORD": str(len(words.split())),
    }
    shown = run(cwd=folder, env=env).out.splitlines()
    for each in offered:
        assert f"plain,{each}" in shown


def test_where_no_yaml_can_be_read_nothing_is_completed_and_nothing_said(tmp_path: Path) -> None:
    env = {
        "_ESP_RECONCILE_COMPLETE": "bash_complete",
        "COMP_WORDS": "esp-reconcile explain x",
        "COMP_CWORD": "2",
    }
    done = run(cwd=tmp_path, env=env)
    assert (done.out.strip(), done.err) == ("", "")


def test_a_shell_is_led_to_a_served_sandbox(tmp_path: Path) -> None:
    shown = run("sandbox", "env", "--port", "9000", cwd=tmp_path).out.splitlines()
    assert "export ESP_RECONCILE_POSTMARK_URL=http://127.0.0.1:9000" in shown
    assert "export ESP_RECONCILE_MAILGUN_EU_URL=http://127.0.0.1:9002" in shown
    names = [line.split("=")[0] for line in shown]
    assert "export MAILGUN_API_KEY" in names
    assert run("sandbox", "env", "--port", "9000", cwd=tmp_path).out.splitlines() == shown


def test_short_options_mean_the_long_ones(folder: Path) -> None:
    done = run("explain", "--offline", "-f", "json", "transactional/server", cwd=folder)
    assert done.json["subject"] == "transactional/server"
    failed = run("plan", "-f", "json", "nowhere.yaml", cwd=folder)
    assert failed.json["error"]["exit_code"] == 1


def test_an_option_of_all_commands_is_told_where_it_stands(tmp_path: Path) -> None:
    done = run("plan", "--sandbox", cwd=tmp_path)
    assert done.code == 64
    assert "Error: --sandbox stands before the command\n" in done.err


def test_an_explanation_is_as_wide_as_the_terminal(tmp_path: Path) -> None:
    _, shown = on_terminal(tmp_path, {"COLUMNS": "60"}, "explain", "mailgun.domains")
    assert max(len(line.rstrip("\r")) for line in shown.split("\n")) <= 60
