"""The page as a parser and a text browser see it: whole, in order, and nobody's markup but ours."""

import base64
import hashlib
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from dashboard_pages import (
    HOSTILE,
    Element,
    change,
    difference,
    drift,
    everywhere,
    example,
    parsed,
    plan,
    rows,
    section,
    with_domains,
)
from required import needs

from reconciler.dashboard import page_of
from reconciler.errors import InvalidReport
from reconciler.source import printable

SERVER, PROMO = "transactional/server", "marketing/domains/promo.example.com"
PLAN = plan(
    change(SERVER, "update", tracking__opens=(False, True)),
    change("transactional/domains/example.com", "create", return_path=(None, "pm.example.com")),
    change(f"{PROMO}/tracking", "update", clicks=(False, "html_only")),
    change("transactional/streams/newsletter", "create", type=(None, "broadcasts")),
    change("transactional/webhooks/outbound/https://hooks.example.com/postmark", "create"),
    change("transactional/senders/other@example.org", "delete"),
    change("elsewhere/domains/lost.example.com", "create"),
)
DRIFT = drift(
    difference(SERVER, "drift", tracking__opens=(False, True)),
    difference(f"{PROMO}/tracking", "pending", clicks=(False, "html_only")),
    base="0ff1ce",
)


def test_the_sections_of_each_service_stand_in_the_order_of_its_page() -> None:
    page = parsed(page_of(example()))
    found = {
        next(part.all("h2")).text: [next(row.all("h3")).text for row in rows(part)]
        for part in page.all("section")
        if part.attributes.get("id")
    }
    first = ["Connection", "API token", "Sender", "Tracking", "Domains", "Webhooks"]
    assert found == {
        "transactional": [*first, "Message streams", "Advanced"],
        "marketing": [*first, "Region and default domain", "Advanced"],
    }


def test_the_page_says_when_and_of_which_commit_it_is() -> None:
    page = parsed(page_of(example()))
    assert page.one("header").one("time").attributes == {"datetime": "2026-11-27T22:50:00Z"}
    assert "Read 2026-11-27 22:50:00 UTC Commit 5f0c3e9a1b7d" in page.one("header").text
    assert "Commit not known" in parsed(page_of(example() | {"commit": None})).text


def test_the_last_test_is_told_from_the_reading_and_to_the_second() -> None:
    part = section(parsed(page_of(example())), "transactional", "Connection")
    assert "Last tested: 5 minutes before this reading, by check : Passed" in part.text
    assert part.one("time").attributes == {"datetime": "2026-11-27T22:45:00Z"}


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2026-11-27T22:50:00Z", "at the time of this reading"),
        ("2026-11-27T22:49:59Z", "1 second before this reading"),
        ("2026-11-27T21:50:01Z", "59 minutes before this reading"),
        ("2026-11-27T20:50:00+00:00", "2 hours before this reading"),
        ("2025-11-27T22:50:00Z", "365 days before this reading"),
        ("2026-11-27T22:51:00Z", "1 minute after this reading"),
    ],
)
def test_a_time_is_told_in_its_largest_unit(at: str, told: str) -> None:
    document = example()
    document["providers"][0]["connection"]["tested"]["at"] = at
    part = section(parsed(page_of(document)), "transactional", "Connection")
    assert f"Last tested: {told}" in part.text


def test_a_token_is_shown_by_its_reference_and_a_mask_that_is_always_the_same() -> None:
    part = section(parsed(page_of(example())), "marketing", "API token")
    assert "•••••••••••• sops secrets.sops.yaml mailgun.api_key Refused" in part.text
    assert part.one("a").attributes["href"] == "https://app.mailgun.com/settings/api_security"
    assert part.one("a").text == "Mailgun → Account settings → API security"


def test_the_tables_have_the_columns_of_the_services_pages() -> None:
    page = parsed(page_of(example()))
    heads = {
        name: [each.text for each in section(page, name, "Domains").one("thead").all("th")]
        for name in ("transactional", "marketing")
    }
    assert heads == {
        "transactional": ["Domain", "Status", "DKIM", "Return-Path"],
        "marketing": ["Domain", "Status", "SPF", "DKIM", "CNAME"],
    }


def texts(part: Element, row: int) -> list[str]:
    line = list(part.all("tr"))[row]
    return [each.text for each in line.all("th", "td")]


def test_declared_and_live_flags_stand_side_by_side_with_what_is_pending_and_drift() -> None:
    part = section(parsed(page_of(example(), PLAN, DRIFT)), "transactional", "Tracking")
    since = "changed live since it was applied"
    assert texts(part, 1) == ["opens", "true", "false", f"Pending change Drift {since}"]
    assert texts(part, 2) == ["links", "html_and_text", "none", "Differs"]
    assert texts(part, 3) == ["delivery", "true", "not reported", "Unknown"]


