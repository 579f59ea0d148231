"""The page in a real browser: nothing runs, nothing is loaded, and everybody can read it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from dashboard_pages import EXAMPLE, HOSTILE, change, everywhere, example, plan, with_domains
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from required import AXE, CHROMIUM, needs
from served_dashboard import serving

from reconciler.dashboard import page_of

Scheme = Literal["dark", "light"]
WIDTHS = (360, 800, 1400)
PLAN = plan(
    change("transactional/server", "update", tracking__opens=(False, True)),
    change("marketing/domains/promo.example.com/tracking", "update", clicks=(False, "html_only")),
    change("marketing/domains/mg.example.com", "create"),
)
_AXE = """axe.run(document, {
    resultTypes: ["violations"], rules: {"color-contrast": {enabled: %s}}
})"""
_SCROLLS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    needs("chromium")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@dataclass
class Look:
    """A page that somebody looks at, what its console said, and what it asked for."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


def looked_at(browser: Browser, file: Path, **how: Any) -> Look:
    look = Look(browser.new_context(offline=True, **how).new_page())
    look.page.on("console", lambda message: look.said.append(message.text))
    look.page.on("pageerror", lambda problem: look.said.append(str(problem)))
    look.page.on("dialog", lambda dialog: look.said.append(dialog.message))
    look.page.on("request", lambda request: look.asked.append(request.url))
    look.page.goto(file.as_uri())
    return look


def documents() -> Mapping[str, Any]:
    hostile = {
        f"hostile-{number}": everywhere(example(), text) for number, text in enumerate(HOSTILE)
    }
    return {
        "nothing": example() | {"providers": []},
        "no-domain": with_domains(0),
        "one-domain": with_domains(1),
        "example": example(),
        **hostile,
    }


def written(folder: Path, name: str, document: Any, **how: Any) -> Path:
    file = folder / f"{name}.html"
    file.write_text(page_of(document, PLAN, **how), encoding="utf-8")
    return file


def violations(page: Page, *, is_colour_judged: bool = True) -> list[tuple[str, list[str]]]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(_AXE % str(is_colour_judged).lower())["violations"]
    return [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found]


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("nothing", "light"),
        ("no-domain", "dark"),
        ("one-domain", "light"),
        ("example", "light"),
        ("example", "dark"),
        ("hostile-0", "dark"),
    ],
)
def test_axe_finds_no_fault(browser: Browser, folder: Path, name: str, scheme: Scheme) -> None:
    file = written(folder, name, documents()[name], for_print=True)
    look = looked_at(browser, file, color_scheme=scheme)
    assert violations(look.page) == []
    look.page.context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_no_fault_at_any_width(browser: Browser, folder: Path, width: int) -> None:
    size: ViewportSize = {"width": width, "height": 800}
    look = looked_at(browser, written(folder, "wide", example()), viewport=size)
    assert violations(look.page, is_colour_judged=False) == []
    look.page.context.close()


def test_axe_finds_no_fault_with_500_domains(browser: Browser, folder: Path) -> None:
    """Their colours are those of one domain, and would take most of a minute to judge."""
    document = with_domains(500)
    document["providers"].pop(0)
    look = looked_at(browser, written(folder, "many", document))
    assert violations(look.page, is_colour_judged=False) == []
    look.page.context.close()


@pytest.mark.parametrize("name", documents())
def test_no_page_is_wider_than_the_window_runs_anything_or_asks_for_anything(
    browser: Browser, folder: Path, name: str
) -> None:
    file = written(folder, name, documents()[name])
    look = looked_at(browser, file)
    for width in WIDTHS:
        look.page.set_viewport_size({"width": width, "height": 800})
        assert not look.page.evaluate(_SCROLLS), width
        look.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert not look.page.evaluate(_SCROLLS)
    assert look.said == []
    assert look.asked == [file.as_uri()]
    look.page.context.close()


