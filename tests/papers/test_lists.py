from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

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

    rows = lists.newest(now=NOW).rows

    assert [row.paper for row in rows] == [strong, weak]


def test_a_list_of_tomorrow_is_not_the_newest_yet():
    today = listed()
    listed(on=TODAY + timedelta(days=1), trend=0.9)

    found = lists.newest(now=NOW)

    assert (found.day, found.is_today) == (TODAY, True)
    assert [row.paper for row in found.rows] == [today]


def test_votes_that_were_seen_stand_before_a_trend_that_is_only_expected():
    expected, seen = listed(trend=0.25, upvotes=None), listed(trend=0.2, upvotes=9)

    assert list(lists.ranked(TODAY)) == [seen, expected]


def test_before_the_first_paper_the_list_is_empty():
    assert lists.newest(now=NOW) == lists.Newest(None, False, [])


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

    row = lists.newest(now=NOW).rows[0]

    assert [author.name for author in row.authors] == ["A A", "B B", "C C"]
    assert row.others == 2


def test_a_row_shows_the_topic_that_fits_best_among_those_it_belongs_to():
    paper, near, best = listed(), make_topic(), make_topic()
    PaperTopic.objects.create(paper=paper, topic=near, score=1.1, belongs=True)
    PaperTopic.objects.create(paper=paper, topic=best, score=1.7, belongs=True)
    PaperTopic.objects.create(paper=paper, topic=make_topic(), score=9, belongs=False)

    assert lists.newest(now=NOW).rows[0].topic == best


def test_votes_gained_are_counted_from_a_reading_about_a_day_older():
    paper = listed()
    for hours, votes in ((50, 3), (24, 10), (2, 30), (0, 42)):
        Engagement.objects.create(
            paper=paper, source="hf", read_at=NOW - timedelta(hours=hours), upvotes=votes
        )

    assert lists.newest(now=NOW).rows[0].gained == 32


@pytest.mark.parametrize(
    ("newest", "earlier", "said"),
    [
        (timedelta(0), timedelta(hours=20), True),
        (timedelta(0), timedelta(hours=28), True),
        (timedelta(hours=28), timedelta(hours=24), True),
        (timedelta(hours=28, minutes=1), timedelta(hours=24), False),  # not of today
        (timedelta(0), timedelta(hours=19, minutes=59), False),
        (timedelta(0), timedelta(hours=28, minutes=1), False),  # since the day before yesterday
        (timedelta(days=286), timedelta(days=5), False),
    ],
)
def test_votes_since_yesterday_need_a_reading_of_now_and_one_of_a_day_before(newest, earlier, said):
    paper = listed()
    for ago, votes in ((newest + earlier, 172), (newest, 258)):
        Engagement.objects.create(paper=paper, source="hf", read_at=NOW - ago, upvotes=votes)

    (row,) = lists.dress([paper], now=NOW)

    assert row.gained == (86 if said else None)


def test_a_reading_ahead_of_the_clock_says_nothing_yet():
    paper = listed()
    for hours, votes in ((-12, 1), (12, 99)):
        at = NOW + timedelta(hours=hours)
        Engagement.objects.create(paper=paper, source="hf", read_at=at, upvotes=votes)

    assert lists.dress([paper], now=NOW)[0].gained is None


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 9)), min_size=1, max_size=12))
def test_a_gain_is_always_the_difference_of_two_readings_about_a_day_apart(readings):
    series = sorted((NOW - timedelta(hours=hours), votes) for hours, votes in readings)

    gained = lists.gain(series, now=NOW)

    (newest, votes), day = series[-1], timedelta(hours=24)
    spread = timedelta(hours=4)
    before = [then for at, then in series if abs(newest - at - day) <= spread]
    possible = {votes - then for then in before if votes > then}
    assert gained in possible if gained is not None else True
    if NOW - newest > day + spread:
        assert gained is None


def test_one_reading_says_nothing_about_a_gain():
    Engagement.objects.create(paper=listed(), source="hf", read_at=NOW, upvotes=42)

    assert lists.newest(now=NOW).rows[0].gained is None


def test_twice_the_papers_take_no_more_queries(django_assert_num_queries):
    for _ in range(4):
        listed()
    with django_assert_num_queries(5):
        lists.newest(now=NOW, limit=2)

    with django_assert_num_queries(5):
        lists.newest(now=NOW, limit=4)
