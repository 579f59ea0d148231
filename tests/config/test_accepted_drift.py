"""The file of accepted drift: read strictly, told with places, and no configuration."""

from datetime import date
from pathlib import Path

import pytest
from loading import POSTMARK

from reconciler.config import load_config, read_texts
from reconciler.config.accepted import ACCEPTED_FILE, load_accepted
from reconciler.errors import ConfigError
from reconciler.providers import SERVICES

ENTRY = '{address: "p/*", reason: r, expires: "2026-12-31"}'
HEAD = "version: 1\naccepted:\n"


def written(folder: Path, text: str, name: str = ACCEPTED_FILE) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def said(folder: Path, text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(ConfigError) as caught:
        load_accepted(written(folder, text))
    return [(e.location.line, e.location.column, e.message) for e in caught.value.findings]


def test_entries_come_in_their_order_with_their_places(tmp_path: Path) -> None:
    text = (
        f'{HEAD}  - {ENTRY}\n  - {{address: a, field: "x.*", reason: s, expires: "2027-01-01"}}\n'
    )
    one, two = load_accepted(written(tmp_path, text))
    assert (one.address, one.field, one.reason, one.expires) == ("p/*", "", "r", date(2026, 12, 31))
    assert (two.field, two.location.line, two.location.column) == ("x.*", 4, 5)


def test_an_empty_list_accepts_nothing(tmp_path: Path) -> None:
    assert load_accepted(written(tmp_path, "version: 1\naccepted: []\n")) == ()


def test_all_mistakes_are_told_at_once_with_what_was_meant(tmp_path: Path) -> None:
    found = said(
        tmp_path,
        'version: 2\naccepted:\n  - {adress: a, reason: r, expires: "2026-12-31"}\n'
        '  - {address: a, expires: "2026-12-31"}\n  - {address: a, reason: "", expires: soon}\n',
    )
    assert [place[:1] for place in found] == [(1,), (3,), (4,), (5,), (5,)]
    text = "\n".join(message for *_, message in found)
    assert "unknown key `adress`; did you mean `address`?" in text
    assert "needs the key `reason`" in text
    assert 'a day in quotes is wanted, such as "2027-01-31"' in text


@pytest.mark.parametrize("day", ["2026-02-30", "2026-13-01", "0000-01-01"])
def test_a_day_that_is_not_in_the_calendar_is_told(day: str, tmp_path: Path) -> None:
    found = said(tmp_path, HEAD + f'  - {{address: a, reason: r, expires: "{day}"}}\n')
    assert [message for *_, message in found] == [f"`expires`: there is no day {day}"]


def test_a_day_without_quotes_is_told_as_what_yaml_makes_of_it(tmp_path: Path) -> None:
    found = said(tmp_path, HEAD + "  - {address: a, reason: r, expires: 2026-12-31}\n")
    assert [(line, "quote it" in message) for line, _, message in found] == [(3, True)]


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "\n\n"])
def test_an_empty_file_is_told_what_it_needs(text: str, tmp_path: Path) -> None:
    ((line, _, message),) = said(tmp_path, text)
    assert (line, message) == (0, "the file is empty; it needs `version: 1` and `accepted:`")


@pytest.mark.parametrize("raw", ["[]\n", "a\n", "accepted: {}\nversion: 1\n", "version: 1\n", "{"])
def test_what_is_something_else_is_told(raw: str, tmp_path: Path) -> None:
    assert said(tmp_path, raw)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere.yaml: cannot be read: No such file"):
        load_accepted(tmp_path / "nowhere.yaml")


def test_a_file_that_leads_elsewhere_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    written(tmp_path, HEAD + f"  - {ENTRY}\n", "other.yaml")
    (tmp_path / "conf" / ACCEPTED_FILE).symlink_to(tmp_path / "other.yaml")
    with pytest.raises(ConfigError, match="a link that leads out of its folder"):
        load_accepted(tmp_path / "conf" / ACCEPTED_FILE)


@pytest.mark.parametrize("name", [ACCEPTED_FILE, "known.yaml"])
def test_in_a_folder_it_is_no_configuration(name: str, tmp_path: Path) -> None:
    written(tmp_path, POSTMARK, "esp.yaml")
    written(tmp_path, HEAD + f"  - {ENTRY}\n", name)
    config = load_config([tmp_path], SERVICES)
    assert config.providers.keys() == {"p"}
    assert [path.name for path in read_texts([tmp_path])] == ["esp.yaml"]
