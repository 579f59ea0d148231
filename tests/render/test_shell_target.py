"""Lines for a shell: sourced, or given to `eval`."""

from pathlib import Path

import pytest
from applications import HOSTILE, MAILGUN, application, written_or_refused
from dotenv_readers import of_environment, run
from test_dotenv_target import MEANT_MAILGUN, ours

from reconciler.model import Secret
from reconciler.render import rendered

SOURCED, EVALUATED = '. "$1"; env -0', 'eval "$(cat "$1")"; env -0'


@pytest.mark.parametrize("shell", ["bash", "sh"])
@pytest.mark.parametrize("how", [SOURCED, EVALUATED])
def test_a_shell_exports_what_is_meant(tmp_path: Path, shell: str, how: str) -> None:
    path = tmp_path / "app.sh"
    path.write_text(rendered(application(MAILGUN), "sh"))
    read = of_environment(run(shell, "-c", how, shell, path))
    assert ours(read) == MEANT_MAILGUN
    assert "MAILGUN_API_KEY" not in read


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_no_value_is_run(tmp_path: Path, shell: str) -> None:
    path, lines, written = tmp_path / "app.sh", list[str](), dict[str, str]()
    for number, value in enumerate(HOSTILE):
        found = application(MAILGUN, f"p{number}", tag_prefix=value)
        text, refusal = written_or_refused(found, "sh")
        lines.append(text)
        if value.isprintable():
            written[f"ESP_P{number}_TAG_PREFIX"] = value
        else:
            assert "`--as json`" in refusal
    path.write_text("".join(lines), encoding="utf-8")
    read = of_environment(run(shell, "-c", SOURCED, shell, path))
    assert written.items() <= read.items()


def test_a_token_is_exported_if_it_is_to_be_written(tmp_path: Path) -> None:
    path = tmp_path / "app.sh"
    path.write_text(rendered(application(MAILGUN), "sh", Secret("key-$(id)'\"#")))
    read = of_environment(run("sh", "-c", SOURCED, "sh", path))
    assert read["MAILGUN_API_KEY"] == "key-$(id)'\"#"