def test_what_is_pending_stands_beside_the_thing_it_is_about_and_nothing_is_lost() -> None:
    page = parsed(page_of(example(), PLAN, DRIFT))
    found = {
        (name, heading): [each.text for each in section(page, name, heading).all("ul")]
        for name, heading in (
            ("marketing", "Domains"),
            ("transactional", "Message streams"),
            ("transactional", "Webhooks"),
            ("transactional", "Other changes"),
        )
    }
    pending = "declared, and not applied yet"
    assert found["marketing", "Domains"][0] == (
        f"Pending change {pending} tracking to be changed clicks false → html_only"
    )
    assert found["transactional", "Message streams"] == [
        "Pending change to be created type broadcasts"
    ]
    assert found["transactional", "Webhooks"] == ["Pending change to be created"]
    assert found["transactional", "Other changes"] == [
        "Pending change senders/other@example.org to be removed"
    ]
    assert "elsewhere Pending change domains/lost.example.com to be created" in page.text
    assert "Drift since 0ff1ce" in page.one("header").text


def test_the_overview_counts_changes_and_drift_only_where_they_were_looked_for() -> None:
    cards = next(parsed(page_of(example(), PLAN, DRIFT)).all("ul")).text
    assert "Pending 5 changes Drift 1 difference" in cards
    assert "Pending 1 change Drift none" in cards
    assert "Pending" not in next(parsed(page_of(example())).all("ul")).text


def test_what_a_run_refused_or_could_not_read_is_told_above_all() -> None:
    refused = [{"address": SERVER, "field": "x", "reason": "a stream keeps its type"}]
    unread = [{"address": PROMO, "reason": "503"}]
    error = {"type": "ReadFailed", "message": "no answer", "exit_code": 1}
    failed = {"format_version": "1", "error": error}
    page = page_of(example(), plan(refused=refused), drift(unread=unread))
    assert f"Refused: {SERVER}: a stream keeps its type" in page
    assert f"Not read: {PROMO}: 503" in page
    assert "plan failed: no answer" in page_of(example(), failed)


def test_what_is_accepted_is_told_with_its_reason() -> None:
    entry = {"address": PROMO, "field": "opens", "reason": "tried out", "expires": "2027-01-31"}
    page = parsed(page_of(example(), drift=drift(accepted=[entry])))
    assert f"{PROMO} opens until 2027-01-31: tried out" in page.text


def test_another_runs_json_is_not_taken_for_a_plan() -> None:
    with pytest.raises(InvalidReport, match="the JSON of `drift` where that of `plan` belongs"):
        page_of(example(), DRIFT)


def test_every_action_is_a_command_for_a_shell_and_no_button() -> None:
    page = page_of(example(), PLAN)
    for command in (
        "esp-reconcile check marketing",
        "esp-reconcile send-test marketing --to you@example.com",
        "esp-reconcile domains verify promo.example.com",
        "esp-reconcile domains diagnose promo.example.com",
        "esp-reconcile domains add DOMAIN --provider marketing",
        "esp-reconcile apply",
    ):
        assert f"<code>{command}</code>" in page
    assert not list(parsed(page).all("button", "form", "input", "script", "iframe", "object"))


@pytest.mark.parametrize("text", HOSTILE)
def test_foreign_text_is_shown_and_is_never_markup(text: str) -> None:
    """Whatever stands in it, the page has the elements of the one with a plain word."""
    document = everywhere(example(), text)
    hostile = parsed(page_of(document, everywhere_in(PLAN, text), everywhere_in(DRIFT, text)))
    plain = parsed(
        page_of(
            everywhere(example(), "word"), everywhere_in(PLAN, "word"), everywhere_in(DRIFT, "word")
        )
    )
    assert shape(hostile) == shape(plain)
    assert " ".join(printable(text).split()) in hostile.text
    assert all(each.isprintable() or each in "\n " for each in hostile.text)


def everywhere_in(report: dict[str, Any], text: str) -> dict[str, Any]:
    """Return a plan or a look for drift with all its names and values replaced."""
    key = "changes" if "changes" in report else "differences"
    entry = {**report[key][0], "address": text, "path": [f"{text}0", "domains", text]}
    entry["fields"] = [
        {**entry["fields"][0], "name": text, "before": text, "live": text, "after": [text]}
    ]
    notes = [{"address": text, "field": text, "reason": text}]
    return {**report, key: [entry], "refused": notes}


