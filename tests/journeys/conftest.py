"""A real browser for the journeys: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Browser, Page, sync_playwright

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WCAG_AND_BEST_PRACTICE = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    # Playwright's synchronous API runs a loop in this thread, which Django would refuse to share.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield chromium
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def site(live_server: Any, settings: Any) -> str:
    """The running site's address, which the links in letters carry too."""
    settings.SITE_URL = live_server.url
    return str(live_server.url)


@pytest.fixture
def new_page(browser: Browser, site: str) -> Iterator[Callable[..., Page]]:
    """A page of its own at a width and colour scheme; `goto("/path")` stays on the site."""
    contexts = []

    def make(*, width: int = 1200, scheme: str = "light", **options: Any) -> Page:
        options.setdefault("locale", "en-GB")
        options.setdefault("timezone_id", "Europe/Berlin")
        context = browser.new_context(
            base_url=site,
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            **options,
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def assert_accessible(new_page: Callable[..., Page]) -> Callable[..., None]:
    """No axe violation in light and dark at 1200 and 375 px, no sideways scrolling at 320 px, nor
    with text of twice the size.
    """

    def check(*paths: str, signed_in_by: str = "") -> None:
        for scheme in ("light", "dark"):
            page = new_page(scheme=scheme)
            if signed_in_by:
                page.goto(signed_in_by)
            for path in paths:
                page.goto(path)
                for width in (1200, 375):
                    page.set_viewport_size({"width": width, "height": 900})
                    assert violations(page) == [], f"{path} in {scheme} at {width} px"
                page.set_viewport_size({"width": 320, "height": 900})
                assert sideways_overflow(page) <= 0, f"{path} scrolls sideways at 320 px"
                for width in (640, 375):
                    page.set_viewport_size({"width": width, "height": 900})
                    assert overflow_at_double_size(page) <= 0, f"{path} at {width} px, text 200 %"

    return check


def violations(page: Page, *, but: str = "") -> list[str]:
    """Each as `rule: where: why`; what axe finds in order stays in the browser."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(Axe().axe_script)
    found = page.evaluate(
        "options => axe.run(options).then(results => results.violations)",
        {
            "runOnly": WCAG_AND_BEST_PRACTICE,
            "resultTypes": ["violations"],
            "rules": {but: {"enabled": False}} if but else {},
        },
    )
    return [
        f"{violation['id']}: {node['target']}: {node.get('failureSummary', '')}"
        for violation in found
        for node in violation["nodes"]
    ]


def are_pictures_wanted() -> bool:
    return bool(os.environ.get("SHOTS"))


def picture(page: Page, name: str) -> None:
    """The whole page as var/shots/`name`.png, where `make shots` asks for pictures."""
    if are_pictures_wanted():
        folder = Path(settings.BASE_DIR) / "var" / "shots"
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{name}.png", full_page=True)


def sideways_overflow(page: Page) -> int:
    """Pixels by which the page is wider than the window."""
    root = "document.documentElement"
    return int(page.evaluate(f"{root}.scrollWidth - {root}.clientWidth"))


def overflow_at_double_size(page: Page) -> int:
    """The same with all text at 200 %."""
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    overflow = sideways_overflow(page)
    page.evaluate("document.documentElement.style.fontSize = ''")
    return overflow