def test_500_domains_fit_the_narrowest_window(browser: Browser, folder: Path) -> None:
    look = looked_at(
        browser,
        written(folder, "500", with_domains(500)),
        viewport={"width": WIDTHS[0], "height": 800},
    )
    assert not look.page.evaluate(_SCROLLS)
    assert look.page.locator("table.things > tbody").count() > 1000
    look.page.context.close()


def test_without_javascript_the_page_is_the_same(browser: Browser, folder: Path) -> None:
    file = written(folder, "plain", example())
    texts = []
    for enabled in (True, False):
        look = looked_at(browser, file, java_script_enabled=enabled)
        texts.append(look.page.inner_text("body"))
        assert look.said == []
        look.page.context.close()
    assert "esp-reconcile check marketing" in texts[0]
    assert texts[0] == texts[1]


def test_details_open_without_javascript(browser: Browser, folder: Path) -> None:
    look = looked_at(browser, written(folder, "folded", example()), java_script_enabled=False)
    record = look.page.get_by_text("v=spf1 include:eu.mailgun.org ~all")
    assert not record.is_visible()
    look.page.get_by_text("4 DNS records, 3 to publish").press("Enter")
    assert record.is_visible()
    look.page.context.close()


def test_the_style_is_applied_in_both_schemes(browser: Browser, folder: Path) -> None:
    file = written(folder, "styled", example())
    colours = {}
    schemes: tuple[Scheme, ...] = ("light", "dark")
    for scheme in schemes:
        look = looked_at(browser, file, color_scheme=scheme)
        colours[scheme] = look.page.evaluate("getComputedStyle(document.body).backgroundColor")
        look.page.context.close()
    assert colours == {"light": "rgb(250, 249, 246)", "dark": "rgb(21, 24, 26)"}


def test_paper_has_what_is_folded_on_the_screen(browser: Browser, folder: Path) -> None:
    look = looked_at(browser, written(folder, "print", example(), for_print=True))
    look.page.emulate_media(media="print")
    assert look.page.get_by_text("v=spf1 include:eu.mailgun.org ~all").is_visible()
    paper = look.page.pdf(format="A4")
    assert paper.startswith(b"%PDF")
    assert paper.count(b"/Type /Page\n") >= 3
    look.page.context.close()


def test_the_served_page_is_looked_at_and_walked_through(browser: Browser, folder: Path) -> None:
    """Its policy is stricter than the file's: it is in a sandbox, and framed by nobody."""
    with serving(folder, "--from", str(EXAMPLE)) as (_, url):
        look = Look(browser.new_context().new_page())
        look.page.on("console", lambda message: look.said.append(message.text))
        look.page.on("request", lambda request: look.asked.append(request.url))
        look.page.goto(url)
        assert look.page.evaluate("getComputedStyle(document.body).maxWidth") == "1216px"
        look.page.get_by_role("link", name="marketing", exact=True).press("Enter")
        assert look.page.url == f"{url}#provider-2"
        look.page.get_by_text("4 DNS records, 3 to publish").press("Enter")
        assert look.page.get_by_text("v=spf1 include:eu.mailgun.org ~all").is_visible()
        assert look.said == []
        assert look.asked == [url]
        look.page.context.close()


def test_a_state_is_told_by_colour_and_symbol_besides_its_word(
    browser: Browser, folder: Path
) -> None:
    look = looked_at(browser, written(folder, "states", example()), color_scheme="light")
    looks = look.page.evaluate(
        """Object.fromEntries([...document.querySelectorAll('b')].map(each => [each.innerText, [
            getComputedStyle(each, '::before').content[1], getComputedStyle(each).color]]))"""
    )
    symbols = {word: symbol for word, (symbol, _) in looks.items()}
    assert symbols == symbols | {
        "Connected": "✓",
        "Failed": "✕",
        "Unverified": "!",
        "Unknown": "?",
        "Pending change": "△",
    }
    assert len({colour for _, colour in looks.values()}) == 5
    look.page.context.close()
