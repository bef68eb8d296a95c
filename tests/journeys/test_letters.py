"""Every variant of the letter in a browser: readable, accessible, photographed.

`make shots` keeps the pictures below var/shots, to be looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Page

from newsletter import letter
from tests.journeys.conftest import sideways_overflow, violations
from tests.letters import NOTES, VARIANTS, make_note, make_variant

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SHOTS = Path(settings.BASE_DIR) / "var" / "shots"


@pytest.fixture
def open_letter(new_page: Callable[..., Page]) -> Callable[..., Page]:
    """A page that shows a letter's HTML as a mail program would."""

    def opened(html: str, **options: object) -> Page:
        page = new_page(**options)
        page.set_content(html)
        return page

    return opened


@pytest.mark.parametrize("variant", [*VARIANTS, *NOTES])
def test_a_letter_reads_well_in_light_and_dark_wide_and_narrow(variant, open_letter):
    SHOTS.mkdir(parents=True, exist_ok=True)
    message = make_note(variant) if variant in NOTES else letter.email(make_variant(variant))
    html = str(message.alternatives[0][0])

    for scheme in ("light", "dark"):
        page = open_letter(html, scheme=scheme)
        for width in (700, 375):
            page.set_viewport_size({"width": width, "height": 900})
            page.screenshot(path=SHOTS / f"{variant}-{scheme}-{width}.png", full_page=True)
            assert violations(page) == [], f"{variant} in {scheme} at {width} px"
        page.set_viewport_size({"width": 320, "height": 900})
        assert sideways_overflow(page) <= 0, f"{variant} scrolls sideways at 320 px"


def test_colours_that_a_program_forces_leave_everything_readable(open_letter, new_browser):
    """High contrast by the system, and a dark mode that turns colours round by itself."""
    html = str(letter.email(make_variant("daily")).alternatives[0][0])

    page = open_letter(html, scheme="dark", forced_colors="active", width=700)
    page.screenshot(path=SHOTS / "daily-forced-colours-700.png", full_page=True)
    assert violations(page) == []

    forced = new_browser("--blink-settings=forceDarkModeEnabled=true").new_page()
    forced.set_viewport_size({"width": 700, "height": 900})
    forced.set_content(html)
    forced.screenshot(path=SHOTS / "daily-forced-dark-700.png", full_page=True)
    assert violations(forced) == []
    assert sideways_overflow(forced) <= 0


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


def test_the_pages_behind_a_letter_are_accessible(assert_accessible):
    digest = make_variant("daily")
    paper = digest.entries.first().paper_id

    for path in (
        f"/f/{digest.view_token}/{paper}/less",
        f"/e/{digest.view_token}/mixed",
        f"/l/{digest.view_token}",
    ):
        assert_accessible(path)
