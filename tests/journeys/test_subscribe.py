"""A stranger becomes a reader and leaves again, in a real browser, by the letters' own links."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from papers.models import Mention
from subscribers import consent, feedback, links, notices
from subscribers.models import Subscriber
from tests.factories import NOW, make_paper, make_subscriber, make_topic

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("_content"),
]

ADA = "ada@mail.example.net"


@pytest.fixture
def _content():
    """Topics to choose and papers to see."""
    for name, field in (
        ("Reinforcement learning", "Artificial intelligence"),
        ("Language models", "Artificial intelligence"),
        ("Structural biology", "Biology"),
    ):
        make_topic(name=name, slug=name.lower().replace(" ", "-"), field=field)
    for n in range(6):
        paper = make_paper(trend=n / 10, upvotes=10 * n)
        Mention.objects.create(paper=paper, source="hf", mentioned_on=paper.first_mentioned_on)


def link_in(letter, path: str) -> str:
    found = re.search(rf"http\S+/{path}/\S+", letter.body)
    assert found, letter.body
    return found.group()


def status() -> str:
    return Subscriber.objects.get().status


def test_from_sign_up_to_goodbye(new_page, mailoutbox):
    page = new_page()

    page.goto("/")
    page.get_by_label("Your email address").fill("Ada@Mail.example.net")
    page.get_by_text("Language models", exact=True).click()
    page.get_by_role("button", name="Subscribe").click()
    page.get_by_text("Check your inbox.").wait_for()
    assert page.get_by_role("button", name=re.compile("Send it again")).is_disabled()
    reader = Subscriber.objects.get()
    assert (reader.email, reader.timezone) == (ADA, "Europe/Berlin")

    notices.send_due(now=timezone.now())
    page.goto(link_in(mailoutbox[0], "c"))
    assert status() == "pending"
    page.get_by_role("button", name="Confirm and start").click()
    page.get_by_text("Your first letter comes as soon as there are papers").wait_for()
    assert status() == "active"

    page.get_by_label("Once a week").check()
    page.get_by_label("Hour").select_option("18:00")
    for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Sunday"):
        page.get_by_role("checkbox", name=day, exact=True).uncheck()
    page.get_by_role("button", name="Save when").click()
    page.locator("#when").get_by_text("Saved").wait_for()
    assert "Next mail: Saturday 18:00 Berlin" in page.content()

    page.get_by_label("Find a topic").fill("biol")
    assert not page.get_by_label("Language models").is_visible()
    page.get_by_label("Structural biology").select_option("More")
    page.get_by_role("button", name="Save topics").click()
    page.locator("#topics").get_by_text("Saved").wait_for()
    assert reader.topic_preferences.count() == 2

    page.get_by_role("button", name="Unsubscribe").click()
    page.get_by_text("You are unsubscribed").wait_for()
    assert status() == "unsubscribed"
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Welcome back.").wait_for()
    assert status() == "active"


def test_without_script_everything_still_works(new_page, mailoutbox):
    page = new_page(java_script_enabled=False)

    page.goto("/")
    page.get_by_label("Your email address").fill(ADA)
    page.get_by_role("button", name="Subscribe").click()
    page.get_by_text("Check your inbox.").wait_for()
    notices.send_due(now=timezone.now())
    page.goto(link_in(mailoutbox[0], "c"))
    page.get_by_role("button", name="Confirm and start").click()

    assert status() == "active"
    assert Subscriber.objects.get().timezone == "UTC"


def test_a_failed_form_names_what_is_wrong_and_takes_the_focus(new_page):
    page = new_page()

    page.goto("/")
    page.get_by_label("Your email address").fill("ada@nowhere")
    page.get_by_role("button", name="Subscribe").click()
    page.get_by_role("alert").wait_for()

    assert page.title().startswith("Error: ")
    assert "not a domain" in page.get_by_role("alert").inner_text()
    assert page.evaluate("document.activeElement.getAttribute('role')") == "alert"
    assert page.get_by_label("Your email address").input_value() == "ada@nowhere"


def test_the_landing_pages_are_accessible(assert_accessible):
    assert_accessible("/", "/sign-in")


def test_the_pages_behind_links_are_accessible(assert_accessible):
    now = timezone.now()
    reader = make_subscriber(email="a-rather-long-address-of-somebody@mail.example.net")
    pending = make_subscriber(status="pending")
    gone = make_subscriber()
    consent.withdraw(gone, door="page", now=now)
    feedback.give(reader, make_paper(title="A very long title " * 8), "more", now=NOW)
    preferences = links.preferences_url(reader)

    for url in (
        preferences,
        f"{preferences}/erase",
        links.confirm_url(pending, now=now),
        links.pause_url(reader),
        links.unsubscribe_url(reader),
        links.unsubscribe_url(gone),
        links.restore_url(gone, now=now),
        "/u/nobody",
    ):
        assert_accessible(url)
