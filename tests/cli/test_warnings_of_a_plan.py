"""A plan warns before it breaks what is published in DNS, and names the record."""

from pathlib import Path

import pytest
from program import Served, run


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            "return_path: pm-bounces.example.com",
            "return_path: bounces.example.com",
            [
                "publish bounces.example.com CNAME pm.mtasv.net first",
                "leave pm-bounces.example.com until",
            ],
        ),
        (
            "mg.example.com: {}",
            "mg.example.com: {web_prefix: links}",
            [
                "publish links.mg.example.com CNAME with the target of email.mg.example.com first",
                "leave email.mg.example.com, which links in mail that was sent lead to",
            ],
        ),
        (
            "mg.example.com: {}",
            "mg.example.com: {dkim: {selector: s2}}",
            ["publish it first: s2._domainkey.mg.example.com TXT k=rsa; p="],
        ),
        (
            "mg.example.com: {}",
            "mg.example.com: {use_automatic_sender_security: true}",
            ["makes other DKIM records", "leave smtp._domainkey.mg.example.com until then"],
        ),
    ],
    ids=["return-path", "web-prefix", "selector", "who-keeps-the-keys"],
)
def test_a_change_of_what_is_published_names_the_record(
    box: Served, folder: Path, before: str, after: str, told: list[str]
) -> None:
    for domain in ("example.com", "mg.example.com"):
        box.control("postmark", "POST", "dns", {"domain": domain, "published": True})
    assert run("apply", "--yes", "--no-check", cwd=folder, env=box.env).code == 0
    quiet = run("plan", cwd=folder, env=box.env).out
    config = folder / "esp.yaml"
    text = config.read_text(encoding="utf-8")
    assert before in text
    config.write_text(text.replace(before, after), encoding="utf-8")
    shown = run("plan", cwd=folder, env=box.env).out
    for each in told:
        assert each in shown
        assert each not in quiet
