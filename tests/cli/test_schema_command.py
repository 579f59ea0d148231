"""`schema`: one file for editors."""

from pathlib import Path

from program import run


def test_it_is_printed_or_written(tmp_path: Path) -> None:
    printed = run("schema", cwd=tmp_path)
    assert printed.code == 0
    assert printed.json["$schema"].endswith("2020-12/schema")
    written = run("schema", "--draft", "7", "--out", "esp.schema.json", cwd=tmp_path)
    assert (written.code, written.out) == (0, "")
    assert "draft-07" in (tmp_path / "esp.schema.json").read_text(encoding="utf-8")


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    done = run("schema", "--out", "nowhere/esp.schema.json", cwd=tmp_path)
    assert done.code == 64
    assert "--out nowhere/esp.schema.json: No such file or directory" in done.err


def test_where_a_schema_is_published_is_its_id(tmp_path: Path) -> None:
    url = "https://example.com/esp.schema.json"
    done = run("schema", "--id", url, cwd=tmp_path)
    assert done.json["$id"] == url
    refused = run("schema", "--id", "esp.schema.json", cwd=tmp_path)
    assert (refused.code, refused.out) == (64, "")
    assert "--id esp.schema.json: the https URL" in refused.err
