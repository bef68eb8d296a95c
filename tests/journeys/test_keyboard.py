"""The sign-up and the preference page by keyboard alone, on the narrowest screen."""

from __future__ import annotations

import pytest
from django.utils import timezone

from papers.models import Mention
from subscribers import feedback, links
from tests.factories import make_paper, make_subscriber, make_topic
from tests.letter_checks import contrast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

STOP = """
async () => {
  // The window follows the focus a frame later.
  for (let n = 0; n < 2; n++) await new Promise(requestAnimationFrame);
  const element = document.activeElement;
  if (element === document.body) return null;
  const seen = element.closest(".chips label") ?? element;
  const box = seen.getBoundingClientRect(), style = getComputedStyle(seen);
  const behind = getComputedStyle(document.body).backgroundColor;
  const hex = colour => "#" + colour.match(/[0-9]+/g).slice(0, 3)
      .map(part => Number(part).toString(16).padStart(2, "0")).join("");
  return {
    what: element.outerHTML.slice(0, 90),
    width: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
    colour: hex(style.outlineColor), behind: hex(behind),
    isInside: box.left >= 0 && box.right <= innerWidth,
    // The browser brings the line of a long field into view, not all of the field.
    part: (Math.min(box.bottom, innerHeight) - Math.max(box.top, 0)) / Math.min(box.height, 60),
  };
}
"""
WINDOW = {"width": 320, "height": 640}


@pytest.fixture
def reader():
    bees = make_topic(name="Honey bees", field="Biology")
    make_topic(name="Neutron stars", field="Physics")
    paper = make_paper(title="The honey bee and its orchards " * 3)
    Mention.objects.create(paper=paper, source="hf", mentioned_on=paper.first_mentioned_on)
    reader = make_subscriber(topics=[bees])
    feedback.give(reader, paper, "more", now=timezone.now())
    return reader


def stops(page):
    """What has the focus after each press of Tab, to the end of the page."""
    found = []
    while len(found) < 200:
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop is None:
            return found
        found.append(stop)
    raise AssertionError("Tab never leaves the page")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("where", ["front", "preferences"])
def test_every_stop_of_the_tab_key_is_seen_whole(where, scheme, new_page, reader):
    page = new_page(scheme=scheme)
    page.set_viewport_size(WINDOW)
    page.goto("/" if where == "front" else links.preferences_url(reader))
    if where == "preferences":
        page.locator("#next").scroll_into_view_if_needed()
        page.locator("#next [role=status]").wait_for()  # what comes in late moves the rest

    found = stops(page)

    assert len(found) > (8 if where == "front" else 30)
    assert [s["what"] for s in found if s["width"] < 2] == []
    assert [s["what"] for s in found if contrast(s["colour"], s["behind"]) < 3] == []
    assert [(s["what"], s["part"]) for s in found if not (s["isInside"] and s["part"] > 0.95)] == []
    assert (
        page.evaluate(
            "document.querySelectorAll('[tabindex]:not([tabindex=\"-1\"], .scroll)').length"
        )
        == 0
    )


def test_what_was_saved_is_said_where_the_reader_goes_on(new_page, reader):
    page = new_page()
    page.goto(links.preferences_url(reader))

    page.get_by_label("Your first name").fill("Ada")
    page.keyboard.press("Enter")

    assert page.locator("#mail .notice:focus").inner_text().strip() == "Saved"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "name"


def test_a_search_among_topics_that_finds_none_says_so(new_page, reader):
    page = new_page()
    page.goto(links.preferences_url(reader))

    page.get_by_label("Find a topic").fill("zzz")

    assert page.locator("#topics [role=status]", has_text="No topic").inner_text() == (
        "No topic matches."
    )
    page.get_by_label("Find a topic").fill("bee")
    assert page.get_by_text("No topic matches.").count() == 0


@pytest.mark.parametrize("group", ["when", "people"])
def test_a_wrong_field_names_its_error(group, new_page, reader):
    page = new_page()
    page.goto(links.preferences_url(reader))

    if group == "when":
        page.get_by_label("On the days chosen below").check()
        for day in page.locator("#id_days input").all():
            day.uncheck(force=True)
        page.get_by_role("button", name="Save when").press("Enter")
        field = page.locator("#id_days")
    else:
        page.get_by_label("Follow an author").fill("Nobody Here")
        page.get_by_role("button", name="Save people").press("Enter")
        field = page.get_by_label("Follow an author")
    page.get_by_role("alert").wait_for()

    described = field.get_attribute("aria-describedby") or ""
    assert (
        page.locator(f"#{described.split()[0]}").inner_text()
        in page.get_by_role("alert").inner_text()
    )
    assert "at least one day" in page.content() or "No paper here is by" in page.content()