def shape(element: Element) -> list[tuple[str, tuple[str, ...]]]:
    return [(each.tag, tuple(sorted(each.attributes))) for each in element.all()]


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "http://account.postmarkapp.com/servers",
        "https://account.postmarkapp.com.example.org/",
        "https://evilmailgun.com/",
        "https://user:pass@app.mailgun.com/",
        "https://app.mailgun.com:444/",
        "https://app.mailgun.com\u2044@example.org/",
        "https://example.org\\@app.mailgun.com/",
        "https://[app.mailgun.com/",
        "//app.mailgun.com/",
        " https://app.mailgun.com/",
        "data:text/html,x",
    ],
)
def test_only_the_two_services_are_linked_to(link: str) -> None:
    document = example()
    document["providers"][0]["tokens"][0]["link"] = link
    links = [each.attributes["href"] for each in parsed(page_of(document)).all("a")]
    assert len(links) == 4
    assert link in parsed(page_of(document)).text or link != link.strip()


def test_the_policy_is_of_exactly_the_style_and_there_is_nothing_to_load() -> None:
    page = page_of(example())
    tree = parsed(page)
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = (
        each.attributes["content"]
        for each in tree.all("meta")
        if each.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    names = {name for each in tree.all() for name in each.attributes}
    assert not {name for name in names if name == "style" or name.startswith("on")}
    assert not {"src", "srcset", "background"} & names
    assert "url(" not in style
    assert "@import" not in style


def test_tables_have_captions_and_headings_with_a_scope() -> None:
    tree = parsed(page_of(example(), PLAN, DRIFT))
    tables = list(tree.all("table"))
    assert tables
    for table in tables:
        assert table.one("caption").text
        assert all(each.attributes.get("scope") and each.text for each in table.all("th"))
        assert table.parent
        assert table.parent.attributes.keys() >= {"tabindex", "role", "aria-label"}
    ids = [each.attributes["id"] for each in tree.all() if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    assert len(list(tree.all("h1"))) == 1
    assert len(list(tree.all("main"))) == 1
    assert tree.one("html").attributes == {"lang": "en"}


def test_for_print_all_is_open() -> None:
    folded = list(parsed(page_of(example())).all("details"))
    opened = list(parsed(page_of(example(), for_print=True)).all("details"))
    assert folded
    assert not any("open" in each.attributes for each in folded)
    assert all("open" in each.attributes for each in opened)
    assert len(opened) == len(folded)


def test_a_page_of_no_provider_says_so() -> None:
    page = parsed(page_of(example() | {"providers": []}))
    assert "No provider is declared." in page.text


def test_500_domains_with_long_keys_that_all_differ_are_under_a_megabyte() -> None:
    document = with_domains(500)
    document["providers"].pop(0)
    below = [f"marketing/domains/customer-{each:06}.example.com" for each in range(500)]
    changes = [change(f"{each}/tracking", "update", opens=(False, True)) for each in below]
    found = [difference(f"{each}/tracking", "unknown", opens=(False, True)) for each in below]
    assert len(page_of(document, plan(*changes), drift(*found)).encode()) < 1_000_000


def test_of_too_many_domains_those_with_problems_come_first_and_all_are_there() -> None:
    document = with_domains(2001)
    document["providers"].pop(0)
    (marketing,) = document["providers"]
    for number, each in enumerate(marketing["domains"]):
        if number % 10:
            each.update(state="verified", checks={})
    part = section(parsed(page_of(document)), "marketing", "Domains")
    first, second = part.all("table")
    assert len(list(first.all("tbody"))) == 201
    assert len(list(second.all("tbody"))) == 1800
    assert second.parent
    assert second.parent.parent
    assert second.parent.parent.tag == "details"


def test_a_text_browser_shows_every_section_and_value(tmp_path: Path) -> None:
    needs("w3m")
    file = tmp_path / "page.html"
    file.write_text(page_of(example(), PLAN, DRIFT), encoding="utf-8")
    command = ["w3m", "-dump", "-cols", "400", "-I", "UTF-8", "-O", "UTF-8", str(file)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    shown = "".join(text.split())
    for value in values(example()):
        assert "".join(str(value).split()) in shown, value


def values(document: Any) -> list[str]:
    """Return the texts of a document that people are to read, not those that programs are."""
    hidden = {
        "format_version",
        "command",
        "at",
        "address",
        "path",
        "link",
        "service",
        "state",
        "checks",
    }
    if isinstance(document, dict):
        below = [each for key, each in document.items() if key not in hidden]
        return [text for each in below for text in values(each)]
    if isinstance(document, list):
        return [text for each in document for text in values(each)]
    return [document] if isinstance(document, str) and document != "eu" else []
