"""A reader at their preferences: brings papers along, taps, tries a rule; by keyboard alone."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from papers import pool as pools
from papers.models import PaperTopic
from subscribers import feedback, links
from tests.factories import make_paper, make_subscriber, make_topic
from tests.journeys.conftest import violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WORDS = ("orchards", "towns", "meadows", "winter", "mites", "dances")


@pytest.fixture(autouse=True)
def _no_pool_of_another_test(monkeypatch):
    monkeypatch.setattr(pools, "_recent", {})


@pytest.fixture
def reader():
    """Follows one topic, whose papers came over the last days; others are of no topic."""
    today = timezone.now().date()
    bees = make_topic(name="Honey bees")
    for n, word in enumerate(WORDS):
        on = today - timedelta(days=n)
        paper = make_paper(
            arxiv_id=f"2501.0000{n}",
            title=f"The honey bee and its {word}",
            first_mentioned_on=on,
            published_at=timezone.now(),
        )
        PaperTopic.objects.create(paper=paper, topic=bees, score=2, belongs=True)
        make_paper(title=f"Neutron stars, part {n}", first_mentioned_on=on)
    return make_subscriber(topics=[bees], wants_surprise=False)


def test_pasted_papers_are_found_and_a_tap_changes_the_preview(new_page, reader):
    page = new_page(width=700)
    page.goto(links.preferences_url(reader))
    letter = page.locator("#next-letter")

    page.get_by_label(re.compile("^arXiv ids")).fill(
        "https://arxiv.org/abs/2501.00005v2\nA title that nobody here has\nhm"
    )
    page.get_by_role("button", name="Add these papers").press("Enter")
    page.get_by_text("1 of 3 paper").wait_for()
    assert "1 more by its title" in page.locator("#brought").inner_text()
    assert "line 3: hm" in page.locator("#brought").inner_text()
    assert feedback.standing(reader, []) == {}

    page.locator("#next").scroll_into_view_if_needed()
    letter.get_by_text("The honey bee and its orchards").wait_for()
    assert violations(page) == []
    assert letter.get_by_text("and its dances").count() == 0
    card = letter.locator("li.card", has_text="and its orchards")
    less = card.get_by_role("button", name="Less like this")
    less.focus()
    page.keyboard.press("Enter")
    letter.get_by_role("button", name=re.compile("Undo: .*orchards")).wait_for()
    assert letter.locator("li.card", has_text="and its orchards").count() == 0
    assert page.evaluate("document.activeElement.getAttribute('role')") == "status"
    assert "/next" not in page.url

    letter.get_by_role("button", name=re.compile("Undo: .*orchards")).press("Enter")
    letter.locator("li.card", has_text="and its orchards").wait_for()


def test_a_rule_is_tried_in_place_before_it_is_saved(new_page, reader):
    page = new_page(width=375, scheme="dark")
    page.goto(links.preferences_url(reader))

    page.get_by_label("Words you never want").fill("orchards")
    page.locator("#people").get_by_role("button", name="Try it").press("Enter")
    tried = page.locator("#tried-people #back-test")
    tried.wait_for()
    assert "0 new, 1 gone" in tried.inner_text()
    assert violations(page) == []
    assert page.get_by_label("Words you never want").input_value() == "orchards"
    assert not reader.rules.exists()

    page.get_by_label("Follow an author").fill("Nobody Here")
    page.locator("#people").get_by_role("button", name="Try it").press("Enter")
    page.get_by_role("alert").wait_for()
    assert "No paper here is by an author of that name" in page.content()


def test_without_script_previews_have_pages_of_their_own(new_page, reader):
    page = new_page(java_script_enabled=False)
    page.goto(links.preferences_url(reader))

    page.get_by_role("link", name="See what it would hold").click()
    card = page.locator("li.card", has_text="and its orchards")
    card.get_by_role("button", name="Seen it").click()
    page.get_by_role("button", name=re.compile("Undo: .*orchards")).wait_for()
    page.get_by_role("link", name="Back to your preferences").click()
    page.locator("#topics").get_by_role("button", name="Try it").click()
    page.get_by_text("Nothing is saved yet.").wait_for()

    assert reader.feedback.get().kind == "seen"


def test_the_previews_are_accessible(assert_accessible, new_page, reader):
    home = links.preferences_url(reader)
    feedback.give(reader, make_paper(title="Long words " * 9), "more", now=timezone.now())

    assert_accessible(home + "/next")
