from datetime import timedelta

import pytest

from papers import lists
from papers.models import Engagement, Mention, PaperTopic
from tests.factories import NOW, make_paper, make_topic

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


def listed(on=TODAY, **fields):
    paper = make_paper(**fields)
    Mention.objects.create(paper=paper, source="hf", listing="daily", mentioned_on=on)
    return paper


def test_today_is_the_newest_list_day_with_the_strongest_first():
    listed(on=TODAY - timedelta(days=1), trend=0.9)
    weak, strong = listed(trend=0.1), listed(trend=0.5)

    rows = lists.today()

    assert [row.paper for row in rows] == [strong, weak]


def test_votes_that_were_seen_stand_before_a_trend_that_is_only_expected():
    expected, seen = listed(trend=0.25, upvotes=None), listed(trend=0.2, upvotes=9)

    assert list(lists.ranked(TODAY)) == [seen, expected]


def test_before_the_first_paper_the_list_is_empty():
    assert lists.today() == []


def test_a_span_of_days_reaches_back_from_its_last_day():
    old, new = listed(on=TODAY - timedelta(days=6)), listed()
    listed(on=TODAY - timedelta(days=7))

    assert set(lists.ranked(TODAY, days=7)) == {old, new}


def test_retracted_and_merged_papers_are_not_listed():
    kept = listed()
    listed(retracted_at=NOW)
    listed(merged_into=kept)

    assert list(lists.ranked(TODAY)) == [kept]


def test_a_row_names_three_authors_and_counts_the_rest():
    listed(authors=["A A", "B B", "C C", "D D", "E E"])

    row = lists.today()[0]

    assert [author.name for author in row.authors] == ["A A", "B B", "C C"]
    assert row.others == 2


def test_a_row_shows_the_topic_that_fits_best_among_those_it_belongs_to():
    paper, near, best = listed(), make_topic(), make_topic()
    PaperTopic.objects.create(paper=paper, topic=near, score=1.1, belongs=True)
    PaperTopic.objects.create(paper=paper, topic=best, score=1.7, belongs=True)
    PaperTopic.objects.create(paper=paper, topic=make_topic(), score=9, belongs=False)

    assert lists.today()[0].topic == best


def test_votes_gained_are_counted_from_a_reading_about_a_day_older():
    paper = listed()
    for hours, votes in ((50, 3), (24, 10), (2, 30), (0, 42)):
        Engagement.objects.create(
            paper=paper, source="hf", read_at=NOW - timedelta(hours=hours), upvotes=votes
        )

    assert lists.today()[0].gained == 32


def test_one_reading_says_nothing_about_a_gain():
    Engagement.objects.create(paper=listed(), source="hf", read_at=NOW, upvotes=42)

    assert lists.today()[0].gained is None


def test_twice_the_papers_take_no_more_queries(django_assert_num_queries):
    for _ in range(4):
        listed()
    with django_assert_num_queries(5):
        lists.today(limit=2)

    with django_assert_num_queries(5):
        lists.today(limit=4)
