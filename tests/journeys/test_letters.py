"""Every variant of the letter in a browser: readable, accessible.

`make shots` keeps pictures of them below var/shots, to be looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from newsletter import letter
from tests.journeys.conftest import picture, sideways_overflow, violations
from tests.letter_checks import turned_dark
from tests.letters import NOTES, VARIANTS, make_note, make_variant

pytestmark = pytest.mark.browser

COLOURS_SHOWN = """
[...document.body.querySelectorAll("*")].map(getComputedStyle)
    .flatMap(style => [style.color, style.backgroundColor])
"""
# Chromium's dark theme: text, links, the background or none.
SYSTEM_COLOURS = {"rgb(255, 255, 255)", "rgb(255, 255, 0)", "rgb(0, 0, 0)", "rgba(0, 0, 0, 0)"}
HEIGHTS_OF_BUTTONS = """
[...document.querySelectorAll(".pill")].map(button => button.getBoundingClientRect().height)
"""
ONE_LINE = 44  # pixels: a button with two lines of words has 56


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """Shows the HTML of one letter after another, as mail programs would."""
    context = browser.new_context(locale="en-GB")
    yield context.new_page()
    context.close()


@pytest.mark.django_db
@pytest.mark.parametrize("variant", [*VARIANTS, *NOTES])
def test_a_letter_reads_well_in_any_colours_wide_and_narrow(variant, page):
    message = make_note(variant) if variant in NOTES else letter.email(make_variant(variant))
    html = str(message.alternatives[0][0])

    page.set_content(html)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, forced_colors="none")
        for width in (700, 375):
            assert_readable(page, f"{variant}-{scheme}", width)
            assert max(page.evaluate(HEIGHTS_OF_BUTTONS), default=0) <= ONE_LINE
        page.set_viewport_size({"width": 320, "height": 900})
        assert sideways_overflow(page) <= 0, f"{variant} scrolls sideways at 320 px"
        picture(page, f"{variant}-{scheme}-320")
    # High contrast by the system: its colours instead of the letter's, which axe would read.
    page.emulate_media(color_scheme="dark", forced_colors="active")
    assert_readable(page, f"{variant}-forced-colours", 700, but="color-contrast")
    assert set(page.evaluate(COLOURS_SHOWN)) <= SYSTEM_COLOURS
    # A dark mode that turns colours round by itself, and knows nothing of the letter's own.
    page.emulate_media(color_scheme="light", forced_colors="none")
    page.set_content(turned_dark(html))
    assert_readable(page, f"{variant}-forced-dark", 700)


def assert_readable(page: Page, name: str, width: int, *, but: str = "") -> None:
    page.set_viewport_size({"width": width, "height": 900})
    picture(page, f"{name}-{width}")
    assert violations(page, but=but) == [], f"{name} at {width} px"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/f/{token}/{paper}/more", "/e/{token}/good"])
def test_a_tap_is_recorded_when_its_page_is_seen_and_can_be_undone(path, new_page, site):
    digest = make_variant("daily")
    paper = digest.entries.first().paper_id
    page = new_page(width=375)
    # A program that drives a browser is a scanner to the page; a reader's browser is not driven.
    page.add_init_script("Object.defineProperty(navigator, 'webdriver', {get: () => false})")

    page.goto(path.format(token=digest.view_token, paper=paper))
    page.get_by_role("status").wait_for()
    digest.refresh_from_db()
    recorded = digest.subscriber.feedback.count() + bool(digest.answer)
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Taken back").wait_for()
    digest.refresh_from_db()

    assert recorded == 1
    assert digest.answer == ""
    assert not digest.subscriber.feedback.filter(undone_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_the_pages_behind_a_letter_are_accessible(assert_accessible):
    digest = make_variant("daily")
    paper = digest.entries.first().paper_id

    assert_accessible(
        f"/f/{digest.view_token}/{paper}/less",
        f"/e/{digest.view_token}/mixed",
        f"/l/{digest.view_token}",
    )
