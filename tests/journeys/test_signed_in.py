"""A reader whose browser is known follows, leaves and removes on the pages of everybody."""

from __future__ import annotations

import pytest
from django.utils import timezone

from papers.models import Mention, PaperTopic
from subscribers import feedback, links
from tests.factories import make_paper, make_subscriber, make_topic

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LEAST = 44  # px, of what is pressed
LONG = "Reinforcement learning from human and other feedback"


@pytest.fixture
def paper():
    paper = make_paper(
        title="A rather long title of a paper " * 4, authors=["Wolfeschlegelsteinhausen A", "Bo B"]
    )
    Mention.objects.create(paper=paper, source="hf", mentioned_on=paper.first_mentioned_on)
    topic = make_topic(name=LONG, slug="rl")
    PaperTopic.objects.create(paper=paper, topic=topic, score=2, belongs=True)
    return paper


@pytest.fixture
def reader(paper):
    reader = make_subscriber()
    feedback.give(reader, paper, "saved", now=timezone.now())
    return reader


def test_following_saved_papers_and_signing_out_need_no_script_and_no_mouse(new_page, reader):
    page = new_page(java_script_enabled=False, width=320)
    page.goto(links.preferences_url(reader))

    page.goto("/topic/rl")
    page.get_by_role("button", name=f"Follow {LONG}").press("Enter")
    pressed = page.get_by_role("button", name=f"Following {LONG}", pressed=True)
    pressed.wait_for()
    assert pressed.evaluate("button => button === document.activeElement"), "where they were"
    assert reader.topic_preferences.count() == 1
    page.keyboard.press("Enter")
    page.get_by_role("button", name=f"Follow {LONG}", pressed=False).wait_for()

    page.get_by_role("link", name="Saved").press("Enter")
    page.locator(".learnt a").press("Enter")
    page.get_by_role("button", name="Less like this", pressed=False).press("Enter")
    less = page.get_by_role("button", name="Less like this", pressed=True)
    less.wait_for()
    assert less.evaluate("button => button === document.activeElement"), "where they were"
    page.get_by_role("link", name="Saved").press("Enter")
    page.get_by_role("button", name="Remove").press("Enter")
    page.get_by_text("Nothing saved yet").wait_for()
    page.get_by_role("link", name="Preferences").press("Enter")
    page.get_by_text(reader.email).wait_for()
    page.locator(".masthead").get_by_role("button", name="Sign out").press("Enter")
    page.locator(".masthead").get_by_role("link", name="Sign in").wait_for()

    assert not reader.topic_preferences.exists()
    assert feedback.saved(reader) == []


def test_the_pages_of_a_known_reader_are_accessible(assert_accessible, paper, reader):
    home = links.preferences_url(reader)
    author = paper.authorships.all()[0].author
    feedback.follow_author(reader, author)

    pages = author.get_absolute_url(), paper.get_absolute_url()
    assert_accessible("/saved", "/saved?removed", "/topic/rl", *pages, "/today", signed_in_by=home)


@pytest.mark.parametrize("locale", ["en-GB", "de", "ar"])
def test_what_is_pressed_is_tall_enough(locale, new_page, paper, reader):
    page = new_page(width=320, locale=locale)
    page.goto(links.preferences_url(reader))

    for path in ("/topic/rl", "/saved", paper.get_absolute_url()):
        page.goto(path)
        for button in page.get_by_role("button").all():
            box = button.bounding_box()
            assert box["height"] >= LEAST, button.inner_text()
            assert box["x"] >= 0, button.inner_text()
            assert box["x"] + box["width"] <= 320, button.inner_text()
