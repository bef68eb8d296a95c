"""The main pages in every language, wide and narrow: nothing overflows, nothing is inaccessible.

`make shots` keeps the pictures below var/shots, beside those of the letters.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from papers.models import Engagement, Mention, Paper, PaperTopic, Topic
from subscribers import feedback, links
from subscribers.models import Subscriber
from tests.factories import make_subscriber
from tests.journeys.conftest import are_pictures_wanted, picture, sideways_overflow, violations
from tests.letters import make_topics, sample_papers

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LANGUAGES = [code for code, _ in settings.LANGUAGES if code != "en"]


def shown_today(papers: list[Paper]) -> None:
    """Listed today in their topics, with readings that make a plot."""
    now = timezone.now()
    topics = list(Topic.objects.all())
    for n, paper in enumerate(papers):
        Paper.objects.filter(pk=paper.pk).update(first_mentioned_on=now.date())
        Mention.objects.create(paper=paper, source="hf", listing="daily", mentioned_on=now.date())
        PaperTopic.objects.create(paper=paper, topic=topics[n % 3], score=2.0, belongs=True)
        for hours, share in ((40, 0.2), (25, 0.5), (1, 1.0)):
            Engagement.objects.create(
                paper=paper,
                source="hf",
                read_at=now - timedelta(hours=hours),
                upvotes=int(share * (paper.upvotes or 0)),
            )
    papers[0].trend_inputs = {
        "votes": papers[0].upvotes or 0, "hours": 12.0, "ordinary": 6.0, "promised": 9.0,
        "topic": topics[0].pk, "burst": 1.31, "listed": 31, "usual": 22.4, "excess": 4.25,
        "voted": 17,
    }  # fmt: skip
    papers[0].save(update_fields=["trend_inputs"])


def addresses(reader: Subscriber, papers: list[Paper]) -> dict[str, str]:
    home = "/p/" + links.make(reader.pk, "preferences")
    topic = papers[0].paper_topics.get().topic
    author = papers[0].authorships.all()[0].author_id
    return {
        "front": "/",
        "today": "/today?span=7d",
        "topics": "/topics",
        "topic": f"/topic/{topic.slug}",
        "paper": papers[0].get_absolute_url(),
        "author": f"/author/{author}",
        "privacy": "/privacy",
        "preferences": home,
        # From here on the browser is known to be the reader's.
        "next": f"{home}/next",
        "saved": "/saved",
        "topic-followed": f"/topic/{topic.slug}",
        "author-to-follow": f"/author/{author}",
        "leave": f"/u/{reader.unsubscribe_token}",
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_main_pages_read_well_in_every_language(language, new_page):
    make_topics()
    papers = sample_papers()
    shown_today(papers)
    reader = make_subscriber(
        language=language, topics=list(Topic.objects.all()), timezone="Europe/Berlin"
    )
    for kind, paper in zip(("more", "saved", "not_author"), papers[10:], strict=False):
        feedback.give(reader, paper, kind, now=timezone.now())
    wide = new_page(width=1200, locale=language)
    narrow = new_page(width=375, scheme="dark", locale=language)

    for name, path in addresses(reader, papers).items():
        narrow.goto(path)
        picture(narrow, f"page-{name}-{language}-dark-375")
        if are_pictures_wanted():
            wide.goto(path)
            picture(wide, f"page-{name}-{language}-light-1200")
        assert narrow.get_attribute("html", "lang") == language
        assert violations(narrow) == [], f"{path} in {language}"
        narrow.set_viewport_size({"width": 320, "height": 900})
        assert sideways_overflow(narrow) <= 0, f"{path} in {language} scrolls sideways at 320 px"
        narrow.set_viewport_size({"width": 375, "height": 900})
