"""Letters built from timed readings of votes, by the same door as every day's."""

from datetime import timedelta

import pytest

from newsletter import digests, letter
from newsletter.models import Digest
from papers import scoring
from papers.models import Engagement, Fetch
from tests.factories import NOW, make_paper, make_subscriber, make_topic

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def topic():
    Fetch.objects.create(
        source="hf", target="2026-02-20", status="done", started_at=NOW, finished_at=NOW - HOUR
    )
    return make_topic(name="Bees", keywords=["honey bee"])


def read(paper, *pairs, source="hf"):
    """Readings of its votes, so many hours ago."""
    for hours, votes in pairs:
        Engagement.objects.create(
            paper=paper, source=source, read_at=NOW - hours * HOUR, upvotes=votes
        )
    type(paper).objects.filter(pk=paper.pk).update(upvotes=pairs[-1][1])


def listed(title, *, hours=0, **fields):
    on = (NOW - hours * HOUR).date()
    return make_paper(title=title, first_mentioned_on=on, **fields)


def built(topics, papers, **fields):
    """The letter of one reader of these topics, as text, and its digest."""
    others = [make_paper() for _ in range(60)]
    for paper in others[:20]:
        read(paper, (1, 1))  # what is ordinary
    scoring.refresh([paper.pk for paper in (*papers, *others)], now=NOW)
    make_subscriber(
        topics=topics,
        hour=7,
        confirmed_at=NOW - timedelta(days=30),
        rhythm_since=NOW - HOUR,
        **fields,
    )
    digests.build_due(NOW)
    digest = Digest.objects.select_related("edition", "subscriber").get()
    return digest, " ".join(letter.email(digest).body.split())


def test_a_count_of_days_ago_is_not_told_as_the_last_hours(topic):
    paper = listed("How a honey bee dances", hours=80)
    read(paper, (74, 2), (50, 60))

    _, text = built([topic], [paper])

    assert "60 upvotes" in text
    assert "in 24 h" not in text
    assert "it is rising" not in text
    assert "it is much talked about in Bees with 60 upvotes" in text


def test_a_fresh_count_is_told_with_its_hours(topic):
    paper = listed("How a honey bee dances", hours=80)
    read(paper, (26, 2), (2, 60))

    _, text = built([topic], [paper])

    assert "58 upvotes in 24 h" in text
    assert "it is rising in Bees with 58 upvotes in 24 h" in text
