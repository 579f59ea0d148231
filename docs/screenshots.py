"""Take the pictures of the README: the dashboard in light and dark, wide and narrow.

The status is that of `examples/status.json`, plan and drift are the sandbox's.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, sync_playwright

from reconciler.dashboard import page_of

ROOT = Path(__file__).parents[1]
EXAMPLES, IMAGES = ROOT / "examples", ROOT / "docs" / "images"
CHROMIUM = Path("/usr/bin/chromium")
MOST_BYTES = 200_000
_TO_THE_TOP = "each => scrollBy({top: each.getBoundingClientRect().y - 24, behavior: 'instant'})"


@dataclass(frozen=True)
class Picture:
    """A window on the page, whose top is at an element (the page's own without one)."""

    name: str
    scheme: Literal["light", "dark"]
    width: int
    height: int
    top: str = "html"


def pictures() -> Iterator[Picture]:
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        yield Picture(f"dashboard-{scheme}", scheme, 1400, 1050)
        yield Picture(f"dashboard-domains-{scheme}", scheme, 1400, 1100, "#provider-2 h3 >> nth=3")
        yield Picture(f"dashboard-narrow-{scheme}", scheme, 390, 844)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        status = json.loads((EXAMPLES / "status.json").read_text(encoding="utf-8"))
        page = Path(folder) / "page.html"
        documents = (status, _printed(folder, "plan"), _printed(folder, "drift"))
        page.write_text(page_of(*documents), encoding="utf-8")
        IMAGES.mkdir(exist_ok=True)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            for each in pictures():
                _take(browser, page, each)


def _printed(folder: str, command: str) -> Any:
    """Return what a command tells of the sandbox, as JSON. That there is drift is an exit code."""
    asked = ["--sandbox", "--sandbox-dir", f"{folder}/box", command, "--format", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", *asked, str(EXAMPLES / "esp.yaml")],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    return json.loads(done.stdout)


def _take(browser: Browser, page: Path, picture: Picture) -> None:
    context = browser.new_context(
        color_scheme=picture.scheme,
        viewport={"width": picture.width, "height": picture.height},
        offline=True,
    )
    tab = context.new_page()
    tab.goto(page.as_uri())
    tab.locator("#provider-2 summary").nth(1).click()
    tab.mouse.move(0, 0)
    tab.locator(picture.top).evaluate(_TO_THE_TOP)
    file = IMAGES / f"{picture.name}.png"
    if len(tab.screenshot(path=file)) > MOST_BYTES:
        sys.exit(f"{file} is larger than {MOST_BYTES} bytes")
    context.close()


if __name__ == "__main__":
    main()
